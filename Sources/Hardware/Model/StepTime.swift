// How long one iteration takes, term by term. Every term is a formula of published figures and of a handful of constants;
// docs/model.md lists them with their sources. Refuses everything that depends on which machine of many it is: stragglers
// come in as one factor.

import Jobs

/// Seconds of one iteration, by what they are spent on; the items add up to the whole.
public struct StepTime: Equatable, Sendable {
    /// Matrix products and attention of the slowest stage, and its element-wise work.
    public var compute = 0.0
    /// What the processor needs to start kernels beyond what the accelerator needs to run them.
    public var launch = 0.0
    /// Tensor-parallel collectives.
    public var tensor = 0.0
    /// Context-parallel exchange that attention does not hide.
    public var context = 0.0
    /// Waiting for the pipeline to fill and to drain.
    public var bubble = 0.0
    /// Activations handed from stage to stage.
    public var pipeline = 0.0
    /// Exchange of gradients and parameters that computation does not hide.
    public var data = 0.0
    /// The optimizer's pass over its states.
    public var optimizer = 0.0
    /// What no part of the model explains.
    public var fixed = 0.0
    /// Waiting for the slowest machine.
    public var straggler = 0.0

    /// The whole iteration.
    public var total: Double {
        compute + launch + tensor + context + bubble + pipeline + data + optimizer + fixed + straggler
    }
}

/// Seconds of one block for one micro-batch on one rank, forward and backward with what is recomputed.
struct BlockTime {
    var compute: Double
    var tensor: Double
    var context: Double
    var launch: Double
    var total: Double { compute + tensor + context + launch }
}

/// The time of one iteration of `work` on `machine`.
/// - Parameter straggler: how much slower than the others the slowest machine is, as a share.
public func stepTime(
    _ work: Workload, on machine: Machine, _ constants: SoftwareConstants, straggler: Double = 0
) -> StepTime {
    let block = blockTime(work, machine, constants)
    let layout = work.layout
    let layers = Double(work.layersPerStage)
    let m = Double(work.microBatches)
    let head = headTime(work, machine, constants)
    // The last stage has the output layer beside its blocks, which may be fewer than the other stages'.
    let lastLayers = Double(work.layersOfLastStage)
    let full = layers * block.total
    let last = lastLayers * block.total + head
    let slowest = max(full, last)
    let isLastSlowest = last > full
    let counted = isLastSlowest ? lastLayers : layers

    var time = StepTime()
    time.compute = m * (counted * block.compute + (isLastSlowest ? head : 0))
    time.tensor = m * counted * block.tensor
    time.context = m * counted * block.context
    time.launch = m * counted * block.launch
    if layout.pipeline > 1 {
        let first = Double(work.layersOfFirstStage) * block.total
        let all = layout.pipeline > 2 ? first + full * Double(layout.pipeline - 2) + last : first + last
        time.bubble = (all - slowest) / Double(layout.virtualStages)
        time.pipeline = m * handOver(work, machine, constants)
    }
    time.data = dataTime(work, machine, constants, backward: m * slowest * 2 / 3)
    let share = layout.zeroStage >= 1 ? Double(work.dataRanks * layout.context) : 1
    time.optimizer = parametersPerRank(work) / share * 20 / machine.memoryBandwidth
    time.fixed = constants.fixed
    time.straggler = straggler * (time.compute + time.launch)
    return time
}

/// Passes over a block: forward, backward twice as much, and a second forward where it is recomputed.
private func passes(_ layout: LayoutSpec) -> Double { layout.recomputation == .full ? 4 : 3 }

func blockTime(_ work: Workload, _ machine: Machine, _ constants: SoftwareConstants) -> BlockTime {
    let (model, layout) = (work.model, work.layout)
    let tokens = work.tokensPerRank
    let (t, h) = (Double(layout.tensor), Double(model.width))
    let bytes = Double(work.precision.bytes)

    // Additive roofline: moving the operands is what makes small products slow.
    let products = 2 * tokens * Double(model.blockWeights) / t / (constants.gemm * machine.peak)
    let feedForward = Double(model.feedForwardWidth) * (model.family == .llama ? 3 : 2)
    let moved = bytes * (Double(model.blockWeights) / t + tokens * (4 * h + (4 * h + feedForward) / t))
    let matrices = products + moved / machine.memoryBandwidth

    let rate = constants.gemm * constants.attention * machine.peak * model.headEfficiency
    let causal = layout.flashAttention ? 0.5 : 1
    let attention = 4 * tokens * Double(model.contextLength) * h / t * causal / rate

    var kept = work
    kept.layout.recomputation = .none
    let elementwise = constants.elementwise * activationBytesPerBlock(kept) / machine.memoryBandwidth

    let n = passes(layout)
    let again = layout.recomputation == .selective ? attention : 0
    let compute = n * (matrices + attention + elementwise) + again
    let tensor = tensorTime(work, machine, constants)
    let context = contextTime(work, machine, constants, attention: attention)
    // Ranks of one group wait for each other at every collective, and the more of a node's processes they are, the longer.
    let share = Double(min(layout.tensor, machine.perNode)) / Double(machine.perNode)
    let floor = constants.launch * n * (layout.tensor > 1 ? 1 + 0.35 * share * share : 1)
    return BlockTime(
        compute: compute, tensor: tensor, context: context, launch: max(0, floor - compute - tensor - context))
}

extension ModelShape {
    /// What a head's width leaves of attention's speed: narrow heads reuse less of what they load, and a width that is no
    /// multiple of 8 does not suit tensor cores and takes about three times as long.
    var headEfficiency: Double {
        let width = width / heads
        return min(1, Double(width) / 128) * (width % 8 == 0 ? 1 : 1 / 3)
    }
}

/// Two all-reduces forward and two backward over the tensor ranks, two more for a second forward pass. With the sequence
/// shared each is a gather and a scatter of the same volume.
private func tensorTime(_ work: Workload, _ machine: Machine, _ constants: SoftwareConstants) -> Double {
    let layout = work.layout
    let count = layout.recomputation == .full ? 6.0 : 4.0
    let bytes = work.tokensPerRank * Double(work.model.width) * Double(max(2, work.precision.bytes))
    return count * layout.tensorGroup.allReduce(bytes, machine, constants)
}

/// Keys and values travel once around the ring forward and twice backward; attention hides what it is longer than.
private func contextTime(
    _ work: Workload, _ machine: Machine, _ constants: SoftwareConstants, attention: Double
) -> Double {
    let (model, layout) = (work.model, work.layout)
    guard layout.context > 1 else { return 0 }
    let share = Double(model.keyValueHeads) / Double(model.heads) / Double(layout.tensor)
    let bytes = 2 * work.tokensPerRank * Double(model.width) * share * 2 * Double(layout.context)
    let travel = layout.contextGroup.gather(bytes, machine, constants)
    return 3 * max(0, travel - attention)
}

/// The output layer for one micro-batch, forward and backward.
private func headTime(_ work: Workload, _ machine: Machine, _ constants: SoftwareConstants) -> Double {
    let weights = Double(work.model.vocabularySize) * Double(work.model.width) / Double(work.layout.tensor)
    let logits = work.tokensPerRank * Double(work.model.vocabularySize) / Double(work.layout.tensor)
    return 3 * 2 * work.tokensPerRank * weights / (constants.gemm * machine.peak)
        + constants.elementwise * 3 * 4 * logits / machine.memoryBandwidth
}

/// A micro-batch's activations to the next stage and their gradient back, once for each piece of a stage; the tensor
/// ranks send a part each.
private func handOver(_ work: Workload, _ machine: Machine, _ constants: SoftwareConstants) -> Double {
    let layout = work.layout
    let bytes = work.tokensPerRank * Double(work.model.width) * Double(max(2, work.precision.bytes))
    let isInNode = layout.stageStride(work.dataRanks) * 2 <= machine.perNode
    let speed =
        isInNode ? constants.nodeLinks * machine.nodeBandwidth : constants.network * machine.networkBandwidth
    // Each tensor rank sends its part, and the receivers put the parts together inside their node, unless the sequence
    // stays shared anyway.
    let whole = layout.sequenceParallel ? 0 : layout.tensorGroup.gather(bytes, machine, constants)
    return 2 * Double(layout.virtualStages) * (bytes / Double(layout.tensor) / speed + whole)
}

/// Gradients are summed over the data ranks once an iteration; with ZeRO 1 and 2 they are scattered and the parameters
/// gathered; with ZeRO 3 parameters are gathered and gradients scattered in every micro-batch.
private func dataTime(
    _ work: Workload, _ machine: Machine, _ constants: SoftwareConstants, backward: Double
) -> Double {
    let layout = work.layout
    let group = layout.dataGroup(work.dataRanks)
    guard group.size > 1 else { return 0 }
    let held = parametersPerRank(work)
    // Gradients are summed in the numbers they are kept in.
    let gradients = held * work.gradientBytes
    let parameters = held * Double(max(2, work.precision.bytes))
    var time =
        layout.zeroStage == 0
        ? group.allReduce(gradients, machine, constants)
        : group.gather(gradients, machine, constants) + group.gather(parameters, machine, constants)
    if layout.zeroStage >= 3 {
        let gathers: Double = layout.recomputation == .full ? 3 : 2
        // One collective for a whole block, ahead of its need, where they overlap (FSDP, arXiv 2304.11277, section 3);
        // else one for each of its matrices when it is needed (DeepSpeed, arXiv 2104.07857, section 6.1). In a ring of
        // thousands the steps of so many small messages weigh more than their bytes.
        let pieces = Double(work.layersPerStage * (layout.overlapsGradients ? 1 : work.model.matricesPerBlock))
        time =
            Double(work.microBatches) * pieces
            * (gathers * group.gather(parameters / pieces, machine, constants)
                + group.gather(gradients / pieces, machine, constants))
    }
    if layout.pipeline > 1, work.model.family == .gpt2 {
        let table = Double(work.model.vocabularySize) * Double(work.model.width) / Double(layout.tensor)
        time += table * work.gradientBytes / (constants.network * machine.networkBandwidth)
    }
    guard layout.overlapsGradients else { return time }
    return max(0, time - constants.overlap * backward)
}

extension Workload {
    /// Bytes of a gradient as it is kept and summed: 32 bits with bf16, whose sums would lose too much, as Megatron
    /// (`--accumulate-allreduce-grads-in-fp32`), BLOOM and Llama 3 (section 3.3.2) do; 16 with fp16.
    var gradientBytes: Double { precision == .fp16 ? 2 : 4 }
}

extension ModelShape {
    /// Matrices of a block that are parameters of their own: four of a GPT, whose queries, keys and values are one;
    /// seven of a Llama.
    var matricesPerBlock: Int { family == .llama ? 7 : 4 }
}
