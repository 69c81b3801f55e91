// The sections of a job file as fields: every value with its place, each checked by itself. Defaults stand here and
// nowhere else. Refuses to compare values with one another; JobChecks does.

import Jobs
import Primitives

/// A job file's values before they are checked against one another.
struct JobFields {
    let name: Field<String>
    let nodes: Field<Int>
    let workersPerNode: Field<Int>
    let software: Field<String>
    let model: ModelFields
    let layout: LayoutFields
    let train: TrainFields
    let data: DataFields
    let saveInterval: Field<Int>
    let keep: Field<Int>
    let tolerance: ToleranceFields
    let injections: Field<[InjectionFields]>

    init(_ top: Section, folder: String) {
        name = top.name("name", example: "quickstart")
        // The lower bound is JobChecks': "0 workers" says more than a range.
        nodes = top.whole("nnodes", in: -1_000_000...1_000_000, default: 1, example: "1")
        workersPerNode = top.whole("nproc_per_node", in: -10_000...10_000, example: "4")
        software = top.has("software") ? top.name("software", example: "megatron-core") : top.absent("software", "")
        model = ModelFields(top.section("model", isRequired: true, example: "{model_type: gpt2, n_layer: 4, …}"))
        layout = LayoutFields(
            top.section("parallel", isRequired: false, example: "{tensor_model_parallel_size: 8}"))
        train = TrainFields(
            top.section("train", isRequired: true, example: "{micro_batch_size: 4, …}"),
            contextLength: model.contextLength)
        data = DataFields(
            top.section("data", isRequired: false, example: "{source: text, paths: [\"*.txt\"]}"), folder: folder,
            isThere: top.has("data"))
        let checkpoint = top.section("checkpoint", isRequired: true, example: "{save_interval: 100}")
        saveInterval = checkpoint.whole("save_interval", in: 1...1_000_000_000, example: "100")
        keep = checkpoint.whole("keep", in: 1...1_000_000, default: 3, example: "3")
        tolerance = ToleranceFields(top.section("fault_tolerance", isRequired: false, example: "{lease: 15s}"))
        injections = top.sections("inject", isRequired: false, example: "[{at: step=120, fail: rank 2, kind: kill}]")
            .map { $0.map(InjectionFields.init) }
    }
}

/// The values under `model`.
struct ModelFields {
    let family: Field<ModelShape.Family>
    let layers: Field<Int>
    let width: Field<Int>
    let heads: Field<Int>
    let keyValueHeads: Field<Int>
    let feedForwardWidth: Field<Int>
    let contextLength: Field<Int>
    let vocabularySize: Field<Int>

    init(_ section: Section) {
        family = section.choice("model_type", default: nil, standIn: ModelShape.Family.gpt2)
        layers = section.whole("n_layer", in: 1...1_000, example: "12")
        width = section.whole("n_embd", in: 1...100_000, example: "768")
        heads = section.whole("n_head", in: 1...10_000, example: "12")
        keyValueHeads = section.whole("num_key_value_heads", in: 1...10_000, default: heads.value, example: "8")
        feedForwardWidth = section.whole("n_inner", in: 1...1_000_000, default: 4 * width.value, example: "3072")
        contextLength = section.whole("n_positions", in: 1...1_000_000, example: "1024")
        vocabularySize = section.whole("vocab_size", in: 2...10_000_000, example: "50257")
    }
}

/// The values under `parallel`.
struct LayoutFields {
    let tensor: Field<Int>
    let pipeline: Field<Int>
    let virtualStages: Field<Int>
    let context: Field<Int>
    let sequenceParallel: Field<Bool>
    let zeroStage: Field<Int>
    let recomputation: Field<Recomputation>
    let flashAttention: Field<Bool>
    let overlapsGradients: Field<Bool>

    init(_ section: Section) {
        tensor = section.whole("tensor_model_parallel_size", in: 1...1_024, default: 1, example: "8")
        pipeline = section.whole("pipeline_model_parallel_size", in: 1...1_024, default: 1, example: "8")
        virtualStages = section.whole("virtual_pipeline_model_parallel_size", in: 1...1_024, default: 1, example: "2")
        context = section.whole("context_parallel_size", in: 1...1_024, default: 1, example: "2")
        sequenceParallel = section.flag("sequence_parallel", default: false)
        zeroStage = section.whole("zero_stage", in: 0...3, default: 0, example: "1")
        recomputation = section.choice("recompute_granularity", default: Recomputation.none, standIn: .none)
        flashAttention = section.flag("use_flash_attn", default: false)
        overlapsGradients = section.flag("overlap_grad_reduce", default: false)
    }
}

/// The values under `train`.
struct TrainFields {
    let microBatch: Field<Int>
    let globalBatch: Field<Int>
    let steps: Field<Int>
    let precision: Field<Precision>
    let decay: Field<LearningRateSpec.Decay>
    let peak: Field<Double>
    let minimum: Field<Double>
    let warmupSteps: Field<Int>
    let decaySteps: Field<Int>
    let beta1: Field<Double>
    let beta2: Field<Double>
    let epsilon: Field<Double>
    let weightDecay: Field<Double>
    let clip: Field<Double>
    let seed: Field<UInt64>
    let evaluationInterval: Field<Int>
    let evaluationMicroBatches: Field<Int>
    /// The section's own place, for what is missing from it.
    let section: Section

    init(_ section: Section, contextLength: Field<Int>) {
        self.section = section
        microBatch = section.whole("micro_batch_size", in: 1...1_000_000, example: "4")
        globalBatch = section.whole("global_batch_size", in: 1...1_000_000_000, example: "64")
        steps = TrainFields.steps(section, globalBatch: globalBatch, contextLength: contextLength)
        precision = section.choice("precision", default: .fp32, standIn: Precision.fp32)
        peak = section.decimal("lr", .positive, example: "3e-4")
        minimum = section.decimal("min_lr", .nonNegative, default: peak.value / 10, example: "3e-5")
        decay = section.choice("lr_decay_style", default: .cosine, standIn: .cosine)
        warmupSteps = section.whole("lr_warmup_iters", in: 0...1_000_000_000, default: 0, example: "100")
        decaySteps = section.whole("lr_wsd_decay_iters", in: 0...1_000_000_000, default: 0, example: "200")
        beta1 = section.decimal("adam_beta1", .fraction, default: 0.9, example: "0.9")
        beta2 = section.decimal("adam_beta2", .fraction, default: 0.95, example: "0.95")
        epsilon = section.decimal("adam_eps", .positive, default: 1e-8, example: "1e-8")
        weightDecay = section.decimal("weight_decay", .nonNegative, default: 0.1, example: "0.1")
        clip = section.decimal("clip_grad", .nonNegative, default: 1, example: "1.0")
        seed = section.seed("seed", default: 1234)
        evaluationInterval = section.whole("eval_interval", in: 0...1_000_000_000, default: 0, example: "250")
        evaluationMicroBatches = section.whole("eval_iters", in: 1...1_000_000, default: 20, example: "20")
    }
}

extension TrainFields {
    /// The length of the run: its iterations, or the samples or tokens that so many iterations take at least.
    private static func steps(_ section: Section, globalBatch: Field<Int>, contextLength: Field<Int>) -> Field<Int> {
        let most = 1_000_000_000
        let given = ["train_iters", "train_samples", "train_tokens"].filter(section.has)
        for other in given.dropFirst() {
            guard let place = section.entry(other)?.keyPlace else { continue }
            section.reading.report(
                .aliasConflict,
                "`\(section.dotted(other))` and `\(section.dotted(given[0]))` both set the run's length",
                at: place, hint: "keep one of them")
        }
        guard let key = given.first, key != "train_iters" else {
            return section.whole("train_iters", in: 1...most, example: "1000")
        }
        let field = section.whole(key, in: 1...4_000_000_000_000_000_000, example: "300_000_000_000")
        let unit = key == "train_samples" ? globalBatch.value : globalBatch.value * contextLength.value
        return field.map { min(most, ($0 - 1) / max(1, unit) + 1) }
    }
}

/// The values under `fault_tolerance`.
struct ToleranceFields {
    let recovery: Field<FaultToleranceSpec.Recovery>
    let onWorkerLoss: Field<FaultToleranceSpec.WorkerLossPolicy>
    let spares: Field<Int>
    let maximumRestarts: Field<Int>
    let heartbeatInterval: Field<TimeSpan>
    let heartbeatTimeout: Field<TimeSpan>
    let lease: Field<TimeSpan>
    let stateHashInterval: Field<Int>
    let stragglerAction: Field<StragglerSpec.Action>
    let stragglerFactor: Field<Double>
    let stragglerPatience: Field<StragglerSpec.Patience>
    let lossSpike: LossSpikeFields
    let silenceAtLeast: Field<TimeSpan>
    let stepDeadlineFactor: Field<Int>
    let stepDeadlineAtLeast: Field<TimeSpan>

    init(_ section: Section) {
        recovery = section.choice("recovery", default: .peer, standIn: .peer)
        onWorkerLoss = section.choice("on_worker_loss", default: .spare, standIn: .spare)
        spares = section.whole("spares", in: 0...10_000, default: 0, example: "1")
        maximumRestarts = section.whole("max_restarts", in: 0...1_000_000, default: 20, example: "20")
        let heartbeat = section.section("heartbeat", isRequired: false, example: "{interval: 100ms, timeout: 10s}")
        heartbeatInterval = heartbeat.time("interval", atLeast: .milliseconds(1), default: .milliseconds(100))
        heartbeatTimeout = heartbeat.time("timeout", atLeast: .milliseconds(1), default: .milliseconds(10_000))
        let standard = DetectionSpec()
        silenceAtLeast = heartbeat.time(
            "at_least", atLeast: .milliseconds(1), default: min(standard.silenceAtLeast, heartbeatTimeout.value))
        let step = section.section("step_deadline", isRequired: false, example: "{factor: 4, at_least: 1s}")
        stepDeadlineFactor = step.whole("factor", in: 1...1_000, default: standard.stepDeadlineFactor, example: "4")
        stepDeadlineAtLeast = step.time(
            "at_least", atLeast: .milliseconds(1), default: standard.stepDeadlineAtLeast)
        let hash = section.section("state_hash", isRequired: false, example: "{every: 1}")
        stateHashInterval = hash.whole("every", in: 0...1_000_000, default: 1, example: "1")
        let straggler = section.section(
            "straggler", isRequired: false, example: "{action: swap, factor: 1.5, for: 30 steps}")
        let patient = StragglerSpec()
        stragglerAction = straggler.choice("action", default: patient.action, standIn: patient.action)
        stragglerFactor = straggler.decimal("factor", .positive, default: patient.factor, example: "1.5")
        stragglerPatience = straggler.stepsOrTime(
            "for", default: patient.patience, example: "30 steps", steps: { .steps($0) }, time: { .time($0) })
        lease = section.time("lease", atLeast: .milliseconds(1), default: .milliseconds(15_000))
        lossSpike = LossSpikeFields(
            section.section("loss_spike", isRequired: false, example: "{action: rollback, wait: 50}"))
    }
}
