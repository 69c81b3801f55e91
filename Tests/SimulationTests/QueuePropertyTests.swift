// What holds for a queue whatever happens to it, under every policy that can serve one: the simulated lives that
// `understudy drill --queue` lives by the hundred thousand, some of them here. Refuses fixed expectations.

import ControlPlane
import Primitives
import Scheduling
import Simulation
import Testing

@Suite("Queue properties")
struct QueuePropertyTests {
    @Test(arguments: SimulatedQueue.policies.map(\.name))
    func `no slot is given twice, gangs are whole, closed machines take nothing, and every job ends`(
        policy name: String
    ) throws {
        let policy = try #require(Policy.named(name))
        for seed in 1...10 as ClosedRange<UInt64> {
            var life = SimulatedQueue(policy, seed: seed)
            life.live()
            #expect(life.problems.isEmpty, "seed \(seed): \(life.problems)")
            #expect(life.queue.jobs.count > 10 && life.queue.jobs.allSatisfy(\.isOver))
        }
    }

    @Test(arguments: [
        QueuePromises(agentsWaitForProcesses: false), QueuePromises(commandsComeOnce: false),
    ])
    func `a planted bug is found within fifty seeds`(promises: QueuePromises) {
        let found = (1...50 as ClosedRange<UInt64>).first { !simulateQueue($0, promises: promises).problems.isEmpty }
        #expect(found != nil)
    }

    @Test func `the same facts give the same commands, also after a trip through text`() throws {
        var life = SimulatedQueue(.priority, seed: 7)
        for _ in 0..<300 { life.step() }
        var again = QueueController(policy: .priority)
        var text: [String] = []
        for (event, now) in life.events {
            let read = try QueueEvent(Line(parsing: event.line.text))
            #expect(read == event)
            let commands = again.handle(read, at: now)
            for command in commands { #expect(try QueueCommand(Line(parsing: command.line.text)) == command) }
            text.append(([event.line] + commands.map(\.line)).map(\.text).joined(separator: " > "))
        }
        #expect(text == life.story)
        #expect(again.jobs == life.queue.jobs && again.nodes == life.queue.nodes)
    }

    @Test func `explaining changes nothing and always comes to an end`() {
        var life = SimulatedQueue(.priority, seed: 11)
        for _ in 0..<100 {
            life.step()
            let before = life.queue.jobs
            for job in 1..<life.queue.jobs.count + 1 {
                guard let why = life.queue.explain(job, at: life.now) else { continue }
                #expect(why.remedies.allSatisfy { remedy in why.start.map { remedy.start < $0 } ?? true })
            }
            #expect(life.queue.jobs == before)
        }
    }
}
