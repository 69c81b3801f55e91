// A scenario from a job and a cluster as their files describe them. The step's time follows from the rate that a run on
// such hardware sustained, where the cluster's file gives one, and from the step-time model where it does not. Refuses
// jobs that the cluster has no room for.

import ControlPlane
import Failures
import Hardware
import Jobs
import Primitives

/// Why a job cannot be simulated on a cluster.
public enum ScenarioError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The cluster has fewer nodes than the gang spans.
    case tooFewNodes(job: String, wanted: Int, cluster: String, there: Int)
    /// Nobody says how fast the accelerators are.
    case noRate(cluster: String, accelerator: String, problem: String)

    /// What is wrong, and what would help.
    public var description: String {
        switch self {
        case .tooFewNodes(let job, let wanted, let cluster, let there):
            "\(job) spans \(wanted) nodes and \(cluster) has \(there); use -s nnodes=\(there) or another cluster"
        case .noRate(let cluster, let accelerator, let problem):
            "\(cluster) does not say how fast a step is: \(problem); give that, or gpus.\(accelerator).sustained in model "
                + "operations a second, or a step's time with --step-time"
        }
    }
}

extension Scenario {
    /// What a step of `job` on `cluster` costs, and what stands around it.
    /// - Parameter step: the time of a step, where it is known better.
    /// - Throws: `ScenarioError.noRate` when neither is known.
    public static func cost(
        of job: JobSpec, on cluster: Cluster, step: TimeSpan? = nil
    ) throws(ScenarioError) -> StepCost {
        let group = cluster.groups[0]
        let parameters = Double(job.model.parameterCount)
        let time = if let step { step } else { try stepTime(of: job, on: cluster, group) }
        let times = cluster.recoveryTimes
        // 16-bit weights and, in 32 bits, weights and both of AdamW's moments.
        return StepCost(
            step: time, snapshot: times.snapshot, write: times.write,
            checkpointSize: ByteCount(Int64(14 * parameters)), regroup: times.regroup, restore: times.restore,
            peerTransfer: times.peerTransfer,  // A measurement is forward only: a third of the work.
            evaluation: .seconds(
                time.seconds * Double(job.training.evaluationMicroBatches) / Double(3 * job.training.microBatches)),
            diurnalSwing: times.diurnalSwing)
    }

    /// The rate in model operations a second and accelerator that the cluster's file gives for `job`'s nodes; nil where it
    /// gives none, or where several groups are taken: the slowest sets the pace, which only the model knows.
    public static func sustainedRate(of job: JobSpec, on cluster: Cluster) -> Double? {
        cluster.groups(of: job.nodes).count == 1 ? cluster.groups[0].accelerator.sustained : nil
    }

    /// By the sustained rate, 6 operations a parameter and token; by the model where none is given.
    private static func stepTime(
        of job: JobSpec, on cluster: Cluster, _ group: NodeGroup
    ) throws(ScenarioError) -> TimeSpan {
        if let sustained = sustainedRate(of: job, on: cluster) {
            let rate = sustained * Double(job.nodes * group.acceleratorsPerNode)
            return .seconds(6 * Double(job.model.parameterCount) * Double(job.tokensPerStep) / rate)
        }
        do throws(UnmodelledCluster) {
            let machine = try cluster.machine(job.precision, nodes: job.nodes)
            let constants =
                job.software.flatMap(SoftwareConstants.named) ?? SoftwareConstants.usual(for: machine).constants
            return .seconds(Hardware.stepTime(job.workload, on: machine, constants).total)
        } catch {
            throw .noRate(cluster: cluster.name, accelerator: group.accelerator.name, problem: error.problem)
        }
    }

    /// The life of `job` on `cluster` that `seed` names.
    ///
    /// Nodes of the cluster beyond the gang and its spares are not used. Formation never times out: nothing hangs here.
    /// - Parameters:
    ///   - step: the time of a step, where it is known better than from the cluster's sustained rate.
    ///   - until: when a user ends the run; nil for when it would have taken five times as long as it should.
    /// - Throws: `ScenarioError` when the cluster cannot take the job.
    public init(
        job: JobSpec, cluster: Cluster, seed: UInt64, script: FailureScript = FailureScript([]),
        hasRandomFailures: Bool = true, step: TimeSpan? = nil, until: TimeSpan? = nil
    ) throws(ScenarioError) {
        let there = cluster.groups.reduce(0) { $0 + $1.nodes.count }
        guard there >= job.nodes, let group = cluster.groups.first else {
            throw .tooFewNodes(job: job.name, wanted: job.nodes, cluster: cluster.name, there: there)
        }
        let cost = try Scenario.cost(of: job, on: cluster, step: step)
        var plan = RunPlan(job)
        plan.workers = job.nodes
        plan.microBatches = max(plan.microBatches, job.nodes)
        let isRandom = hasRandomFailures && !(cluster.failureModes.isEmpty && cluster.maintenance.isEmpty)
        // A smooth curve has nothing to judge.
        if !(script.breakdowns.contains { $0.effect.isSpike }
            || isRandom && cluster.failureModes.contains { $0.effect.isSpike })
        {
            plan.lossSpike = LossSpikeSpec(action: .off)
        }
        plan.stateHashInterval = 0  // A node here is a whole replica's share; nothing in it flips.
        plan.formationLimit = .seconds(Int64(30 * 86_400))
        let names = cluster.nodes.map(\.id)
        let spares = (0..<cluster.spares.count).map { index -> NodeID in
            names.count > job.nodes + index ? names[job.nodes + index] : NodeID("spare-\(index)")
        }
        let nodes = names.prefix(job.nodes) + spares
        let ideal = cost.step * Int64(plan.steps)
        self.init(
            run: RunID("\(job.name)-seed-\(seed)"), plan: plan, cost: cost,
            loss: LossCurve(
                parameters: Double(job.model.parameterCount), tokensPerStep: job.tokensPerStep, seed: seed),
            nodes: Array(nodes), swapIn: cluster.spares.swapIn,
            failures: isRandom
                ? FailureModel(
                    modes: cluster.failureModes, nodes: nodes.count, acceleratorsPerNode: group.acceleratorsPerNode,
                    domains: cluster.failureDomains, lemons: cluster.lemons, maintenance: cluster.maintenance) : nil,
            script: script, seed: seed, horizon: Instant.zero + (until ?? ideal * 5 + .seconds(Int64(86_400))))
    }
}
