// The rules of placement: all of a gang or nothing; inside a node where the fewest GPUs are left over; whole nodes for
// what is larger, in as small a part of the network as holds them. Two rules differ in where they look for nodes:
// `nearest` by leaf and spine, `lowestIndex` as the simulators that are compared with. Refuses to wait or to preempt.

/// Where a pool looks for a gang's nodes.
public enum PlacementRule: Equatable, Sendable {
    /// In the fullest leaf that holds the gang, else the fullest spine, else anywhere; a remainder of less than a node
    /// goes where the fewest GPUs are left over.
    case nearest
    /// The lowest indices; a remainder goes to the node with the most free GPUs (HeliosArtifact's "consolidate").
    case lowestIndex
}

extension NodePool {
    /// Where a gang of `gpus` could stand now, in rank order; nil when it does not fit.
    ///
    /// A gang of at most a node's GPUs stands on one node: that with the fewest free GPUs that suffice, the lowest index
    /// of equals. A larger one takes completely free nodes and one share for the remainder.
    func place(gpus: Int, demand: TopologyDemand, rule: PlacementRule, pool: Int) -> Placement? {
        guard gpus <= freeGPUs else { return nil }
        if gpus <= gpusPerNode {
            return bestNode(for: gpus).map { Placement(pool: pool, first: NodeShare(node: $0, gpus: gpus)) }
        }
        if demand == .required(.node) { return nil }
        let whole = gpus / gpusPerNode
        let remainder = gpus % gpusPerNode
        guard canHold(whole: whole, remainder: remainder) else { return nil }
        let nodes: [Int]
        switch rule {
        case .lowestIndex: nodes = firstWhole(whole)
        case .nearest:
            guard let near = nearestWhole(whole, remainder: remainder, demand: demand) else { return nil }
            nodes = near
        }
        var shares = nodes.map { NodeShare(node: $0, gpus: gpusPerNode) }
        if remainder > 0 {
            guard let node = nodeForRemainder(remainder, beside: nodes, demand: demand, rule: rule) else { return nil }
            shares.append(NodeShare(node: node, gpus: remainder))
        }
        // Ranks follow the topology, so that neighbours in the gang are neighbours in the network.
        if rule == .nearest { shares.sort { $0.node < $1.node } }
        return Placement(pool: pool, first: shares[0], rest: Array(shares.dropFirst()))
    }

    /// Whether `gpus` can be placed somewhere when nearness does not matter.
    func canHold(gpus: Int) -> Bool {
        guard gpus <= freeGPUs else { return false }
        if gpus > gpusPerNode { return canHold(whole: gpus / gpusPerNode, remainder: gpus % gpusPerNode) }
        return (gpus...gpusPerNode).contains { byFree[$0].count > 0 }
    }

    /// The largest gang that fits now when nearness does not matter, in GPUs.
    var largestGang: Int {
        let whole = byFree[gpusPerNode].count * gpusPerNode
        return whole + (stride(from: gpusPerNode - 1, to: 0, by: -1).first { byFree[$0].count > 0 } ?? 0)
    }

    private func canHold(whole: Int, remainder: Int) -> Bool {
        guard byFree[gpusPerNode].count >= whole else { return false }
        guard remainder > 0 else { return true }
        return byFree[gpusPerNode].count > whole || (remainder..<gpusPerNode).contains { byFree[$0].count > 0 }
    }

    /// The node with the fewest free GPUs that are at least `gpus`; one that is not avoided if there is any.
    private func bestNode(for gpus: Int) -> Int? {
        var lemon: Int?
        for count in gpus...gpusPerNode {
            var next = byFree[count].first()
            while let node = next {
                if avoided.count == 0 || !avoided.contains(node) { return node }
                lemon = lemon ?? node
                next = byFree[count].first(from: node + 1)
            }
        }
        return lemon
    }

    /// The `count` completely free nodes of lowest index, avoided ones last.
    private func firstWhole(_ count: Int, in range: Range<Int>? = nil) -> [Int] {
        var nodes: [Int] = []
        nodes.reserveCapacity(count + 1)
        var lemons: [Int] = []
        let whole = byFree[gpusPerNode]
        var next = whole.first(from: range?.lowerBound ?? 0)
        while let node = next, nodes.count < count, node < range?.upperBound ?? .max {
            if avoided.count > 0, avoided.contains(node) { lemons.append(node) } else { nodes.append(node) }
            next = whole.first(from: node + 1)
        }
        return nodes.count < count ? nodes + lemons.prefix(count - nodes.count) : nodes
    }

    // MARK: - By the network

    private func nodes(ofLeaf leaf: Int) -> Range<Int> {
        leaf * fabric.nodesPerLeaf..<min(nodeCount, (leaf + 1) * fabric.nodesPerLeaf)
    }

    /// The index of the least count that is at least `wanted`: the part of the network that is left fullest.
    private func tightest(_ counts: [Int32], atLeast wanted: Int) -> Int? {
        var best: (index: Int, count: Int32)?
        for (index, count) in counts.enumerated() where count >= wanted && count < best?.count ?? .max {
            best = (index, count)
        }
        return best?.index
    }

    private func nearestWhole(_ whole: Int, remainder: Int, demand: TopologyDemand) -> [Int]? {
        let nodesWanted = whole + (remainder > 0 ? 1 : 0)
        // A remainder may stand on a node that is partly free, so a part of the network is first asked for one node
        // more than whole ones are needed, and then for exactly those.
        for wanted in nodesWanted == whole ? [whole] : [nodesWanted, whole] {
            if let leaf = tightest(wholeInLeaf, atLeast: wanted) {
                let range = nodes(ofLeaf: leaf)
                let found = firstWhole(whole, in: range)
                if wanted == nodesWanted || hasPart(remainder, in: range) { return found }
            }
        }
        if demand == .required(.leaf) { return nil }
        if let spine = tightest(wholeInSpine, atLeast: nodesWanted) { return fewestLeaves(whole, ofSpine: spine) }
        if demand == .required(.spine) { return nil }
        // Spines with the most room first, so that the gang is cut into few parts.
        var nodes: [Int] = []
        for spine in wholeInSpine.indices.sorted(by: { wholeInSpine[$0] > wholeInSpine[$1] }) {
            let missing = whole - nodes.count
            guard missing > 0 else { break }
            nodes += fewestLeaves(min(missing, Int(wholeInSpine[spine])), ofSpine: spine)
        }
        return nodes
    }

    /// `count` completely free nodes of `spine`, the leaves with the most of them first; the last leaf is the one that
    /// just suffices.
    private func fewestLeaves(_ count: Int, ofSpine spine: Int) -> [Int] {
        let first = spine * fabric.leavesPerSpine
        let leaves = first..<min(wholeInLeaf.count, first + fabric.leavesPerSpine)
        var byRoom = leaves.sorted { wholeInLeaf[$0] > wholeInLeaf[$1] }[...]
        var nodes: [Int] = []
        while nodes.count < count, let roomiest = byRoom.first {
            let missing = count - nodes.count
            if wholeInLeaf[roomiest] >= missing {
                let last = byRoom.last { wholeInLeaf[$0] >= missing } ?? roomiest
                nodes += firstWhole(missing, in: self.nodes(ofLeaf: last))
            } else {
                nodes += firstWhole(Int(wholeInLeaf[roomiest]), in: self.nodes(ofLeaf: roomiest))
                byRoom = byRoom.dropFirst()
            }
        }
        return nodes
    }

    private func hasPart(_ gpus: Int, in range: Range<Int>) -> Bool {
        (gpus..<gpusPerNode).contains { count in
            byFree[count].first(from: range.lowerBound).map { $0 < range.upperBound } ?? false
        }
    }

    private func nodeForRemainder(
        _ gpus: Int, beside nodes: [Int], demand: TopologyDemand, rule: PlacementRule
    ) -> Int? {
        func free(_ count: Int, from start: Int, below end: Int) -> Int? {
            var next = byFree[count].first(from: start)
            // Only among completely free nodes can there be some that the gang has taken already.
            while let node = next, node < end, count == gpusPerNode, nodes.contains(node) {
                next = byFree[count].first(from: node + 1)
            }
            return next.flatMap { $0 < end ? $0 : nil }
        }
        if rule == .lowestIndex {
            return stride(from: gpusPerNode, through: gpus, by: -1).lazy.compactMap { free($0, from: 0, below: .max) }
                .first
        }
        let home = leaf(of: nodes.last ?? 0)
        let spine = home / fabric.leavesPerSpine
        let spineStart = spine * fabric.leavesPerSpine * fabric.nodesPerLeaf
        let near: [(Range<Int>, TopologyLevel)] = [
            (self.nodes(ofLeaf: home), .leaf),
            (spineStart..<min(nodeCount, spineStart + fabric.leavesPerSpine * fabric.nodesPerLeaf), .spine),
            (0..<nodeCount, .pool),
        ]
        for (range, level) in near {
            if case .required(let limit) = demand, level > limit { return nil }
            for count in gpus...gpusPerNode {
                if let node = free(count, from: range.lowerBound, below: range.upperBound) { return node }
            }
        }
        return nil
    }
}
