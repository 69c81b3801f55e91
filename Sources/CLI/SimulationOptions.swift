// What `simulate` and `sweep` have in common: a job, a cluster, a history of failures, and what becomes of them. Refuses
// to run anything.

import ArgumentParser
import Failures
import Foundation
import Hardware
import Jobs
import Primitives
import Reports
import Simulation
import SpecFiles

/// A job on a cluster, and what is assumed of it.
struct SimulationOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("The job file.", valueName: "job.yaml"))
    var job: String

    @Option(name: .long, help: ArgumentHelp("The cluster file.", valueName: "cluster.yaml"))
    var cluster: String

    @Option(name: .long, help: ArgumentHelp("Names the run's chance.", valueName: "seed"))
    var seed: UInt64 = 1

    @Option(name: .long, help: ArgumentHelp("End the run at this time, like 33d.", valueName: "time"))
    var until: TimeSpan?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Live through this history of failures, in place of the cluster file's.", valueName: "history.csv"))
    var script: String?

    @Flag(name: .customLong("no-random-failures"), help: "Break nothing but what the history says.")
    var noRandomFailures = false

    @Option(name: .long, help: ArgumentHelp("A step's time, instead of the cluster's rate.", valueName: "time"))
    var stepTime: TimeSpan?

    @OptionGroup var constants: ConstantsOption

    @Option(
        name: .customShort("s"), help: ArgumentHelp("Set a value of the job, like nnodes=16.", valueName: "key=value"))
    var overrides: [String] = []

    /// The arguments that make the same again, but for the seed.
    var commandLine: String {
        var words = [job, "--cluster", cluster]
        if let until { words += ["--until", "\(until.nanoseconds)ns"] }
        if let script { words += ["--script", script] }
        if noRandomFailures { words.append("--no-random-failures") }
        if let stepTime { words += ["--step-time", "\(stepTime.nanoseconds)ns"] }
        if let path = constants.path { words += ["--constants", path] }
        for override in overrides { words += ["-s", override] }
        return words.joined(separator: " ")
    }

    /// The files, read.
    func read() throws -> SimulationInput {
        do {
            let read = try SpecReader.job(path: job, overrides: overrides)
            let found = try SpecReader.cluster(path: cluster)
            return SimulationInput(
                options: self, job: read, cluster: found, step: try modelledStep(read, found),
                script: try readScript(named: found.failureScript),
                jobText: try String(contentsOfFile: job, encoding: .utf8),
                clusterText: try String(contentsOfFile: cluster, encoding: .utf8))
        } catch let errors as SpecFileErrors {
            warn(errors.rendered(color: Terminal.style(2, noColor: false).isOn))
            throw Failure(.invalidSpec, errors.summary)
        }
    }

    /// A step's time as it is given, or as the model has it with constants that are given; nil where neither is.
    private func modelledStep(_ read: ReadJob, _ cluster: Cluster) throws -> TimeSpan? {
        if let stepTime { return stepTime }
        guard constants.path != nil else { return nil }
        let machine = try modelled(cluster, read.spec)
        let chosen = try constants.choose(software: read.spec.software, for: machine)
        return .seconds(Hardware.stepTime(read.spec.workload, on: machine, chosen.constants).total)
    }

    /// The history that is named here, else the one that the cluster file names, beside it.
    private func readScript(named beside: String?) throws -> FailureScript {
        let folder = cluster.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        let path = script ?? beside.map { folder.isEmpty || $0.hasPrefix("/") ? $0 : "\(folder)/\($0)" }
        return try path.map(readFailureScript) ?? FailureScript([])
    }
}

/// The history of failures in the file at `path`.
func readFailureScript(_ path: String) throws -> FailureScript {
    do { return try FailureScript(csv: String(contentsOfFile: path, encoding: .utf8)) } catch let error
        as FailureScript.Malformed
    {
        throw Failure(.invalidSpec, "\(path): \(error)")
    } catch { throw Failure(.failed, "\(path) cannot be read: \(error.localizedDescription)") }
}

/// What a simulation starts from, read and checked.
struct SimulationInput {
    var options: SimulationOptions
    var job: ReadJob
    var cluster: Cluster
    /// A step's time, where it is known better than from the cluster's rate.
    var step: TimeSpan?
    var script: FailureScript
    var jobText: String
    var clusterText: String

    /// The life that `seed` names.
    func scenario(seed: UInt64) throws -> Scenario {
        do {
            return try Scenario(
                job: job.spec, cluster: cluster, seed: seed, script: script,
                hasRandomFailures: !options.noRandomFailures, step: step, until: options.until)
        } catch { throw Failure(.infeasible, "\(error)") }
    }

    /// Where a step's time is from, and what `plan` says of it if that is something else.
    var stepSource: String {
        if step != nil { return "as --step-time or --constants have it" }
        guard let rate = Scenario.sustainedRate(of: job.spec, on: cluster) else { return "as plan has it" }
        var source = "by the \(compact(rate / 1e12)) TFLOP/s that the cluster's file gives"
        if let machine = try? modelled(cluster, job.spec),
            let chosen = try? options.constants.choose(software: job.spec.software, for: machine)
        {
            let model = Hardware.stepTime(job.spec.workload, on: machine, chosen.constants).total
            source += "; plan's model says \(TimeSpan.seconds(model))"
        }
        return source
    }

    /// Nodes that are paid for: the gang's and the spares.
    var paidNodes: Int { job.spec.nodes + cluster.spares.count }
    /// US dollars for `span` on all nodes that are paid for.
    func dollars(_ span: TimeSpan) -> Double {
        span.seconds / 3_600 * cluster.dollarsPerHour(of: paidNodes)
    }
}
