// A job on a machine, worked out: whether it fits, what one iteration costs and what the whole run does. Refuses failures;
// Failures and Simulation know those.

import Jobs
import Primitives

extension JobSpec {
    /// What is computed in an iteration of it.
    public var workload: Workload {
        Workload(
            model: model, layout: layout, precision: precision, microBatch: training.microBatch,
            globalBatch: training.globalBatch, accelerators: workers)
    }
}

/// What a run would take if nothing broke.
public struct RunEstimate: Equatable, Sendable {
    /// What is computed in an iteration.
    public var work: Workload
    /// One iteration, by term.
    public var time: StepTime
    /// The fullest accelerator's memory.
    public var memory: MemoryUse
    /// Iterations.
    public var steps: Int
    /// The peak of one accelerator, in FLOP/s.
    public var peak: Double
    /// Bytes of memory of one accelerator.
    public var capacity: Double

    /// The estimate of `work` for `steps` iterations on `machine`.
    public init(
        _ work: Workload, steps: Int, on machine: Machine, _ constants: SoftwareConstants, straggler: Double = 0
    ) {
        self.work = work
        self.steps = steps
        time = stepTime(work, on: machine, constants, straggler: straggler)
        memory = memoryUse(work)
        peak = machine.peak
        capacity = machine.memory
    }

    /// Whether the fullest accelerator's memory suffices.
    public var fits: Bool { memory.total <= capacity }
    /// Model FLOP/s of one accelerator.
    public var modelRate: Double { work.modelFLOPs.count / time.total / Double(work.accelerators) }
    /// Hardware FLOP/s of one accelerator: with what is recomputed.
    public var hardwareRate: Double { work.hardwareFLOPs.count / time.total / Double(work.accelerators) }
    /// Model FLOPs utilisation (PaLM, appendix B).
    public var mfu: Double { modelRate / peak }
    /// Hardware FLOPs utilisation.
    public var hfu: Double { hardwareRate / peak }
    /// Tokens a second of the whole gang.
    public var tokensPerSecond: Double { work.tokens / time.total }
    /// Seconds of the whole run.
    public var seconds: Double { Double(steps) * time.total }
    /// Bytes of a checkpoint: parameters, both moments and 32-bit parameters.
    public var checkpointBytes: Double { Double(work.model.parameterCount) * (work.precision == .fp32 ? 12 : 14) }
}

/// The best of the layouts that `work` could have on `machine`, fastest first: every division into tensor, pipeline and
/// data ranks with the micro-batches that fit, at most `count` of them. Recomputation and sharding are tried in order
/// of what they cost, so that memory decides.
public func rankedLayouts(
    _ work: Workload, steps: Int, on machine: Machine, _ constants: SoftwareConstants, count: Int
) -> [RunEstimate] {
    var found: [RunEstimate] = []
    let tensors = [1, 2, 4, 8, 16].filter { $0 <= machine.perNode && work.model.heads % $0 == 0 }
    for tensor in tensors {
        for pipeline in 1...max(1, min(64, work.model.layers)) where work.model.layers % pipeline == 0 {
            let ranks = tensor * pipeline * work.layout.context
            guard work.accelerators % ranks == 0, work.globalBatch % (work.accelerators / ranks) == 0 else { continue }
            for choice in choices(tensor: tensor, pipeline: pipeline, work) {
                let estimate = RunEstimate(choice, steps: steps, on: machine, constants)
                if estimate.fits { found.append(estimate) }
            }
        }
    }
    let order = found.indices.sorted { (found[$0].time.total, $0) < (found[$1].time.total, $1) }
    var best: [RunEstimate] = []
    for index in order where best.count < count {
        let layout = found[index].work.layout
        let isNew = !best.contains {
            $0.work.layout.tensor == layout.tensor && $0.work.layout.pipeline == layout.pipeline
        }
        if isNew { best.append(found[index]) }
    }
    return best
}

/// Micro-batches, pieces of stages, sharding and recomputation to try with these degrees.
private func choices(tensor: Int, pipeline: Int, _ work: Workload) -> [Workload] {
    var all: [Workload] = []
    let perRank = work.globalBatch * tensor * pipeline * work.layout.context / work.accelerators
    for micro in [1, 2, 4, 8, 16] where perRank % micro == 0 {
        for pieces in [1, 2, 4] where pieces == 1 || pipeline > 1 && work.model.layers % (pipeline * pieces) == 0 {
            for (zero, recompute) in [(0, Recomputation.none), (1, .none), (1, .selective), (1, .full)] {
                var next = work
                next.microBatch = micro
                next.layout.tensor = tensor
                next.layout.pipeline = pipeline
                next.layout.virtualStages = pieces
                next.layout.sequenceParallel = tensor > 1
                next.layout.zeroStage = zero
                next.layout.recomputation = recompute
                all.append(next)
            }
        }
    }
    return all
}
