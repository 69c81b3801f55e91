// How a trace is replayed: on what, by which policy, with which failures. Refuses to read files.

import Primitives
import Scheduling

/// Everything about a replay but the trace.
public struct ReplayOptions: Sendable {
    /// What decides.
    public var policy: Policy
    /// The cluster, empty.
    public var pools: [NodePool]
    /// The teams of the trace by index, with their shares and quotas; unlimited equals when empty.
    public var teams: [Team] = []
    /// Where gangs are looked a place for.
    public var rule = PlacementRule.nearest
    /// What stopping costs.
    public var costs = ResumeCost(
        restore: [(1, .seconds(7 as Int64)), (8, .seconds(30 as Int64)), (.max, .seconds(60 as Int64))],
        save: .seconds(10 as Int64),
        interval: .seconds(1_800 as Int64))
    /// What distance costs.
    public var slowdown = PlacementSlowdown.none
    /// Added to the run of every job between its start and its end: the tick that a simulator with ticks needs to see
    /// that nothing is left.
    public var endDelay = TimeSpan.zero
    /// What fails; nil for nothing.
    public var failures: ReplayFailures?
    /// Whether nodes that failed far more often than their peers are avoided while others will do.
    public var avoidsLemons = false
    /// Whether the scheduler is told the users' estimates where the trace has them, rather than the truth.
    public var trustsEstimates = false
    /// The fewest and the most GPUs a job can use, as factors on what it asks for; nil where it can use no others.
    public var elasticity: ClosedRange<Double>?
    /// Deadlines, as submission plus this many times the run time; nil for none.
    public var deadlineFactor: Double?
    /// Whether `samples` and `stretches` are kept.
    public var keepsHistory = false

    /// A replay under `policy` on `pools`.
    public init(policy: Policy, pools: [NodePool]) {
        self.policy = policy
        self.pools = pools
    }

    /// The replay whose every job starts and ends when it does in HeliosArtifact's simulator: its placement, its costs,
    /// and a second more for policies that stop jobs.
    public static func helios(policy: Policy, pools: [NodePool]) -> ReplayOptions {
        var options = ReplayOptions(policy: policy, pools: pools)
        options.rule = .lowestIndex
        options.costs = .helios
        options.endDelay = policy.preemption == .byRank ? .seconds(1 as Int64) : .zero
        return options
    }

    /// The same on `nodes` nodes of 8 GPUs.
    public static func helios(policy: Policy, nodes: Int) -> ReplayOptions {
        helios(policy: policy, pools: [NodePool(accelerator: "gpu", count: nodes, gpusPerNode: 8)])
    }
}
