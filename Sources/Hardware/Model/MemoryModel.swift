// How much memory the fullest accelerator needs. Activations after Korthikanti et al. 2022 (Reducing Activation
// Recomputation in Large Transformer Models, equations 1 to 6), states after the ZeRO paper (Rajbhandari et al. 2020).
// Refuses fragmentation measurements: an allowance stands in for them, and says so.

import Jobs

/// Bytes on the fullest accelerator, by what they are for.
public struct MemoryUse: Equatable, Sendable {
    /// Parameters as they are computed with.
    public var parameters: Double
    /// Gradients.
    public var gradients: Double
    /// AdamW's two moments and the parameters in 32 bits.
    public var optimizer: Double
    /// What the backward pass needs of the micro-batches in flight.
    public var activations: Double
    /// The output layer's logits and their gradient in 32 bits.
    public var logits: Double
    /// For the allocator's gaps, buffers of collectives and the driver.
    public var allowance: Double

    /// All of it.
    public var total: Double { parameters + gradients + optimizer + activations + logits + allowance }
}

/// Bytes kept free for gaps, communication buffers and the driver, beside a share of everything else.
private let baseAllowance = 2e9
private let allowanceShare = 0.05

/// The memory that `work` takes on its fullest accelerator. The first stage holds most micro-batches in flight and the
/// embedding; where it has a block less than the others, the second may be fuller.
public func memoryUse(_ work: Workload) -> MemoryUse {
    let first = memoryUse(work, stage: 0, layers: work.layersOfFirstStage)
    guard work.hasShortEnds else { return first }
    let second = memoryUse(work, stage: 1, layers: work.layersPerStage)
    return first.total >= second.total ? first : second
}

/// The memory of stage `stage`, from 0, with `layers` blocks.
private func memoryUse(_ work: Workload, stage: Int, layers: Int) -> MemoryUse {
    let layout = work.layout
    let shard = parametersPerRank(work, layers: layers, hasTables: stage == 0)
    let data = Double(work.dataRanks * layout.context)
    let isMixed = work.precision != .fp32
    let weight = isMixed ? 2.0 : 4.0
    let states = isMixed ? 12.0 : 8.0
    let parameters = weight * shard / (layout.zeroStage >= 3 ? data : 1)
    let gradients = work.gradientBytes * shard / (layout.zeroStage >= 2 ? data : 1)
    let optimizer = states * shard / (layout.zeroStage >= 1 ? data : 1)
    let activations = activationBytes(work, stage: stage, layers: layers)
    let logits =
        work.tokensPerRank * Double(work.model.vocabularySize) / Double(layout.tensor) * 4
        * (layout.pipeline == 1 ? 1 : 0)
    let sum = parameters + gradients + optimizer + activations + logits
    return MemoryUse(
        parameters: parameters, gradients: gradients, optimizer: optimizer, activations: activations, logits: logits,
        allowance: baseAllowance + allowanceShare * sum)
}

/// Parameters of a full stage with the embedding that one rank holds before ZeRO shares them.
func parametersPerRank(_ work: Workload) -> Double {
    parametersPerRank(work, layers: work.layersPerStage, hasTables: true)
}

private func parametersPerRank(_ work: Workload, layers: Int, hasTables: Bool) -> Double {
    let model = work.model
    let blocks = Double(model.blockWeights) * Double(layers)
    let embedding = Double(model.vocabularySize) * Double(model.width)
    let tables = !hasTables ? 0.0 : model.family == .llama && work.layout.pipeline == 1 ? 2 : 1
    return (blocks + tables * embedding) / Double(work.layout.tensor)
}

/// Bytes of activations that one block keeps for one micro-batch on one rank: s·b·h·(10 + 24/t + 5·a·s/(h·t)) in 16
/// bits, everything shared by the tensor ranks where the sequence is, no scores where attention is fused, and only the
/// block's input where it is recomputed. A Llama has no dropout, whose two masks are 2 of the 10.
func activationBytesPerBlock(_ work: Workload) -> Double {
    let (model, layout) = (work.model, work.layout)
    let t = Double(layout.tensor)
    let unit = work.tokensPerRank * Double(model.width) * (work.precision == .fp32 ? 2 : 1)
    if layout.recomputation == .full { return 2 * unit / (layout.sequenceParallel ? t : 1) }
    let f = Double(model.feedForwardWidth) / Double(4 * model.width)
    let keyValues = Double(model.keyValueHeads) / Double(model.heads)
    // Of the 24 that tensor ranks share: queries, keys and values 6, attention's output 2, the feed-forward 16 and, when
    // it is gated, half as much again for the gate.
    let matrices = 2 + 4 * keyValues + 2 + 16 * f * (model.family == .llama ? 1.5 : 1)
    let between = (model.family == .llama ? 8 : 10) / (layout.sequenceParallel ? t : 1)
    let hasScores = layout.recomputation == .none && !layout.flashAttention
    let scores =
        hasScores
        ? 5 * Double(model.heads) * Double(model.contextLength) / (Double(model.width) * t * Double(layout.context)) : 0
    return unit * (between + matrices / t + scores)
}

/// What stage `stage` keeps of the micro-batches in flight. 1F1B holds p - stage of them; interleaved by Megatron's
/// schedule a stage begins 2(p - 1 - stage) + (v - 1)p + 1 pieces before the first goes back, never more than there are.
private func activationBytes(_ work: Workload, stage: Int, layers: Int) -> Double {
    let layout = work.layout
    let (p, v) = (layout.pipeline, layout.virtualStages)
    let ahead = v > 1 ? 2 * (p - 1 - stage) + (v - 1) * p + 1 : p - stage
    let inFlight = Double(min(work.microBatches * v, max(1, ahead))) / Double(v)
    let kept = activationBytesPerBlock(work) * Double(layers) * inFlight
    guard layout.recomputation == .full else { return kept }
    // One block at a time is computed again in full.
    var whole = work
    whole.layout.recomputation = .none
    return kept + activationBytesPerBlock(whole)
}
