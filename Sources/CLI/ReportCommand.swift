// `understudy report`: one or several runs as one HTML file that needs nothing else. Refuses to draw: Reports makes the
// page, the same that the dashboard serves.

import ArgumentParser
import Foundation
import Journaling
import Reports

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Write one or several runs as one HTML file, to be opened or mailed.",
        discussion: """
            The file holds everything it shows and fetches nothing. Several runs are
            compared, and each opens from there.

            Example:  understudy report quickstart-0001 quickstart-0002 -o report.html
            """)

    @Argument(help: ArgumentHelp("The runs: names or folders. The newest when left out.", valueName: "run"))
    var names: [String] = []

    @OptionGroup var runs: RunsOption

    @Option(
        name: .shortAndLong, help: ArgumentHelp("The file to write; standard output when it is -.", valueName: "file"))
    var output = "report.html"

    func run() throws {
        let folders =
            try names.isEmpty
            ? [RunArgument.newest(in: runs)] : names.map { try RunArgument.find($0, in: runs) }
        let pages = try folders.map { folder in
            try journal(folder).keptPage ?? encodeJSON(PageDocument(try readRun(folder)), isCompact: true)
        }
        let title = folders.map(\.id.name).joined(separator: ", ")
        let text = pageText(pages: pages, title: "\(title) – Understudy")
        guard output != "-" else { return print(text, terminator: "") }
        do { try text.write(toFile: output, atomically: true, encoding: .utf8) } catch {
            throw Failure(.failed, "cannot write \(output): \(error.localizedDescription)")
        }
        warn("\(output): \(counted(pages.count)), \((text.utf8.count + 500) / 1000) kB")
    }

    private func counted(_ count: Int) -> String { count == 1 ? "1 run" : "\(count) runs" }
}
