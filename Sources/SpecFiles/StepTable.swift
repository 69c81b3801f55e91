// Published step times from a table: what docs/reference/step_times.csv holds, and other tables with the same columns.
// Every bad row is reported with its line. Refuses to fill in what a row must have: sizes, batch, accelerators, a time.

import Hardware
import Jobs
import Primitives

/// Measured steps, and which of them constants may be fitted to.
public struct StepTable: Sendable {
    /// A measured step and its use.
    public struct Entry: Sendable {
        /// What was measured.
        public var step: MeasuredStep
        /// Whether constants may be fitted to it; the others are kept for checking.
        public var isFit: Bool
        /// The line it stands in.
        public var line: Int
    }

    /// The rows, in order.
    public let entries: [Entry]

    /// Reads `text`. Without a column `use` every second row is kept for checking.
    /// - Throws: every bad row, as `PATH:LINE: problem` lines.
    public init(_ text: String, path: String) throws(StepTableErrors) {
        let table: CSVTable
        do { table = try CSVTable(text) } catch {
            throw StepTableErrors(lines: ["\(path):\(error.line): \(error.problem)"])
        }
        var entries: [Entry] = []
        var problems: [String] = []
        for (index, row) in table.rows.enumerated() {
            var reader = StepRow(table: table, row: row)
            if let step = reader.step() {
                let use = table.cell(row, "use")
                entries.append(Entry(step: step, isFit: use.isEmpty ? index % 2 == 0 : use == "fit", line: row.line))
            } else {
                problems += reader.problems.map { "\(path):\(row.line): \($0)" }
            }
        }
        guard problems.isEmpty else { throw StepTableErrors(lines: problems) }
        self.entries = entries
    }
}

/// Everything that is wrong with a table.
public struct StepTableErrors: Error, Equatable, Sendable {
    /// `PATH:LINE: problem`, in the table's order.
    public var lines: [String]
}

/// One row being read.
private struct StepRow {
    let table: CSVTable
    let row: CSVTable.Row
    var problems: [String] = []

    init(table: CSVTable, row: CSVTable.Row) {
        self.table = table
        self.row = row
    }

    private func text(_ names: String...) -> String {
        names.lazy.map { table.cell(row, $0) }.first { !$0.isEmpty } ?? ""
    }

    private mutating func whole(_ name: String, default fallback: Int? = nil) -> Int {
        let text = text(name)
        if text.isEmpty, let fallback { return fallback }
        if let value = Double(text), value >= 1, value == value.rounded() { return Int(value) }
        problems.append(text.isEmpty ? "`\(name)` is missing" : "`\(name)` must be a whole number, not `\(text)`")
        return 1
    }

    private func flag(_ name: String) -> Bool { ["1", "true", "yes"].contains(text(name)) }

    mutating func step() -> MeasuredStep? {
        let model = ModelShape(
            family: text("model").lowercased().hasPrefix("llama") ? .llama : .gpt2, layers: whole("layers"),
            width: whole("hidden"), heads: whole("heads"), keyValueHeads: Int(text("kv_heads", "gqa_kv_heads")),
            feedForwardWidth: Int(text("ffn")), contextLength: whole("seq"), vocabularySize: whole("vocab"))
        let recompute = text("recompute")
        let layout = LayoutSpec(
            tensor: whole("tp", default: 1), pipeline: whole("pp", default: 1), virtualStages: whole("vpp", default: 1),
            context: whole("cp", default: 1), sequenceParallel: flag("sp"), zeroStage: Int(text("zero")) ?? 0,
            recomputation: Recomputation(rawValue: recompute) ?? (recompute.hasPrefix("none/") ? .selective : .none),
            flashAttention: flag("flash"), overlapsGradients: flag("overlap"))
        let precision = Precision(rawValue: text("precision")) ?? .bf16
        let work = Workload(
            model: model, layout: layout, precision: precision, microBatch: whole("micro_batch", default: 1),
            globalBatch: whole("global_batch"), accelerators: whole("n_gpus"))
        guard var machine = Machine.published(text("gpu"), precision) else {
            problems.append("the accelerator `\(text("gpu"))` is not known; known: \(Machine.publishedNames)")
            return nil
        }
        if let gigabits = Double(text("nic_gbit")) { machine.networkBandwidth = gigabits * 1e9 / 8 }
        guard let seconds = seconds(work), problems.isEmpty else { return nil }
        return MeasuredStep(
            id: text("id"), table: text("table"), work: work, machine: machine, seconds: seconds,
            choosesMicroBatch: text("micro_batch").isEmpty, choosesStages: text("vpp").isEmpty)
    }

    /// The measured seconds, or those that follow from a printed TFLOP/s and what it counts.
    private mutating func seconds(_ work: Workload) -> Double? {
        if let seconds = Double(text("iter_s")), seconds > 0 { return seconds }
        guard let rate = Double(text("tflops_per_gpu")), rate > 0 else {
            problems.append("neither `iter_s` nor `tflops_per_gpu` is given")
            return nil
        }
        let isHardware = text("tflops_kind").hasPrefix("hardware")
        let operations = isHardware ? work.hardwareFLOPs.count : work.modelFLOPs.count
        return operations / (rate * 1e12 * Double(work.accelerators))
    }
}
