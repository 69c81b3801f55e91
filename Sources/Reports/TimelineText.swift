// A timeline as text: a row a worker slot, a column a stretch of time, the loss and the segments under it. Refuses to
// hide a failure: where several things fall into one column, the most important is drawn.

import Journaling
import Primitives

/// The Gantt chart of `history` as lines. Where several things fall into one column, the last of the legend is drawn.
///
/// - Parameters:
///   - from: the left edge; the run's begin when nil.
///   - to: the right edge; the last record when nil. A window without length is widened to a nanosecond a column.
///   - width: characters a line should not exceed; the chart has at least 20 columns.
public func timelineLines(
    _ history: RunHistory, from: Instant? = nil, to: Instant? = nil, width: Int = 100, style: Style = .plain
) -> [String] {
    let timeline = Timeline(history, of: history.slotsToDraw(most: 64))
    guard !timeline.workers.isEmpty else { return ["no worker has joined"] }
    let names = timeline.workers.map { printable($0.description) }
    let label = max(8, names.map(\.count).max() ?? 0)
    let columns = TimeColumns(
        from: from ?? history.start, to: to ?? history.now, count: max(20, width - label - 2))
    func row(_ name: String, _ text: String) -> String {
        var line = name + String(repeating: " ", count: label - name.count) + "  " + text
        while line.last == " " { line.removeLast() }
        return line
    }
    var lines = [style.apply(.dim, to: row("", axis(columns, start: history.start)))]
    for (worker, name) in zip(timeline.workers, names) {
        lines.append(row(name, drawn(timeline.spans.filter { $0.worker == worker }, columns)))
    }
    let hidden = history.slots.count - timeline.workers.count
    if hidden > 0 { lines.append("\(counted(hidden, "slot")) more, which failed no more often than these") }
    lines.append(row("segment", segmentNumbers(history, columns)))
    lines.append(row("loss", losses(history, columns)))
    let legend = Activity.allCases.map { "\($0.symbol) \($0.word)" }.joined(separator: "  ")
    guard let spikes = spikeRow(history, columns) else { return lines + [style.apply(.dim, to: legend)] }
    lines.append(row("spikes", spikes.marks))
    lines += spikes.skipped.map { row("skipped", $0) }
    return lines + [style.apply(.dim, to: legend)]
        + (spikes.legend.isEmpty ? [] : [style.apply(.dim, to: "spikes: " + spikes.legend)])
}

/// The columns of a chart: equal stretches of time.
struct TimeColumns {
    let from: Instant
    let to: Instant
    let count: Int

    init(from: Instant, to: Instant, count: Int) {
        self.from = from
        self.to = max(to, Instant(nanoseconds: from.nanoseconds + Int64(count)))
        self.count = count
    }

    private var length: Double { Double(to.nanoseconds - from.nanoseconds) }

    /// The column that `instant` falls into; outside of 0 ..< count when it is not in the chart.
    func column(_ instant: Instant) -> Int {
        // The right edge belongs to the last column: it is the last record, and must not be cut off.
        if instant == to { return count - 1 }
        return Int((Double(instant.nanoseconds - from.nanoseconds) / length * Double(count)).rounded(.down))
    }

    /// When `column` begins.
    func begin(_ column: Int) -> Instant {
        Instant(nanoseconds: from.nanoseconds + Int64(length * Double(column) / Double(count)))
    }
}

private func drawn(_ spans: [TimelineSpan], _ columns: TimeColumns) -> String {
    var cells = [Activity?](repeating: nil, count: columns.count)
    for span in spans where span.to >= columns.from && span.from <= columns.to {
        let first = max(0, columns.column(span.from))
        // A span ends before its end: the column that begins there is the next span's.
        let last = columns.column(
            span.from == span.to ? span.to : Instant(nanoseconds: span.to.nanoseconds - 1))
        for cell in first..<max(first, min(columns.count, last + 1)) {
            cells[cell] = max(cells[cell] ?? span.activity, span.activity)
        }
    }
    return String(cells.map { $0?.symbol ?? " " })
}

private let axisSpacing = 16

private func axis(_ columns: TimeColumns, start: Instant) -> String {
    var text = ""
    let spacing = columns.begin(axisSpacing) - columns.begin(0)
    for column in stride(from: 0, to: columns.count, by: axisSpacing) {
        let mark = "|" + clockText(columns.begin(column) - start, apart: spacing)
        if column + mark.count <= columns.count {
            text += String(repeating: " ", count: column - text.count) + mark
        }
    }
    return text
}

/// A time on an axis whose marks are `spacing` apart, fine enough that two neighbours differ.
private func clockText(_ time: TimeSpan, apart spacing: TimeSpan) -> String {
    if spacing < .seconds(Int64(1)) { return fixed(time.seconds, spacing < .milliseconds(10) ? 5 : 3) + "s" }
    // Up to an hour, and where marks are minutes apart, the usual reading of a span tells neighbours apart.
    guard spacing < .seconds(Int64(60)), time >= .seconds(Int64(3600)) else { return "\(time)" }
    let seconds = time.nanoseconds / 1_000_000_000
    func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
    return "\(two(seconds / 3600)):\(two(seconds / 60 % 60)):\(two(seconds % 60))"
}

private func segmentNumbers(_ history: RunHistory, _ columns: TimeColumns) -> String {
    var text = ""
    for segment in history.segments {
        let column = columns.column(segment.formedAt)
        // A number that would touch the one before is left out; the next is still in its place.
        guard column >= 0, column + "\(segment.index + 1)".count <= columns.count,
            text.isEmpty || column > text.count
        else { continue }
        text += String(repeating: " ", count: column - text.count) + "\(segment.index + 1)"
    }
    return text
}

private func losses(_ history: RunHistory, _ columns: TimeColumns) -> String {
    let cell = 6
    var texts = [String](repeating: "", count: columns.count / cell)
    for point in history.steps where point.at >= columns.from && point.at <= columns.to {
        let index = columns.column(point.at) / cell
        if texts.indices.contains(index) { texts[index] = shortened(fixed(point.loss, 2), to: cell - 1) }
    }
    return texts.map { $0 + String(repeating: " ", count: cell - $0.count) }.joined()
}
