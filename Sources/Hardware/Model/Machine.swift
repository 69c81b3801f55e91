// What the step-time and memory models need of a machine: one accelerator's speeds and how its neighbours are reached.
// A value of its own, so that a published table's row can be predicted without a cluster file. Refuses names and prices.

import Jobs

/// Equal accelerators in equal nodes on one network.
public struct Machine: Equatable, Sendable {
    /// Dense peak at the precision of the run, in FLOP/s.
    public var peak: Double
    /// Memory of one accelerator, in bytes.
    public var memory: Double
    /// What one accelerator reads from its memory, in bytes a second.
    public var memoryBandwidth: Double
    /// Accelerators in a node.
    public var perNode: Int
    /// What one accelerator sends to others of its node, in bytes a second.
    public var nodeBandwidth: Double
    /// What one accelerator sends out of its node, in bytes a second: its share of the node's adapters.
    public var networkBandwidth: Double
    /// Nodes under one leaf switch; 0 where all are.
    public var nodesPerLeaf: Int
    /// What the links above a leaf lack: 2 where they carry half of what enters.
    public var oversubscription: Double
    /// How its communication library sums and gathers.
    public var collectives: CollectiveAlgorithm

    /// A machine from its figures.
    public init(
        peak: Double, memory: Double, memoryBandwidth: Double, perNode: Int, nodeBandwidth: Double,
        networkBandwidth: Double, nodesPerLeaf: Int = 0, oversubscription: Double = 1,
        collectives: CollectiveAlgorithm = .automatic
    ) {
        self.peak = peak
        self.memory = memory
        self.memoryBandwidth = memoryBandwidth
        self.perNode = perNode
        self.nodeBandwidth = nodeBandwidth
        self.networkBandwidth = networkBandwidth
        self.nodesPerLeaf = nodesPerLeaf
        self.oversubscription = oversubscription
        self.collectives = collectives
    }
}

/// How a communication library sums and gathers over a group.
public enum CollectiveAlgorithm: String, Equatable, Sendable, Codable, CaseIterable {
    /// Rings to gather and to scatter; to sum, a ring or a tree, whichever is faster: what NCCL chooses by itself.
    case automatic = "auto"
    /// Rings only.
    case ring
    /// Two binary trees over the nodes with a chain inside each, to sum; rings for the rest.
    case tree
    /// Inside the nodes, then across them among equal local ranks, then inside again.
    case hierarchical
}

/// What a model learns from measurements and no data sheet tells: a handful of numbers for a kind of accelerator and the
/// software that drives it.
public struct SoftwareConstants: Equatable, Sendable, Codable {
    /// The share of the peak that a large matrix product reaches.
    public var gemm: Double
    /// The share of the peak, beside `gemm`, that attention's two products reach.
    public var attention: Double
    /// How often element-wise work moves the bytes that must be kept for the backward pass (Korthikanti et al. 2022).
    public var elementwise: Double
    /// The share of a node's links that collectives reach.
    public var nodeLinks: Double
    /// The share of the network that collectives reach.
    public var network: Double
    /// Seconds to start one block's kernels once: the processor's floor under small models.
    public var launch: Double
    /// Seconds of an iteration that depend on nothing: optimizer start-up, data, bookkeeping.
    public var fixed: Double
    /// The share of the backward pass that gradients may be exchanged under, where a layout overlaps them.
    public var overlap: Double

    /// Constants from their values.
    public init(
        gemm: Double, attention: Double, elementwise: Double, nodeLinks: Double, network: Double, launch: Double,
        fixed: Double, overlap: Double
    ) {
        self.gemm = gemm
        self.attention = attention
        self.elementwise = elementwise
        self.nodeLinks = nodeLinks
        self.network = network
        self.launch = launch
        self.fixed = fixed
        self.overlap = overlap
    }
}

/// What is computed in one iteration, and by how many.
public struct Workload: Equatable, Sendable {
    /// The model.
    public var model: ModelShape
    /// How it is spread.
    public var layout: LayoutSpec
    /// In which numbers.
    public var precision: Precision
    /// Sequences that go through a stage at once.
    public var microBatch: Int
    /// Sequences in an iteration.
    public var globalBatch: Int
    /// Accelerators.
    public var accelerators: Int

    /// A workload from its parts.
    public init(
        model: ModelShape, layout: LayoutSpec, precision: Precision, microBatch: Int, globalBatch: Int,
        accelerators: Int
    ) {
        self.model = model
        self.layout = layout
        self.precision = precision
        self.microBatch = microBatch
        self.globalBatch = globalBatch
        self.accelerators = accelerators
    }

    /// Copies of the model that share the batch.
    public var dataRanks: Int { max(1, accelerators / layout.modelRanks) }
    /// Micro-batches that one copy computes in an iteration, rounded up.
    public var microBatches: Int { max(1, (globalBatch + dataRanks * microBatch - 1) / (dataRanks * microBatch)) }
    /// Whether the first and the last stage have a block less than the others, as large models are cut: the embedding
    /// and the output layer cost about a block each (BLOOM, arXiv 2211.05100, section 3.3; Llama 3, arXiv 2407.21783,
    /// section 3.3.2).
    var hasShortEnds: Bool {
        layout.pipeline > 2 && model.layers % layout.pipeline != 0 && (model.layers + 2) % layout.pipeline == 0
    }
    /// Blocks of the fullest stage.
    public var layersPerStage: Int {
        hasShortEnds
            ? (model.layers + 2) / layout.pipeline : (model.layers + layout.pipeline - 1) / layout.pipeline
    }
    /// Blocks of the first stage, which has the embedding beside them.
    var layersOfFirstStage: Int { hasShortEnds ? layersPerStage - 1 : layersPerStage }
    /// Blocks of the last stage, which has the output layer beside them: those that the others leave, never fewer than
    /// none.
    var layersOfLastStage: Int {
        if hasShortEnds { return layersPerStage - 1 }
        return max(0, min(layersPerStage, model.layers - layersPerStage * (layout.pipeline - 1)))
    }
    /// Tokens of an iteration.
    public var tokens: Double { Double(globalBatch) * Double(model.contextLength) }
    /// Tokens of a micro-batch that one rank holds.
    var tokensPerRank: Double {
        Double(microBatch) * Double(model.contextLength) / Double(layout.context)
    }
}
