// How a job spreads a model over accelerators and what it recomputes: Megatron's degrees and options as values. Live runs
// have a trivial one; plans and simulations have any. Refuses to know hardware and times.

/// What is thrown away in the forward pass and computed again in the backward pass (`recompute_granularity`).
public enum Recomputation: String, Equatable, Hashable, Sendable, Codable, CaseIterable {
    /// Every activation is kept.
    case none
    /// The attention core only (Korthikanti et al. 2022).
    case selective
    /// Whole blocks: only their inputs are kept.
    case full
}

/// The numbers that matrices are multiplied in (`precision`).
public enum Precision: String, Equatable, Hashable, Sendable, Codable, CaseIterable {
    case fp32, bf16, fp16, fp8

    /// Bytes of an activation or of a weight as it is used.
    public var bytes: Int { self == .fp32 ? 4 : self == .fp8 ? 1 : 2 }
}

/// How a model is spread over accelerators. Names in parentheses are the job file's.
public struct LayoutSpec: Equatable, Hashable, Sendable, Codable {
    /// Ranks that share each matrix (`tensor_model_parallel_size`).
    public var tensor: Int
    /// Stages the blocks are cut into (`pipeline_model_parallel_size`).
    public var pipeline: Int
    /// Pieces of each stage, for an interleaved schedule (`virtual_pipeline_model_parallel_size`); 1 for plain 1F1B.
    public var virtualStages: Int
    /// Ranks that share each sequence (`context_parallel_size`).
    public var context: Int
    /// Whether the tensor ranks also share what lies between the matrices (`sequence_parallel`).
    public var sequenceParallel: Bool
    /// What the data ranks share: 0 nothing, 1 optimizer, 2 also gradients, 3 also parameters (`zero_stage`).
    public var zeroStage: Int
    /// What is computed twice.
    public var recomputation: Recomputation
    /// Whether attention keeps its scores in registers (`use_flash_attn`).
    public var flashAttention: Bool
    /// Whether gradients are exchanged while the backward pass goes on (`overlap_grad_reduce`).
    public var overlapsGradients: Bool

    /// A layout; by default every rank holds the whole model.
    public init(
        tensor: Int = 1, pipeline: Int = 1, virtualStages: Int = 1, context: Int = 1, sequenceParallel: Bool = false,
        zeroStage: Int = 0, recomputation: Recomputation = .none, flashAttention: Bool = false,
        overlapsGradients: Bool = false
    ) {
        self.tensor = tensor
        self.pipeline = pipeline
        self.virtualStages = virtualStages
        self.context = context
        self.sequenceParallel = sequenceParallel
        self.zeroStage = zeroStage
        self.recomputation = recomputation
        self.flashAttention = flashAttention
        self.overlapsGradients = overlapsGradients
    }

    /// Ranks that hold one copy of the model.
    public var modelRanks: Int { tensor * pipeline * context }
}
