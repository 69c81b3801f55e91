// What makes a coordinator serve a queue of jobs instead of driving one run. Refuses to train, and to know what happens
// inside a run: each job has a coordinator of its own.

import ArgumentParser
import Foundation
import LiveCoordinator
import LiveQueue
import Logging
import Primitives
import Scheduling
import Wire

/// How a queue is served.
struct QueueService: ParsableArguments {
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

    @Option(
        name: .long,
        help: ArgumentHelp(
            "The ports that jobs' coordinators listen at. (default: \(QueueService.usualPorts.text) where other machines can connect, else socket files)",
            valueName: "low-high"))
    var ports: PortRange?

    /// Enough for a hundred jobs at once, beside the port of the queue itself.
    private static let usualPorts = PortRange(7_650...7_749)

    /// The options that were given.
    var given: [String] {
        (policy == nil ? [] : ["--policy"]) + (team.isEmpty ? [] : ["--team"]) + (ports == nil ? [] : ["--ports"])
    }

    func validate() throws {
        let names = team.map(\.name)
        if let twice = names.first(where: { name in names.count { $0 == name } > 1 }) {
            throw ValidationError("--team names \(twice) twice")
        }
        guard let policy else { return }
        guard Policy.named(policy) != nil else {
            let names = Policy.all.map(\.name)
            throw ValidationError("--policy takes one of \(names.joined(separator: ", "))")
        }
    }

    /// Serves the queue in the folder `queue` to whoever connects to `listen`, until this process is asked to end.
    func serve(_ queue: String, at listen: String, keyPath: String?) throws {
        let key: KeyFile?
        let endpoint: Endpoint
        do {
            key = try keyPath.map { try KeyFile(readingFrom: $0) }
            endpoint = try EndpointSecurity.check(listen, key: key)
        } catch { throw Failure(error is EndpointError ? .usage : .failed, "\(error)\nNothing was started.") }
        guard ports == nil || endpoint.port(1) != nil else {
            throw Failure(.usage, "--ports are those of a tcp endpoint; \(listen) has none\nNothing was started.")
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
            let port = try QueuePort(listeningOn: endpoint, in: ZMQContext(key: key))
            let mailbox = Mailbox<QueueRequest>()
            let signals = EndingSignals { mailbox.post(.stop) }
            defer { signals.ignore() }
            var log = Logger(label: "controller") { _ in LogFile(path: "\(folder.path)/controller.log") }
            log.logLevel = .info
            let world = try QueueWorld(
                folder, port: port, endpoints: JobEndpoints(supply(at: endpoint, sockets: sockets.path)),
                keyPath: keyPath.map(absolute), mailbox: mailbox, executable: ownExecutable(), log: log)
            warn("serving the queue in \(folder.path) at \(port.lastEndpoint)")
            try world.serve()
        } catch { throw Failure(.failed, "\(error)") }
    }

    /// Where the jobs' coordinators listen when the queue is served at `endpoint`.
    private func supply(at endpoint: Endpoint, sockets: String) -> JobEndpoints.Supply {
        guard let range = ports ?? (endpoint.staysOnThisMachine ? nil : QueueService.usualPorts) else {
            return .sockets(folder: sockets)
        }
        return .ports(range.ports, of: endpoint)
    }
}

/// Ports from the command line.
struct PortRange: ExpressibleByArgument {
    /// The ports.
    let ports: ClosedRange<Int>

    /// The ports as they are written.
    var text: String { "\(ports.lowerBound)-\(ports.upperBound)" }

    init(_ ports: ClosedRange<Int>) { self.ports = ports }

    /// Reads `LOW-HIGH`; nil for what is no range of ports.
    init?(argument: String) {
        let ends = argument.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard ends.count == 2, let low = ends[0], let high = ends[1], 1 <= low, low <= high, high <= 65_535 else {
            return nil
        }
        ports = low...high
    }
}
