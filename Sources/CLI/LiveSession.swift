// A live run within this process: the socket, the workers' supervisor, the signals, the display, and the world that
// turns between them. Shared by `launch`, which supervises, and `coordinator`, which waits for workers from elsewhere.

import ControlPlane
import Dispatch
import Foundation
import Journaling
import Jobs
import LiveCoordinator
import Logging
import Primitives
import Reports
import Wire

/// Drives a run from its preparation to its end.
final class LiveSession {
    private let live: LiveRun
    private let options: LiveOptions
    private let sockets: SocketFolder
    private let port: CoordinatorPort
    private let context: ZMQContext
    private let mailbox = Mailbox<WorldRequest>()
    private let keyPath: String?
    private let workerProgram: String?
    private var signals: [any DispatchSourceSignal] = []
    private let caught = CaughtSignal()

    /// A session for `live` that listens on `endpoint`; on a private socket when that is nil. It starts
    /// `workerProgram` in every slot of this machine; nil to wait for workers from elsewhere.
    init(_ live: LiveRun, options: LiveOptions, endpoint: String?, keyPath: String?, workerProgram: String?) throws {
        self.live = live
        self.options = options
        self.keyPath = keyPath
        self.workerProgram = workerProgram
        do { sockets = try SocketFolder() } catch {
            LiveSession.discard(live)
            throw error
        }
        do {
            let key = try keyPath.map { try KeyFile(readingFrom: $0) }
            let place = try EndpointSecurity.check(endpoint ?? "ipc://\(sockets.path)/coordinator", key: key)
            context = try ZMQContext(key: key)
            port = try CoordinatorPort(listeningOn: place, in: context)
        } catch {
            sockets.remove()
            LiveSession.discard(live)
            throw Failure(error is EndpointError ? .usage : .failed, "\(error)\nNothing was started.")
        }
    }

    /// Removes the folder of a run that never began; one that is resumed stays.
    private static func discard(_ live: LiveRun) {
        if live.records.isEmpty { try? FileManager.default.removeItem(atPath: live.folder.path) }
    }

    /// Runs until the run is over, says what happened, and ends with the documented exit code.
    func drive() throws {
        defer { sockets.remove() }
        let style = Terminal.style(2, noColor: options.output.noColor)
        let progress = LiveProgress(
            live, style: style, isInteractive: Terminal.isInteractive(2), interval: options.interval,
            endpoint: workerProgram == nil ? port.lastEndpoint : nil)
        catchSignals()
        var log = Logger(label: "coordinator") { _ in LogFile(path: "\(self.live.folder.logs)/coordinator.log") }
        log.logLevel = .info
        let world = try LiveWorld(
            live, port: port, mailbox: mailbox, supervisor: try workerProgram.map { try makeSupervisor($0) },
            observer: progress, log: log)
        let outcome: Outcome
        do {
            outcome = try world.drive(
                node: NodeID(hostName()), slots: live.job.workersPerNode + live.job.faultTolerance.spares)
        } catch {
            progress.end()
            throw Failure(.failed, "\(error)\n\(resumeHint)")
        }
        progress.end()
        for item in world.dropped { warn("dropped \(item.count) frames: \(item.reason)") }
        try report(outcome)
    }

    private var resumeHint: String { "Resume it with: understudy launch --resume \(live.folder.id)" }

    private func report(_ outcome: Outcome) throws {
        let source = try readRun(live.folder)
        if try journal(live.folder).newestSequence() >= KeptRun.worthKeeping {
            try keepDocuments(of: source, in: live.folder)
        }
        let plot = "\(live.folder.exports)/loss.svg"
        do { try lossPlot(source).write(toFile: plot, atomically: true, encoding: .utf8) } catch {
            warn("the loss plot \(plot) cannot be written: \(error.localizedDescription)")
        }
        options.output.print(RunDocument(source)) { width, style in closingLines(source, width: width, style: style) }
        switch outcome {
        case .completed: return
        case .interrupted:
            warn("Interrupted. \(resumeHint)")
            throw Failure(caught.isTermination ? .terminated : .interrupted, "")
        case .gaveUp:
            warn("error: \(outcome.sentence)")
            if let last = lastWords() { warn(last) }
            throw Failure(.gaveUp, "")
        case .diverged: throw Failure(.diverged, "error: \(outcome.sentence)\n\(resumeHint)")
        case .unsaved, .memberLost: throw Failure(.failed, "error: \(outcome.sentence)\n\(resumeHint)")
        }
    }

    /// The end of the newest worker log: what a worker that cannot start has to say.
    private func lastWords() -> String? {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: live.folder.logs)) ?? []
        let logs = names.filter { $0 != "coordinator.log" }.map { "\(live.folder.logs)/\($0)" }
        func age(_ path: String) -> Date {
            (try? FileManager.default.attributesOfItem(atPath: path))?[.modificationDate] as? Date ?? .distantPast
        }
        guard let newest = logs.max(by: { age($0) < age($1) }),
            let text = try? String(contentsOfFile: newest, encoding: .utf8), !text.isEmpty
        else { return nil }
        return "\(newest) ends with:\n"
            + text.split(separator: "\n").suffix(5).map { "  \($0)" }.joined(separator: "\n")
    }

    private func makeSupervisor(_ executable: String) throws -> Supervisor {
        let (endpoint, sockets, folder, key) = (port.lastEndpoint, self.sockets.path, live.folder, keyPath)
        let launch = Supervisor.Launch(
            executable: executable,
            arguments: { worker in
                [
                    "--coordinator", endpoint, "--node", worker.node.name, "--slot", String(worker.slot),
                    "--sockets", sockets, "--supervised",
                ] + (key.map { ["--key", $0] } ?? [])
            },
            log: { worker, number in folder.log(worker, launch: number) })
        return try Supervisor(launch) { [mailbox] end in mailbox.post(.processEnded(end)) }
    }

    private func catchSignals() {
        for number in [SIGINT, SIGTERM, SIGHUP] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { [mailbox, caught] in
                caught.note(number)
                mailbox.post(.interrupt(because: signalName(Int(number))))
            }
            source.resume()
            signals.append(source)
        }
    }
}

/// Which signal ended the run.
private final class CaughtSignal: @unchecked Sendable {
    private let lock = NSLock()
    private var number: Int32 = 0
    func note(_ number: Int32) { lock.withLock { self.number = number } }
    var isTermination: Bool { lock.withLock { number == SIGTERM } }
}

/// The worker program: beside this one.
func workerExecutable() -> String {
    let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    return URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent("understudy-worker").path
}

/// This machine's name, without its domain.
func hostName() -> String {
    let name = ProcessInfo.processInfo.hostName.split(separator: ".").first.map(String.init) ?? "localhost"
    return name.isEmpty ? "localhost" : name
}
