// `understudy scoreboard` and `understudy calibrate`: the step-time model against published measurements, row by row, the
// bad ones too; and the constants that fit a table best. Refuses to hide a row.

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
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw Failure(
                .failed, "\(path) cannot be read; run from Understudy's folder, or name a table with --table")
        }
        do { return try StepTable(text, path: path) } catch {
            throw Failure(.invalidSpec, error.lines.joined(separator: "\n"))
        }
    }
}

struct ScoreboardCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scoreboard", abstract: "Hold the step-time model against published measurements.",
        discussion: """
            Example:  understudy scoreboard --rows

            Rows marked 'fit' calibrated the constants; rows marked 'held' did not.
            """)

    @OptionGroup var table: StepTableOption

    @Flag(name: .long, help: "Show every row, not only each table's errors.")
    var rows = false

    @OptionGroup var output: OutputOptions

    /// One row of the scoreboard.
    struct Row: Codable {
        var id: String
        var table: String
        var software: String
        var use: String
        var published_seconds: Double
        var predicted_seconds: Double
        var error: Double
    }

    struct Document: Codable {
        struct Summary: Codable {
            var table: String
            var use: String
            var rows: Int
            var mean_absolute_error: Double
            var worst_error: Double
            var worst: String
        }
        var schema = "understudy/scoreboard/v1"
        var tables: [Summary]
        var rows: [Row]
    }

    func run() throws {
        let rows = try table.read().entries.map { entry -> Row in
            let known = SoftwareConstants.known.first { $0.tables.contains(entry.step.table) }
            let usual = SoftwareConstants.usual(for: entry.step.machine)
            let predicted = entry.step.predicted(known?.constants ?? usual.constants)
            return Row(
                id: entry.step.id, table: entry.step.table, software: known?.name ?? usual.name,
                use: entry.isFit ? "fit" : "held", published_seconds: entry.step.seconds, predicted_seconds: predicted,
                error: predicted / entry.step.seconds - 1)
        }
        var summaries: [Document.Summary] = []
        for row in rows where !summaries.contains(where: { $0.table == row.table && $0.use == row.use }) {
            let group = rows.filter { $0.table == row.table && $0.use == row.use }
            let worst = group.max { abs($0.error) < abs($1.error) }!
            summaries.append(
                Document.Summary(
                    table: row.table, use: row.use, rows: group.count,
                    mean_absolute_error: group.reduce(0) { $0 + abs($1.error) } / Double(group.count),
                    worst_error: worst.error, worst: worst.id))
        }
        output.print(Document(tables: summaries, rows: rows)) { width, style in
            var table = Table([
                .left("TABLE"), .left("ROWS"), .right("COUNT"), .right("MEAN |ERROR|"), .right("WORST"),
                .flexible("WORST ROW"),
            ])
            for summary in summaries {
                table.add([
                    summary.table, summary.use, "\(summary.rows)", percentText(summary.mean_absolute_error),
                    percentText(summary.worst_error), summary.worst,
                ])
            }
            let all = table.lines(width: width, style: style)
            return self.rows ? all + [""] + rowTable(rows).lines(width: width, style: style) : all
        }
    }

    private func rowTable(_ rows: [Row]) -> Table {
        var table = Table([
            .left("ROW"), .left("ROWS"), .left("CONSTANTS"), .right("PUBLISHED S"), .right("PREDICTED S"),
            .right("ERROR"),
        ])
        for row in rows {
            table.add([
                row.id, row.use, row.software, String(format: "%.4f", row.published_seconds),
                String(format: "%.4f", row.predicted_seconds), percentText(row.error),
            ])
        }
        return table
    }
}

struct CalibrateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calibrate", abstract: "Fit the step-time model's constants to a table of measurements.",
        discussion: """
            Example:  understudy calibrate --only sc21_table1

            Rows whose column 'use' is 'fit' are fitted to; without that column every \
            second row is. The errors are told for both halves.
            """)

    @OptionGroup var table: StepTableOption

    @Option(name: .long, help: ArgumentHelp("Only the rows of these tables.", valueName: "table"))
    var only: [String] = []

    @OptionGroup var output: OutputOptions

    struct Errors: Codable {
        var rows: Int
        var mean_absolute_error: Double
        var worst_error: Double
        var worst: String

        init(_ error: FitError) {
            rows = error.count
            mean_absolute_error = error.mean
            worst_error = error.worst
            worst = error.worstID
        }
    }

    struct Document: Codable {
        var schema = "understudy/calibration/v1"
        var constants: SoftwareConstants
        var fitted: Errors
        var held: Errors
    }

    func run() throws {
        let entries = try table.read().entries.filter { only.isEmpty || only.contains($0.step.table) }
        let fitted = entries.filter(\.isFit).map(\.step)
        guard !fitted.isEmpty else { throw Failure(.usage, "no row is left to fit to") }
        let constants = Hardware.calibrate(fitted)
        let document = Document(
            constants: constants, fitted: Errors(FitError(fitted, constants)),
            held: Errors(FitError(entries.filter { !$0.isFit }.map(\.step), constants)))
        output.print(document) { width, style in
            var table = Table([.left("CONSTANT"), .right("VALUE"), .flexible("WHAT IT IS")])
            for (name, value, what) in described(constants) { table.add([name, String(format: "%.6g", value), what]) }
            var errors = Table([
                .left("ROWS"), .right("COUNT"), .right("MEAN |ERROR|"), .right("WORST"), .left("WORST ROW"),
            ])
            for (name, error) in [("fitted", document.fitted), ("held", document.held)] {
                errors.add([
                    name, "\(error.rows)", percentText(error.mean_absolute_error), percentText(error.worst_error),
                    error.worst,
                ])
            }
            return table.lines(width: width, style: style) + [""] + errors.lines(width: width, style: style)
        }
    }

    private func described(_ constants: SoftwareConstants) -> [(String, Double, String)] {
        [
            ("gemm", constants.gemm, "share of the peak that large matrix products reach"),
            ("attention", constants.attention, "share of that which attention's products reach"),
            ("elementwise", constants.elementwise, "times that kept activations pass through memory"),
            ("node_links", constants.nodeLinks, "share of a node's links that collectives reach"),
            ("network", constants.network, "share of the network that collectives reach"),
            ("launch", constants.launch, "seconds to start one block's kernels once"),
            ("fixed", constants.fixed, "seconds of an iteration that depend on nothing"),
            ("overlap", constants.overlap, "share of the backward pass that hides gradients"),
        ]
    }
}
