// What distance costs a gang, from the step-time model: the same iteration with the data ranks' exchange below one leaf,
// above it and above the spine, where links carry less than what enters them. Refuses congestion by other jobs.

import Hardware
import Jobs

extension PlacementSlowdown {
    /// The cost of distance for `work` on `machine`, whose nodes `network` ties together: how much longer an iteration is
    /// whose collectives cross leaves, and spines, than one below a leaf. Run times are taken to be those below one.
    ///
    /// A gang across leaves gets 1/oversubscription of the bandwidth between nodes, one across spines that of both levels.
    public init(of work: Workload, on machine: Machine, _ constants: SoftwareConstants, network: [NetworkLevel]) {
        var near = machine
        near.nodesPerLeaf = 0
        let base = stepTime(work, on: near, constants).total
        func factor(_ oversubscription: Double) -> Double {
            var far = machine
            far.nodesPerLeaf = 1
            far.oversubscription = oversubscription
            return max(1, stepTime(work, on: far, constants).total / base)
        }
        let levels = network.switches
        let leaf = levels.first?.oversubscription ?? 1
        let spine = levels.dropFirst().first?.oversubscription ?? 1
        self.init(leaf: 1, spine: factor(leaf), pool: factor(leaf * spine))
    }
}

extension Fabric {
    /// The leaves and spines of `network`; flat where it names no level of a number of nodes.
    public init(_ network: [NetworkLevel]) {
        let sizes = network.switches.map(\.nodes)
        let leaf = sizes.first ?? .max
        self.init(nodesPerLeaf: leaf, leavesPerSpine: sizes.count > 1 ? max(1, sizes[1] / leaf) : .max)
    }
}

extension [NetworkLevel] {
    /// The levels above the nodes that hold a number of them, from the inside out.
    fileprivate var switches: [(nodes: Int, oversubscription: Double)] {
        compactMap { level -> (nodes: Int, oversubscription: Double)? in
            if case .nodes(let count) = level.scope, count > 0 { (count, level.oversubscription) } else { nil }
        }.sorted { $0.nodes < $1.nodes }
    }
}
