// What a queue of jobs can be told and what it can ask for. The queue's world has machines, coordinators of runs and
// people; each fact names its source. Refuses facts of training: what happens inside a run is its coordinator's.

import Jobs
import Primitives
import Scheduling

/// A job as it is submitted to a queue: a run that has been made and waits to be driven.
public struct Submission: Equatable, Sendable {
    /// The run's folder; its name is the run's.
    public var folder: String
    /// What the job is called.
    public var name: String
    /// Who submitted it.
    public var user: String
    /// Worker slots of its gang, spares included.
    public var slots: Int
    /// More is more important.
    public var priority: Int
    /// How long it is expected to run; what reservations count with.
    public var expected: TimeSpan
    /// The team whose share and quota it counts against.
    public var team: String
    /// How long after its submission it must have ended; nil when it need not. Spans rather than dates, because a queue
    /// knows no calendar.
    public var deadline: TimeSpan?
    /// What it asks about its place.
    public var demand: TopologyDemand
    /// Between how many slots it may have, spares included; nil when it may have no other number than `slots`.
    public var range: ClosedRange<Int>?
    /// How many of its slots are its spares'; what is known of jobs with a range.
    public var spares: Int
    /// What its gang does about a lost member, as its job file says; nil in the records of queues that replaced nobody.
    public var onWorkerLoss: FaultToleranceSpec.WorkerLossPolicy?

    /// A submission from its parts.
    public init(
        folder: String, name: String, user: String, slots: Int, priority: Int, expected: TimeSpan,
        team: String = Team.defaultName, deadline: TimeSpan? = nil, demand: TopologyDemand = .preferred,
        onWorkerLoss: FaultToleranceSpec.WorkerLossPolicy? = nil, range: ClosedRange<Int>? = nil, spares: Int = 0
    ) {
        self.range = range
        self.spares = spares
        self.folder = folder
        self.name = name
        self.user = user
        self.slots = slots
        self.priority = priority
        self.expected = expected
        self.team = team
        self.deadline = deadline
        self.demand = demand
        self.onWorkerLoss = onWorkerLoss
    }

    /// Whether a worker that comes later takes a lost one's place. A gang that shrinks keeps the size it has shrunk to, and
    /// one that fails is over: both are whole again only when they are resumed.
    public var takesReplacements: Bool {
        switch onWorkerLoss {
        case .spare, .wait: true
        case .shrink, .fail, nil: false
        }
    }
}

/// A fact that a queue is told. Jobs are numbered from 1 in the order of submission.
public enum QueueEvent: Equatable, Sendable {
    /// A job was submitted.
    case submitted(Submission)
    /// A user takes a job back.
    case cancelled(job: Int)
    /// A user changes a job's importance.
    case priorityChanged(job: Int, to: Int)
    /// An agent offers the slots of its machine, all of them empty; `problem` is what is wrong with it, if anything is.
    case nodeJoined(NodeID, slots: Int, problem: String? = nil)
    /// Nothing runs on the machine that is of any use: its agent is silent.
    case nodeLost(NodeID, because: String)
    /// Nothing runs on the machine any more: its agent was stopped, which is no failure of the machine.
    case nodeLeft(NodeID)
    /// A machine's own check of itself has found `problem`, or nothing any more.
    case healthChanged(NodeID, problem: String?)
    /// A user wants no new work on a machine.
    case cordoned(NodeID)
    /// A user wants a machine emptied: no new work, what runs may end.
    case drained(NodeID, because: String)
    /// A user wants a machine emptied now: no new work, and what runs goes on elsewhere.
    case evicted(NodeID, because: String)
    /// A user gives a machine back to the queue.
    case undrained(NodeID)
    /// No process is left in a slot that was vacated.
    case slotEmptied(WorkerID)
    /// A run that goes on has a checkpoint after `step`.
    case saved(job: Int, step: Int)
    /// The coordinator of a job goes on as it was asked last: with as many workers, and without those in the slots
    /// `without`.
    case resized(job: Int, stint: Int, without: [WorkerID])
    /// The process that drove a job has ended.
    case coordinatorEnded(job: Int, stint: Int, how: LossCause)
    /// The controller was started again: whatever it ran before is gone or goes.
    case controllerResumed
    /// An instant that was waited for has come.
    case timePassed
}

/// Something that a queue asks of its world.
public enum QueueCommand: Equatable, Sendable {
    /// Drive `job` for the `stint`th time, with a worker in each of `slots`. The first is driven from its beginning,
    /// every other is resumed.
    case start(job: Int, stint: Int, slots: [WorkerID])
    /// The slots `lost` of a job that is driven are gone, and it goes on in the same stint with a worker in each of `by`.
    case replace(job: Int, stint: Int, lost: [WorkerID], by: [WorkerID])
    /// A job that is driven goes on in the same stint with `workers` workers: it takes a worker in each of `entering`, and
    /// nobody in the slots `leaving`. `resized` is told when it does.
    case resize(job: Int, stint: Int, workers: Int, leaving: [WorkerID], entering: [WorkerID])
    /// Have the job save its state and end.
    case stop(job: Int, stint: Int, because: StopReason)
    /// End the job's coordinator at once; it did not stop in time.
    case kill(job: Int, stint: Int)
    /// End what is left of `job` in its slots, and tell when they are empty.
    case vacate(job: Int, slots: [WorkerID])
}

/// Why a job that ran was asked to stop.
public enum StopReason: Equatable, Sendable {
    /// A job that is more important needs its slots.
    case preempted
    /// A user took it back.
    case cancelled
    /// A user wants a machine under it emptied, and it could not go on beside it.
    case evicted(NodeID)
    /// A machine under it is gone, and nothing took its place: slots were `short`, or, when that is nil, the job takes no
    /// replacements.
    case nodeLost(NodeID, short: SlotShortage? = nil)
}

/// Why the slots that a job lost were not replaced.
public struct SlotShortage: Equatable, Sendable {
    /// Empty slots of machines that take work, of the kind that the job runs on.
    public var free: Int
    /// Slots that it lost.
    public var needed: Int

    /// `free` slots where `needed` were lost.
    public init(free: Int, needed: Int) {
        self.free = free
        self.needed = needed
    }
}

/// Slots that a job lost with a machine, and has others for.
public struct SlotReplacement: Equatable, Sendable {
    /// The machine that is gone.
    public var node: NodeID
    /// How many slots of it.
    public var slots: Int

    /// `slots` slots that were lost with `node`.
    public init(node: NodeID, slots: Int) {
        self.node = node
        self.slots = slots
    }
}

/// How a job ended for good.
public enum JobEnding: Equatable, Sendable {
    /// It did all of its steps.
    case completed
    /// A user took it back.
    case cancelled
    /// Its coordinator ended like this, and trying again would not help.
    case failed(LossCause)
}
