// Nodes of one kind and what is free on them, indexed so that no question costs a walk over all nodes: sets of nodes by
// how many GPUs they have free, and counts of completely free nodes by leaf and by spine. Refuses to know jobs: it is
// told to take and to give back.

/// Why a node takes no new work, or that it does.
public enum NodeCondition: Equatable, Sendable {
    /// It takes work.
    case up
    /// Held back to replace a failed node.
    case spare
    /// Takes no new work; what runs there stays.
    case cordoned
    /// Cordoned until it is empty, for a reason that a person gave.
    case draining(String)
    /// It failed.
    case down
}

/// How a pool's nodes hang together. Node `n` is under leaf `n / nodesPerLeaf`, leaf `l` under spine
/// `l / leavesPerSpine`.
public struct Fabric: Equatable, Sendable {
    /// Nodes under a leaf switch.
    public var nodesPerLeaf: Int
    /// Leaves under a spine.
    public var leavesPerSpine: Int

    /// A fabric of these sizes.
    /// - Precondition: both are positive.
    public init(nodesPerLeaf: Int, leavesPerSpine: Int) {
        precondition(nodesPerLeaf > 0 && leavesPerSpine > 0, "a switch has something below it")
        self.nodesPerLeaf = nodesPerLeaf
        self.leavesPerSpine = leavesPerSpine
    }

    /// One switch for everything.
    public static let flat = Fabric(nodesPerLeaf: .max, leavesPerSpine: .max)
}

/// Nodes of one kind.
public struct NodePool: Equatable, Sendable {
    /// What its GPUs are called: `a100-80gb`.
    public let accelerator: String
    /// GPUs on each node.
    public let gpusPerNode: Int
    /// How the nodes hang together.
    public let fabric: Fabric
    /// Free GPUs by node, whatever its condition.
    public private(set) var free: [Int32]
    /// Each node's condition.
    public private(set) var conditions: [NodeCondition]
    /// Free GPUs on nodes that take work.
    public private(set) var freeGPUs: Int
    /// GPUs on nodes that take work, free or not.
    public private(set) var openGPUs: Int
    /// GPUs on nodes that are meant to take work: up, or down until they are repaired.
    public private(set) var serviceGPUs: Int
    /// Nodes that are avoided while others will do (lemons: they fail far more often than their peers).
    private(set) var avoided: NodeSet
    /// The nodes that take work, by how many GPUs they have free.
    private(set) var byFree: [NodeSet]
    /// Completely free nodes that take work, by leaf and by spine.
    private(set) var wholeInLeaf: [Int32]
    private(set) var wholeInSpine: [Int32]

    /// `count` empty nodes that take work.
    public init(accelerator: String, count: Int, gpusPerNode: Int, fabric: Fabric = .flat) {
        precondition(count > 0 && gpusPerNode > 0, "a pool has nodes and a node has GPUs")
        self.accelerator = accelerator
        self.gpusPerNode = gpusPerNode
        self.fabric = Fabric(
            nodesPerLeaf: min(count, fabric.nodesPerLeaf), leavesPerSpine: min(count, fabric.leavesPerSpine))
        free = [Int32](repeating: Int32(gpusPerNode), count: count)
        conditions = [NodeCondition](repeating: .up, count: count)
        freeGPUs = count * gpusPerNode
        openGPUs = freeGPUs
        serviceGPUs = freeGPUs
        avoided = NodeSet(below: count)
        byFree = [NodeSet](repeating: NodeSet(below: count), count: gpusPerNode + 1)
        let leaves = (count - 1) / self.fabric.nodesPerLeaf + 1
        wholeInLeaf = [Int32](repeating: 0, count: leaves)
        wholeInSpine = [Int32](repeating: 0, count: (leaves - 1) / self.fabric.leavesPerSpine + 1)
        for node in 0..<count { addToIndex(node) }
    }

    /// The pool with `more` nodes behind its own, or without its last ones where that is negative; all of them empty.
    /// - Precondition: a node is left.
    public func larger(by more: Int) -> NodePool {
        var pool = NodePool(
            accelerator: accelerator, count: nodeCount + more, gpusPerNode: gpusPerNode, fabric: fabric)
        for node in pool.conditions.indices.prefix(nodeCount) where conditions[node] != .up {
            pool.set(conditions[node], on: node)
        }
        return pool
    }

    /// How many nodes there are.
    public var nodeCount: Int { free.count }

    /// The leaf above `node`.
    func leaf(of node: Int) -> Int { node / fabric.nodesPerLeaf }

    /// Nodes that take work and have exactly `count` GPUs free.
    public func nodes(withFree count: Int) -> Int { byFree[count].count }

    /// How far apart two nodes are.
    func distance(_ a: Int, _ b: Int) -> TopologyLevel {
        if a == b { return .node }
        let (here, there) = (leaf(of: a), leaf(of: b))
        if here == there { return .leaf }
        return here / fabric.leavesPerSpine == there / fabric.leavesPerSpine ? .spine : .pool
    }

    /// How far apart the nodes of `placement` are.
    public func span(of placement: Placement) -> TopologyLevel {
        let first = Int(placement.first.node)
        return placement.rest.reduce(.node) { max($0, distance(first, Int($1.node))) }
    }

    /// GPUs of `placement` that take work again when they are given back.
    func openGPUs(of placement: Placement) -> Int {
        func open(_ share: NodeShare) -> Int { conditions[Int(share.node)] == .up ? Int(share.gpus) : 0 }
        return placement.rest.reduce(open(placement.first)) { $0 + open($1) }
    }

    // MARK: - Changes

    /// Takes the GPUs of `placement`.
    mutating func take(_ placement: Placement) {
        change(placement.first, by: -1)
        for share in placement.rest { change(share, by: -1) }
    }

    /// Gives the GPUs of `placement` back.
    mutating func giveBack(_ placement: Placement) {
        change(placement.first, by: 1)
        for share in placement.rest { change(share, by: 1) }
    }

    private mutating func change(_ share: NodeShare, by sign: Int32) {
        let node = Int(share.node)
        let after = free[node] + sign * share.gpus
        precondition(after >= 0 && after <= gpusPerNode, "node \(node) would have \(after) GPUs free")
        let isOpen = conditions[node] == .up
        if isOpen { removeFromIndex(node) }
        free[node] = after
        if isOpen {
            addToIndex(node)
            freeGPUs += Int(sign * share.gpus)
        }
    }

    /// Changes the condition of `node`. What runs there is the caller's to end or to leave.
    public mutating func set(_ condition: NodeCondition, on node: Int) {
        if conditions[node] == .up {
            removeFromIndex(node)
            freeGPUs -= Int(free[node])
            openGPUs -= gpusPerNode
        }
        serviceGPUs += (isInService(condition) ? gpusPerNode : 0) - (isInService(conditions[node]) ? gpusPerNode : 0)
        conditions[node] = condition
        if condition == .up {
            addToIndex(node)
            freeGPUs += Int(free[node])
            openGPUs += gpusPerNode
        }
    }

    private func isInService(_ condition: NodeCondition) -> Bool { condition == .up || condition == .down }

    /// Says whether `node` is avoided while others will do.
    public mutating func setAvoided(_ isAvoided: Bool, node: Int) {
        guard avoided.contains(node) != isAvoided else { return }
        if isAvoided { avoided.insert(node) } else { avoided.remove(node) }
    }

    private mutating func addToIndex(_ node: Int) {
        let count = Int(free[node])
        byFree[count].insert(node)
        guard count == gpusPerNode else { return }
        wholeInLeaf[leaf(of: node)] += 1
        wholeInSpine[leaf(of: node) / fabric.leavesPerSpine] += 1
    }

    private mutating func removeFromIndex(_ node: Int) {
        let count = Int(free[node])
        byFree[count].remove(node)
        guard count == gpusPerNode else { return }
        wholeInLeaf[leaf(of: node)] -= 1
        wholeInSpine[leaf(of: node) / fabric.leavesPerSpine] -= 1
    }
}
