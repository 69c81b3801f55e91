// Where a gang stands: how many GPUs on which nodes, ranks in the nodes' order, and what a job may ask about that.
// Counts of GPUs, not worker slots: which process sits on which slot is the live pool's business (GangPlacement).
// Refuses to choose; NodePool does.

/// A distance in the network, from the inside out.
public enum TopologyLevel: Int, Comparable, Sendable, CaseIterable, Codable {
    /// One node.
    case node
    /// Nodes under one leaf switch.
    case leaf
    /// Leaves under one spine.
    case spine
    /// Anything in the pool.
    case pool

    /// The nearer level sorts first.
    public static func < (a: TopologyLevel, b: TopologyLevel) -> Bool { a.rawValue < b.rawValue }
}

/// What a job asks about its gang's place.
public enum TopologyDemand: Equatable, Sendable {
    /// As near together as is free now; never waits for nearness.
    case preferred
    /// Waits until the whole gang fits inside one such part of the network.
    case required(TopologyLevel)

    /// `preferred`, or the level that is required.
    public var name: String {
        switch self {
        case .preferred: "preferred"
        case .required(let level): "\(level)"
        }
    }

    /// The demand called `name`: `preferred`, or the level that is required, `node`, `leaf`, `spine` or `pool`; nil for
    /// anything else.
    public init?(named name: String) {
        let demands = [.preferred] + TopologyLevel.allCases.map { TopologyDemand.required($0) }
        guard let demand = demands.first(where: { $0.name == name }) else { return nil }
        self = demand
    }
}

/// GPUs of one node.
public struct NodeShare: Equatable, Sendable {
    /// The node's index in its pool.
    public var node: Int32
    /// How many of its GPUs.
    public var gpus: Int32

    /// `gpus` GPUs of `node`.
    public init(node: Int, gpus: Int) {
        self.node = Int32(node)
        self.gpus = Int32(gpus)
    }
}

/// Where a gang is.
public struct Placement: Equatable, Sendable {
    /// The pool that all of it is in, by index: a gang's GPUs are of one kind.
    public var pool: Int
    /// The first share. Most gangs have no other, and an array for each would cost more than the decision.
    public var first: NodeShare
    /// The other shares. Ranks run through `first` and then through these, which are in the order of the topology.
    public var rest: [NodeShare]

    /// A gang on `first` and `rest` of `pool`.
    public init(pool: Int, first: NodeShare, rest: [NodeShare] = []) {
        self.pool = pool
        self.first = first
        self.rest = rest
    }

    /// All shares, in rank order.
    public var shares: [NodeShare] { [first] + rest }

    /// GPUs in all.
    public var gpus: Int { rest.reduce(Int(first.gpus)) { $0 + Int($1.gpus) } }
}
