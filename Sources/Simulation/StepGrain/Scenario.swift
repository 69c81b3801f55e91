// Everything a simulated run follows from, as one value: equal scenarios have equal journals, byte for byte. Refuses
// files; the command line reads those.

import ControlPlane
import Failures
import Primitives

/// A run to be simulated at the grain of steps; a worker is a node.
public struct Scenario: Equatable, Sendable {
    /// The run's name.
    public var run: RunID
    /// The numbers of its job; `workers` are nodes.
    public var plan: RunPlan
    /// What its steps cost.
    public var cost: StepCost
    /// What its loss looks like.
    public var loss: LossCurve
    /// The nodes by number: the gang's first, then the spares.
    public var nodes: [NodeID]
    /// From the detection of a loss until a spare has taken the place.
    public var swapIn: TimeSpan
    /// What breaks by chance; nil for nothing.
    public var failures: FailureModel?
    /// What breaks as it once did.
    public var script: FailureScript
    /// Names the run's chance.
    public var seed: UInt64
    /// When a user ends the run if it has not ended by itself.
    public var horizon: Instant
    /// Points of the loss curve that the journal holds, about.
    public var curvePoints: Int

    /// A scenario from its parts.
    /// - Precondition: there are nodes for a whole gang, and their names are words.
    public init(
        run: RunID, plan: RunPlan, cost: StepCost, loss: LossCurve, nodes: [NodeID], swapIn: TimeSpan,
        failures: FailureModel?, script: FailureScript = FailureScript([]), seed: UInt64, horizon: Instant,
        curvePoints: Int = 2_000
    ) {
        precondition(nodes.count >= plan.workers && nodes.allSatisfy(\.isWord), "a scenario lacks nodes")
        self.run = run
        self.plan = plan
        self.cost = cost
        self.loss = loss
        self.nodes = nodes
        self.swapIn = swapIn
        self.failures = failures
        self.script = script
        self.seed = seed
        self.horizon = horizon
        self.curvePoints = curvePoints
    }

    /// How long the steps take when nothing breaks and nothing is saved.
    public var idealTime: TimeSpan { cost.step * Int64(plan.steps) }

    /// What breaks in the life named by the seed, by chance and by script, in order of time.
    func breakdowns() -> [Breakdown] {
        let random = failures?.breakdowns(seed: seed, before: horizon) ?? []
        guard !script.breakdowns.isEmpty else { return random }
        let all = script.breakdowns + random
        return all.indices.sorted { (all[$0].at, $0) < (all[$1].at, $1) }.map { all[$0] }
    }
}

extension Scenario {
    /// The same run under another seed.
    public func life(seed: UInt64) -> Scenario {
        var other = self
        other.seed = seed
        other.loss.seed = seed
        return other
    }
}
