// `understudy coordinator`: drives one run whose workers come from elsewhere, started by hand, by a scheduler or by
// compose; or serves a queue, and then starts a coordinator of its own for each job. Refuses to start a worker itself.

import ArgumentParser
import Foundation

struct CoordinatorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coordinator",
        abstract: "Drive a run whose workers connect from elsewhere, or serve a queue of jobs.",
        discussion: """
            One run:
              understudy keys cluster.key
              understudy coordinator job.yaml --listen tcp://0.0.0.0:7640 --key cluster.key
              understudy-worker --coordinator tcp://head:7640 --key cluster.key

            The third command runs on each machine, once for every worker. The workers must see the run's folder, \
            for its data and checkpoints: give them --runs where it is mounted elsewhere. Anything but loopback and \
            local sockets demands a key.

            Workers outlive a coordinator that is killed for as long as their lease says. They go on without losing a \
            step when it is started again at the same address:

              understudy coordinator --resume quickstart-0001 --listen tcp://0.0.0.0:7640

            A queue of jobs that share worker slots:
              understudy coordinator --queue queue &
              understudy agent --slots 4 &
              understudy submit jobs/quickstart.yaml --priority 10
              understudy queue
              understudy coordinator --queue other --policy fair-share --team ml:2

            Each job that starts gets a coordinator of its own, and its run's folder \
            is like any other: show, incidents and serve read it while it goes on. \
            Ctrl-C saves every running job; the queue goes on where it was when it is \
            served again. Machines of a queue share the folder of the runs, and need a key:

              understudy coordinator --queue queue --listen tcp://0.0.0.0:7641 --key cluster.key
              understudy agent --slots 8 --connect tcp://head:7641 --key cluster.key

            A team has a weight, which fair-share deals by, and may have a quota, the \
            most slots that its jobs may be in together, which every policy keeps. Jobs \
            that name no team are those of the team 'default', which is always there. \
            Policy and teams are those a queue was made with.
            """)

    @Argument(help: ArgumentHelp("The job file.", valueName: "job.yaml"))
    var job: String?

    @Option(name: .long, help: ArgumentHelp("Go on with a run: its name, or its folder.", valueName: "run"))
    var resume: String?

    @Option(
        name: .long,
        help: ArgumentHelp("Serve the queue in this folder; made when it is not there.", valueName: "dir"))
    var queue: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Where workers, or a queue's agents and users, connect to. (default for a queue: \(defaultController))",
            valueName: "endpoint"))
    var listen: String?

    @Option(name: .long, help: ArgumentHelp("The key file that whoever connects has too.", valueName: "file"))
    var key: String?

    @Option(name: .long, help: ArgumentHelp("The cluster file the workers run on.", valueName: "cluster.yaml"))
    var cluster: String?

    @Option(
        name: .long,
        help: ArgumentHelp("Begin with this many workers, instead of the job's number.", valueName: "number"))
    var workers: Int?

    @OptionGroup var service: QueueService

    @OptionGroup var live: LiveOptions

    @Flag(name: .long, help: "Save and end when standard input ends: a queue's coordinator holds the other end.")
    var supervised = false

    func validate() throws {
        guard [job, resume, queue].count(where: { $0 != nil }) == 1 else {
            throw ValidationError("name a job file, or a run with --resume, or a queue's folder with --queue")
        }
        if queue != nil {
            let others =
                live.given + (cluster == nil ? [] : ["--cluster"]) + (workers == nil ? [] : ["--workers"])
                + (supervised ? ["--supervised"] : [])
            if let other = others.first {
                throw ValidationError("\(other) belongs to a run, not to a queue; submit takes what a job needs")
            }
        } else {
            if let other = service.given.first { throw ValidationError("\(other) belongs to --queue") }
            guard listen != nil else {
                throw ValidationError("--listen is missing: where workers connect to, like tcp://127.0.0.1:7640")
            }
        }
    }

    func run() throws {
        if let queue { return try service.serve(queue, at: listen ?? defaultController, keyPath: key) }
        if supervised { endWithStandardInput() }
        let run = try live.prepare(job: job, resume: resume, cluster: cluster) { _, _ in }
        try LiveSession(run, display: live.display, endpoint: listen!, keyPath: key, agent: nil, workers: workers)
            .drive()
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
