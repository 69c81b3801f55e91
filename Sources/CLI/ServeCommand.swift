// `understudy serve`: the runs of a folder in a browser, live while they go on. Refuses to serve itself: Dashboard does;
// here is where the runs lie and who may read them.

import ArgumentParser
import Dashboard
import Foundation
import Journaling
import Reports

struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Show runs in a browser, live while they go on.",
        discussion: """
            /             the runs, compared        /api/v1/…  the documents behind them
            /run/NAME     one run                   /metrics   figures for Prometheus
            /events       a stream of changes (server-sent events)

            On an address that others can reach, every request must carry a token:
            the one in --token-file, or one that is drawn and printed with the
            address.

            Example:  understudy serve runs --listen 127.0.0.1:8642
            """)

    @Argument(help: ArgumentHelp("The folder that holds the runs.", valueName: "dir"))
    var directory = "runs"

    @Option(name: .long, help: ArgumentHelp("Where to listen; port 0 for any.", valueName: "host:port"))
    var listen = "127.0.0.1:8642"

    @Option(name: .customLong("token-file"), help: ArgumentHelp("A file with the token to demand.", valueName: "file"))
    var tokenFile: String?

    func run() throws {
        var runs = RunsOption()
        runs.directory = directory
        let folders = runs
        guard FileManager.default.fileExists(atPath: directory) else {
            throw Failure(.failed, "there is no folder \(directory); name the one that holds the runs")
        }
        guard let options = DashboardOptions(listen: listen, token: try token()) else {
            throw Failure(.usage, "--listen takes HOST:PORT, 127.0.0.1:8642 or [::1]:8642, and not \(listen)")
        }
        let provider = RunProvider(folders: { folders.all() }, source: describeRun)
        let ended = DispatchSemaphore(value: 0)
        let failure = FailureBox()
        Task {
            do {
                try await serveDashboard(provider, options) { address in
                    warn("serving \(folders.directory)/ at \(address)")
                }
            } catch { failure.set("cannot listen on \(listen): \(error)") }
            ended.signal()
        }
        // Nothing is written, so whatever signal ends the process may do it at any moment.
        ended.wait()
        if let message = failure.message { throw Failure(.failed, message) }
    }

    private func token() throws -> String? {
        guard let tokenFile else { return nil }
        guard let text = try? String(contentsOfFile: tokenFile, encoding: .utf8) else {
            throw Failure(.failed, "cannot read the token file \(tokenFile)")
        }
        let token = text.trimmingCharacters(in: .whitespacesAndNewlines)
        // A cookie and a header carry it, so it must need no quoting there.
        guard token.count >= 16, token.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "-_".contains($0)) })
        else {
            throw Failure(
                .failed,
                "the token in \(tokenFile) must be 16 or more letters, digits, - and _; make one with: "
                    + "openssl rand -hex 16 > \(tokenFile)")
        }
        return token
    }
}

/// A message from one thread to another.
private final class FailureBox: @unchecked Sendable {
    private let lock = NSLock()
    private var text: String?

    var message: String? { lock.withLock { text } }
    func set(_ message: String) { lock.withLock { text = message } }
}
