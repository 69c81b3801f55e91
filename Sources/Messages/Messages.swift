// What coordinator and workers say to each other. What belongs to a gang carries its generation, and the frame around
// every message the worker's incarnation; what is older than the receiver's is refused (fencing). Gradients are not
// here: they go from worker to worker (Exchange). Refuses to decide: these are words, not policy.

import Primitives

/// The version of these messages; both sides must have the same.
public let protocolVersion = 6

/// Who a process was to the coordinator that welcomed it last.
public struct Residence: Equatable, Sendable {
    /// The run that it works for.
    public var run: RunID
    /// Its slot.
    public var worker: WorkerID
    /// Its incarnation.
    public var incarnation: Incarnation

    /// A residence from its parts.
    public init(run: RunID, worker: WorkerID, incarnation: Incarnation) {
        self.run = run
        self.worker = worker
        self.incarnation = incarnation
    }
}

/// How a worker introduces itself.
public struct Hello: Equatable, Sendable {
    /// The sender's `protocolVersion`; travels as the version of the greeting's frame.
    public var version: Int
    /// The slot it was started for, or nil to be given a free one on its node.
    public var worker: WorkerID?
    /// The machine it runs on.
    public var node: NodeID
    /// Its process on that machine.
    public var processID: Int
    /// Where other workers reach its exchange socket.
    public var exchangeEndpoint: String
    /// What its arithmetic depends on, `openblas 0.3.21 SkylakeX`: gangs are made of equals.
    public var numerics: String
    /// Who it was until its connection broke; nil when it has never been welcomed. A coordinator that was started again
    /// knows it by that.
    public var before: Residence?

    /// A greeting from its parts.
    public init(
        version: Int, worker: WorkerID?, node: NodeID, processID: Int, exchangeEndpoint: String, numerics: String,
        before: Residence? = nil
    ) {
        self.version = version
        self.worker = worker
        self.node = node
        self.processID = processID
        self.exchangeEndpoint = exchangeEndpoint
        self.numerics = numerics
        self.before = before
    }
}

/// Where a member's time went during one step.
public struct StepTimes: Equatable, Sendable {
    /// Forward and backward over its micro-batches.
    public var compute: TimeSpan
    /// Exchanging gradients, waiting for slower members included.
    public var exchange: TimeSpan
    /// Applying the step before (clip and AdamW).
    public var update: TimeSpan
    /// Copying the state for a checkpoint before this step began; zero when none was due.
    public var snapshot: TimeSpan
    /// Measuring the validation loss before this step began; zero when none was due.
    public var evaluation: TimeSpan

    /// Times from their parts.
    public init(compute: TimeSpan, exchange: TimeSpan, update: TimeSpan, snapshot: TimeSpan, evaluation: TimeSpan) {
        self.compute = compute
        self.exchange = exchange
        self.update = update
        self.snapshot = snapshot
        self.evaluation = evaluation
    }
}

/// What became of the micro-batches that a member computed since the last step that it applied.
public struct Salvage: Equatable, Sendable {
    /// How many of those in its contribution were there from before an interruption.
    public var kept: Int
    /// How many are in no contribution: an interruption took them.
    public var discarded: Int

    /// A salvage from its parts; nothing where nothing was interrupted.
    public init(kept: Int = 0, discarded: Int = 0) {
        self.kept = kept
        self.discarded = discarded
    }
}

/// What a member's training thread is at, as the thread that sends heartbeats sees it. A thread that computes cannot say
/// that it hangs; that this stays the same says it.
public struct WorkerProgress: Equatable, Sendable {
    /// What takes its time.
    public enum Activity: UInt8, Equatable, Sendable, CaseIterable {
        /// It waits for an order.
        case waiting
        /// It computes micro-batches, of training or of validation.
        case computing
        /// It sends its sums and waits for those of other members.
        case exchanging
        /// It waits for the disk.
        case saving
    }

    /// The gang it works for.
    public var generation: Generation
    /// The step it is at, or was last at.
    public var step: Int
    /// What it is doing.
    public var activity: Activity
    /// Rises with every micro-batch that is computed and every message that is exchanged; comparable within one activity.
    public var done: Int
    /// While it exchanges: the ranks whose sums have not come.
    public var missing: [Int]

    /// Progress from its parts.
    public init(generation: Generation, step: Int, activity: Activity, done: Int = 0, missing: [Int] = []) {
        self.generation = generation
        self.step = step
        self.activity = activity
        self.done = done
        self.missing = missing
    }
}

/// A worker's word to the coordinator.
public enum WorkerMessage: Equatable, Sendable {
    /// The first message of a process through a connection.
    case hello(Hello)
    /// It lives.
    case heartbeat
    /// It lives and is a member of a gang: a heartbeat that says what it is at.
    case progress(WorkerProgress)
    /// It has restored the state that `form` named and is ready to begin.
    case formed(generation: Generation)
    /// It could not restore the state of `step`.
    case restoreFailed(generation: Generation, step: Int, reason: String)
    /// It holds the summed gradient of `step`: one loss for each of its own micro-batches, in order, and the norm of the
    /// whole mean gradient before clipping; where states are compared at this step, the hash of the one it computed from,
    /// taken when it had computed; and what it has saved of an interruption.
    case contributed(
        generation: Generation, step: Int, losses: [Double], gradientNorm: Double, times: StepTimes,
        stateHash: StateHash?, salvage: Salvage = Salvage())
    /// The hash of its state after `step`, which `compare` asked for.
    case hashed(generation: Generation, step: Int, hash: StateHash)
    /// Its own sums of the gradients of `step` are not finite. Said before it contributes them.
    case partNotFinite(generation: Generation, step: Int)
    /// The validation losses after `step`: one for each of its own evaluation micro-batches, in order.
    case evaluated(generation: Generation, step: Int, losses: [Double])
    /// The checkpoint of `step` is complete and durable.
    case checkpointWritten(
        generation: Generation, step: Int, weightsSHA256: String, size: ByteCount, took: TimeSpan)
    /// The checkpoint of `step` could not be written; training goes on.
    case checkpointFailed(generation: Generation, step: Int, reason: String)
    /// It leaves.
    case goodbye(reason: String)
}

/// A member of a gang as the others need to know it.
public struct MemberAddress: Equatable, Sendable {
    /// Its slot.
    public var worker: WorkerID
    /// Its process.
    public var incarnation: Incarnation
    /// Where its exchange socket listens.
    public var endpoint: String
    /// The micro-batches of each step that it computes.
    public var part: Range<Int>
    /// The evaluation micro-batches that it computes; may be empty.
    public var evaluationPart: Range<Int>

    /// A member from its parts.
    public init(
        worker: WorkerID, incarnation: Incarnation, endpoint: String, part: Range<Int>, evaluationPart: Range<Int>
    ) {
        self.worker = worker
        self.incarnation = incarnation
        self.endpoint = endpoint
        self.part = part
        self.evaluationPart = evaluationPart
    }
}

/// A member that takes the state from another, when their gang forms.
public struct StateTransfer: Equatable, Sendable {
    /// The rank that needs the state.
    public var receiver: Int
    /// The rank that has it.
    public var source: Int

    /// A transfer from `source` to `receiver`.
    public init(to receiver: Int, from source: Int) {
        self.receiver = receiver
        self.source = source
    }
}

/// What a worker does to itself in a drill. Real faults are none of these: they need no message.
public enum Affliction: Equatable, Sendable {
    /// It ends by SIGKILL.
    case end
    /// Each of its micro-batches takes `factor` times as long, for a time.
    case slow(factor: Double, for: TimeSpan)
    /// It holds back what it says to its coordinator (`out`), and does not hear what that says (`in`), for a time.
    case partCoordinator(out: Bool, in: Bool, for: TimeSpan)
    /// It holds back what it says to the member at `rank`, for a time.
    case partMember(rank: Int, for: TimeSpan)
    /// One bit of its own sum of the next step's gradients is flipped.
    case flipBit
    /// One bit of one of its parameters is flipped before the next micro-batch that it computes.
    case flipParameter
    /// One number of its own sum of the next step's gradients becomes a NaN.
    case notANumber
    /// Its checkpoint writes find the disk full, for a time.
    case diskFull(for: TimeSpan)
    /// It takes random tokens for those of these batches.
    case garbage(batches: Range<Int>)
    /// It multiplies the learning rate of the steps that take these batches.
    case learningRate(factor: Double, batches: Range<Int>)
}

/// The coordinator's word to a worker.
public enum CoordinatorMessage: Equatable, Sendable {
    /// The worker is in the pool, as `incarnation` of `worker`. `job` is the JSON of the run's JobSpec.
    case welcome(
        worker: WorkerID, incarnation: Incarnation, run: RunID, runDirectory: String, job: [UInt8],
        heartbeatInterval: TimeSpan, lease: TimeSpan)
    /// The worker may not join.
    case refuse(reason: String)
    /// Become rank `rank` of a gang: restore the state after `restore` steps (0: the initial weights), connect to the
    /// other members, and say `formed`.
    /// With `transfers` the state is that of members: those listed take it from another member, all others hold it and
    /// keep it. Without, nobody's memory counts, and all load the checkpoint.
    /// `course` says which batches its steps take, and how the learning rate is scaled. `digest` is the SHA-256 of the
    /// weights in the checkpoint that is meant, as it was told of when it was written; nil where none is loaded.
    /// `trusted` is the oldest generation whose sums of the next step still count: who keeps its state need not compute them
    /// again.
    case form(
        generation: Generation, rank: Int, members: [MemberAddress], restore: Int, transfers: [StateTransfer]?,
        course: Course = Course(), digest: String? = nil, trusted: Generation = Generation(0))
    /// All members are formed: compute the step after the restored one.
    case begin(generation: Generation)
    /// Sent before the `commit` of `step`: once it is applied, snapshot the state and write a checkpoint.
    case saveCheckpoint(generation: Generation, step: Int)
    /// Sent before the `commit` of `step`: once it is applied, measure the validation loss.
    case evaluate(generation: Generation, step: Int)
    /// Sent before the `commit` of `step`, the last: once it is applied, tell the state's hash.
    case compare(generation: Generation, step: Int)
    /// `step` is in the journal: apply it, then compute the next one if there is one.
    case commit(generation: Generation, step: Int)
    /// Stop what this generation was doing and wait; parameters stay at the last committed step.
    case abort(generation: Generation, because: String)
    /// End the process.
    case exit(because: String)
    /// The coordinator lives.
    case heartbeat
    /// A drill: suffer this.
    case suffer(Affliction)
}
