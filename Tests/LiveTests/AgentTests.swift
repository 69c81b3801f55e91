// What an agent and its coordinator say to each other, over a channel whose ends are one process's here, and how often the
// one starts the other again. Refuses processes: the tests of killed coordinators have them.

import ControlPlane
import Foundation
import Primitives
import Testing

@testable import LiveCoordinator

@Suite("Agent")
struct AgentTests {
    private let worker = WorkerID(node: NodeID("laptop"), slot: 2)

    @Test func `every order and every word survives the trip`() throws {
        let orders: [AgentOrder] = [
            .listening(endpoint: "ipc:///a folder/coordinator"), .begun, .progressed, .start(worker), .kill(worker),
            .pause(worker, for: .milliseconds(1_500)), .end(grace: .zero),
        ]
        for order in orders { #expect(try AgentOrder(Line(parsing: order.line.text)) == order) }
        let words: [AgentWord] = [
            .living(worker), .ready, .ended(ProcessEnd(worker: worker, processID: 7, how: .signalled(9))),
            .ended(ProcessEnd(worker: worker, processID: 0, how: .left("cannot start: \"no\" such\nfile"))),
            .interrupt(signal: 15), .allEnded,
        ]
        for word in words { #expect(try AgentWord(Line(parsing: word.line.text)) == word) }
        #expect(throws: LineError.self) { try AgentOrder(Line(parsing: "dance worker=laptop/2")) }
        #expect(throws: LineError.self) { try AgentWord(Line(parsing: "living")) }
    }

    @Test func `a coordinator knows who lives before anything else, and loses no word that came with it`() throws {
        let (agent, coordinator) = try LineChannel.pair()
        for word in [.interrupt(signal: 2), .living(worker), .ready, .interrupt(signal: 2)] as [AgentWord] {
            agent.send(word.line)
        }
        let link = try AgentLink(inherited: dup(coordinator.descriptor))
        #expect(link.living == [worker])
        #expect(try link.takeAll() == [.interrupt(signal: 2), .interrupt(signal: 2)])
        #expect(try link.takeAll().isEmpty)
        link.send(.start(worker))
        guard case .line(let line) = agent.receive() else {
            Issue.record("nothing was said")
            return
        }
        #expect(try AgentOrder(line) == .start(worker))
    }

    @Test func `the end of an agent is noticed`() throws {
        let (coordinator, link) = try {
            let (agent, coordinator) = try LineChannel.pair()
            agent.send(AgentWord.ready.line)
            return (coordinator, try AgentLink(inherited: dup(coordinator.descriptor)))
        }()
        withExtendedLifetime(coordinator) {
            #expect(throws: AgentGone.self) { try link.takeAll() }
            link.end(grace: .zero)  // And is waited for by nobody.
        }
    }

    @Test func `every committed step fills the budget of restarts again`() {
        var budget = RestartBudget(limit: 2)
        func takeThree() -> [Bool] { (0..<3).map { _ in budget.take() } }
        #expect(takeThree() == [true, true, false])
        budget.progressed()
        #expect(takeThree() == [true, true, false])
        var none = RestartBudget(limit: 0)
        let isAny = none.take()
        #expect(!isAny)
    }
}
