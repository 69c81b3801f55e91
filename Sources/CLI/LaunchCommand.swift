// `understudy launch`: one command that becomes coordinator and supervisor, starts the workers on this machine, shows
// the run while it goes on, and says at the end what happened. Refuses jobs for several machines; `coordinator` serves
// those.

import ArgumentParser
import ControlPlane
import Foundation
import Hardware
import Jobs
import LiveCoordinator
import Primitives
import SpecFiles

struct LaunchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "launch",
        abstract: "Train a job with real worker processes on this machine.",
        discussion: """
            Examples:
              understudy launch jobs/quickstart.yaml
              understudy launch jobs/quickstart.yaml -s nproc_per_node=2 --no-inject
              understudy launch --resume quickstart-0001

            Ctrl-C saves a checkpoint and ends the run with exit code 130; a second \
            Ctrl-C ends it at once. Either way the run can be resumed.
            """)

    @Argument(help: ArgumentHelp("The job file.", valueName: "job.yaml"))
    var job: String?

    @Option(name: .long, help: ArgumentHelp("Go on with a run: its name, or its folder.", valueName: "run"))
    var resume: String?

    @OptionGroup var live: LiveOptions

    @Option(
        name: .long, help: ArgumentHelp("The cluster file this machine is described in.", valueName: "cluster.yaml"))
    var cluster: String?

    @Option(
        name: .long, help: ArgumentHelp("Where workers connect to, instead of a private socket.", valueName: "endpoint")
    )
    var listen: String?

    func validate() throws {
        guard (job == nil) != (resume == nil) else {
            throw ValidationError("name a job file, or a run with --resume, but not both")
        }
        if resume != nil,
            !live.overrides.isEmpty || cluster != nil || live.runID != nil || live.noInject || live.dryRunPolicy
        {
            throw ValidationError(
                "a resumed run keeps its job: -s, --no-inject, --dry-run-policy, --cluster and --run-id go with a job file"
            )
        }
    }

    func run() throws {
        let worker = try workerProgram()  // Before a run is made that nobody could carry out.
        let live = try self.live.prepare(job: job, resume: resume, cluster: cluster) { job, cluster in
            try check(job, fits: cluster)
        }
        let session = try LiveSession(live, options: self.live, endpoint: listen, keyPath: nil, workerProgram: worker)
        try session.drive()
    }

    /// The program that computes.
    private func workerProgram() throws -> String {
        let path = workerExecutable()
        guard access(path, X_OK) == 0 else {
            throw Failure(
                .failed,
                "the worker program \(path) is missing; build it with: swift build --product understudy-worker\n"
                    + "Nothing was started.")
        }
        return path
    }

    /// Refuses what this machine can never run.
    private func check(_ job: JobSpec, fits cluster: Cluster?) throws {
        guard job.nodes == 1 else {
            throw Failure(
                .infeasible,
                "\(job.name) asks for \(job.nodes) nodes and launch has this machine only; use -s nnodes=1, or start "
                    + "'understudy coordinator' and a worker on each machine")
        }
        if let group = cluster?.groups.first, job.workersPerNode > group.slotsPerNode {
            throw Failure(
                .infeasible,
                "\(job.name) asks for \(job.workersPerNode) workers on a node and \(cluster!.name) has "
                    + "\(group.slotsPerNode) slots on each; use -s nproc_per_node=\(group.slotsPerNode) or another cluster"
            )
        }
    }
}
