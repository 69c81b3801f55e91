// A policy as a value: in which order jobs stand, what happens behind one that does not fit, and who may be stopped for
// whom. The named ones are in Policies/, a file each with its paper. A value rather than a protocol: a policy is read,
// compared and printed, and new ones are new combinations. Refuses code in policies; the Scheduler carries them out.

import Primitives

/// How jobs are ranked, the first to start first. Ties stand in the order in which the jobs came.
public enum QueueOrder: Equatable, Sendable {
    /// By submission.
    case submission
    /// By expected run time.
    case shortest
    /// By what is left of the expected run time.
    case remaining
    /// By level, then by submission. A job's level is how many of `limits` (GPU time received, ascending) it has passed.
    case attainedService(limits: [TimeSpan])
    /// By priority, where waiting for `ageing` counts as much as one point.
    case priority(ageing: TimeSpan)
    /// By deadline; one that cannot be kept beside those already accepted is refused at submission.
    case deadline
    /// The team that holds the smallest part of its share first; inside a team by submission.
    case fairShare
}

/// What happens behind a job that cannot start.
public enum Passing: Equatable, Sendable {
    /// Nobody behind it starts.
    case stop
    /// Whoever fits starts.
    case skip
    /// It gets a reservation at the earliest instant that the expected ends of running jobs allow, and whoever does not
    /// delay it starts, tried in the queue's order or the shortest first.
    case reserveFirst(shortestFirst: Bool)
    /// Every job has a reservation from its submission on.
    case reserveAll
}

/// Who may be stopped, saved and put back into the queue.
public enum Preemption: Equatable, Sendable {
    /// Nobody.
    case none
    /// Whoever has too many GPUs before it in the order of running and waiting jobs together.
    case byRank
    /// Jobs of lower priority, those first that lose least by it.
    case byPriority
}

/// A scheduling policy.
public struct Policy: Equatable, Sendable {
    /// What it is called on the command line: `easy-sjbf`.
    public var name: String
    /// What it optimises, as a clause.
    public var aim: String
    /// How jobs are ranked.
    public var order: QueueOrder
    /// What happens behind a job that cannot start.
    public var passing: Passing
    /// Who may be stopped.
    public var preemption: Preemption
    /// Decisions are taken at multiples of this only; nil for at once.
    public var period: TimeSpan?
    /// Whether running jobs are grown and shrunk between the least and the most GPUs they say they can use.
    public var resizes: Bool

    /// A policy from its parts.
    public init(
        name: String, aim: String, order: QueueOrder, passing: Passing, preemption: Preemption = .none,
        period: TimeSpan? = nil, resizes: Bool = false
    ) {
        self.name = name
        self.aim = aim
        self.order = order
        self.passing = passing
        self.preemption = preemption
        self.period = period
        self.resizes = resizes
    }

    /// Every named policy, in the order they are documented.
    public static let all: [Policy] = [
        .fifo, .fifoBestEffort, .sjf, .srtf, .tiresias, .priority, .fairShare, .easy, .easySJBF, .conservative,
        .deadline, .elastic,
    ]

    /// The policy called `name`; nil when there is none.
    public static func named(_ name: String) -> Policy? { all.first { $0.name == name } }
}
