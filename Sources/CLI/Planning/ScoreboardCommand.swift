// `understudy scoreboard`: the step-time model against published measurements, row by row, the bad ones too, and against
// whole runs. Refuses to fit; see calibrate.

import ArgumentParser
import Foundation
import Hardware
import Reports
import SpecFiles

/// Which table of measurements.
struct StepTableOption: ParsableArguments {
    @Option(
        name: .customLong("table"),
        help: ArgumentHelp("The measurements, as docs/reference/step_times.csv has them.", valueName: "csv"))
    var path = "docs/reference/step_times.csv"

    func read() throws -> StepTable {
        do { return try StepTable(readTable(path), path: path) } catch let error as StepTableErrors {
            throw Failure(.invalidSpec, error.lines.joined(separator: "\n"))
        }
    }
}

/// The text of the table at `path`.
func readTable(_ path: String) throws -> String {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
        throw Failure(.failed, "\(path) cannot be read; run from Understudy's folder, or name a table with --table")
    }
    return text
}

struct ScoreboardCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scoreboard", abstract: "Hold the step-time model against published measurements.",
        discussion: """
            Examples:
              understudy scoreboard --rows
              understudy scoreboard --constants mine.yaml

            Rows marked 'fit' calibrated the constants; rows marked 'held' and whole runs \
            did not. docs/scoreboard.md is what --markdown prints; scripts/scoreboard \
            writes it.
            """)

    @OptionGroup var table: StepTableOption
    @OptionGroup var constants: ConstantsOption

    @Flag(name: .long, help: "Show every row, not only each table's errors.")
    var rows = false

    @Flag(name: .long, help: "Print the page docs/scoreboard.md.")
    var markdown = false

    @OptionGroup var output: OutputOptions

    func run() throws {
        let runs: WholeRunTable
        let path = "docs/reference/whole_runs.csv"
        do { runs = try WholeRunTable(readTable(path), path: path) } catch let error as StepTableErrors {
            throw Failure(.invalidSpec, error.lines.joined(separator: "\n"))
        }
        let board = try Scoreboard(steps: table.read(), runs: runs, folder: ".", constants: constants)
        if markdown {
            for line in board.page { print(line) }
        } else {
            output.print(board) { width, style in board.lines(hasRows: rows, width: width, style: style) }
        }
    }
}
