// How long collectives take on the links that their ranks really share. Ranks are laid out tensor first, then context,
// data and pipeline, as Megatron does, so a group's place follows from its degree and its stride. Refuses the switch's own
// sums (SHARP), protocols for small messages, and congestion by other jobs.

import Jobs

/// A group of ranks: `size` of them, `stride` accelerators apart.
struct RankGroup {
    var size: Int
    var stride: Int

    /// How many of the group share a node.
    func perNode(_ machine: Machine) -> Int {
        guard stride < machine.perNode else { return 1 }
        return max(1, min(size, machine.perNode / stride))
    }

    /// Whether all of the group share a node.
    func isInNode(_ machine: Machine) -> Bool { size * stride <= machine.perNode }

    /// Bytes a second at which a ring through the group moves data: the node's links inside it; across nodes the
    /// adapters of all members in a node together, because each drives its own ring, and never more than the links
    /// inside. Above a leaf switch the oversubscription counts.
    func busBandwidth(_ machine: Machine, _ constants: SoftwareConstants) -> Double {
        let inside = constants.nodeLinks * machine.nodeBandwidth
        if isInNode(machine) { return inside }
        let nodes = (size * stride + machine.perNode - 1) / machine.perNode
        let crossesLeaves = machine.nodesPerLeaf > 0 && nodes > machine.nodesPerLeaf
        let outside =
            Double(perNode(machine)) * constants.network * machine.networkBandwidth
            / (crossesLeaves ? machine.oversubscription : 1)
        return min(inside, outside)
    }

    /// Seconds to sum `bytes` over the group, everyone getting the result.
    func allReduce(_ bytes: Double, _ machine: Machine, _ constants: SoftwareConstants) -> Double {
        guard size > 1 else { return 0 }
        // A ring's sum is a scatter and a gather; so is a hierarchical one.
        let halves = 2 * gather(bytes, machine, constants)
        switch machine.collectives {
        case .ring, .hierarchical: return halves
        case .tree: return tree(bytes, machine, constants)
        case .automatic: return isInNode(machine) ? halves : min(halves, tree(bytes, machine, constants))
        }
    }

    /// Seconds to gather `bytes` from shares, or to sum and scatter them.
    func gather(_ bytes: Double, _ machine: Machine, _ constants: SoftwareConstants) -> Double {
        guard size > 1 else { return 0 }
        if machine.collectives == .hierarchical, !isInNode(machine), perNode(machine) > 1 {
            return hierarchical(bytes, machine, constants)
        }
        // A ring moves (n-1)/n of them in n-1 steps.
        let steps = Double(size - 1)
        let latency = isInNode(machine) ? RankGroup.hopInside : RankGroup.hopAcross
        return steps / Double(size) * bytes / busBandwidth(machine, constants) + steps * latency
    }

    /// Seconds between a rank's sending and its neighbour's having, before data flow: what NCCL's own tests show for
    /// small messages.
    static let hopInside = 5e-6
    static let hopAcross = 10e-6

    /// Two binary trees over the nodes, each for half of the bytes, and a chain inside every node (Sanders, Speck and
    /// Träff 2009; NCCL 2.4): up and down move all bytes once each way, and the way is log₂ of the nodes long.
    private func tree(_ bytes: Double, _ machine: Machine, _ constants: SoftwareConstants) -> Double {
        let here = perNode(machine)
        let depth = RankGroup.binaryDepth((size + here - 1) / here)
        let way = Double(depth) * RankGroup.hopAcross + Double(here - 1) * RankGroup.hopInside
        return 2 * (bytes / busBandwidth(machine, constants) + way)
    }

    /// Scattered or gathered across the nodes by each local rank for its share, through its own adapter, and inside
    /// the node over its links: two short rings in place of a long one.
    private func hierarchical(_ bytes: Double, _ machine: Machine, _ constants: SoftwareConstants) -> Double {
        let here = perNode(machine)
        var inside = self
        inside.size = here
        var across = RankGroup(size: (size + here - 1) / here, stride: machine.perNode)
        across.stride = max(across.stride, stride)
        return inside.gather(bytes, machine, constants)
            + across.gather(bytes / Double(here), machine, constants)
    }

    /// The levels of a binary tree with `leaves` nodes below its root.
    private static func binaryDepth(_ leaves: Int) -> Int {
        var (depth, reach) = (0, 1)
        while reach < leaves { (depth, reach) = (depth + 1, reach * 2) }
        return depth
    }
}

extension LayoutSpec {
    /// The ranks that share a matrix.
    var tensorGroup: RankGroup { RankGroup(size: tensor, stride: 1) }
    /// The ranks that share a sequence.
    var contextGroup: RankGroup { RankGroup(size: context, stride: tensor) }
    /// The ranks that hold the same shard, `ranks` copies of it.
    func dataGroup(_ ranks: Int) -> RankGroup { RankGroup(size: ranks * context, stride: tensor) }
    /// Accelerators between neighbouring stages.
    func stageStride(_ dataRanks: Int) -> Int { tensor * context * dataRanks }
}
