// A job and a cluster put together: the estimate, the layouts beside it, what to say about it. Refuses to print.

import Hardware
import Jobs
import Reports
import SpecFiles

/// What is to be said of a job on a cluster.
struct Plan {
    let job: JobSpec
    let cluster: Cluster
    let warnings: [String]
    let software: String
    let estimate: RunEstimate
    /// Other layouts, fastest first; empty unless asked for.
    let ranked: [RunEstimate]
    /// Nodes that the job takes.
    let nodes: Int

    init(
        job read: ReadJob, cluster: Cluster, constants option: ConstantsOption, straggler: Double, searches: Bool
    ) throws {
        job = read.spec
        self.cluster = cluster
        let machine = try modelled(cluster, read.spec)
        let constants: SoftwareConstants
        (software, constants) = try option.choose(software: read.spec.software, for: machine)
        let work = job.workload
        estimate = RunEstimate(work, steps: job.training.steps, on: machine, constants, straggler: straggler)
        nodes = (job.workers + machine.perNode - 1) / machine.perNode
        ranked =
            searches ? rankedLayouts(work, steps: job.training.steps, on: machine, constants, count: 10) : []
        warnings = read.warnings.map(\.message) + Plan.warnings(estimate, cluster, nodes: nodes)
    }

    private static func warnings(_ estimate: RunEstimate, _ cluster: Cluster, nodes: Int) -> [String] {
        var found: [String] = []
        let work = estimate.work
        if work.layout.tensor > (cluster.groups.first?.acceleratorsPerNode ?? 1) {
            found.append("tensor ranks cross nodes: every block waits for the network")
        }
        if estimate.time.bubble > 0.15 * estimate.time.total {
            found.append(
                "the pipeline stands still for \(percent(estimate.time.bubble / estimate.time.total)) of the time: more "
                    + "micro-batches, or pieces of stages (virtual_pipeline_model_parallel_size), would fill it")
        }
        if estimate.fits, estimate.memory.total > 0.92 * estimate.capacity {
            found.append("memory is used to \(percent(estimate.memory.total / estimate.capacity))")
        }
        return found
    }

    /// What is missing, with what would help; nil when the job can run there.
    var shortage: String? {
        let there = cluster.nodes.count
        if nodes > there {
            return "\(job.name) takes \(nodes) nodes and \(cluster.name) has \(there); "
                + "use at most \(there * (cluster.groups.first?.acceleratorsPerNode ?? 1)) accelerators"
        }
        guard !estimate.fits else { return nil }
        let over = (estimate.memory.total - estimate.capacity) / 1e9
        return "\(job.name) does not fit: the fullest accelerator needs \(fixed(estimate.memory.total / 1e9, 1)) GB of "
            + "\(fixed(estimate.capacity / 1e9, 1)) GB, \(fixed(over, 1)) GB too much; what helps: \(helps.joined(separator: ", "))"
    }

    /// Changes of the layout that make room, each tried.
    private var helps: [String] {
        let layout = job.layout
        var candidates: [(String, Workload)] = []
        func add(_ text: String, _ change: (inout Workload) -> Void) {
            var work = estimate.work
            change(&work)
            candidates.append((text, work))
        }
        if estimate.work.microBatch > 1 { add("micro_batch_size 1") { $0.microBatch = 1 } }
        if layout.tensor > 1, !layout.sequenceParallel {
            add("sequence_parallel") { $0.layout.sequenceParallel = true }
        }
        for (text, value) in [("selective", Recomputation.selective), ("full", .full)]
        where layout.recomputation != value {
            add("recompute_granularity \(text)") { $0.layout.recomputation = value }
        }
        for stage in 1...3 where stage > layout.zeroStage { add("zero_stage \(stage)") { $0.layout.zeroStage = stage } }
        for factor in [2, 4, 8] where job.workers % (layout.modelRanks * factor) == 0 {
            add("pipeline_model_parallel_size \(layout.pipeline * factor)") { $0.layout.pipeline *= factor }
        }
        let working = candidates.filter { memoryUse($0.1).total <= estimate.capacity }.map(\.0)
        return working.isEmpty
            ? ["more accelerators for each copy of the model; --search tries all"] : Array(working.prefix(4))
    }

    /// US dollars for `seconds` of the job's nodes and of so many spares.
    func dollars(_ seconds: Double, spares: Int) -> Double {
        cluster.dollarsPerHour(of: nodes + spares) * seconds / 3_600
    }

    /// Megawatt-hours of the job's nodes in `seconds`; nil where the cluster file gives no power.
    func megawattHours(_ seconds: Double) -> Double? {
        cluster.watts(of: nodes).map { $0 * seconds / 3.6e9 }
    }

    /// Seconds that writing a checkpoint takes; nil where the cluster file gives no storage.
    var checkpointSeconds: Double? { cluster.storage.map { estimate.checkpointBytes / $0.write } }
}
