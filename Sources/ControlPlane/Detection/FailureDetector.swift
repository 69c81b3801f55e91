// Who has been silent for too long. Fed with every sign of life, asked at deadlines; a value beside the coordinator,
// because heartbeats are too many to be events. Refuses to notice crashes: a closed connection and an ended process are
// told at once, by whoever sees them.
//
// How long is too long follows from the gaps between a process's own heartbeats, so that a machine that is always busy is
// not taken for dead, and a quiet one is found out soon. Silence while this side stood still itself counts for nobody.

import Primitives

/// Watches processes for silence.
public struct FailureDetector: Equatable, Sendable {
    /// Deviations above the mean gap at which a process is suspected: TCP's margin (RFC 6298).
    static let suspectingDeviations: Int64 = 4
    /// Deviations at which it is lost: a packet that is sent again costs little, a generation that ends costs more.
    static let losingDeviations: Int64 = 8
    /// Gaps of the shortest length that prove nothing: one heartbeat that is late and one that was skipped.
    static let gapsThatProveNothing: Int64 = 3

    private struct Watch: Equatable, Sendable {
        var worker: WorkerID
        var incarnation: Incarnation
        var lastHeard: Instant
        var lastHeartbeat: Instant?
        var gaps: TimingEstimate
    }

    /// What a process promises: a heartbeat each.
    public let interval: TimeSpan
    /// How long a silent process is believed at least.
    public let atLeast: TimeSpan
    /// How long a silent process is believed at most.
    public let timeout: TimeSpan
    private var watches: [Watch] = []
    /// When this detector last heard or was asked anything.
    private var awake = Instant.zero

    /// A detector of processes that promise a heartbeat every `interval`, and are believed in their silence for `atLeast`
    /// to `timeout`.
    public init(interval: TimeSpan, atLeast: TimeSpan, timeout: TimeSpan) {
        self.interval = interval
        self.atLeast = min(atLeast, timeout)
        self.timeout = timeout
    }

    /// A process gave a sign of life. Only heartbeats are regular, so only they tell what gap is to be expected.
    public mutating func heard(
        _ worker: WorkerID, _ incarnation: Incarnation, isHeartbeat: Bool = false, at now: Instant
    ) {
        wake(at: now)
        let known = watches.firstIndex { $0.worker == worker }
        if let known, watches[known].incarnation == incarnation {
            if isHeartbeat {
                if let last = watches[known].lastHeartbeat, last < now { watches[known].gaps.observe(now - last) }
                watches[known].lastHeartbeat = max(watches[known].lastHeartbeat ?? now, now)
            }
            watches[known].lastHeard = max(watches[known].lastHeard, now)
        } else if known.map({ watches[$0].incarnation < incarnation }) ?? true {
            forget(worker)
            watches.append(
                Watch(
                    worker: worker, incarnation: incarnation, lastHeard: now, lastHeartbeat: nil,
                    gaps: TimingEstimate(first: interval)))
        }
    }

    /// A process is known to be gone.
    public mutating func forget(_ worker: WorkerID) { watches.removeAll { $0.worker == worker } }

    /// How long `worker` has been silent, if that is longer than its gaps let expect: it may be lost soon.
    public func suspicion(of worker: WorkerID, at now: Instant) -> TimeSpan? {
        guard let watch = watches.first(where: { $0.worker == worker }) else { return nil }
        let silence = now - watch.lastHeard
        return silence >= limit(watch, deviations: FailureDetector.suspectingDeviations, atLeast: .zero)
            ? silence : nil
    }

    /// Takes out the processes that have been silent for too long, and says for how long.
    public mutating func lost(at now: Instant) -> [(worker: WorkerID, incarnation: Incarnation, silent: TimeSpan)] {
        wake(at: now)
        let silent = watches.filter { now >= deadline($0) }
        for lost in silent { forget(lost.worker) }
        return silent.map { ($0.worker, $0.incarnation, now - $0.lastHeard) }
    }

    /// When `lost` may next have an answer.
    public var nextDeadline: Instant? { watches.map(deadline).min() }

    private func deadline(_ watch: Watch) -> Instant {
        watch.lastHeard + limit(watch, deviations: FailureDetector.losingDeviations, atLeast: atLeast)
    }

    private func limit(_ watch: Watch, deviations: Int64, atLeast: TimeSpan) -> TimeSpan {
        let least = max(atLeast, interval * FailureDetector.gapsThatProveNothing)
        return min(max(watch.gaps.bound(deviations: deviations), least), timeout)
    }

    /// Whoever stood still itself has heard nobody, and what was said meanwhile still waits to be heard: that time is
    /// taken from everybody's silence. (Cassandra's detector, of the accrual kind, has `MAX_LOCAL_PAUSE` for this.)
    private mutating func wake(at now: Instant) {
        let asleep = now - awake
        awake = max(awake, now)
        guard asleep > interval * FailureDetector.gapsThatProveNothing else { return }
        for index in watches.indices {
            watches[index].lastHeard = min(now, watches[index].lastHeard + asleep)
            watches[index].lastHeartbeat = nil
        }
    }
}
