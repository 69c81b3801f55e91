// Traces that are tables with a header: one row a job. Refuses to know the formats; TraceColumns does.

import Primitives
import Scheduling

/// Reads the table in `bytes`.
func readTable(_ bytes: [UInt8], _ format: TraceFormat, into collector: inout TraceCollector) throws(TraceError) {
    var lines = TraceLines(bytes)
    let separator: UInt8 = format == .sacct ? 124 : 44
    guard let head = lines.next(separator: separator) else { throw .empty }
    let header = head.fields.indices.map { head.text($0).lowercased() }
    let columns = TraceColumns.of(format, header: header)
    let reader = RowReader(
        columns: columns, places: try TracePlaces(columns, header: header, format: format), format: format)
    var number = 0
    while let row = lines.next(separator: separator) {
        defer { number += 1 }
        guard row.fields.count == header.count else {
            collector.report(row.line, "\(row.fields.count) fields where the header has \(header.count)")
            continue
        }
        reader.read(row, number: number, into: &collector)
    }
}

/// Reads rows of one format.
struct RowReader {
    let columns: TraceColumns
    let places: TracePlaces
    let format: TraceFormat

    func read(_ row: TraceRow, number: Int, into collector: inout TraceCollector) {
        let name = places.name.map { row.text($0) } ?? String(number)
        // A step of a Slurm job (`17.batch`) is part of the job's own row.
        if format == .sacct, name.contains(".") { return collector.leaveOut("steps of jobs") }
        let gpus: Int
        switch self.gpus(row) {
        case .failure(let problem): return collector.report(row.line, problem.problem)
        case .success(0): return collector.leaveOut("jobs without a GPU")
        case .success(let count): gpus = count
        }
        guard let submitted = seconds(row, places.submitted) else {
            return collector.report(row.line, "\(columns.submitted) is \(quoted(row, places.submitted)), not a time")
        }
        let duration: Double
        if let place = places.duration {
            guard let span = span(row, place) else {
                return collector.report(row.line, "\(columns.duration) is \(quoted(row, place)), not a span")
            }
            duration = span
        } else {
            guard let start = places.start, let end = places.end else { return }
            if isUnknown(row, start) { return collector.leaveOut("jobs that never started") }
            if isUnknown(row, end) { return collector.leaveOut("jobs that never ended") }
            guard let from = seconds(row, start) else {
                return collector.report(row.line, "\(columns.start) is \(quoted(row, start)), not a time")
            }
            guard let to = seconds(row, end) else {
                return collector.report(row.line, "\(columns.end) is \(quoted(row, end)), not a time")
            }
            duration = to - from
        }
        do throws(TraceProblem) {
            collector.add(
                name: name, submitted: submitted, duration: duration, gpus: gpus,
                team: places.team.map { row.text($0) } ?? "-", line: row.line, extras: try extras(row))
        } catch { collector.report(error.line, error.problem) }
    }

    /// Whether field `place` says that there is nothing to say.
    private func isUnknown(_ row: TraceRow, _ place: Int) -> Bool {
        row.isEmpty(place) || ["none", "null", "nan", "unknown"].contains(row.text(place).lowercased())
    }

    /// What the row says beyond what every trace says.
    private func extras(_ row: TraceRow) throws(TraceProblem) -> TraceExtras {
        func problem(_ column: String?, _ place: Int, _ wanted: String) -> TraceProblem {
            TraceProblem(line: row.line, problem: "\(column ?? "") is \(quoted(row, place)), not \(wanted)")
        }
        var extras = TraceExtras()
        if let place = places.limit, !isUnknown(row, place), !isUnlimited(row.text(place)) {
            guard let limit = limit(row, place) else { throw problem(columns.limit, place, "a span") }
            extras.estimate = limit
        }
        if let place = places.priority, !isUnknown(row, place) {
            guard let priority = row.number(place), priority.magnitude < 1e15 else {
                throw problem(columns.priority, place, "a number")
            }
            extras.priority = Int(priority)
        }
        if let place = places.topology, !row.isEmpty(place) {
            guard let demand = TopologyDemand(named: row.text(place)) else {
                throw problem(columns.topology, place, "one of preferred, node, leaf, spine, pool")
            }
            extras.demand = demand
        }
        // PAI's MISC is any of its older kinds.
        if let place = places.accelerators, !isUnknown(row, place), row.text(place) != "MISC" {
            extras.accelerators = row.text(place).split(separator: "|").map(String.init)
        }
        return extras
    }

    /// Slurm's words for no limit of its own.
    private func isUnlimited(_ text: String) -> Bool { ["UNLIMITED", "Partition_Limit"].contains(text) }

    private func quoted(_ row: TraceRow, _ place: Int) -> String { "\"\(row.text(place).prefix(60))\"" }

    private func gpus(_ row: TraceRow) -> Result<Int, TraceProblem> {
        func bad(_ place: Int, _ wanted: String) -> Result<Int, TraceProblem> {
            .failure(TraceProblem(line: row.line, problem: "\(columns.gpus) is \(quoted(row, place)), not \(wanted)"))
        }
        if format == .sacct {
            guard let count = slurmGPUs(row.text(places.gpus)) else { return bad(places.gpus, "a list of resources") }
            return .success(count)
        }
        if row.isEmpty(places.gpus), format == .pai || format == .openb { return .success(0) }
        guard let count = row.number(places.gpus), count >= 0, count <= 1e9 else {
            return bad(places.gpus, "a number of GPUs")
        }
        let each = columns.countsHundredths ? (count / 100).rounded(.up) : count
        guard each == each.rounded() else { return bad(places.gpus, "a whole number of GPUs") }
        guard let place = places.copies, !row.isEmpty(place) else { return .success(Int(each)) }
        guard let copies = row.number(place), copies >= 0, copies == copies.rounded(), copies * each <= 1e9 else {
            return .failure(
                TraceProblem(
                    line: row.line, problem: "\(columns.copies ?? "") is \(quoted(row, place)), not a count"))
        }
        return .success(Int(copies) * Int(each))
    }

    /// An instant in seconds of the trace's clock.
    private func seconds(_ row: TraceRow, _ place: Int) -> Double? {
        if let number = row.number(place) { return number / columns.unitsPerSecond }
        return calendarSeconds(row.text(place))
    }

    /// A span in seconds: a number, or Slurm's `[D-]HH:MM:SS`.
    private func span(_ row: TraceRow, _ place: Int) -> Double? {
        if let number = row.number(place) { return number / columns.unitsPerSecond }
        return format == .sacct ? slurmSpan(row.text(place)) : nil
    }

    /// Slurm's raw limits count minutes.
    private func limit(_ row: TraceRow, _ place: Int) -> Double? {
        guard format == .sacct else { return span(row, place) }
        if let minutes = row.number(place) { return minutes * 60 }
        return slurmSpan(row.text(place))
    }
}

/// Seconds of Slurm's `[D-]HH:MM:SS[.fraction]` or `MM:SS`; nil for anything else.
func slurmSpan(_ text: String) -> Double? {
    let halves = text.split(separator: "-", maxSplits: 1)
    guard let clock = halves.last, halves.count == 1 || Int(halves[0]) != nil else { return nil }
    let parts = clock.split(separator: ":").map { Double($0) }
    guard (2...3).contains(parts.count), !parts.contains(where: { $0 == nil }) else { return nil }
    let days = halves.count == 2 ? Double(halves[0]) ?? 0 : 0
    return days * 86_400 + parts.compactMap { $0 }.reduce(0) { $0 * 60 + $1 }
}

/// The GPUs of Slurm's `cpu=64,gres/gpu=8,gres/gpu:a100=8` or `gpu:a100:8`; the count without a type wins, because
/// those with one repeat it. 0 when none is named, nil when one has no count.
func slurmGPUs(_ text: String) -> Int? {
    var typed = 0
    for item in text.split(separator: ",") {
        let words = item.split { ":=".contains($0) }
        guard let kind = words.first, kind == "gres/gpu" || kind == "gpu" else { continue }
        guard let count = words.last.flatMap({ Int($0) }), count >= 0 else { return nil }
        if words.count == 2 { return count }
        typed += count
    }
    return typed
}
