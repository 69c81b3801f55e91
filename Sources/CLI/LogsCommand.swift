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
            Examples:
              understudy logs quickstart-0001 --rank 2
              understudy logs quickstart-0001 --first-failure
            """)

    @OptionGroup var target: RunArgument

    @Option(name: .long, help: ArgumentHelp("Only this rank; may be given several times.", valueName: "rank"))
    var rank: [Int] = []

    @Flag(name: .customLong("first-failure"), help: "Only who failed first, and the last lines it wrote.")
    var firstFailure = false

    @Flag(name: .shortAndLong, help: "Go on printing what is written, until the run is over.")
    var follow = false

    func validate() throws {
        if firstFailure, follow || !rank.isEmpty {
            throw ValidationError("--first-failure goes with neither --rank nor -f")
        }
    }

    func run() throws {
        let folder = try target.folder()
        if firstFailure {
            guard let lines = Reports.firstFailure(logs(in: folder), try readRun(folder).history) else {
                return print("nothing has failed")
            }
            for line in lines { print(line) }
            return
        }
        var run = try WatchedRun(folder)
        var printed = 0
        while true {
            let lines = mergedLog(logs(in: folder), run.source.history, ranks: rank)
            for line in lines.dropFirst(printed) { print(line) }
            printed = max(printed, lines.count)
            guard follow, run.source.isCoordinated else { return }
            fflush(nil)
            Thread.sleep(forTimeInterval: 0.5)
            try run.catchUp()
        }
    }

    /// The logs in the folder of `run`: `NODE-SLOT-LAUNCH.log` for workers, `coordinator.log`.
    private func logs(in run: RunFolder) -> [ProcessLog] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: run.logs)) ?? []
        return names.filter { $0.hasSuffix(".log") }.sorted().compactMap { name in
            guard let data = FileManager.default.contents(atPath: "\(run.logs)/\(name)") else { return nil }
            let parts = name.dropLast(".log".count).split(separator: "-")
            let worker =
                parts.count >= 3 ? parts.dropLast(2).joined(separator: "-") + "/\(parts[parts.count - 2])" : nil
            return ProcessLog(
                name: worker ?? String(name.dropLast(".log".count)), text: String(decoding: data, as: UTF8.self))
        }
    }
}
