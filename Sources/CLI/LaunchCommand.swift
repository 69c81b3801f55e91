// `understudy launch`: one command that makes a run and becomes its agent, which starts the coordinator and for it the
// workers on this machine. The coordinator shows the run while it goes on and says at the end what happened. Refuses jobs
// for several machines; `coordinator` serves those.

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

            A coordinator that dies is started again, and the run goes on without \
            losing a step. Ctrl-C saves a checkpoint and ends the run with exit code 130; a second \
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
        let launched = try prepareAgent(worker: worker)
        defer { launched.sockets.remove() }
        let ending: Agent.Ending
        do { ending = try launched.agent.work() } catch { throw Failure(.failed, "\(error)\n\(launched.hint)") }
        switch ending {
        case .exited(0): return
        case .exited(let code):
            launched.sockets.remove()
            Foundation.exit(code)  // Everything has been said.
        case .gaveUp(let restarts, let signal):
            throw Failure(
                .gaveUp,
                "error: the coordinator was ended by \(signalName(signal)), and has been started again "
                    + "\(restarts) times in a row without a committed step\n\(launched.hint)")
        }
    }

    /// An agent for the run. It keeps the run's lock and nothing else of it: the coordinator opens the journal for itself.
    private func prepareAgent(worker: String) throws -> (agent: Agent, sockets: SocketFolder, hint: String) {
        let live = try self.live.prepare(job: job, resume: resume, cluster: cluster) { job, cluster in
            try check(job, fits: cluster)
        }
        do {
            let sockets = try SocketFolder()
            let agent = try makeAgent(live, sockets: sockets.path, worker: worker)
            return (agent, sockets, "Resume it with: understudy launch --resume \(live.folder.id)")
        } catch {
            live.discardIfNew()
            throw error
        }
    }

    private func makeAgent(_ live: LiveRun, sockets: String, worker: String) throws -> Agent {
        let (folder, display) = (live.folder, self.live.display)
        let programs = Agent.Programs(
            coordinator: ownExecutable(),
            coordinatorArguments: { endpoint, channel, lock, takesOver in
                [
                    DriveCommand.configuration.commandName!, folder.path, "--listen", endpoint, "--channel",
                    String(channel), "--lock", String(lock), "--interval", String(display.interval),
                ] + (takesOver ? ["--takes-over"] : []) + (display.output.json ? ["--json"] : [])
                    + (display.output.noColor ? ["--no-color"] : [])
            },
            worker: worker,
            workerArguments: { worker, endpoint in
                [
                    "--coordinator", endpoint, "--node", worker.node.name, "--slot", String(worker.slot),
                    "--sockets", sockets, "--supervised",
                ]
            })
        return try Agent(
            programs, of: live.lock, endpoint: listen ?? "ipc://\(sockets)/coordinator",
            restarts: live.job.faultTolerance.maximumRestarts,
            log: { worker, number in folder.log(worker, launch: number) },
            onRestart: { warn("the coordinator was ended by \(signalName($0)), and is started again") })
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
                    + "'understudy coordinator' and a worker on each machine. Nothing was started.")
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
