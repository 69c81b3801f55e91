// A job spec as canonical YAML, every value there and behind each where it came from: what a run keeps as
// resolved.yaml. Hand-written, so that the order is the documentation's and numbers read back to the same bits. Refuses
// aliases and defaults left out: who reads it should need no manual.

import Jobs
import Primitives

struct ResolvedJob {
    let spec: JobSpec
    /// Where values were written, by dotted key; what is missing was a default.
    let origins: [String: Place]
    /// Where each injection of the spec was written.
    let injectionOrigins: [String]

    private typealias Row = (text: String, origin: String?)

    /// The file's text.
    var text: String {
        let rows =
            [("kind: Job", nil)] + top + model + layout + training + data + checkpoint + tolerance + injections
        let widths = rows.filter { $0.origin != nil }.map { $0.text.unicodeScalars.count }.filter { $0 <= 32 }
        let column = widths.max() ?? 0
        return rows.map { row in
            guard let origin = row.origin else { return row.text + "\n" }
            let gap = max(0, column - row.text.unicodeScalars.count)
            return "\(row.text)\(String(repeating: " ", count: gap))  # \(origin)\n"
        }.joined()
    }

    /// `key: value`, indented by the key's depth.
    private func row(_ key: String, _ value: some CustomStringConvertible, default note: String = "default") -> Row {
        let parts = key.split(separator: ".")
        let indent = String(repeating: "  ", count: parts.count - 1)
        return ("\(indent)\(parts[parts.count - 1]): \(value)", origins[key]?.origin ?? note)
    }

    private var top: [Row] {
        [
            row("name", JSONText.quoted(spec.name)),
            row("nnodes", spec.nodes),
            row("nproc_per_node", spec.workersPerNode),
        ] + (spec.software.map { [row("software", JSONText.quoted($0))] } ?? [])
    }

    private var model: [Row] {
        [
            ("model:", nil),
            row("model.model_type", spec.model.family.rawValue),
            row("model.n_layer", spec.model.layers),
            row("model.n_embd", spec.model.width),
            row("model.n_head", spec.model.heads),
            row("model.num_key_value_heads", spec.model.keyValueHeads, default: "default: n_head"),
            row("model.n_inner", spec.model.feedForwardWidth, default: "default: 4 x n_embd"),
            row("model.n_positions", spec.model.contextLength),
            row("model.vocab_size", spec.model.vocabularySize),
        ]
    }

    private var layout: [Row] {
        let layout = spec.layout
        return [
            ("parallel:", nil),
            row("parallel.tensor_model_parallel_size", layout.tensor),
            row("parallel.pipeline_model_parallel_size", layout.pipeline),
            row("parallel.virtual_pipeline_model_parallel_size", layout.virtualStages),
            row("parallel.context_parallel_size", layout.context),
            row("parallel.sequence_parallel", layout.sequenceParallel),
            row("parallel.zero_stage", layout.zeroStage),
            row("parallel.recompute_granularity", layout.recomputation.rawValue),
            row("parallel.use_flash_attn", layout.flashAttention),
            row("parallel.overlap_grad_reduce", layout.overlapsGradients),
        ]
    }

    private var training: [Row] {
        let training = spec.training
        let rate = training.learningRate
        var rows: [Row] = [
            ("train:", nil),
            row("train.micro_batch_size", training.microBatch),
            row("train.global_batch_size", training.globalBatch),
            row("train.train_iters", training.steps, default: stepsOrigin),
            row("train.precision", spec.precision.rawValue),
            row("train.lr", rate.peak),
            row("train.min_lr", rate.minimum, default: "default: lr / 10"),
            row("train.lr_decay_style", rate.decay.rawValue),
            row("train.lr_warmup_iters", rate.warmupSteps),
        ]
        if rate.decay == .wsd { rows.append(row("train.lr_wsd_decay_iters", rate.decaySteps)) }
        return rows + [
            row("train.adam_beta1", training.beta1),
            row("train.adam_beta2", training.beta2),
            row("train.adam_eps", training.epsilon),
            row("train.weight_decay", training.weightDecay),
            row("train.clip_grad", training.clip),
            row("train.seed", training.seed),
            row("train.eval_interval", training.evaluationInterval),
            row("train.eval_iters", training.evaluationMicroBatches),
        ]
    }

    /// Where the length of the run was written, when not as iterations.
    private var stepsOrigin: String {
        ["train.train_samples", "train.train_tokens"].lazy.compactMap { key in
            origins[key].map { "\($0.origin), as \(key.dropFirst(6))" }
        }.first ?? "default"
    }

    private var data: [Row] {
        guard !spec.data.globs.isEmpty else { return [] }
        let paths: [Row] = spec.data.globs.map { ("    - \(JSONText.quoted($0))", nil) }
        let head: [Row] = [
            ("data:", nil), row("data.source", spec.data.source.rawValue), row("data.paths", ""),
        ]
        let skip = spec.data.skipped.map { JSONText.quoted("\($0.lowerBound)-\($0.upperBound - 1)") }
        return head + paths + [
            row("data.split", JSONText.quoted(split)), row("data.skip", "[\(skip.joined(separator: ", "))]"),
        ]
    }

    /// Two parts that read back to the same share: whole per cents where they do, else fractions, whose sum is exactly
    /// 1 in doubles.
    private var split: String {
        let share = spec.data.validationShare
        let percent = (share * 100).rounded()
        if percent / 100 == share { return "\(Int(100 - percent)),\(Int(percent))" }
        return "\(1 - share),\(share)"
    }

    private var checkpoint: [Row] {
        [
            ("checkpoint:", nil),
            row("checkpoint.save_interval", spec.checkpoint.interval),
            row("checkpoint.keep", spec.checkpoint.keep),
        ]
    }

    private var tolerance: [Row] {
        let tolerance = spec.faultTolerance
        return [
            ("fault_tolerance:", nil),
            row("fault_tolerance.recovery", tolerance.recovery.rawValue),
            row("fault_tolerance.on_worker_loss", tolerance.onWorkerLoss.rawValue),
            row("fault_tolerance.spares", tolerance.spares),
            row("fault_tolerance.max_restarts", tolerance.maximumRestarts),
            ("  heartbeat:", nil),
            row("fault_tolerance.heartbeat.interval", TimeText.exact(tolerance.heartbeatInterval)),
            row("fault_tolerance.heartbeat.at_least", TimeText.exact(tolerance.detection.silenceAtLeast)),
            row("fault_tolerance.heartbeat.timeout", TimeText.exact(tolerance.heartbeatTimeout)),
            ("  step_deadline:", nil),
            row("fault_tolerance.step_deadline.factor", tolerance.detection.stepDeadlineFactor),
            row("fault_tolerance.step_deadline.at_least", TimeText.exact(tolerance.detection.stepDeadlineAtLeast)),
            ("  state_hash:", nil),
            row("fault_tolerance.state_hash.every", tolerance.stateHashInterval),
            ("  straggler:", nil),
            row("fault_tolerance.straggler.action", tolerance.straggler.action.rawValue),
            row("fault_tolerance.straggler.factor", tolerance.straggler.factor),
            row("fault_tolerance.straggler.for", patience(tolerance.straggler.patience)),
            row("fault_tolerance.lease", TimeText.exact(tolerance.lease)),
        ] + lossSpike
    }

    private func patience(_ patience: StragglerSpec.Patience) -> String {
        switch patience {
        case .steps: patience.description
        case .time(let span): TimeText.exact(span)
        }
    }

    private var lossSpike: [Row] {
        let (spike, detector) = (spec.faultTolerance.lossSpike, spec.faultTolerance.lossSpike.detector)
        let head: [Row] = [("  loss_spike:", nil)]
        let rows: [(String, any CustomStringConvertible)] = [
            ("action", spike.action.rawValue), ("window", detector.window), ("armed_after", detector.armedAfter),
            ("clip", detector.clip), ("allowance", detector.allowance), ("threshold", detector.threshold),
            ("hold_sum", detector.holdSum), ("freeze_sum", detector.freezeSum),
            ("freeze_z", detector.freezeDeviation),
            ("drift_after", detector.driftAfter), ("wait", spike.wait),
            ("wait_at_least", spike.waitAtLeast), ("healed_z", spike.healedDeviation),
            ("benign_shift", spike.benignShift), ("back", spike.back), ("skip_beyond", spike.skipBeyond),
            ("again_within", spike.againWithin), ("lr_scale", spike.rateScales[0]),
            ("lr_scale_last", spike.rateScales[1]),
        ]
        return head + rows.map { row("fault_tolerance.loss_spike.\($0)", $1.description) }
    }

    private var injections: [Row] {
        let items = spec.injections.map(item) + spec.injectionProcesses.map(item)
        guard !items.isEmpty else { return [row("inject", "[]")] }
        return [("inject:", nil)] + zip(items, injectionOrigins).map { ("  - \($0)", $1) }
    }

    private func item(_ injection: Injection) -> String {
        let moment =
            switch injection.moment {
            case .step(let step): "step=\(step)"
            case .elapsed(let span): TimeText.exact(span)
            }
        let duration = injection.duration.map { ", for: \(TimeText.exact($0))" } ?? ""
        return "{at: \(moment), fail: \(injection.victim.text), kind: \(injection.fault.text)\(duration)}"
    }

    private func item(_ process: InjectionProcess) -> String {
        let mean =
            switch process.mean {
            case .steps(let count): "\(count) steps"
            case .time(let span): TimeText.exact(span)
            }
        let kinds = process.faults.map(\.text).joined(separator: ", ")
        return "{random: {mtbf: \(mean), kinds: [\(kinds)], for: \(TimeText.exact(process.duration)), "
            + "seed: \(process.seed)}}"
    }
}
