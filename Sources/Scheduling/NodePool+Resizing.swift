// Where a gang stands that is given another size while it runs: a smaller one on a part of what it has, a larger one on all
// of it and more. What it keeps it need not be moved from, so a resize costs live jobs a step at most. Refuses to move
// anybody; who is placed anew is stopped first.

extension Placement {
    /// This gang on `gpus` of its GPUs: nodes are left whole, those first of which it has the least, and of equals the last.
    /// - Precondition: it has more than `gpus`, and keeps one.
    func shrunk(to gpus: Int) -> Placement {
        var kept = shares
        var surplus = Int32(self.gpus - gpus)
        while surplus > 0, let least = kept.indices.reversed().min(by: { kept[$0].gpus < kept[$1].gpus }) {
            if kept[least].gpus <= surplus {
                surplus -= kept.remove(at: least).gpus
            } else {
                kept[least].gpus -= surplus
                surplus = 0
            }
        }
        return Placement(pool: pool, first: kept[0], rest: Array(kept.dropFirst()))
    }
}

extension NodePool {
    /// `old`, which stands here, on `gpus` GPUs: on what it has, then on what is free on its nodes, then on completely free
    /// nodes and on one for the remainder, the nearest that there are. Nil where that is not free, or not near enough.
    func grown(_ old: Placement, to gpus: Int, demand: TopologyDemand) -> Placement? {
        var missing = Int32(gpus - old.gpus)
        guard missing <= freeGPUs else { return nil }
        var shares = old.shares
        for index in shares.indices where missing > 0 && conditions[Int(shares[index].node)] == .up {
            let more = min(free[Int(shares[index].node)], missing)
            shares[index].gpus += more
            missing -= more
        }
        while missing > 0 {
            guard let node = nearest(missing, to: Int(old.first.node), beside: shares, demand: demand) else {
                return nil
            }
            let share = NodeShare(node: node, gpus: min(gpusPerNode, Int(missing)))
            shares.append(share)
            missing -= share.gpus
        }
        // Ranks follow the topology.
        if shares.count > old.rest.count + 1 { shares.sort { $0.node < $1.node } }
        return Placement(pool: old.pool, first: shares[0], rest: Array(shares.dropFirst()))
    }

    /// The nearest node to `home` that has `missing` GPUs free, or all of its own where more are missing; of those the one
    /// with the fewest, avoided ones last.
    private func nearest(_ missing: Int32, to home: Int, beside own: [NodeShare], demand: TopologyDemand) -> Int? {
        let leaf = leaf(of: home)
        let spine = leaf / fabric.leavesPerSpine
        let nodesPerSpine = fabric.nodesPerLeaf * fabric.leavesPerSpine
        let parts: [(Range<Int>, TopologyLevel)] = [
            (leaf * fabric.nodesPerLeaf..<min(nodeCount, (leaf + 1) * fabric.nodesPerLeaf), .leaf),
            (spine * nodesPerSpine..<min(nodeCount, (spine + 1) * nodesPerSpine), .spine), (0..<nodeCount, .pool),
        ]
        for (range, level) in parts {
            if case .required(let limit) = demand, level > limit { return nil }
            var lemon: Int?
            for count in min(gpusPerNode, Int(missing))...gpusPerNode {
                var next = byFree[count].first(from: range.lowerBound)
                while let node = next, node < range.upperBound {
                    if !own.contains(where: { Int($0.node) == node }) {
                        if avoided.count == 0 || !avoided.contains(node) { return node }
                        lemon = lemon ?? node
                    }
                    next = byFree[count].first(from: node + 1)
                }
            }
            if let lemon { return lemon }
        }
        return nil
    }
}
