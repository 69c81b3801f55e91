// The sections of a job file as fields: every value with its place, each checked by itself. Defaults stand here and
// nowhere else. Refuses to compare values with one another; JobChecks does.

import Jobs
import Primitives

/// A job file's values before they are checked against one another.
struct JobFields {
    let name: Field<String>
    let nodes: Field<Int>
    let workersPerNode: Field<Int>
    let model: ModelFields
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
        model = ModelFields(top.section("model", isRequired: true, example: "{model_type: gpt2, n_layer: 4, …}"))
        train = TrainFields(top.section("train", isRequired: true, example: "{micro_batch_size: 4, …}"))
        data = DataFields(
            top.section("data", isRequired: true, example: "{source: text, paths: [\"*.txt\"]}"), folder: folder)
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
    /// The networks there are.
    enum Family: String, CaseIterable { case gpt2 }

    let layers: Field<Int>
    let width: Field<Int>
    let heads: Field<Int>
    let contextLength: Field<Int>
    let vocabularySize: Field<Int>

    init(_ section: Section) {
        _ = section.choice("model_type", default: nil, standIn: Family.gpt2)
        layers = section.whole("n_layer", in: 1...1_000, example: "12")
        width = section.whole("n_embd", in: 1...100_000, example: "768")
        heads = section.whole("n_head", in: 1...10_000, example: "12")
        contextLength = section.whole("n_positions", in: 1...1_000_000, example: "1024")
        vocabularySize = section.whole("vocab_size", in: 2...10_000_000, example: "50257")
    }
}

/// The values under `train`.
struct TrainFields {
    let microBatch: Field<Int>
    let globalBatch: Field<Int>
    let steps: Field<Int>
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

    init(_ section: Section) {
        self.section = section
        microBatch = section.whole("micro_batch_size", in: 1...1_000_000, example: "4")
        globalBatch = section.whole("global_batch_size", in: 1...1_000_000_000, example: "64")
        steps = section.whole("train_iters", in: 1...1_000_000_000, example: "1000")
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

/// The values under `fault_tolerance`.
struct ToleranceFields {
    let recovery: Field<FaultToleranceSpec.Recovery>
    let onWorkerLoss: Field<FaultToleranceSpec.WorkerLossPolicy>
    let spares: Field<Int>
    let maximumRestarts: Field<Int>
    let heartbeatInterval: Field<TimeSpan>
    let heartbeatTimeout: Field<TimeSpan>
    let lease: Field<TimeSpan>
    let lossSpike: LossSpikeFields

    init(_ section: Section) {
        recovery = section.choice("recovery", default: .peer, standIn: .peer)
        onWorkerLoss = section.choice("on_worker_loss", default: .spare, standIn: .spare)
        spares = section.whole("spares", in: 0...10_000, default: 0, example: "1")
        maximumRestarts = section.whole("max_restarts", in: 0...1_000_000, default: 20, example: "20")
        let heartbeat = section.section("heartbeat", isRequired: false, example: "{interval: 500ms, timeout: 10s}")
        heartbeatInterval = heartbeat.time("interval", atLeast: .milliseconds(1), default: .milliseconds(500))
        heartbeatTimeout = heartbeat.time("timeout", atLeast: .milliseconds(1), default: .milliseconds(10_000))
        lease = section.time("lease", atLeast: .milliseconds(1), default: .milliseconds(15_000))
        lossSpike = LossSpikeFields(
            section.section("loss_spike", isRequired: false, example: "{action: rollback, wait: 50}"))
    }
}
