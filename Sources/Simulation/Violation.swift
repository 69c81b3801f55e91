// What a simulated run comes to: a verdict with figures, and where an invariant did not hold, which one, when and how.
// Refuses to be an error: a violation is what the simulation is there to find.

import ControlPlane
import Journaling
import Primitives

/// What is promised; docs/INVARIANTS.md has the sentences.
public enum Invariant: String, CaseIterable, Codable, Sendable {
    /// Nothing of an older generation or incarnation counts.
    case fencing = "S1"
    /// A step is committed once in its turn, when every member has contributed.
    case commit = "S2"
    /// Every micro-batch of a committed step was consumed exactly once.
    case exactlyOnce = "S3"
    /// States and losses are those of a run without faults.
    case bitIdentity = "S4"
    /// Replicas that differ are noticed before a step counts.
    case replicasAgree = "S5"
    /// A checkpoint counts only when it is whole and durable, is restored only when it is what was written, and is never
    /// deleted without a newer one.
    case checkpoints = "S6"
    /// The journal holds everything that was acted upon, and replays to the same state.
    case journal = "S7"
    /// No slot has two processes, no process has two ranks, none outlives its run.
    case placement = "S8"
    /// A process that falls silent for good is known to be lost within a bound.
    case detection = "L2"
    /// When faults have stopped, the run completes.
    case progress = "L1"
    /// The ledger's items add up to the time elapsed, and what incidents cost to what was lost.
    case accounting = "A"
}

/// An invariant that did not hold.
public struct Violation: Error, Equatable, Sendable, CustomStringConvertible {
    /// The schedule's seed.
    public var seed: UInt64
    /// Which invariant.
    public var invariant: Invariant
    /// When.
    public var at: Instant
    /// What happened.
    public var what: String

    /// `seed 17: S4 at 00:00:12.345: worker a/1 …`.
    public var description: String { "seed \(seed): \(invariant.rawValue) at \(at): \(what)" }
}

/// What one simulated run came to.
public struct Verdict: Sendable {
    /// The first violation, if there was one.
    public var violation: Violation?
    /// How the run last ended; nil when it did not.
    public var outcome: Outcome?
    /// The run's journal.
    public var records: [Record] = []
    /// The story, a line an event; empty unless it was asked for.
    public var story: [String] = []
    /// Figures.
    public var figures = Figures()
}

/// Counts over one run or many.
public struct Figures: Equatable, Sendable {
    /// Runs.
    public var runs = 0
    /// Runs that completed.
    public var completed = 0
    /// Things that happened.
    public var happenings = 0
    /// Virtual time.
    public var virtualTime = TimeSpan.zero
    /// Steps committed, those that were done again included.
    public var commits = 0
    /// Gangs formed.
    public var generations = 0
    /// Times that a coordinator went on from a journal.
    public var resumptions = 0
    /// Faults that struck, by kind in the order of `FaultKind.allCases`.
    public var struck = FaultKind.allCases.map { _ in 0 }
    /// The longest that a run took to complete after everything had healed.
    public var longestRecovery = TimeSpan.zero

    /// No run.
    public init() {}

    /// Adds the runs of `other`.
    public mutating func add(_ other: Figures) {
        runs += other.runs
        completed += other.completed
        happenings += other.happenings
        virtualTime += other.virtualTime
        commits += other.commits
        generations += other.generations
        resumptions += other.resumptions
        for index in struck.indices { struck[index] += other.struck[index] }
        longestRecovery = max(longestRecovery, other.longestRecovery)
    }
}
