// `understudy calibrate`: the constants that fit a table of measurements best, printed or written to a file that other
// commands read. Refuses to change the shipped constants: a person compares and decides.

import ArgumentParser
import Foundation
import Hardware
import Reports
import SpecFiles

struct CalibrateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calibrate", abstract: "Fit the step-time model's constants to a table of measurements.",
        discussion: """
            Examples:
              understudy calibrate --only sc21_table1
              understudy calibrate --table mine.csv --output mine.yaml && understudy plan … --constants mine.yaml

            Rows whose column 'use' is 'fit' are fitted to; without that column every \
            second row is. The errors are told for both halves.
            """)

    @OptionGroup var table: StepTableOption

    @Option(name: .long, help: ArgumentHelp("Only the rows of these tables.", valueName: "table"))
    var only: [String] = []

    @Option(name: .long, help: ArgumentHelp("Write the constants to this file.", valueName: "file"))
    var output: String?

    @OptionGroup var printing: OutputOptions

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
        let fit = FitError(fitted, constants)
        let held = FitError(entries.filter { !$0.isFit }.map(\.step), constants)
        if let output {
            let name = output.split(separator: "/").last.map { $0.split(separator: ".")[0] } ?? "constants"
            let text = constantsFile(name: String(name), constants, fitted: fit, held: held, from: table.path)
            do { try text.write(toFile: output, atomically: true, encoding: .utf8) } catch {
                throw Failure(.failed, "the constants \(output) cannot be written: \(error.localizedDescription)")
            }
        }
        let document = Document(constants: constants, fitted: Errors(fit), held: Errors(held))
        printing.print(document) { width, style in
            var table = Table([.left("CONSTANT"), .right("VALUE"), .flexible("WHAT IT IS")])
            for (name, value, what) in described(constants) { table.add([name, fixed(value, 6), what]) }
            var errors = Table([
                .left("ROWS"), .right("COUNT"), .right("MEAN |ERROR|"), .right("WORST"), .left("WORST ROW"),
            ])
            for (name, error) in [("fitted", document.fitted), ("held", document.held)] {
                errors.add([
                    name, "\(error.rows)", percent(error.mean_absolute_error), percent(error.worst_error),
                    error.worst,
                ])
            }
            return table.lines(width: width, style: style) + [""] + errors.lines(width: width, style: style)
        }
    }
}
