// One entry of a journal: what the control plane was told, when, and what it asked for. Replaying the events must give
// the same commands; `Replay` holds a journal to that. Refuses to interpret: RunHistory does.

import ControlPlane
import Primitives

/// A fact with the commands that answered it.
public struct Record: Equatable, Sendable {
    /// Its place in the journal, from 1.
    public var sequence: Int
    /// When it happened, since the run's epoch.
    public var at: Instant
    /// When it happened by the wall clock of its host, in nanoseconds since 1970; simulated worlds repeat `at`.
    public var wallNanoseconds: Int64
    /// What happened.
    public var event: Event
    /// What was to be done about it, in order.
    public var commands: [Command]

    /// A record from its parts.
    public init(sequence: Int, at: Instant, wallNanoseconds: Int64, event: Event, commands: [Command]) {
        self.sequence = sequence
        self.at = at
        self.wallNanoseconds = wallNanoseconds
        self.event = event
        self.commands = commands
    }

    /// The step that counts from this record on; nil when it commits none.
    public var committedStep: Int? {
        for case .commit(_, _, let step) in commands { return step }
        return nil
    }
}

/// Where a replay and its journal part.
public struct ReplayDivergence: Error, Equatable, Sendable, CustomStringConvertible {
    /// The record.
    public var record: Record
    /// What the control plane asks for when it is told the same again.
    public var replayed: [Command]

    /// The record's sequence and both lists of commands.
    public var description: String {
        func text(_ commands: [Command]) -> String { commands.map(\.line.text).joined(separator: "; ") }
        return "record \(record.sequence) (\(record.event.line.text)) was answered by [\(text(record.commands))], "
            + "its replay by [\(text(replayed))]"
    }
}

/// The state a journal leads to.
/// - Throws: `ReplayDivergence` at the first record whose commands differ from what replaying its event gives.
public func replay(_ records: some Sequence<Record>) throws(ReplayDivergence) -> Coordinator {
    var coordinator = Coordinator()
    for record in records {
        let commands = coordinator.handle(record.event, at: record.at)
        if commands != record.commands { throw ReplayDivergence(record: record, replayed: commands) }
    }
    return coordinator
}
