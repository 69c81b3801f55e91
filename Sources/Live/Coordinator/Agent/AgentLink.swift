// The agent as the coordinator that it started sees it: hands that start, stop and kill worker processes, and outlive
// the coordinator. Refuses to decide; and to be there when the agent is not: its end is the coordinator's.

import Foundation
import Primitives

/// A coordinator's line to its agent. Owned by one thread.
public final class AgentLink {
    /// The slots in which a process lived when the coordinator was started, in order.
    public let living: [WorkerID]
    private let channel: LineChannel
    /// What came before the agent was done with telling who lives.
    private var early: [AgentWord] = []

    /// The line that was inherited as `descriptor`; returns when the agent has told who lives.
    /// - Throws: `AgentGone` when it does not.
    public init(inherited descriptor: Int32) throws(AgentGone) {
        channel = LineChannel(inherited: descriptor)
        var living: [WorkerID] = []
        while true {
            guard case .line(let line) = channel.receive(waiting: true), let word = try? AgentWord(line) else {
                throw AgentGone()
            }
            if word == .ready { break }
            if case .living(let worker) = word { living.append(worker) } else { early.append(word) }
        }
        self.living = living.sorted()
    }

    /// Readable when the agent has said something, or is gone.
    var descriptor: Int32 { channel.descriptor }

    /// Tells the agent something, or asks for it.
    func send(_ order: AgentOrder) { channel.send(order.line) }

    /// Where workers reach this coordinator; the next one shall listen there too.
    public func listens(at endpoint: String) { send(.listening(endpoint: endpoint)) }

    /// What the agent has said.
    /// - Throws: `AgentGone` when it is.
    func takeAll() throws(AgentGone) -> [AgentWord] {
        var words = early
        early = []
        while true {
            switch channel.receive() {
            case .line(let line): if let word = try? AgentWord(line) { words.append(word) }
            case .nothing: return words
            case .closed: throw AgentGone()
            }
        }
    }

    /// Waits until all processes have ended; those that have not after `grace` are killed.
    func end(grace: TimeSpan) {
        send(.end(grace: grace))
        while case .line(let line) = channel.receive(waiting: true) {
            if (try? AgentWord(line)) == .allEnded { return }
        }
    }
}

/// The process that started this coordinator, and its workers, is gone.
public struct AgentGone: Error, Equatable, Sendable, CustomStringConvertible {
    /// The sentence.
    public var description: String { "the process that launched this run is gone, and its workers with it" }
}
