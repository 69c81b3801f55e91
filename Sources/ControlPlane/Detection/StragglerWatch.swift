// Which members of a gang are slow for long: time a micro-batch, held against the median of the others, step by step. Only
// computing counts; whoever waits for others is not slow. Fed with every complete step. Refuses to judge who stands
// still, which is the StepWatch's, and to replace anybody, which is the Run's.

import Jobs
import Primitives

/// A member that was too slow for too long, and the figures that decided it.
public struct StragglerReport: Equatable, Sendable {
    /// Its slot.
    public var worker: WorkerID
    /// Its process.
    public var incarnation: Incarnation
    /// Its rank.
    public var rank: Int
    /// The last step it was slow at.
    public var step: Int
    /// How many times as long as the median of the others it took for a micro-batch, on average.
    public var factor: Double
    /// For how many steps, one after the other.
    public var steps: Int
    /// From the first of them to the last.
    public var lasted: TimeSpan

    /// A report from its parts.
    public init(
        worker: WorkerID, incarnation: Incarnation, rank: Int, step: Int, factor: Double, steps: Int, lasted: TimeSpan
    ) {
        self.worker = worker
        self.incarnation = incarnation
        self.rank = rank
        self.step = step
        self.factor = factor
        self.steps = steps
        self.lasted = lasted
    }
}

/// Watches the members of one generation for those that are slow.
public struct StragglerWatch: Equatable, Sendable {
    private struct Stretch: Equatable, Sendable {
        var since: Instant
        var steps = 0
        var factors = 0.0
    }

    private let policy: StragglerSpec
    private let members: [Member]
    /// For each rank, the steps at which it has been slow without a break.
    private var stretches: [Stretch?]

    /// A watch over `members`.
    public init(_ policy: StragglerSpec, _ members: [Member]) {
        self.policy = policy
        self.members = members
        stretches = members.map { _ in nil }
    }

    /// Takes the members' times of `step`, by rank, which was complete at `now`. Returns those whose patience is used up;
    /// each begins anew.
    public mutating func observe(_ profiles: [StepProfile], step: Int, at now: Instant) -> [StragglerReport] {
        guard policy.action != .off, members.count > 1, profiles.count == members.count else { return [] }
        let times = zip(profiles, members).map { $0.compute.nanoseconds / Int64(max(1, $1.part.count)) }
        var reports: [StragglerReport] = []
        for rank in members.indices {
            let usual = median(times.enumerated().filter { $0.offset != rank }.map(\.element))
            let factor = Double(times[rank]) / Double(max(1, usual))
            guard factor > policy.factor else {
                stretches[rank] = nil
                continue
            }
            var stretch = stretches[rank] ?? Stretch(since: now)
            stretch.steps += 1
            stretch.factors += factor
            stretches[rank] = stretch
            guard isUsedUp(stretch, at: now) else { continue }
            stretches[rank] = nil
            reports.append(
                StragglerReport(
                    worker: members[rank].worker, incarnation: members[rank].incarnation, rank: rank, step: step,
                    factor: stretch.factors / Double(stretch.steps), steps: stretch.steps, lasted: now - stretch.since))
        }
        return reports
    }

    private func isUsedUp(_ stretch: Stretch, at now: Instant) -> Bool {
        switch policy.patience {
        case .steps(let count): stretch.steps >= count
        case .time(let span): now - stretch.since >= span
        }
    }

    /// The middle one; of an even number the lower of the two, so that half of a gang that is slow does not hide itself.
    private func median(_ values: [Int64]) -> Int64 { values.sorted()[(values.count - 1) / 2] }
}
