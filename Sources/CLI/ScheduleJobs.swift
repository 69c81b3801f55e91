// What `understudy schedule` asks of a trace's jobs beyond what the trace says: which part of it is replayed, deadlines,
// ranges, nearness and what distance costs. Refuses to read traces.

import ArgumentParser
import Hardware
import Primitives
import Replay
import Scheduling
import SpecFiles

/// The trace's jobs, as they are to be replayed.
struct ScheduleJobs: ParsableArguments {
    @Option(help: ArgumentHelp("Leave out jobs submitted before this time of the trace.", valueName: "time"))
    var from: TimeSpan?

    @Option(help: ArgumentHelp("Leave out jobs submitted at this time of the trace or later.", valueName: "time"))
    var until: TimeSpan?

    @Option(help: ArgumentHelp("Deadlines, as so many run times after submission.", valueName: "factor"))
    var deadlineFactor: Double?

    @Option(
        help: ArgumentHelp(
            "The least and the most GPUs jobs can use, as factors on what they ask for: 0.5-2.", valueName: "range"))
    var elastic: String?

    @Option(
        help: ArgumentHelp(
            "Require every gang larger than a node to lie within one such part of the network: leaf, spine.",
            valueName: "level"))
    var require: String?

    @Option(
        help: ArgumentHelp(
            "Charge distance what the step-time model says for the job in this file; needs --cluster.",
            valueName: "file"))
    var distanceCost: String?

    @OptionGroup var constants: ConstantsOption

    @Flag(help: "Tell the scheduler the users' estimates instead of the true run times.")
    var estimates = false

    func validate() throws {
        if elastic != nil, factors == nil {
            throw ValidationError("--elastic is a range of factors around 1, for example 0.5-2")
        }
        guard require.map({ $0 == "leaf" || $0 == "spine" }) ?? true else {
            throw ValidationError("--require is leaf or spine")
        }
        guard deadlineFactor.map({ $0 > 0 && $0 < 1e6 }) ?? true else {
            throw ValidationError("--deadline-factor is above 0")
        }
    }

    /// `--elastic` as factors; nil when it is none.
    private var factors: ClosedRange<Double>? {
        let parts = (elastic ?? "").split(separator: "-").compactMap { Double($0) }
        guard parts.count == 2, parts[0] > 0, parts[0] <= 1, parts[1] >= 1, parts[1] <= 1_000 else { return nil }
        return parts[0]...parts[1]
    }

    /// The part of `trace` that is replayed, with what is asked of its jobs, on nodes of `gpusPerNode`.
    func applied(to trace: Trace, gpusPerNode: Int) -> Trace {
        var trace = trace
        if from != nil || until != nil {
            let low = Instant.zero + (from ?? .zero)
            trace = trace.submitted(
                in: low..<max(low, until.map { Instant.zero + $0 } ?? Instant(nanoseconds: .max)))
        }
        guard let require, let demand = TopologyDemand(named: require) else { return trace }
        return trace.changing { if $0.gpus > gpusPerNode { $0.demand = demand } }
    }

    /// Says the rest in the words of a replay.
    func apply(to options: inout ReplayOptions) {
        options.trustsEstimates = estimates
        options.deadlineFactor = deadlineFactor
        options.elasticity = factors
    }

    /// What distance costs on `cluster`.
    /// - Throws: `Failure` when the job or the cluster cannot be modelled.
    func slowdown(on cluster: ScheduleCluster.Resolved) throws -> PlacementSlowdown {
        guard let distanceCost else { return .none }
        guard let file = cluster.file else { throw Failure(.invalidSpec, "--distance-cost needs --cluster") }
        let job = try readSpec(false) { () throws(SpecFileErrors) in try SpecReader.job(path: distanceCost) }
        let machine = try modelled(file, job.spec)
        let chosen = try constants.choose(software: job.spec.software, for: machine)
        return PlacementSlowdown(of: job.spec.workload, on: machine, chosen.constants, network: file.network)
    }
}
