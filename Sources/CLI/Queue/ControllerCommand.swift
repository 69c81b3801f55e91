// `understudy controller` and `understudy agent`: the process that serves a queue of jobs, and the process on a machine
// that keeps workers in its slots as the controller wants it. Refuse to train; coordinators and workers do.

import ArgumentParser
import Foundation
import LiveCoordinator
import LiveQueue
import Logging
import Primitives
import Scheduling
import Wire

struct ControllerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "controller", abstract: "Serve a queue of jobs that share worker slots.",
        discussion: """
            Examples:
              understudy controller --queue queue &
              understudy agent --slots 4 &
              understudy submit jobs/quickstart.yaml --priority 10
              understudy queue
              understudy controller --policy fair-share --team research:2 --team prod:1:8

            Each job that starts gets a coordinator of its own, and its run's folder \
            is like any other: show, incidents and serve read it while it goes on. \
            Ctrl-C saves every running job; the queue goes on where it was when it is \
            served again. Controller, agents and users are on one machine.

            A team has a weight, which fair-share deals by, and may have a quota, the \
            most slots that its jobs may be in together, which every policy keeps. Jobs \
            that name no team are those of the team 'default', which is always there. \
            Policy and teams are those a queue was made with.
            """)

    @Option(name: .long, help: ArgumentHelp("The folder of the queue; made when it is not there.", valueName: "dir"))
    var queue = "queue"

    @Option(name: .long, help: ArgumentHelp("Where agents and commands connect to.", valueName: "endpoint"))
    var listen = defaultController

    @Option(
        name: .long,
        help: ArgumentHelp("What decides; 'priority' for a new queue. See 'schedule'.", valueName: "policy"))
    var policy: String?

    @Option(
        name: .long, parsing: .singleValue,
        help: ArgumentHelp(
            "A team of a new queue, its weight (1) and its quota in slots (none); once for each team.",
            valueName: "name[:weight[:quota]]"), transform: teamArgument)
    var team: [Team] = []

    func validate() throws {
        let names = team.map(\.name)
        if let twice = names.first(where: { name in names.count { $0 == name } > 1 }) {
            throw ValidationError("--team names \(twice) twice")
        }
        guard let policy else { return }
        guard let known = Policy.named(policy), !known.resizes else {
            let names = Policy.all.filter { !$0.resizes }.map(\.name)
            throw ValidationError("--policy takes one of \(names.joined(separator: ", "))")
        }
    }

    func run() throws {
        let endpoint: Endpoint
        do { endpoint = try Endpoint(listen) } catch { throw Failure(.usage, error.description) }
        guard endpoint.staysOnThisMachine else {
            throw Failure(
                .usage,
                "\(listen) can be reached from other machines, which a controller does not serve; use "
                    + "tcp://127.0.0.1:PORT or ipc://PATH")
        }
        let folder: QueueFolder
        do {
            folder = try QueueFolder(
                queue, policy: policy.flatMap { Policy.named($0) }, teams: team.isEmpty ? nil : team)
        } catch {
            throw Failure(.failed, "\(error)\nNothing was started.")
        }
        let sockets = try SocketFolder()
        defer { sockets.remove() }
        do {
            let port = try QueuePort(listeningOn: endpoint, in: ZMQContext())
            let mailbox = Mailbox<QueueRequest>()
            let signals = EndingSignals { mailbox.post(.stop) }
            defer { signals.ignore() }
            var log = Logger(label: "controller") { _ in LogFile(path: "\(folder.path)/controller.log") }
            log.logLevel = .info
            let world = try QueueWorld(
                folder, port: port, sockets: sockets.path, mailbox: mailbox, executable: ownExecutable(), log: log)
            warn("serving the queue in \(folder.path) at \(port.lastEndpoint)")
            try world.serve()
        } catch { throw Failure(.failed, "\(error)") }
    }
}

struct AgentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent", abstract: "Offer this machine's worker slots to a queue.",
        discussion: """
            Example:  understudy agent --slots 4

            Ctrl-C ends the workers; the jobs they worked for are queued again and \
            go on from their last saved step.
            """)

    @Option(name: .long, help: ArgumentHelp("How many workers may live here at once.", valueName: "count"))
    var slots: Int

    @OptionGroup var controller: ControllerOption

    @Option(name: .long, help: ArgumentHelp("This machine's name, instead of its host name.", valueName: "name"))
    var node: String?

    @Option(
        name: .long,
        help: ArgumentHelp("How many seconds to wait for the controller's first answer.", valueName: "seconds"))
    var patience = 30.0

    func validate() throws {
        guard (1...4_096).contains(slots) else { throw ValidationError("--slots takes 1 to 4096") }
        guard patience > 0, patience < 1e6 else { throw ValidationError("--patience takes a number of seconds") }
    }

    func run() throws {
        let worker = workerExecutable()
        guard access(worker, X_OK) == 0 else {
            throw Failure(
                .failed,
                "the worker program \(worker) is missing; build it with: swift build --product understudy-worker")
        }
        let endpoint = try controller.endpoint()
        let sockets = try SocketFolder()
        defer { sockets.remove() }
        let end: AgentEnd
        do {
            let mailbox = Mailbox<AgentRequest>()
            let signals = EndingSignals { mailbox.post(.stop) }
            defer { signals.ignore() }
            let log = Logger(label: "agent") { StreamLogHandler.standardError(label: $0) }
            end = try SlotAgent(
                node: NodeID(node ?? hostName()), slots: slots, link: QueueLink(to: endpoint, in: ZMQContext()),
                mailbox: mailbox, executable: worker, sockets: sockets.path, log: log
            ).serve(patience: .seconds(patience))
        } catch { throw Failure(.failed, "\(error)") }
        switch end {
        case .stopped: return
        case .refused: throw Failure(.failed, end.description)
        case .noAnswer: throw Failure(.unreachable, end.description)
        }
    }
}

/// Calls somebody when this process is asked to end.
private final class EndingSignals {
    private var sources: [any DispatchSourceSignal] = []

    init(_ call: @escaping @Sendable () -> Void) {
        for number in [SIGINT, SIGTERM, SIGHUP] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler(handler: call)
            source.resume()
            sources.append(source)
        }
    }

    /// Calls nobody any more.
    func ignore() { for source in sources { source.cancel() } }
}
