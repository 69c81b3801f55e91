// What a world may tell the control plane: facts, each with its source. Heartbeats are not among them (they feed the
// FailureDetector), nor single members' contributions to a step (they feed the StepBarrier). Refuses wishes: what
// should happen is a Command.

import Messages
import Primitives

/// A fact. What is large is kept apart: each is as large as the largest that is not, and is handed on many times.
public enum Event: Equatable, Sendable {
    /// A user wants `run` to be carried out.
    indirect case jobSubmitted(run: RunID, plan: RunPlan)
    /// A user wants a run that ended, or whose coordinator died, to go on. No process of before is left.
    case runResumed(run: RunID)
    /// The coordinator of `run` died and a new one goes on; worker processes of before may live and come back. `living` are
    /// the slots in which a supervisor has a process; those that nobody supervises tell by themselves.
    case coordinatorRestarted(run: RunID, living: [WorkerID])
    /// A supervisor on `node` starts and restarts worker processes in `slots` slots.
    case slotsOffered(node: NodeID, slots: Int)
    /// A worker process introduced itself: for the slot it was started for, or for any free one of its node.
    case workerJoined(worker: WorkerID?, node: NodeID, processID: Int, numerics: String)
    /// A worker process that the coordinator of before had welcomed is back, as who it was.
    case workerReturned(worker: WorkerID, incarnation: Incarnation, processID: Int)
    /// A worker process is gone, or must be taken for gone.
    case workerLost(worker: WorkerID, incarnation: Incarnation, how: LossCause)
    /// Machines are gone, with every process on them: one fault, however many workers it takes.
    case nodesLost(nodes: [NodeID], how: LossCause)
    /// A process that a supervisor started ended before it joined.
    case workerStartFailed(worker: WorkerID, how: LossCause)
    /// A member has restored its state and is connected to the others.
    case memberFormed(worker: WorkerID, incarnation: Incarnation, generation: Generation)
    /// Every member has restored its state and is connected to the others: what one `memberFormed` a member would say.
    case gangFormed(run: RunID, generation: Generation)
    /// A member could not restore the checkpoint of `step`.
    indirect case restoreFailed(
        worker: WorkerID, incarnation: Incarnation, generation: Generation, step: Int, reason: String)
    /// Every member holds the summed gradient of `step`.
    indirect case stepContributed(run: RunID, generation: Generation, report: StepReport)
    /// The loss or the gradient of `step` is not finite, as every member found; the sums of `suspects` are not even where
    /// nobody else's is in them.
    case stepNotFinite(run: RunID, generation: Generation, step: Int, suspects: [WorkerID])
    /// Every member held the summed gradient of each step of a range, and nothing but commits was to be done about any
    /// but the last: what one `stepContributed` a step would say.
    indirect case stepsCommitted(run: RunID, generation: Generation, report: StepsReport)
    /// Members hold different sums for `step`: some replica's memory or arithmetic is corrupt.
    case replicasDisagree(run: RunID, generation: Generation, step: Int, norms: String)
    /// Members hold different states after `step`; their hashes by rank.
    case statesDiffer(run: RunID, generation: Generation, step: Int, hashes: [StateHash])
    /// Every member holds the state of this hash after `step`, the last: of the others `StepReport.stateHash` tells.
    case statesAgree(run: RunID, generation: Generation, step: Int, hash: StateHash)
    /// A member was too slow for too long.
    indirect case stragglerFound(run: RunID, generation: Generation, StragglerReport)
    /// The validation loss after `step`, in nats a token.
    case evaluated(run: RunID, generation: Generation, step: Int, loss: Double)
    /// The checkpoint of `step` is complete and durable.
    case checkpointWritten(
        run: RunID, generation: Generation, step: Int, weightsSHA256: String, size: ByteCount, took: TimeSpan)
    /// The checkpoint of `step` could not be written.
    case checkpointFailed(run: RunID, generation: Generation, step: Int, reason: String)
    /// A drill: a fault is being inflicted.
    indirect case faultInjected(run: RunID, Infliction)
    /// Whoever places the run wants its gang to have `workers` members from now on, from 1 to as many as a step has
    /// micro-batches, and to do without the workers in the slots `leaving`.
    indirect case resized(run: RunID, workers: Int, leaving: [WorkerID])
    /// A user wants the run to save its state and end.
    case interruptRequested(run: RunID, because: String)
    /// The instant of `nextDeadline` has come.
    case deadlineReached
}

/// A fault that a run inflicts on itself, at the moment when it strikes.
public struct Infliction: Equatable, Sendable {
    /// What a fault does, as far as it matters to whoever looks for its consequences.
    public enum Effect: Equatable, Sendable {
        /// It ends its victim.
        case ends
        /// It is done when it has struck.
        case once
        /// It goes on for a time.
        case lasts(TimeSpan)
        /// It damages the checkpoint of a step.
        case damages(step: Int)
        /// It damages the memory of its victim, which nobody notices before states are compared.
        case corrupts
        /// It fills the disk for a time.
        case fillsDisk(TimeSpan)
    }

    /// Its number in the run: its place in the job's list, from 0; behind those, as they come.
    public var index: Int
    /// What is done, on whom and for how long: `stop rank 2 for 3.0s`.
    public var what: String
    /// The process it strikes; nil when it strikes none, or the coordinator.
    public var worker: WorkerID?
    /// That process's incarnation.
    public var incarnation: Incarnation?
    /// What is to be expected of it.
    public var effect: Effect

    /// A fault from its parts.
    public init(
        index: Int, what: String, worker: WorkerID?, incarnation: Incarnation?, effect: Effect
    ) {
        self.index = index
        self.what = what
        self.worker = worker
        self.incarnation = incarnation
        self.effect = effect
    }
}

/// One step as the members computed it, before it is committed.
public struct StepReport: Equatable, Sendable {
    /// The step's number.
    public var step: Int
    /// The mean training loss over the global batch, in nats a token, summed in the reduction tree's order.
    public var loss: Double
    /// The L2 norm of the mean gradient before clipping.
    public var gradientNorm: Double
    /// The learning rate that the step applies.
    public var learningRate: Double
    /// Tokens in the global batch.
    public var tokens: Int
    /// Where the step's time went.
    public var profile: StepProfile
    /// The hash of the state that it was computed from, which all members hold; nil where they did not compare.
    public var stateHash: StateHash?
    /// The losses of its micro-batches, where the step is unusual enough for them to matter; else empty.
    public var microBatchLosses: [Double]
    /// What its members saved of the interruption before it, and what that took, all together.
    public var salvage: Salvage

    /// A report from its parts.
    public init(
        step: Int, loss: Double, gradientNorm: Double, learningRate: Double, tokens: Int, profile: StepProfile,
        microBatchLosses: [Double] = [], stateHash: StateHash? = nil, salvage: Salvage = Salvage()
    ) {
        self.salvage = salvage
        self.stateHash = stateHash
        self.step = step
        self.loss = loss
        self.gradientNorm = gradientNorm
        self.learningRate = learningRate
        self.tokens = tokens
        self.profile = profile
        self.microBatchLosses = microBatchLosses
    }
}

/// Where a gang's time went in one step: of each part the longest over the members, but of the exchange the shortest,
/// because that member waited for nobody.
public struct StepProfile: Equatable, Sendable {
    /// Forward and backward.
    public var compute: TimeSpan
    /// Exchange of gradients without waiting.
    public var exchange: TimeSpan
    /// Clip and AdamW of the step before.
    public var update: TimeSpan
    /// Copying the state for a checkpoint.
    public var snapshot: TimeSpan
    /// Measuring the validation loss.
    public var evaluation: TimeSpan

    /// A profile from its parts.
    public init(
        compute: TimeSpan = .zero, exchange: TimeSpan = .zero, update: TimeSpan = .zero, snapshot: TimeSpan = .zero,
        evaluation: TimeSpan = .zero
    ) {
        self.compute = compute
        self.exchange = exchange
        self.update = update
        self.snapshot = snapshot
        self.evaluation = evaluation
    }
}

/// How it is known that a worker is gone.
public enum LossCause: Equatable, Sendable {
    /// Its connection to the coordinator closed.
    case connectionClosed
    /// Its process ended with this code.
    case exited(code: Int)
    /// Its process was ended by this signal.
    case signalled(Int)
    /// Nothing was heard from it for this long.
    case silent(TimeSpan)
    /// It answered, and its training did not move for this long in the middle of `step`.
    case hung(step: Int, doing: WorkerProgress.Activity, for: TimeSpan)
    /// Its sums of `step` and those of the ranks `from` did not reach one another for this long.
    case cutOff(step: Int, from: [Int], for: TimeSpan)
    /// It said goodbye, with a reason.
    case left(String)
    /// Its machine or its program broke, as what watches machines found out this long afterwards.
    case broke(String, ago: TimeSpan)
    /// A newer process joined at its address.
    case replaced
    /// Its coordinator ended, and took it along.
    case coordinatorEnded
}
