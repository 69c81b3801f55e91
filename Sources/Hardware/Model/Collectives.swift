// How long collectives take on the links that their ranks really share. Ranks are laid out tensor first, then context,
// data and pipeline, as Megatron does, so a group's place follows from its degree and its stride. Refuses latency below
// what a ring's steps add up to, and congestion by other jobs.

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

    /// Seconds of one step of a ring before data flow: what NCCL's own tests show for small messages.
    private func latency(_ machine: Machine) -> Double { isInNode(machine) ? 5e-6 : 10e-6 }

    /// Seconds to sum `bytes` over the group, everyone getting the result: a ring moves 2(n-1)/n of them.
    func allReduce(_ bytes: Double, _ machine: Machine, _ constants: SoftwareConstants) -> Double {
        2 * gather(bytes, machine, constants)
    }

    /// Seconds to gather `bytes` from shares, or to sum and scatter them: a ring moves (n-1)/n of them.
    func gather(_ bytes: Double, _ machine: Machine, _ constants: SoftwareConstants) -> Double {
        guard size > 1 else { return 0 }
        let steps = Double(size - 1)
        return steps / Double(size) * bytes / busBandwidth(machine, constants) + steps * latency(machine)
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
