// A loss curve from a CSV file: what other programs log, read well enough to run a detector over it. Columns by name,
// `step`, `loss` and perhaps `grad_norm`, in any order among others. Refuses guesses: a row that is not numbers is an
// error with its line.

import Journaling
import Primitives

/// A loss curve.
public struct LossLog: Equatable, Sendable {
    /// One row.
    public struct Row: Equatable, Sendable {
        /// The step's number.
        public var step: Int
        /// The training loss; may be no number.
        public var loss: Double
        /// The gradient's norm, where the file has it.
        public var gradientNorm: Double?
    }

    /// Why a file is no loss curve.
    public struct Malformed: Error, Equatable, Sendable, CustomStringConvertible {
        /// The line, from 1.
        public var line: Int
        /// What is wrong with it, and what would be right.
        public var problem: String
        /// The line and the problem.
        public var description: String { "line \(line): \(problem)" }
    }

    /// The rows, steps ascending.
    public let rows: [Row]

    /// Reads the text of a CSV file whose first line names its columns.
    public init(csv text: String) throws(Malformed) {
        let table: CSVTable
        do { table = try CSVTable(text) } catch {
            throw Malformed(line: error.line, problem: "\(error.problem); wanted are \(LossLog.wanted)")
        }
        let names = table.columns.map(LossLog.trimmed)
        guard let step = names.firstIndex(of: "step"), let loss = names.firstIndex(of: "loss") else {
            let found = names.joined(separator: ",")
            throw Malformed(line: 1, problem: "the first line must name \(LossLog.wanted), not '\(found)'")
        }
        let norm = names.firstIndex(of: "grad_norm")
        var rows: [Row] = []
        for row in table.rows {
            let cells = row.cells.map(LossLog.trimmed)
            guard let number = Int(cells[step]), let value = Double(cells[loss]) else {
                throw Malformed(
                    line: row.line, problem: "step '\(cells[step])' and loss '\(cells[loss])' are not two numbers")
            }
            if let last = rows.last, number <= last.step {
                throw Malformed(line: row.line, problem: "step \(number) does not follow step \(last.step)")
            }
            rows.append(Row(step: number, loss: value, gradientNorm: norm.flatMap { Double(cells[$0]) }))
        }
        self.rows = rows
    }

    /// The steps of a run that still count, by their number.
    public init(_ history: RunHistory) {
        rows = history.steps.filter(history.survives)
            .map { Row(step: $0.step, loss: $0.loss, gradientNorm: $0.gradientNorm) }
            .sorted { $0.step < $1.step }
    }

    private static let wanted = "the columns step and loss, and perhaps grad_norm"

    private static func trimmed(_ cell: String) -> String {
        String(cell.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
