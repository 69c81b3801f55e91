// `understudy agent`: the process on a machine that keeps workers in its slots as a queue's coordinator wants it. Refuses
// to train; workers do.

import ArgumentParser
import Foundation
import LiveCoordinator
import LiveQueue
import Logging
import Primitives
import Wire

struct AgentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent", abstract: "Offer this machine's worker slots to a queue.",
        discussion: """
            Examples:
              understudy agent --slots 4
              understudy agent --slots 8 --connect tcp://head:7641 --key cluster.key
              understudy agent --slots 8 --health-check 'test $(df --output=avail / | tail -1) -gt 9999999'

            Machines of one queue see the same folder of runs, for data and checkpoints; \
            --runs says where it is mounted on this one. Ctrl-C ends the workers: the jobs \
            they worked for go on in free slots of other machines, or are queued again and \
            go on from their last saved step.

            While the --health-check fails the machine takes no new jobs, and the first \
            line that it prints is the reason that 'nodes' shows.
            """)

    @Option(name: .long, help: ArgumentHelp("How many workers may live here at once.", valueName: "count"))
    var slots: Int

    @OptionGroup var controller: ControllerOption

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Where workers of other machines reach those of this one, like 'tcp://10.0.0.5:*'. (default: by this machine's name)",
            valueName: "endpoint"))
    var exchange: String?

    @Option(
        name: .long,
        help: ArgumentHelp("Where the runs lie on this machine, when not where they were submitted.", valueName: "dir"))
    var runs: String?

    @Option(
        name: .customLong("health-check"),
        help: ArgumentHelp("A command that fails while this machine should take no jobs.", valueName: "command"))
    var healthCheck: String?

    @Option(
        name: .customLong("health-interval"),
        help: ArgumentHelp("How long to wait between two checks.", valueName: "duration"))
    var healthInterval = TimeSpan.seconds(60 as Int64)

    @Option(name: .long, help: ArgumentHelp("This machine's name, instead of its host name.", valueName: "name"))
    var node: String?

    @Option(
        name: .long,
        help: ArgumentHelp("How many seconds to wait for the controller's first answer.", valueName: "seconds"))
    var patience = 30.0

    func validate() throws {
        guard (1...4_096).contains(slots) else { throw ValidationError("--slots takes 1 to 4096") }
        guard healthInterval > .zero, healthInterval <= .seconds(86_400 as Int64) else {
            throw ValidationError("--health-interval takes a time above 0 and at most a day")
        }
        guard patience > 0, patience < 1e6 else { throw ValidationError("--patience takes a number of seconds") }
    }

    func run() throws {
        let worker = workerExecutable()
        guard access(worker, X_OK) == 0 else {
            throw Failure(
                .failed,
                "the worker program \(worker) is missing; build it with: swift build --product understudy-worker")
        }
        let link = try controller.link(patience: .seconds(patience))
        let sockets = try SocketFolder()
        defer { sockets.remove() }
        let end: AgentEnd
        do {
            let mailbox = Mailbox<AgentRequest>()
            let signals = EndingSignals { mailbox.post(.stop) }
            defer { signals.ignore() }
            let log = Logger(label: "agent") { StreamLogHandler.standardError(label: $0) }
            end = try SlotAgent(
                node: NodeID(node ?? hostName()), slots: slots, link: link, mailbox: mailbox,
                workers: WorkerLaunch(
                    executable: worker, sockets: sockets.path, exchange: exchange, keyPath: controller.keyPath,
                    runs: runs.map(absolute)),
                health: healthCheck.map {
                    HealthCheck.Plan(command: $0, period: healthInterval, folder: sockets.path)
                }, log: log
            ).serve(patience: .seconds(patience))
        } catch { throw Failure(.failed, "\(error)") }
        switch end {
        case .stopped: return
        case .refused: throw Failure(.failed, end.description)
        case .noAnswer: throw Failure(.unreachable, end.description)
        }
    }
}
