// A live run within the coordinator's process: the socket, the signals, the display, and the world that turns between
// them. Shared by what `launch` starts, whose agent has the workers, and `coordinator`, which waits for workers from
// elsewhere. Refuses to start a process.

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
    private let display: DisplayOptions
    private let agent: AgentLink?
    private let takesOver: Bool
    private let workers: Int?
    private let port: CoordinatorPort
    private let context: ZMQContext
    private let mailbox = Mailbox<WorldRequest>()
    private var signals: [any DispatchSourceSignal] = []

    /// A session for `live` that listens on `endpoint`. `agent` starts its workers, and may have started a coordinator
    /// before that it `takesOver` from; nil to wait for workers from elsewhere. The gang shall have `workers` members where
    /// that is not nil.
    init(
        _ live: LiveRun, display: DisplayOptions, endpoint: String, keyPath: String?, agent: AgentLink?,
        takesOver: Bool = false, workers: Int? = nil
    ) throws {
        if let workers {
            guard (1...live.job.training.microBatches).contains(workers) else {
                live.discardIfNew()
                throw Failure(
                    workers < 1 ? .usage : .infeasible,
                    "--workers takes 1 to \(live.job.training.microBatches), the micro-batches of a step of "
                        + "\(live.job.name).\nNothing was started.")
            }
        }
        self.workers = workers
        self.live = live
        self.display = display
        self.agent = agent
        self.takesOver = takesOver
        do {
            let key = try keyPath.map { try KeyFile(readingFrom: $0) }
            let place = try EndpointSecurity.check(endpoint, key: key)
            context = try ZMQContext(key: key)
            port = try CoordinatorPort(listeningOn: place, in: context)
        } catch {
            live.discardIfNew()
            throw Failure(error is EndpointError ? .usage : .failed, "\(error)\nNothing was started.")
        }
        agent?.listens(at: port.lastEndpoint)
    }

    /// Runs until the run is over, says what happened, and ends with the documented exit code.
    func drive() throws {
        // The coordinator before may have died with the last record written and nobody told.
        if takesOver, let outcome = live.outcome { return try report(outcome, endedBy: nil) }
        let style = Terminal.style(2, noColor: display.output.noColor)
        let progress = LiveProgress(
            live, style: style, isInteractive: Terminal.isInteractive(2), interval: display.interval,
            endpoint: agent == nil ? port.lastEndpoint : nil, isFirst: !takesOver, workers: workers)
        catchSignals()
        var log = Logger(label: "coordinator") { _ in LogFile(path: "\(self.live.folder.logs)/coordinator.log") }
        log.logLevel = .info
        let world = try LiveWorld(
            live, port: port, mailbox: mailbox, agent: agent, takesOver: takesOver, observer: progress, log: log)
        let outcome: Outcome
        do {
            outcome = try world.drive(
                node: NodeID(hostName()), slots: live.job.workersPerNode + live.job.faultTolerance.spares,
                workers: workers)
        } catch {
            progress.end()
            throw Failure(.failed, "\(error)\n\(resumeHint)")
        }
        progress.end()
        for item in world.dropped { warn("dropped \(item.count) frames: \(item.reason)") }
        try report(outcome, endedBy: world.interruptedBy)
    }

    private var resumeHint: String { "Resume it with: understudy launch --resume \(live.folder.id)" }

    private func report(_ outcome: Outcome, endedBy signal: Int?) throws {
        let source = try readRun(live.folder)
        if try journal(live.folder).newestSequence() >= KeptRun.worthKeeping {
            try keepDocuments(of: source, in: live.folder)
        }
        let plot = "\(live.folder.exports)/loss.svg"
        do { try lossPlot(source).write(toFile: plot, atomically: true, encoding: .utf8) } catch {
            warn("the loss plot \(plot) cannot be written: \(error.localizedDescription)")
        }
        display.output.print(RunDocument(source)) { width, style in closingLines(source, width: width, style: style) }
        switch outcome {
        case .completed: return
        case .interrupted:
            warn("Interrupted. \(resumeHint)")
            throw Failure(signal == Int(SIGTERM) ? .terminated : .interrupted, "")
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

    private func catchSignals() {
        for number in [SIGINT, SIGTERM, SIGHUP] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { [mailbox] in mailbox.post(.interrupt(signal: Int(number))) }
            source.resume()
            signals.append(source)
        }
    }
}

/// This program.
func ownExecutable() -> String {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
}

/// The worker program: beside this one.
func workerExecutable() -> String {
    URL(fileURLWithPath: ownExecutable()).deletingLastPathComponent().appendingPathComponent("understudy-worker").path
}

/// This machine's name, without its domain.
func hostName() -> String {
    let name = ProcessInfo.processInfo.hostName.split(separator: ".").first.map(String.init) ?? "localhost"
    return name.isEmpty ? "localhost" : name
}
