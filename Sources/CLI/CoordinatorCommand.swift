// `understudy coordinator`: drives a run whose workers come from elsewhere, started by hand, by a scheduler or by
// compose. Refuses to start a process itself.

import ArgumentParser
import Foundation

struct CoordinatorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coordinator",
        abstract: "Drive a run whose workers connect from elsewhere.",
        discussion: """
            Examples:
              understudy keys cluster.key
              understudy coordinator job.yaml --listen tcp://0.0.0.0:7640 --key cluster.key
              understudy-worker --coordinator tcp://head:7640 --key cluster.key

            The second command runs on each machine, once for every worker. The workers must see the run's folder, \
            for its data and checkpoints: give them --runs where it is mounted elsewhere. Anything but loopback and \
            local sockets demands a key.

            Workers outlive a coordinator that is killed for as long as their lease says. They go on without losing a \
            step when it is started again at the same address:

              understudy coordinator --resume quickstart-0001 --listen tcp://0.0.0.0:7640

            A queue of many jobs, each with a coordinator of its own, is served by: understudy controller
            """)

    @Argument(help: ArgumentHelp("The job file.", valueName: "job.yaml"))
    var job: String?

    @Option(name: .long, help: ArgumentHelp("Go on with a run: its name, or its folder.", valueName: "run"))
    var resume: String?

    @Option(name: .long, help: ArgumentHelp("Where workers connect to.", valueName: "endpoint"))
    var listen: String

    @Option(name: .long, help: ArgumentHelp("The key file that the workers have too.", valueName: "file"))
    var key: String?

    @Option(name: .long, help: ArgumentHelp("The cluster file the workers run on.", valueName: "cluster.yaml"))
    var cluster: String?

    @OptionGroup var live: LiveOptions

    @Flag(name: .long, help: "Save and end when standard input ends: a controller holds the other end.")
    var supervised = false

    func validate() throws {
        guard (job == nil) != (resume == nil) else {
            throw ValidationError("name a job file, or a run with --resume, but not both")
        }
    }

    func run() throws {
        if supervised { endWithStandardInput() }
        let run = try live.prepare(job: job, resume: resume, cluster: cluster) { _, _ in }
        try LiveSession(run, display: live.display, endpoint: listen, keyPath: key, agent: nil).drive()
    }

    /// Treats the end of whoever started this process as SIGTERM, which is as good as Ctrl-C for a run.
    private func endWithStandardInput() {
        let thread = Thread {
            var bytes = [UInt8](repeating: 0, count: 256)
            while read(0, &bytes, bytes.count) > 0 {}
            kill(getpid(), SIGTERM)
        }
        thread.name = "standard input"
        thread.start()
    }
}
