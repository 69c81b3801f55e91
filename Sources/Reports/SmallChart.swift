// A curve in a few rows of characters, for a live view. Two heights a row (' above, . below); a column shows the mean
// of its steps. Refuses to replace the plot: it hides spikes of a single step where columns are many steps wide.

import Journaling
import Primitives

/// The losses of `history` that count, as `rows` lines of at most `width` characters with an axis line below: segment
/// numbers where segments began, `!` where incidents struck.
func lossChart(_ history: RunHistory, width: Int, rows: Int = 6) -> [String] {
    let label = 7
    let columns = max(8, width - label - 1)
    let means = columnMeans(history, columns)
    let known = means.compactMap { $0 }
    guard let low = known.min(), let high = known.max() else { return [] }
    let levels = rows * 2
    func level(_ value: Double) -> Int {
        high > low ? min(levels - 1, Int((value - low) / (high - low) * Double(levels))) : 0
    }
    func margin(_ text: String) -> String { String(repeating: " ", count: max(0, label - text.count)) + text }
    var lines = (0..<rows).map { row -> String in
        let upper = levels - 1 - 2 * row
        let cells = means.map { mean -> Character in
            guard let mean else { return " " }
            return level(mean) == upper ? "'" : level(mean) == upper - 1 ? "." : " "
        }
        let name = row == 0 ? fixed(high, 3) : row == rows - 1 ? fixed(low, 3) : ""
        return trimmed(margin(shortened(name, to: label)) + "|" + String(cells))
    }
    lines.append(margin("") + "+" + axis(history, columns))
    return lines
}

private func trimmed(_ line: String) -> String {
    var line = line
    while line.last == " " { line.removeLast() }
    return line
}

private func lastStep(_ history: RunHistory) -> Int { max(1, history.coordinator.run?.reached ?? 1) }

private func columnMeans(_ history: RunHistory, _ columns: Int) -> [Double?] {
    let bySegment = SegmentSteps(history)
    let last = lastStep(history)
    var sums = [(sum: Double, count: Int)](repeating: (0, 0), count: columns)
    for point in history.steps
    where point.loss.isFinite && bySegment.counts(segment: point.segment, step: point.step) {
        let column = min(columns - 1, (point.step - 1) * columns / last)
        sums[column] = (sums[column].sum + point.loss, sums[column].count + 1)
    }
    // Where a step is many columns wide, it is drawn over all of them; beyond the last step nothing is.
    var before: Double?
    return sums.enumerated().map { column, bin in
        if bin.count > 0 { before = bin.sum / Double(bin.count) }
        return column * last < history.committed * columns ? before : nil
    }
}

private func axis(_ history: RunHistory, _ columns: Int) -> String {
    var cells = [Character](repeating: "-", count: columns)
    let last = lastStep(history)
    for incident in history.incidents { cells[min(columns - 1, incident.step * columns / last)] = "!" }
    for segment in history.segments {
        let text = Array(String(segment.index + 1))
        let column = min(columns - text.count, segment.restored * columns / last)
        for (offset, digit) in text.enumerated() where column >= 0 { cells[column + offset] = digit }
    }
    return String(cells)
}
