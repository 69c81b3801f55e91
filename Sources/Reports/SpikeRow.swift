// The row of a text timeline that shows loss spikes: excursions, alarms, what was decided, and the stretch that a rollback
// left; and the batches that the run leaves out. Nothing is drawn of a run without spikes. Refuses to hide a decision:
// where several things fall into one column, the most important is drawn.

import ControlPlane
import Journaling
import Primitives

/// What a column of the row shows; the most important is the last.
private enum SpikeMark: Character, CaseIterable, Comparable {
    case left = "-"
    case outlier = "o"
    case excursion = "^"
    case alarm = "!"
    case harmless = "h"
    case hardware = "w"
    case rollback = "<"
    case end = "X"

    var word: String {
        switch self {
        case .left: "left by a rollback"
        case .outlier: "outlier"
        case .excursion: "excursion"
        case .alarm: "alarm"
        case .harmless: "harmless"
        case .hardware: "wrong worker"
        case .rollback: "rollback"
        case .end: "given up"
        }
    }

    static func < (a: SpikeMark, b: SpikeMark) -> Bool {
        allCases.firstIndex(of: a)! < allCases.firstIndex(of: b)!
    }
}

/// The row's marks with its legend, and a line for each range of batches that is left out; nil when nothing was ever decided
/// about the loss.
func spikeRow(_ history: RunHistory, _ columns: TimeColumns) -> (marks: String, legend: String, skipped: [String])? {
    let episodes = history.spikeEpisodes
    guard !episodes.isEmpty else { return nil }
    var cells = [SpikeMark?](repeating: nil, count: columns.count)
    func draw(_ mark: SpikeMark, from: Instant, to: Instant) {
        guard to >= columns.from, from <= columns.to else { return }
        let first = max(0, columns.column(from))
        for cell in first...max(first, min(columns.count - 1, columns.column(to))) where cells.indices.contains(cell) {
            cells[cell] = max(cells[cell] ?? mark, mark)
        }
    }
    for episode in episodes { drawMarks(of: episode, history, draw) }
    let present = SpikeMark.allCases.filter { mark in cells.contains(mark) }
    return (
        String(cells.map { $0?.rawValue ?? " " }),
        present.map { "\($0.rawValue) \($0.word)" }.joined(separator: "  "),
        episodes.compactMap(\.rollback).compactMap(skippedText)
    )
}

private func drawMarks(
    of episode: SpikeEpisode, _ history: RunHistory, _ draw: (SpikeMark, Instant, Instant) -> Void
) {
    let first = episode.incidents[0].detectedAt
    if let rollback = episode.rollback, let restored = rollback.restoredStep {
        // What was computed behind the restored step, up to the decision to leave it.
        let segment = rollback.segment
        let left = history.steps.first { $0.step > restored && $0.segment <= segment && !history.survives($0) }
        if let left { draw(.left, left.at, rollback.detectedAt) }
    }
    if episode.alarm.onset < episode.alarm.step {
        draw(.excursion, history.instant(of: episode.alarm.onset, in: episode) ?? first, first)
    }
    for incident in episode.incidents {
        let at = incident.detectedAt
        switch incident.verdictOnLoss?.verdict {
        case .outlier: draw(.outlier, at, at)
        case .recompute, .wait: draw(.alarm, first, first)
        case .hardware: draw(.hardware, at, at)
        case .harmless: draw(.harmless, at, at)
        case .rollBack: draw(.rollback, at, at)
        case .giveUp: draw(.end, at, at)
        case .pin, nil: break
        }
    }
}

/// `batches 326-554 are left out since step 326 (I-0003)`.
private func skippedText(_ rollback: Incident) -> String? {
    guard case .rollBack(let to, let batches?, _, _) = rollback.verdictOnLoss?.verdict else { return nil }
    return "batches \(batches.lowerBound)-\(batches.upperBound - 1) left out from step \(to + 1) on (\(rollback.name))"
}
