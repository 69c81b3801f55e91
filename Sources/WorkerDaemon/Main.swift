// The entry of `understudy-worker`: reads the command line, ties the process to its supervisor's life, and works. A
// program of its own, without database and YAML reader, because its start is part of every recovery.

import ArgumentParser
import CHost
import Foundation
import Logging
import Primitives
import Training
import Wire
import Worker

struct WorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "understudy-worker",
        abstract: "Compute steps for a coordinator.",
        discussion: """
            Example:  understudy-worker --coordinator tcp://head:7640 --key cluster.key

            Started once for each worker, by 'understudy launch', by hand, or by whatever starts processes on a \
            machine. It computes whatever job the coordinator has, and ends when the coordinator lets it go or falls \
            silent.
            """)

    @Option(name: .long, help: ArgumentHelp("Where the coordinator listens.", valueName: "endpoint"))
    var coordinator: String

    @Option(name: .long, help: ArgumentHelp("The key file that the coordinator has too.", valueName: "file"))
    var key: String?

    @Option(name: .long, help: ArgumentHelp("Where the other workers reach this one.", valueName: "endpoint"))
    var exchange: String?

    @Option(name: .long, help: ArgumentHelp("The folder for this worker's socket, on one machine.", valueName: "dir"))
    var sockets: String?

    @Option(name: .long, help: ArgumentHelp("This machine's name, instead of its host name.", valueName: "name"))
    var node: String?

    @Option(
        name: .long,
        help: ArgumentHelp("The slot on this machine, instead of the first that is free.", valueName: "number"))
    var slot: Int?

    @Option(
        name: .long,
        help: ArgumentHelp("Where the runs lie on this machine, when not where the coordinator says.", valueName: "dir")
    )
    var runs: String?

    @Option(
        name: .long,
        help: ArgumentHelp("How many seconds to wait for the coordinator's first answer.", valueName: "seconds"))
    var patience = 30.0

    @Flag(name: .long, help: "End when standard input ends: a supervisor holds the other end.")
    var supervised = false

    func validate() throws {
        if let slot, slot < 0 { throw ValidationError("--slot takes 0 or more") }
        guard patience > 0, patience < 1e6 else { throw ValidationError("--patience takes a number of seconds") }
        guard exchange == nil || sockets == nil else {
            throw ValidationError("--exchange and --sockets exclude each other")
        }
    }

    /// Works, and returns the exit code with what to say about it.
    func work() -> (code: Int32, message: String?) {
        if supervised, chost_set_parent_death_signal(SIGKILL) != 0 {
            return (1, "cannot follow the supervisor's life")
        }
        do {
            let key = try key.map { try KeyFile(readingFrom: $0) }
            let place = try EndpointSecurity.check(coordinator, key: key)
            let host = String(ProcessInfo.processInfo.hostName.split(separator: ".").first ?? "localhost")
            let node = NodeID(self.node ?? host)
            let options = WorkerOptions(
                coordinator: place, exchange: try exchangeEndpoint(beside: place, key: key), advertisedHost: host,
                node: node, worker: slot.map { WorkerID(node: node, slot: $0) }, runs: runs, supervised: supervised,
                patience: .seconds(patience))
            var log = Logger(label: "worker") { StreamLogHandler.standardError(label: $0) }
            log.logLevel = .info
            switch try WorkerDaemon(options, key: key, log: log).work() {
            case .released(let reason): return (0, "released: \(reason)")
            case .orphaned: return (0, WorkerEnd.orphaned.description)
            case let end: return (1, end.description)
            }
        } catch let error as LinkError {
            return (8, error.description)
        } catch let error as EndpointError {
            return (2, error.description)
        } catch { return (1, "\(error)") }
    }

    /// Where to listen for other workers: as told; else on this machine only, if the coordinator is there too.
    private func exchangeEndpoint(beside coordinator: Endpoint, key: KeyFile?) throws -> Endpoint {
        if let sockets { return try Endpoint("ipc://\(sockets)/exchange-\(getpid())") }
        if let exchange { return try EndpointSecurity.check(exchange, key: key) }
        return try Endpoint(coordinator.staysOnThisMachine ? "tcp://127.0.0.1:*" : "tcp://0.0.0.0:*")
    }
}

@main
enum Main {
    static func main() {
        BLASCore.reexecuteWithBestCore()
        signal(SIGPIPE, SIG_IGN)
        do {
            let (code, message) = try WorkerCommand.parse().work()
            if let message { FileHandle.standardError.write(Data("understudy-worker: \(message)\n".utf8)) }
            // Not a return from main: the other threads may be in the middle of a step.
            _exit(code)
        } catch {
            let text = WorkerCommand.fullMessage(for: error)
            let isHelp = WorkerCommand.exitCode(for: error) == .success
            (isHelp ? FileHandle.standardOutput : FileHandle.standardError).write(Data((text + "\n").utf8))
            exit(isHelp ? 0 : 2)
        }
    }
}
