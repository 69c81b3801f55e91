// Who has been silent for too long. Fed with every sign of life, asked at deadlines; a value beside the coordinator,
// because heartbeats are too many to be events. Refuses to notice crashes: a closed connection and an ended process are
// told at once, by whoever sees them.

import Primitives

/// Watches processes for silence.
public struct FailureDetector: Equatable, Sendable {
    private struct Watch: Equatable, Sendable {
        var worker: WorkerID
        var incarnation: Incarnation
        var lastHeard: Instant
    }

    /// How long a silent process is believed.
    public let timeout: TimeSpan
    private var watches: [Watch] = []

    /// A detector that believes a silent process for `timeout`.
    public init(timeout: TimeSpan) { self.timeout = timeout }

    /// A process gave a sign of life.
    public mutating func heard(_ worker: WorkerID, _ incarnation: Incarnation, at now: Instant) {
        let known = watches.firstIndex { $0.worker == worker }
        if let known, watches[known].incarnation <= incarnation {
            watches[known].incarnation = incarnation
            watches[known].lastHeard = max(watches[known].lastHeard, now)
        } else if known == nil {
            watches.append(Watch(worker: worker, incarnation: incarnation, lastHeard: now))
        }
    }

    /// A process is known to be gone.
    public mutating func forget(_ worker: WorkerID) { watches.removeAll { $0.worker == worker } }

    /// Takes out the processes that have been silent for the time-out or longer, and says for how long.
    public mutating func lost(at now: Instant) -> [(worker: WorkerID, incarnation: Incarnation, silent: TimeSpan)] {
        let silent = watches.filter { now - $0.lastHeard >= timeout }
        watches.removeAll { now - $0.lastHeard >= timeout }
        return silent.map { ($0.worker, $0.incarnation, now - $0.lastHeard) }
    }

    /// When `lost` may next have an answer.
    public var nextDeadline: Instant? { watches.map(\.lastHeard).min().map { $0 + timeout } }
}
