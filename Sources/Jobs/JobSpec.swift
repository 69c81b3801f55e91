// What a user asks for, as values with every default filled in: the model, its training, data, checkpoints, tolerance
// of faults and the faults to inject. Refuses to read files (SpecFiles does) and to decide anything.

import Primitives

/// One job: everything that decides what a run computes, and how it is kept alive.
public struct JobSpec: Equatable, Sendable, Codable {
    /// The job's name; runs are named after it.
    public var name: String
    /// How many nodes the gang spans.
    public var nodes: Int
    /// How many workers each node runs.
    public var workersPerNode: Int
    /// The network that is trained.
    public var model: ModelShape
    /// How it is spread over the accelerators.
    public var layout: LayoutSpec
    /// The numbers it is computed in.
    public var precision: Precision
    /// Which constants the step-time model takes (`software`); nil for those of the cluster's accelerator.
    public var software: String?
    /// How it is trained.
    public var training: TrainingSpec
    /// What it is trained on.
    public var data: DataSpec
    /// When its state is saved, and how many saves are kept.
    public var checkpoint: CheckpointSpec
    /// What is done when something breaks.
    public var faultTolerance: FaultToleranceSpec
    /// Faults that the run inflicts on itself: those after steps by step, then those at a time.
    public var injections: [Injection]
    /// Faults that it inflicts on itself at random moments.
    public var injectionProcesses: [InjectionProcess]

    /// A job from its parts.
    public init(
        name: String, nodes: Int, workersPerNode: Int, model: ModelShape, layout: LayoutSpec = LayoutSpec(),
        precision: Precision = .fp32, software: String? = nil, training: TrainingSpec, data: DataSpec,
        checkpoint: CheckpointSpec, faultTolerance: FaultToleranceSpec, injections: [Injection],
        injectionProcesses: [InjectionProcess] = []
    ) {
        self.name = name
        self.nodes = nodes
        self.workersPerNode = workersPerNode
        self.model = model
        self.layout = layout
        self.precision = precision
        self.software = software
        self.training = training
        self.data = data
        self.checkpoint = checkpoint
        self.faultTolerance = faultTolerance
        self.injections = injections
        self.injectionProcesses = injectionProcesses
    }

    /// The size of the gang: workers that must all be there for the job to run.
    public var workers: Int { nodes * workersPerNode }
    /// Copies of the model that share a step's sequences.
    public var dataRanks: Int { max(1, workers / layout.modelRanks) }
    /// Why worker processes cannot train it, as clauses; empty when they can. It can be planned and simulated all the same.
    public var obstaclesToLaunch: [String] {
        var found: [String] = []
        if !model.isTrainable { found.append("its model is no plain GPT-2") }
        if layout.modelRanks > 1 {
            found.append("it is cut into \(layout.modelRanks) parts, and workers are data parallel")
        }
        if precision != .fp32 { found.append("its precision is \(precision.rawValue), and workers compute in fp32") }
        if data.globs.isEmpty { found.append("it names no data") }
        return found
    }
    /// Tokens in one step: global batch × sequence length.
    public var tokensPerStep: Int { training.globalBatch * model.contextLength }
}

/// How a model is trained. Names in parentheses are the job file's (Megatron's).
public struct TrainingSpec: Equatable, Sendable, Codable {
    /// Sequences that go through forward and backward at once (`micro_batch_size`).
    public var microBatch: Int
    /// Sequences in a step (`global_batch_size`); a multiple of `microBatch`.
    public var globalBatch: Int
    /// How many steps the run takes (`train_iters`).
    public var steps: Int
    /// The learning rate as a function of the step.
    public var learningRate: LearningRateSpec
    /// AdamW's decay of the mean of gradients (`adam_beta1`).
    public var beta1: Double
    /// AdamW's decay of the mean of squared gradients (`adam_beta2`).
    public var beta2: Double
    /// AdamW's guard against division by zero (`adam_eps`).
    public var epsilon: Double
    /// Decoupled weight decay, on matrices only (`weight_decay`).
    public var weightDecay: Double
    /// The largest global norm of the gradient (`clip_grad`); 0 turns clipping off.
    public var clip: Double
    /// Names the run's randomness: initial weights and data order (`seed`).
    public var seed: UInt64
    /// Steps between two measurements of the validation loss (`eval_interval`); 0 turns them off.
    public var evaluationInterval: Int
    /// Micro-batches a measurement averages over (`eval_iters`).
    public var evaluationMicroBatches: Int

    /// Training from its parts.
    public init(
        microBatch: Int, globalBatch: Int, steps: Int, learningRate: LearningRateSpec, beta1: Double, beta2: Double,
        epsilon: Double, weightDecay: Double, clip: Double, seed: UInt64, evaluationInterval: Int,
        evaluationMicroBatches: Int
    ) {
        self.microBatch = microBatch
        self.globalBatch = globalBatch
        self.steps = steps
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
        self.clip = clip
        self.seed = seed
        self.evaluationInterval = evaluationInterval
        self.evaluationMicroBatches = evaluationMicroBatches
    }

    /// How many micro-batches a step sums: the leaves of its reduction tree.
    public var microBatches: Int { globalBatch / microBatch }
}

/// A learning-rate schedule: linear warm-up to `peak`, then one of three courses.
public struct LearningRateSpec: Equatable, Sendable, Codable {
    /// What happens after the warm-up (`lr_decay_style`).
    public enum Decay: String, Equatable, Sendable, Codable, CaseIterable {
        /// The peak for ever.
        case constant
        /// Half a cosine from the peak to the minimum, over the rest of the run.
        case cosine
        /// Warm-up, stable, decay: the peak, then linear to the minimum over the last `decaySteps` steps.
        case wsd
    }
    /// The course after the warm-up.
    public var decay: Decay
    /// The highest rate (`lr`).
    public var peak: Double
    /// The rate at the end of the decay (`min_lr`).
    public var minimum: Double
    /// Steps of linear warm-up (`lr_warmup_iters`).
    public var warmupSteps: Int
    /// Steps of the final decay of `wsd` (`lr_wsd_decay_iters`); 0 otherwise.
    public var decaySteps: Int

    /// A schedule from its parts.
    public init(decay: Decay, peak: Double, minimum: Double, warmupSteps: Int, decaySteps: Int) {
        self.decay = decay
        self.peak = peak
        self.minimum = minimum
        self.warmupSteps = warmupSteps
        self.decaySteps = decaySteps
    }
}

/// Where the tokens come from.
public struct DataSpec: Equatable, Sendable, Codable {
    /// The form of the files.
    public enum Source: String, Equatable, Sendable, Codable, CaseIterable {
        /// UTF-8 text, one token a byte.
        case text
        /// Shards of little-endian `uint16` tokens.
        case tokens
    }
    /// The form of the files (`source`).
    public var source: Source
    /// Globs of the files, absolute (`paths`); `**` crosses folders.
    public var globs: [String]
    /// The share of the tokens, from the end of the corpus, that is held out for validation (`split`).
    public var validationShare: Double
    /// Batches that no step takes (`skip`), ascending and apart: batch n is what step n would take without them.
    public var skipped: [Range<Int>]

    /// Data from its parts.
    public init(source: Source, globs: [String], validationShare: Double, skipped: [Range<Int>] = []) {
        self.source = source
        self.globs = globs
        self.validationShare = validationShare
        self.skipped = skipped
    }

    /// Data as a run's folder has them; one of before batches could be skipped says nothing of it.
    /// - Throws: `DecodingError` when a field is missing or is none.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            source: try fields.decode(Source.self, forKey: .source),
            globs: try fields.decode([String].self, forKey: .globs),
            validationShare: try fields.decode(Double.self, forKey: .validationShare),
            skipped: try fields.decodeIfPresent([Range<Int>].self, forKey: .skipped) ?? [])
    }
}

/// When state is saved.
public struct CheckpointSpec: Equatable, Sendable, Codable {
    /// Steps between two checkpoints (`save_interval`).
    public var interval: Int
    /// How many of the newest checkpoints stay (`keep`); at least 1.
    public var keep: Int

    /// A checkpoint policy from its parts.
    public init(interval: Int, keep: Int) {
        self.interval = interval
        self.keep = keep
    }
}

/// What is done when something breaks.
public struct FaultToleranceSpec: Equatable, Sendable, Codable {
    /// Where the next gang takes its state from (`recovery`).
    public enum Recovery: String, Equatable, Sendable, Codable, CaseIterable {
        /// From a member that survived, at the last committed step; from a checkpoint when nobody did.
        case peer
        /// From the newest good checkpoint: steps since then are done again.
        case checkpoint
    }

    /// What a gang does that has lost a member (`on_worker_loss`).
    public enum WorkerLossPolicy: String, Equatable, Sendable, Codable, CaseIterable {
        /// A spare takes its place; while there is none, the survivors carry its micro-batches.
        case spare
        /// The survivors carry its micro-batches from then on.
        case shrink
        /// The gang waits until it is whole again.
        case wait
        /// The run ends.
        case fail
    }

    /// Where the next gang takes its state from.
    public var recovery: Recovery
    /// What a gang does that has lost a member.
    public var onWorkerLoss: WorkerLossPolicy
    /// Workers that are started beside the gang and wait to take a lost member's place (`spares`).
    public var spares: Int
    /// Restarts that may follow one another without a newly reached step (`max_restarts`).
    public var maximumRestarts: Int
    /// How often a worker says that it lives (`heartbeat.interval`).
    public var heartbeatInterval: TimeSpan
    /// How long a silent worker is still believed at most (`heartbeat.timeout`).
    public var heartbeatTimeout: TimeSpan
    /// Steps between two comparisons of the members' states (`state_hash.every`); 0 turns them off.
    public var stateHashInterval: Int
    /// What is done about slow members (`straggler`).
    public var straggler: StragglerSpec
    /// How long a worker lives without hearing from its coordinator (`lease`).
    public var lease: TimeSpan
    /// What is done about loss spikes (`loss_spike`).
    public var lossSpike: LossSpikeSpec
    /// When a worker that still answers, or has only just fallen silent, is taken for lost.
    public var detection: DetectionSpec

    /// A tolerance of faults from its parts.
    public init(
        recovery: Recovery = .peer, onWorkerLoss: WorkerLossPolicy = .spare, spares: Int = 0, maximumRestarts: Int,
        heartbeatInterval: TimeSpan, heartbeatTimeout: TimeSpan, lease: TimeSpan,
        lossSpike: LossSpikeSpec = LossSpikeSpec(), detection: DetectionSpec = DetectionSpec(),
        stateHashInterval: Int = 1, straggler: StragglerSpec = StragglerSpec()
    ) {
        self.straggler = straggler
        self.stateHashInterval = stateHashInterval
        self.detection = detection
        self.recovery = recovery
        self.onWorkerLoss = onWorkerLoss
        self.spares = spares
        self.maximumRestarts = maximumRestarts
        self.heartbeatInterval = heartbeatInterval
        self.heartbeatTimeout = heartbeatTimeout
        self.lease = lease
        self.lossSpike = lossSpike
    }

    /// Whether members compare the states that they hold after `step`, before they do the next one.
    public func comparesStates(after step: Int) -> Bool { stateHashInterval > 0 && step % stateHashInterval == 0 }
}
