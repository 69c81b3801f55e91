// A loss curve from a CSV file: what other programs log, read well enough to run a detector over it. Columns by name,
// `step`, `loss` and perhaps `grad_norm`, in any order among others. Refuses quotes and guesses: a row that is not
// numbers is an error with its line.

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
        let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
        let names = LossLog.cells(lines.first ?? "")
        guard let step = names.firstIndex(of: "step"), let loss = names.firstIndex(of: "loss") else {
            throw Malformed(
                line: 1,
                problem: "the first line must name the columns step and loss, and may name grad_norm, not "
                    + "'\(lines.first ?? "")'")
        }
        let norm = names.firstIndex(of: "grad_norm")
        var rows: [Row] = []
        for (index, line) in lines.enumerated().dropFirst() where !line.allSatisfy(\.isWhitespace) {
            let cells = LossLog.cells(line)
            guard cells.count == names.count, let number = Int(cells[step]), let value = Double(cells[loss]) else {
                throw Malformed(
                    line: index + 1, problem: "'\(line)' is not \(names.count) cells with a step and a loss")
            }
            if let last = rows.last, number <= last.step {
                throw Malformed(line: index + 1, problem: "step \(number) does not follow step \(last.step)")
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

    private static func cells(_ line: Substring) -> [String] {
        line.split(separator: ",", omittingEmptySubsequences: false).map { cell in
            String(cell.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
        }
    }
}
