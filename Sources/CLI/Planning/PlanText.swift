// A plan as text and as JSON. Field names of the document are a contract: SI units, spelled out last. Refuses to compute
// anything that Plan does not know.

import Hardware
import Jobs
import Reports

/// The JSON document of a plan.
struct PlanDocument: Codable {
    /// One layout with its figures.
    struct Layout: Codable {
        var tensor_model_parallel_size: Int
        var pipeline_model_parallel_size: Int
        var virtual_pipeline_model_parallel_size: Int
        var context_parallel_size: Int
        var data_parallel_size: Int
        var micro_batch_size: Int
        var zero_stage: Int
        var recompute_granularity: String
        var iteration_seconds: Double
        var mfu: Double
        var memory_bytes: Double

        init(_ estimate: RunEstimate) {
            let layout = estimate.work.layout
            tensor_model_parallel_size = layout.tensor
            pipeline_model_parallel_size = layout.pipeline
            virtual_pipeline_model_parallel_size = layout.virtualStages
            context_parallel_size = layout.context
            data_parallel_size = estimate.work.dataRanks
            micro_batch_size = estimate.work.microBatch
            zero_stage = layout.zeroStage
            recompute_granularity = layout.recomputation.rawValue
            iteration_seconds = estimate.time.total
            mfu = estimate.mfu
            memory_bytes = estimate.memory.total
        }
    }

    var schema = "understudy/plan/v1"
    var job: String
    var cluster: String
    var software: String
    var accelerators: Int
    var nodes: Int
    var parameters: Int
    var fits: Bool
    var iteration_seconds: Double
    var iteration_seconds_by_term: [String: Double]
    var model_tflops_per_gpu: Double
    var hardware_tflops_per_gpu: Double
    var mfu: Double
    var hfu: Double
    var tokens_per_second: Double
    var steps: Int
    var days: Double
    var gpu_hours: Double
    var usd: Double
    var megawatt_hours: Double?
    var memory_bytes: Double
    var memory_bytes_by_part: [String: Double]
    var memory_capacity_bytes: Double
    var checkpoint_bytes: Double
    var checkpoint_write_seconds: Double?
    /// The run with failures; nil where the cluster names none, or none were wanted.
    var with_failures: FailureOutlook?
    var warnings: [String]
    var layout: Layout
    var layouts: [Layout]?

    init(_ plan: Plan, _ outlook: FailureOutlook?) {
        let estimate = plan.estimate
        job = plan.job.name
        cluster = plan.cluster.name
        software = plan.software
        accelerators = estimate.work.accelerators
        nodes = plan.nodes
        parameters = plan.job.model.parameterCount
        fits = estimate.fits
        iteration_seconds = estimate.time.total
        iteration_seconds_by_term = Dictionary(
            uniqueKeysWithValues: timeTerms(estimate.time).map { ($0.key, $0.value) })
        model_tflops_per_gpu = estimate.modelRate / 1e12
        hardware_tflops_per_gpu = estimate.hardwareRate / 1e12
        mfu = estimate.mfu
        hfu = estimate.hfu
        tokens_per_second = estimate.tokensPerSecond
        steps = estimate.steps
        days = estimate.seconds / 86_400
        gpu_hours = estimate.seconds / 3600 * Double(estimate.work.accelerators)
        usd = plan.dollars(estimate.seconds, spares: 0)
        megawatt_hours = plan.megawattHours(estimate.seconds)
        memory_bytes = estimate.memory.total
        memory_bytes_by_part = Dictionary(
            uniqueKeysWithValues: memoryParts(estimate.memory).map { ($0.key, $0.value) })
        memory_capacity_bytes = estimate.capacity
        checkpoint_bytes = estimate.checkpointBytes
        checkpoint_write_seconds = plan.checkpointSeconds
        with_failures = outlook
        warnings = plan.warnings
        layout = Layout(estimate)
        layouts = plan.ranked.isEmpty ? nil : plan.ranked.map(Layout.init)
    }
}

private func timeTerms(_ time: StepTime) -> [(key: String, value: Double, what: String)] {
    [
        ("compute", time.compute, "matrix products, attention and element-wise work of the slowest stage"),
        ("launch", time.launch, "starting kernels, beyond what they hide"),
        ("tensor", time.tensor, "collectives of the tensor ranks"),
        ("context", time.context, "keys and values around the context ranks"),
        ("bubble", time.bubble, "the pipeline filling and draining"),
        ("pipeline", time.pipeline, "activations from stage to stage"),
        ("data", time.data, "gradients and parameters among the data ranks, not hidden"),
        ("optimizer", time.optimizer, "AdamW's pass over its states"),
        ("fixed", time.fixed, "once an iteration, whatever its size"),
        ("straggler", time.straggler, "waiting for the slowest machine"),
    ]
}

private func memoryParts(_ memory: MemoryUse) -> [(key: String, value: Double)] {
    [
        ("parameters", memory.parameters), ("gradients", memory.gradients), ("optimizer", memory.optimizer),
        ("activations", memory.activations), ("logits", memory.logits), ("allowance", memory.allowance),
    ]
}

/// A plan as lines of text.
func planLines(_ plan: Plan, _ outlook: FailureOutlook?, width: Int?, style: Style) -> [String] {
    let estimate = plan.estimate
    var lines = [style.apply(.bold, to: "\(plan.job.name) on \(plan.cluster.name)")]
    lines += facts(plan).lines(width: width, style: style, hasHeader: false).map { "  " + $0 }
    lines.append("")
    var times = Table([.left("ITERATION"), .right("SECONDS"), .right("SHARE"), .flexible("WHAT IT IS")])
    for term in timeTerms(estimate.time) where term.value > 0 {
        times.add([term.key, seconds(term.value), percent(term.value / estimate.time.total), term.what])
    }
    times.add(["all", seconds(estimate.time.total), "100.0%", "the sum"], emphasis: .bold)
    lines += times.lines(width: width, style: style) + [""]
    var memory = Table([.left("MEMORY"), .right("GB"), .flexible("OF THE FULLEST ACCELERATOR")])
    for part in memoryParts(estimate.memory) where part.value > 0 {
        memory.add([part.key, fixed(part.value / 1e9, 1), ""])
    }
    memory.add(
        ["all", fixed(estimate.memory.total / 1e9, 1), "of \(fixed(estimate.capacity / 1e9, 1))"], emphasis: .bold)
    lines += memory.lines(width: width, style: style)
    if let outlook { lines += [""] + outlook.lines(plan, width: width, style: style) }
    if !plan.ranked.isEmpty { lines += [""] + layoutTable(plan.ranked).lines(width: width, style: style) }
    for warning in plan.warnings { lines += ["", "warning: \(warning)"] }
    return lines
}

private func facts(_ plan: Plan) -> Table {
    let estimate = plan.estimate
    let layout = estimate.work.layout
    var table = Table([.left(""), .flexible("")])
    table.add(["model", "\(compact(plan.job.model.parameterCount)) parameters, \(plan.job.precision.rawValue)"])
    table.add([
        "layout",
        "\(estimate.work.accelerators) accelerators = tensor \(layout.tensor) x pipeline \(layout.pipeline) x context "
            + "\(layout.context) x data \(estimate.work.dataRanks), \(plan.nodes) nodes",
    ])
    table.add([
        "speed",
        "\(seconds(estimate.time.total)) s an iteration, \(compact(estimate.tokensPerSecond)) tokens/s, model "
            + "\(fixed(estimate.modelRate / 1e12, 1)) TFLOP/s = MFU \(percent(estimate.mfu)), hardware "
            + "\(fixed(estimate.hardwareRate / 1e12, 1)) = HFU \(percent(estimate.hfu))",
    ])
    let hours = estimate.seconds / 3600 * Double(estimate.work.accelerators)
    table.add([
        "run",
        "\(estimate.steps) iterations, \(compact(Double(estimate.steps) * estimate.work.tokens)) tokens: "
            + "\(fixed(estimate.seconds / 86_400, 1)) days, \(compact(hours)) accelerator-hours without failures",
    ])
    let energy = plan.megawattHours(estimate.seconds).map { ", \(fixed($0, 1)) MWh" } ?? ""
    table.add(["cost", "\(compact(plan.dollars(estimate.seconds, spares: 0))) USD\(energy)"])
    let write = plan.checkpointSeconds.map { ", written in \(fixed($0, 1)) s" } ?? ""
    table.add(["checkpoint", "\(fixed(estimate.checkpointBytes / 1e9, 1)) GB" + write])
    table.add(["constants", "\(plan.software) (docs/scoreboard.md says how far off they are)"])
    return table
}

private func layoutTable(_ ranked: [RunEstimate]) -> Table {
    var table = Table([
        .right("RANK"), .right("TP"), .right("PP"), .right("VPP"), .right("CP"), .right("DP"), .right("MICRO-BATCH"),
        .right("ZERO"), .left("RECOMPUTE"), .right("SECONDS"), .right("MFU"), .right("GB"),
    ])
    for (index, estimate) in ranked.enumerated() {
        let layout = estimate.work.layout
        table.add([
            "\(index + 1)", "\(layout.tensor)", "\(layout.pipeline)", "\(layout.virtualStages)", "\(layout.context)",
            "\(estimate.work.dataRanks)", "\(estimate.work.microBatch)", "\(layout.zeroStage)",
            layout.recomputation.rawValue, seconds(estimate.time.total), percent(estimate.mfu),
            fixed(estimate.memory.total / 1e9, 1),
        ])
    }
    return table
}

private func seconds(_ value: Double) -> String { fixed(value, value < 0.1 ? 5 : 3) }
