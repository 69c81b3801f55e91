// What became of the jobs of a replay, one by one, and of the cluster over time. Figures are computed from this and from
// nothing else (ReplayFigures). Refuses to sum up.

import Primitives
import Scheduling

/// What became of a job.
public struct JobOutcome: Equatable, Sendable {
    /// When it was started for the first time; nil when it never was.
    public var started: Instant?
    /// When it ended; nil when it never did.
    public var ended: Instant?
    /// Time in the queue in all: until it was started and each time it was stopped.
    public var queued = TimeSpan.zero
    /// How often it was stopped for another.
    public var preemptions = 0
    /// How often a failure stopped it.
    public var failures = 0
    /// How often it was grown or shrunk.
    public var resizes = 0
    /// Time on its GPUs that went into saving, restoring and resizing, into failures before they were noticed, and into
    /// waiting for slow nodes.
    public var overhead = TimeSpan.zero
    /// Work that failures threw away, in time on its GPUs.
    public var lost = TimeSpan.zero
    /// GPU seconds it held.
    public var heldGPUSeconds = 0.0
    /// Why it was refused; nil when it was not.
    public var refusal: Refusal?
    /// Where it ran last.
    public var placement: Placement?

    /// A job of which nothing is known yet.
    public init() {}
}

/// The cluster after a decision.
public struct ClusterSample: Equatable, Sendable {
    /// When.
    public var at: Instant
    /// GPUs that jobs hold.
    public var used: Int
    /// GPUs in service.
    public var open: Int
    /// Free GPUs that nobody who waits can use, because they are too scattered.
    public var fragmented: Int
    /// Jobs that wait.
    public var waiting: Int
}

/// A stretch in which a job held GPUs.
public struct Stretch: Equatable, Sendable {
    /// The job, an index into the trace.
    public var job: Int
    /// From when.
    public var from: Instant
    /// Until when.
    public var to: Instant
    /// Where.
    public var placement: Placement
}

/// The result of a replay.
public struct ReplayResult: Sendable {
    /// What became of each job of the trace.
    public internal(set) var outcomes: [JobOutcome]
    /// The cluster after each decision that changed it; empty unless asked for.
    public internal(set) var samples: [ClusterSample] = []
    /// Who held what when; empty unless asked for.
    public internal(set) var stretches: [Stretch] = []
    /// GPU seconds that were in service from the first submission to the last end.
    public internal(set) var openGPUSeconds = 0.0
    /// GPU seconds that were free and too scattered for whoever waited.
    public internal(set) var fragmentedGPUSeconds = 0.0
    /// Nodes that failed.
    public internal(set) var nodeFailures = 0
    /// Failures that a spare made good without queueing a job again.
    public internal(set) var swaps = 0
}
