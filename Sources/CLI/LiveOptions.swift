// What `launch` and `coordinator` have in common: where the run comes from and how it is shown.

import ArgumentParser
import Foundation
import Hardware
import Jobs
import LiveCoordinator
import SpecFiles

/// How a live run is shown.
struct DisplayOptions: ParsableArguments {
    @Option(name: .long, help: ArgumentHelp("Seconds between two lines of progress in a pipe.", valueName: "seconds"))
    var interval = 10.0

    @OptionGroup var output: OutputOptions

    func validate() throws { try Self.check(interval: interval) }

    /// Refuses intervals between two lines of progress, in seconds, that nobody means.
    static func check(interval: Double) throws {
        guard interval > 0, interval <= 86_400 else {
            throw ValidationError("--interval takes more than 0 and at most 86400 seconds")
        }
    }
}

/// Options of the commands that drive a live run.
struct LiveOptions: ParsableArguments {
    @Option(
        name: .customShort("s"),
        help: ArgumentHelp("Set a value of the job, like train.lr=3e-4.", valueName: "key=value"))
    var overrides: [String] = []

    @Flag(name: .customLong("no-inject"), help: "Leave out the faults that the job injects.")
    var noInject = false

    @Flag(name: .customLong("dry-run-policy"), help: "Report what would be done about loss spikes, and do nothing.")
    var dryRunPolicy = false

    @OptionGroup var runs: RunsOption

    @Option(
        name: .customLong("run-id"),
        help: ArgumentHelp("The run's name, instead of the job's with a number.", valueName: "name"))
    var runID: String?

    @OptionGroup var display: DisplayOptions

    /// How the commands print.
    var output: OutputOptions { display.output }

    /// The options that were given, where they say something about a run.
    var given: [String] {
        (overrides.isEmpty ? [] : ["-s"]) + (noInject ? ["--no-inject"] : [])
            + (dryRunPolicy ? ["--dry-run-policy"] : []) + (runID == nil ? [] : ["--run-id"])
            + (output.json ? ["--json"] : [])
    }

    func validate() throws {
        if let runID, runID.isEmpty || runID.hasPrefix(".") || runID.contains("/") {
            throw ValidationError("--run-id takes the name of a folder, not '\(runID)'")
        }
    }

    /// Reads the job file `path` with what the command line sets, and makes nothing.
    func read(job path: String) throws -> JobSpec { try readPapers(job: path, cluster: nil) { _, _ in }.0 }

    /// Makes the run of `job`, or opens the one to resume. `check` may refuse before anything is made.
    func prepare(
        job path: String?, resume: String?, cluster clusterPath: String?,
        check: (JobSpec, Cluster?) throws -> Void
    ) throws -> LiveRun {
        do {
            if let resume {
                return try LiveRun.open(RunArgument.find(resume, in: runs).path)
            }
            let (job, papers) = try readPapers(job: path!, cluster: clusterPath, check: check)
            return try LiveRun.create(job, papers: papers, in: runs.directory, name: runID)
        } catch let error as LiveRunError {
            throw Failure(error.exitStatus, "\(error)\nNothing was started.")
        }
    }

    private var allOverrides: [String] {
        overrides + (noInject ? ["inject=[]"] : [])
            + (dryRunPolicy ? ["fault_tolerance.loss_spike.action=report"] : [])
    }

    private func readPapers(
        job path: String, cluster clusterPath: String?, check: (JobSpec, Cluster?) throws -> Void
    ) throws -> (JobSpec, LiveRun.Papers) {
        do {
            var cluster: Cluster?
            if let clusterPath { cluster = try SpecReader.cluster(path: clusterPath) }
            let read = try SpecReader.job(path: path, overrides: allOverrides)
            for warning in read.warnings {
                warn(warning.rendered(color: Terminal.style(2, noColor: output.noColor).isOn))
            }
            let obstacles = read.spec.obstaclesToLaunch
            guard obstacles.isEmpty else {
                throw Failure(
                    .infeasible,
                    "worker processes cannot train \(read.spec.name): \(obstacles.joined(separator: "; "))\n"
                        + "It can be planned: understudy plan \(path) --cluster clusters/….yaml. Nothing was started.")
            }
            try check(read.spec, cluster)
            let text = try String(contentsOfFile: path, encoding: .utf8)
            let clusterText = try clusterPath.map { try String(contentsOfFile: $0, encoding: .utf8) }
            return (
                read.spec,
                LiveRun.Papers(
                    job: text, cluster: cluster.map { ($0.name, clusterText ?? "", $0.dollarsPerWorkerHour) },
                    resolved: read.resolvedText)
            )
        } catch let errors as SpecFileErrors {
            throw Failure(
                .invalidSpec,
                "\(errors.rendered(color: Terminal.style(2, noColor: output.noColor).isOn))\n\(errors.summary) "
                    + "Nothing was started.")
        }
    }
}

extension LiveRunError {
    /// The documented exit code.
    var exitStatus: ExitStatus {
        switch self {
        case .corpus: .invalidSpec
        case .cannotMake, .journal, .diverged, .busy, .alreadyComplete, .noJob: .failed
        }
    }
}
