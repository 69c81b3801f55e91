// A job in a queue and a machine under it, as the queue keeps them. Refuses to decide anything.

import Primitives
import Scheduling

/// Where a queued job is in its life.
public enum QueuePhase: Equatable, Sendable {
    /// No process drives it. Goes to running, over.
    case waiting
    /// A coordinator drives it. Goes to stopping, waiting (its coordinator died), over.
    case running
    /// Its coordinator was asked to save and to end. Goes to waiting, over.
    case stopping(because: StopReason, since: Instant)
    /// It ended for good. Goes nowhere.
    case over(JobEnding)
}

/// A job of a queue.
public struct QueuedJob: Equatable, Sendable {
    /// What was submitted; its priority may have been changed since.
    public internal(set) var submission: Submission
    /// When.
    public let submitted: Instant
    /// Where it is in its life.
    public internal(set) var phase = QueuePhase.waiting
    /// How often it was driven.
    public internal(set) var stint = 0
    /// Slots that the scheduler gave it: those it runs in, or those it waits for until whoever is in them has gone.
    public internal(set) var grant: [WorkerID] = []
    /// When it was started last.
    public internal(set) var started: Instant?
    /// When it ended for good.
    public internal(set) var ended: Instant?
    /// How long it was driven before it was started last.
    public internal(set) var ranBefore = TimeSpan.zero
    /// How often it was stopped for a more important job.
    public internal(set) var preemptions = 0
    /// The last step it is known to have saved.
    public internal(set) var savedStep = 0
    /// What it lost with a machine and was given others for, until it is seen to have saved since.
    public internal(set) var replacement: SlotReplacement?
    /// Slots that its coordinator was asked to go on without.
    public internal(set) var givingUp: [WorkerID] = []
    /// Those, and slots that it is to give up when others have come to go on with its state.
    var surplus: [WorkerID] = []
    /// Since when it has those.
    var givingSince: Instant?
    /// How many workers its coordinator was told last that the gang shall have.
    var told = 0
    /// How often its coordinator ended without a reason since a checkpoint was last seen.
    var crashes = 0
    /// Whether its coordinator was told to end at once.
    var isKilled = false
    /// Whether the scheduler has taken it once; what was promised then is not asked for again.
    var isAdmitted = false
    /// Its number in the scheduler; nil while no pool of slots could hold it, and when it is over.
    var ticket: Int?

    init(_ submission: Submission, at now: Instant) {
        self.submission = submission
        submitted = now
    }

    /// Whatever its last coordinator was asked is over.
    mutating func forgetResize() { (givingUp, surplus, givingSince) = ([], [], nil) }

    /// Slots that it has, or asks for while it has none.
    public var slots: Int { grant.isEmpty ? submission.slots : grant.count }

    /// Whether a coordinator drives it.
    public var isDriven: Bool {
        switch phase {
        case .running, .stopping: true
        case .waiting, .over: false
        }
    }

    /// Whether it ended for good.
    public var isOver: Bool { if case .over = phase { true } else { false } }

    /// How long it has been driven by `now`.
    public func ran(by now: Instant) -> TimeSpan {
        guard isDriven, let started else { return ranBefore }
        return ranBefore + (now - started)
    }
}

/// A machine that offers worker slots.
public struct QueueNode: Equatable, Sendable {
    /// Who has a slot.
    public struct Occupant: Equatable, Sendable {
        /// The job.
        public var job: Int
        /// Which time it was driven.
        public var stint: Int
        /// Whether its processes were told to end.
        public var isLeaving = false
    }

    /// Whether a user wants new work on it.
    public enum Wish: Equatable, Sendable {
        /// Take work.
        case open
        /// Take no new work.
        case cordoned
        /// Take no new work until it is given back, for this reason.
        case draining(String)
    }

    /// Its name.
    public let name: NodeID
    /// Who is in each slot.
    public internal(set) var occupants: [Occupant?]
    /// What users want of it.
    public internal(set) var wish = Wish.open
    /// Why it is not there; nil while it is.
    public internal(set) var absence: String?
    /// What its own check of itself has found; nil while that is nothing.
    public internal(set) var problem: String?
    /// How often it failed, where that is so often that its slots are taken last; nil where it is not.
    public internal(set) var failures: Int?
    /// Where the scheduler has it.
    var place: (pool: Int, node: Int)

    init(_ name: NodeID, slots: Int, place: (pool: Int, node: Int)) {
        self.name = name
        occupants = Array(repeating: nil, count: slots)
        self.place = place
    }

    /// Its condition as the scheduler knows it.
    var condition: NodeCondition {
        guard absence == nil else { return .down }
        switch wish {
        case .open: return problem.map { .draining($0) } ?? .up
        case .cordoned: return .cordoned
        case .draining(let reason): return .draining(reason)
        }
    }

    /// Equal in all that can be seen.
    public static func == (a: QueueNode, b: QueueNode) -> Bool {
        a.name == b.name && a.occupants == b.occupants && a.wish == b.wish && a.absence == b.absence
            && a.place == b.place && a.problem == b.problem && a.failures == b.failures
    }
}
