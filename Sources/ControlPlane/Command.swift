// What the control plane asks of its world: requests, carried out in the order they are given, after the record that
// holds them is durable. Each carries its reason where it has one. Refuses facts: what came of it is an Event.

import Messages
import Primitives
import Scheduling

/// A request. What is large and rare is kept apart: each is as large as the largest that is not, and there are thousands of
/// commits to every gang.
public enum Command: Equatable, Sendable {
    /// Start a process in a supervised slot.
    case startWorker(WorkerID)
    /// End the process in a slot, whatever it is doing.
    indirect case evict(WorkerID, because: String)
    /// Tell the process that just introduced itself who it is.
    case welcome(worker: WorkerID, incarnation: Incarnation)
    /// Tell the process that just introduced itself that it may not join.
    case refuse(because: String)
    /// The run waits.
    indirect case wait(run: RunID, because: WaitReason)
    /// Form a gang of `members` that restores the state after `restore` steps. With `transfers` from members: those
    /// listed take it from another one, all others hold it and keep it. Without, all load its checkpoint. `course` says
    /// which batches its steps take.
    indirect case form(
        run: RunID, generation: Generation, members: [Member], restore: Int, transfers: [StateTransfer]?,
        course: Course = Course())
    /// Let the gang compute its first step.
    case begin(run: RunID, generation: Generation)
    /// Snapshot the state once `step` is applied, and write it out. Comes before the commit.
    case saveCheckpoint(run: RunID, generation: Generation, step: Int)
    /// Measure the validation loss once `step` is applied. Comes before the commit.
    case evaluate(run: RunID, generation: Generation, step: Int)
    /// Tell the hash of the state once `step`, the last, is applied. Comes before the commit.
    case compare(run: RunID, generation: Generation, step: Int)
    /// Apply `step`. Idempotent.
    case commit(run: RunID, generation: Generation, step: Int)
    /// Stop whatever the generation is doing.
    indirect case abort(run: RunID, generation: Generation, because: InterruptionReason)
    /// End a generation of `size` members right after a commit, because another can take its place: a larger one, or, when
    /// `resizedTo` names its size, one that is as somebody asked. Nothing is wrong.
    case regroup(run: RunID, generation: Generation, size: Int, resizedTo: Int? = nil)
    /// Delete a checkpoint that retention no longer keeps.
    case deleteCheckpoint(run: RunID, step: Int)
    /// Take note of what the policy against loss spikes decided.
    indirect case decide(run: RunID, SpikeDecision)
    /// The run is over: let every worker go.
    indirect case finish(run: RunID, outcome: Outcome)
}

/// A worker in a gang; its rank is its index in the list of members.
public struct Member: Equatable, Sendable {
    /// Its slot.
    public var worker: WorkerID
    /// Its process.
    public var incarnation: Incarnation
    /// The micro-batches of each step that it computes.
    public var part: Range<Int>
    /// The micro-batches of each measurement of the validation loss that it computes; may be empty.
    public var evaluationPart: Range<Int>

    /// A member from its parts.
    public init(worker: WorkerID, incarnation: Incarnation, part: Range<Int>, evaluationPart: Range<Int>) {
        self.worker = worker
        self.incarnation = incarnation
        self.part = part
        self.evaluationPart = evaluationPart
    }
}

/// Why a generation ends before its time: the beginning of an incident.
public enum InterruptionReason: Equatable, Sendable {
    /// A member is gone.
    case workerLost(worker: WorkerID, rank: Int, how: LossCause)
    /// A member found the checkpoint unusable.
    case restoreFailed(worker: WorkerID, rank: Int, step: Int, reason: String)
    /// Members did not restore in time.
    case formationOverdue(missing: [WorkerID])
    /// Members hold different sums.
    case replicasDisagree(step: Int, norms: String)
    /// A slow member is replaced by a spare.
    case straggling(StragglerReport)
    /// Members hold different states after the same step.
    case statesDiffer(StateDispute)
    /// A step's loss or gradient is not finite; the sums of `suspects` are not even by themselves.
    case stepNotFinite(step: Int, suspects: [WorkerID])
    /// The coordinator itself was gone.
    case coordinatorLost
    /// A step that set off an alarm is computed again by other workers.
    case stepDoubted(step: Int)
    /// A member computes other numbers than the others do.
    case workerDeviant(worker: WorkerID, rank: Int, step: Int)
    /// The loss has diverged at `step`, and the run goes back to the state after `to`; nil when it ends instead.
    case diverged(step: Int, to: Int?)

    /// Whether what the members had computed of the step may be wrong, or is not wanted any more. Where it is not, they go on
    /// with it: that a member is gone, or is late, says nothing about the others' sums.
    var castsDoubt: Bool {
        switch self {
        case .workerLost, .restoreFailed, .formationOverdue, .straggling, .coordinatorLost: false
        case .replicasDisagree, .statesDiffer, .stepNotFinite, .stepDoubted, .workerDeviant, .diverged: true
        }
    }
}

/// How a run ended.
public enum Outcome: Equatable, Sendable {
    /// Every step is committed and the last checkpoint is durable.
    case completed
    /// A user stopped it; it can be resumed from `checkpoint` (0: from the start).
    case interrupted(checkpoint: Int)
    /// A member was lost, and the job asks to end then; it can be resumed from `checkpoint`.
    case memberLost(checkpoint: Int, last: String)
    /// Too many restarts without progress.
    case gaveUp(restarts: Int, last: String)
    /// A step gives no finite number, whoever computes it; it can be resumed from `checkpoint`.
    case diverged(checkpoint: Int, because: String)
    /// The last checkpoint could not be written; it can be resumed from `checkpoint`.
    case unsaved(checkpoint: Int, reason: String)
}
