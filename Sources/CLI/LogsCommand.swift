// `understudy logs`: what all processes of a run wrote, merged, each line behind its rank; or only who failed first.

import ArgumentParser
import Foundation
import Journaling
import Primitives
import Reports

struct LogsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Print what the processes of a run wrote, merged, each line behind its rank.",
        discussion: """
            With --json every line of a log is a JSON document on a line of its own, of the
            kind log-line; --first-failure prints one, of the kind first-failure.

            Examples:
              understudy logs quickstart-0001 --rank 2
              understudy logs quickstart-0001 --first-failure
              understudy logs -f --json | jq -c 'select(.level == "error")'
            """)

    @OptionGroup var target: RunArgument

    @Option(name: .long, help: ArgumentHelp("Only this rank; may be given several times.", valueName: "rank"))
    var rank: [Int] = []

    @Flag(name: .customLong("first-failure"), help: "Only who failed first, and the last lines it wrote.")
    var firstFailure = false

    @Flag(name: .shortAndLong, help: "Go on printing what is written, until the run is over.")
    var follow = false

    @OptionGroup var output: OutputOptions

    func validate() throws {
        if firstFailure, follow || !rank.isEmpty {
            throw ValidationError("--first-failure goes with neither --rank nor -f")
        }
    }

    func run() throws {
        let folder = try target.folder()
        if firstFailure {
            let logs = logs(in: folder)
            let source = try readRun(folder)
            return output.print(FirstFailureDocument(logs, source.history, run: source.name)) { _, _ in
                Reports.firstFailure(logs, source.history) ?? ["nothing has failed"]
            }
        }
        var run = try WatchedRun(folder)
        var reader = LogReader()
        while true {
            let goesOn = follow && run.source.isCoordinated
            let logs = logs(in: folder)
            let history = run.source.history
            if !goesOn { try expect(ranks: rank, of: logs, history) }
            let lines = reader.next(logs, history, ranks: rank, isLast: !goesOn)
            if output.json {
                for line in lines { output.printLine(LogLineDocument(line, run: run.source.name)) }
            } else {
                for line in logText(lines, of: logs, history) { print(line) }
            }
            guard goesOn else {
                if logs.isEmpty { warn("no process of \(run.source.name) has left a log") }
                return
            }
            fflush(nil)
            Thread.sleep(forTimeInterval: 0.5)
            try run.catchUp()
        }
    }

    /// Refuses ranks of which there is no log; while a run goes on they may come.
    private func expect(ranks: [Int], of logs: [ProcessLog], _ history: RunHistory) throws {
        let known = Set(logs.compactMap(history.rank)).sorted()
        guard let strange = ranks.first(where: { !known.contains($0) }) else { return }
        let others = known.isEmpty ? "" : "; those that did are \(known.map(String.init).joined(separator: ", "))"
        throw Failure(.failed, "no process of rank \(strange) wrote a log\(others)")
    }

    /// The logs in the folder of `run`: `NODE-SLOT-LAUNCH.log` for workers, `coordinator.log`.
    private func logs(in run: RunFolder) -> [ProcessLog] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: run.logs)) ?? []
        return names.filter { $0.hasSuffix(".log") }.sorted().compactMap { name in
            guard let data = FileManager.default.contents(atPath: "\(run.logs)/\(name)") else { return nil }
            let text = String(decoding: data, as: UTF8.self)
            let parts = name.dropLast(".log".count).split(separator: "-")
            guard parts.count >= 3, let launch = Int(parts[parts.count - 1]) else {
                return ProcessLog(name: String(name.dropLast(".log".count)), text: text)
            }
            let worker = parts.dropLast(2).joined(separator: "-") + "/\(parts[parts.count - 2])"
            return ProcessLog(name: worker, launch: launch, text: text)
        }
    }
}
