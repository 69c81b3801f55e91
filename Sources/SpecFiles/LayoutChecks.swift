// What a job's degrees of parallelism must be to one another and to the model, each rule with the place of the degree at
// fault and the nearest one that works. Refuses what needs a cluster: whether it fits in memory.

import Jobs

extension LayoutFields {
    /// Ranks that hold one copy of the model.
    var modelRanks: Int { max(1, tensor.value * pipeline.value * context.value) }

    /// Copies of the model that `workers` hold.
    func copies(of workers: Int) -> Int { max(1, workers / modelRanks) }

    /// Whether every degree is what the file says.
    var isSound: Bool { [tensor, pipeline, virtualStages, context].allSatisfy(\.isSound) }
}

/// The rules of a layout.
struct LayoutChecks {
    let job: JobFields
    let reading: Reading
    /// The number of workers, if it is known.
    let workers: Int?

    /// Reports every broken rule.
    func run() {
        guard job.layout.isSound else { return }
        checkRanks()
        checkShares()
        checkStages()
        if job.layout.sequenceParallel.isSound, job.layout.sequenceParallel.value, job.layout.tensor.value == 1,
            let place = job.layout.sequenceParallel.place
        {
            reading.report(
                .layout, "sequence_parallel shares a sequence among tensor ranks, and there is one", at: place,
                hint: "set tensor_model_parallel_size, or leave it out")
        }
    }

    private func checkRanks() {
        let layout = job.layout
        let degrees = "\(layout.tensor.value) x \(layout.pipeline.value) x \(layout.context.value)"
        guard let workers, layout.modelRanks > 1 else { return }
        guard let place = [layout.tensor, layout.pipeline, layout.context].lazy.compactMap(\.place).first else {
            return
        }
        guard workers % layout.modelRanks == 0 else {
            reading.report(
                .layout,
                "tensor x pipeline x context = \(degrees) = \(layout.modelRanks) does not divide \(workers) accelerators",
                at: place,
                hint: "nearest valid: \(Suggestion.multiples(of: layout.modelRanks, near: workers)) accelerators")
            return
        }
        let (micro, global) = (job.train.microBatch, job.train.globalBatch)
        let each = layout.copies(of: workers) * micro.value
        guard micro.isSound, global.isSound, global.value % each != 0, let place = global.place else { return }
        reading.report(
            .batchNotDivisible,
            "global_batch_size \(global.value) is not divisible by micro_batch_size \(micro.value) x "
                + "\(layout.copies(of: workers)) copies of the model = \(each)", at: place,
            hint: "nearest valid: \(Suggestion.multiples(of: each, near: global.value))")
    }

    /// What is divided among ranks must be divisible by them.
    private func checkShares() {
        let (layout, model) = (job.layout, job.model)
        let shares = [
            ("n_head", model.heads, "tensor_model_parallel_size", layout.tensor),
            ("n_inner", model.feedForwardWidth, "tensor_model_parallel_size", layout.tensor),
            ("n_positions", model.contextLength, "context_parallel_size", layout.context),
        ]
        // Where keys and values are not grouped, there are as many as heads, and the complaint about those is enough.
        let groups =
            model.keyValueHeads.place == nil
            ? []
            : [
                ("num_key_value_heads", model.keyValueHeads, "tensor_model_parallel_size", layout.tensor)
            ]
        for (what, whole, degree, ranks) in shares + groups where whole.isSound && whole.value % ranks.value != 0 {
            guard let place = ranks.place else { continue }
            let fitting = (1...ranks.value).filter { whole.value % $0 == 0 }.suffix(3)
            reading.report(
                .layout, "\(what) \(whole.value) is not divisible by \(degree) \(ranks.value)", at: place,
                hint: "allowed below it: \(fitting.map(String.init).joined(separator: ", "))")
        }
    }

    private func checkStages() {
        let (layers, layout) = (job.model.layers, job.layout)
        guard layers.isSound else { return }
        if layout.pipeline.value > layers.value, let place = layout.pipeline.place {
            reading.report(
                .layout, "\(layout.pipeline.value) stages for \(layers.value) blocks", at: place,
                hint: "at most \(layers.value)")
            return
        }
        let pieces = layout.pipeline.value * layout.virtualStages.value
        if layout.virtualStages.value > 1, let place = layout.virtualStages.place {
            if layout.pipeline.value == 1 {
                reading.report(
                    .layout, "one stage cannot be interleaved", at: place, hint: "set pipeline_model_parallel_size")
            } else if !divides(pieces, layers.value) {
                reading.report(
                    .layout, "n_layer \(layers.value) is not divisible into \(pieces) pieces of stages", at: place,
                    hint: "stages x pieces must divide the blocks, or the blocks and two more")
            }
            return
        }
        guard !divides(layout.pipeline.value, layers.value), let place = layout.pipeline.place else { return }
        reading.report(
            .unevenStages, "n_layer \(layers.value) does not divide evenly into \(layout.pipeline.value) stages",
            at: place, hint: "some stages have a block more than others", severity: .warning)
    }

    /// Whether `parts` equal parts make up `layers` blocks. An embedding or an output layer costs about a block, so large
    /// models leave one block out at each end.
    private func divides(_ parts: Int, _ layers: Int) -> Bool { [0, 2].contains { (layers + $0) % parts == 0 } }
}
