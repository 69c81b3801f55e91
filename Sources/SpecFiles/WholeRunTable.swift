// Published figures of whole runs that a job file and a cluster file describe, as docs/reference/whole_runs.csv has them:
// what no constant was fitted to. Every bad row is reported with its line. Refuses to read the files it names; whoever
// predicts a run does.

import Primitives

/// Whole runs and what was published of them.
public struct WholeRunTable: Sendable {
    /// What a published figure counts.
    public enum Figure: String, Sendable, CaseIterable {
        /// One iteration, in seconds.
        case iterationSeconds = "iteration_seconds"
        /// The whole run, in hours times accelerators.
        case acceleratorHours = "accelerator_hours"
        /// The whole run, in days.
        case days
        /// Model operations of an accelerator, in 10¹² a second.
        case modelTFLOPs = "model_tflops_per_gpu"
    }

    /// A run and its figure.
    public struct Entry: Sendable {
        /// The job's name: its file is `jobs/NAME.yaml`.
        public var job: String
        /// The cluster's name: its file is `clusters/NAME.yaml`.
        public var cluster: String
        /// What the figure counts.
        public var figure: Figure
        /// The figure.
        public var published: Double
        /// Where it is from, and what else it holds.
        public var source: String
    }

    /// The runs, in order.
    public let entries: [Entry]

    /// Reads `text`.
    /// - Throws: every bad row, as `PATH:LINE: problem` lines.
    public init(_ text: String, path: String) throws(StepTableErrors) {
        let table: CSVTable
        do { table = try CSVTable(text) } catch {
            throw StepTableErrors(lines: ["\(path):\(error.line): \(error.problem)"])
        }
        var entries: [Entry] = []
        var problems: [String] = []
        for row in table.rows {
            let name = table.cell(row, "figure")
            guard let figure = Figure(rawValue: name) else {
                let known = Figure.allCases.map(\.rawValue).joined(separator: ", ")
                problems.append("\(path):\(row.line): `figure` cannot be `\(name)`; known: \(known)")
                continue
            }
            guard let published = Double(table.cell(row, "published")), published > 0 else {
                problems.append("\(path):\(row.line): `published` must be a number above 0")
                continue
            }
            entries.append(
                Entry(
                    job: table.cell(row, "job"), cluster: table.cell(row, "cluster"), figure: figure,
                    published: published, source: table.cell(row, "source")))
        }
        guard problems.isEmpty else { throw StepTableErrors(lines: problems) }
        self.entries = entries
    }
}
