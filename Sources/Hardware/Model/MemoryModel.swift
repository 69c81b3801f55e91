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

/// The memory that `work` takes on its fullest accelerator: the first stage, which holds most micro-batches in flight.
public func memoryUse(_ work: Workload) -> MemoryUse {
    let layout = work.layout
    let shard = parametersPerRank(work)
    let data = Double(work.dataRanks * layout.context)
    let isMixed = work.precision != .fp32
    // 16 bits are computed with; gradients are summed in 16 or 32 bits, as Megatron does for fp16 and bf16.
    let weight = isMixed ? 2.0 : 4.0
    let gradient = work.precision == .fp16 ? 2.0 : 4.0
    let states = isMixed ? 12.0 : 8.0
    let parameters = weight * shard / (layout.zeroStage >= 3 ? data : 1)
    let gradients = gradient * shard / (layout.zeroStage >= 2 ? data : 1)
    let optimizer = states * shard / (layout.zeroStage >= 1 ? data : 1)
    let activations = activationBytes(work)
    let logits =
        work.tokensPerRank * Double(work.model.vocabularySize) / Double(layout.tensor) * 4
        * (layout.pipeline == 1 ? 1 : 0)
    let sum = parameters + gradients + optimizer + activations + logits
    return MemoryUse(
        parameters: parameters, gradients: gradients, optimizer: optimizer, activations: activations, logits: logits,
        allowance: baseAllowance + allowanceShare * sum)
}

/// Parameters of the fullest stage that one rank holds before ZeRO shares them.
func parametersPerRank(_ work: Workload) -> Double {
    let model = work.model
    let blocks = Double(model.blockWeights) * Double(work.layersPerStage)
    let embedding = Double(model.vocabularySize) * Double(model.width)
    let tables = model.family == .llama && work.layout.pipeline == 1 ? 2.0 : 1.0
    return (blocks + tables * embedding) / Double(work.layout.tensor)
}

/// Bytes of activations that one block keeps for one micro-batch on one rank: s·b·h·(10 + 24/t + 5·a·s/(h·t)) in 16
/// bits, everything shared by the tensor ranks where the sequence is, no scores where attention is fused, and only the
/// block's input where it is recomputed.
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
    let between = layout.sequenceParallel ? 10 / t : 10
    let hasScores = layout.recomputation == .none && !layout.flashAttention
    let scores =
        hasScores
        ? 5 * Double(model.heads) * Double(model.contextLength) / (Double(model.width) * t * Double(layout.context)) : 0
    return unit * (between + matrices / t + scores)
}

private func activationBytes(_ work: Workload) -> Double {
    let layout = work.layout
    let (p, v) = (Double(layout.pipeline), Double(layout.virtualStages))
    // 1F1B holds p micro-batches on the first stage; interleaving a little more, and never more than there are.
    let inFlight =
        layout.pipeline == 1 ? 1 : min(Double(work.microBatches), p * (v > 1 ? 1 + (p - 1) / (p * v) : 1))
    let kept = activationBytesPerBlock(work) * Double(work.layersPerStage) * inFlight
    guard layout.recomputation == .full else { return kept }
    // One block at a time is computed again in full.
    var whole = work
    whole.layout.recomputation = .none
    return kept + activationBytesPerBlock(whole)
}
