// The live view of a run: a page of lines for a terminal that redraws them in place. A pure function of history,
// instant and width, so that what a person saw can be drawn again from the journal. Refuses to move cursors and to
// read clocks.

import ControlPlane
import Journaling
import Primitives

/// The page that shows how `source` stands at `now`, each line at most `width` characters; under 40 counts as 40.
///
/// - Parameters:
///   - now: the instant of the reader, not of the last record; the ages and the elapsed time are as of it.
///   - rankLimit: how many ranks are listed before the rest is counted.
public func progressLines(
    _ source: RunSource, now: Instant, width: Int, style: Style = .plain, rankLimit: Int = 8
) -> [String] {
    let history = source.history
    let figures = LiveFigures(history, at: now)
    let width = max(40, width)
    var page = ProgressPage(width: width, style: style)
    var title = "\(source.name)  \(source.state.rawValue)"
    if figures.segment > 0 { title += "  segment \(figures.segment)" }
    page.add(title + "  up \(figures.elapsed)", .bold)
    page.add(bar(figures, width: width))
    page.add(lossLine(figures))
    page.add(speedLine(figures))
    page.add(timeLine(history))
    if history.coordinator.run?.phase != .running { page.add("why    \(source.reason)", source.state.emphasis) }
    for line in lossChart(history, width: width) { page.add(line) }
    if !history.incidents.isEmpty {
        page.add("last incidents", .bold)
        for incident in history.lastIncidents {
            page.add(
                "\(incident.name)  \(incident.at - history.start)  "
                    + "\(incident.place == "-" ? "" : incident.place + " ")\(incident.shortCause) "
                    + "(\(incident.origin)): \(history.action(on: incident)), lost "
                    + "\(counted(incident.lostSteps, "step")), down \(history.downtimeText(incident))",
                incident.isOpen ? .bad : .plain)
        }
    }
    for line in rankLines(history, width: width, limit: rankLimit) { page.add(line) }
    return page.lines
}

private struct ProgressPage {
    let width: Int
    let style: Style
    var lines: [String] = []

    mutating func add(_ line: String, _ emphasis: Style.Emphasis = .plain) {
        lines.append(style.apply(emphasis, to: shortened(printable(line), to: width)))
    }
}

private func bar(_ figures: LiveFigures, width: Int) -> String {
    let share = figures.steps > 0 ? Double(figures.step) / Double(figures.steps) : 0
    let head = "step   \(figures.step) / \(figures.steps)  "
    let late = figures.remainingP95.flatMap { $0 == figures.remaining ? nil : " (P95 \($0))" } ?? ""
    let tail = "  \(percent(share))  ETA \(figures.remaining.map(\.description) ?? "-")\(late)"
    let length = min(40, width - head.count - tail.count - 2)
    guard length >= 4 else { return head + tail.dropFirst(2) }
    let done = Int(share * Double(length))
    return head + "[" + String(repeating: "#", count: done) + String(repeating: ".", count: length - done) + "]" + tail
}

private func lossLine(_ figures: LiveFigures) -> String {
    guard let loss = figures.loss else { return "loss   -" }
    var line = "loss   \(fixed(loss, 4))"
    if let mean = figures.meanLoss { line += " (ema \(fixed(mean, 4)))" }
    if let rate = figures.learningRate { line += "  lr \(scientific(rate))" }
    if let norm = figures.gradientNorm { line += "  |g| \(fixed(norm, 2))" }
    return line + "  tokens \(compact(figures.tokens))"
}

private func speedLine(_ figures: LiveFigures) -> String {
    guard let speed = figures.tokensPerSecond, let step = figures.stepTime, let profile = figures.profile else {
        return "speed  -"
    }
    let parts = [
        ("compute", profile.compute), ("exchange", profile.exchange), ("update", profile.update),
        ("snapshot", profile.snapshot), ("evaluation", profile.evaluation),
    ]
    // Parts are the longest over the members, so they may exceed the step; the rest is what no part explains.
    let rest = step - parts.reduce(TimeSpan.zero) { $0 + $1.1 }
    let shown = (parts + [("rest", rest)]).filter { $0.1 > .zero }.map { "\($0.0) \($0.1)" }
    return "speed  \(compact(speed)) tok/s  step \(step) = " + shown.joined(separator: " + ")
}

private func timeLine(_ history: RunHistory) -> String {
    let ledger = history.ledger
    let ratio = ledger.effectiveTrainingTimeRatio.map(percent) ?? "-"
    // Queueing is not the run's loss, and the ratio leaves it out.
    let items = LedgerItem.allCases.filter { $0 != .productive && $0 != .queued && ledger[$0] > .zero }
    let lost = items.reduce(TimeSpan.zero) { $0 + ledger[$1] }
    let parts = items.map { "\($0.rawValue) \(ledger[$0])" }.joined(separator: ", ")
    return "ETTR   \(ratio)  lost \(lost)" + (parts.isEmpty ? "" : ": " + parts)
}

extension RunHistory {
    /// The last incidents that a view of progress names, newest first.
    var lastIncidents: [Incident] { incidents.suffix(3).reversed() }

    /// The first `limit` worker slots, who is in them and how they stand: the gang by rank, then the others; none when the
    /// run is over.
    func slotStates(limit: Int) -> [(worker: WorkerID, rank: Int?, process: WorkerProcess?, text: String)] {
        guard let run = coordinator.run, !run.isOver else { return [] }
        return coordinator.pool.slots.map { slot in (slot, run.members.firstIndex { $0.worker == slot.worker }) }
            .sorted { ($0.1 ?? .max, $0.0.worker) < ($1.1 ?? .max, $1.0.worker) }
            .prefix(limit).map { slot, rank in
                let process = processes.last { $0.worker == slot.worker && $0.lostAt == nil }
                return (slot.worker, rank, process, process.map(stateText) ?? text(of: slot))
            }
    }

    /// How it stands with a slot in which nobody has joined.
    private func text(of slot: Pool.Slot) -> String {
        if case .failed(let until) = slot.occupant, slot.failedStarts > 1 {
            return "\(slot.failedStarts) processes ended before they joined; the next at \(until - start)"
        }
        return slot.supervised ? "is started" : "has no process"
    }
}

private func rankLines(_ history: RunHistory, width: Int, limit: Int) -> [String] {
    let slots = history.slotStates(limit: limit)
    guard !slots.isEmpty else { return [] }
    var table = Table([.right("RANK"), .left("WORKER"), .right("PID"), .flexible("STATE")])
    for slot in slots {
        table.add([
            slot.rank.map(String.init) ?? "-", "\(slot.worker)", slot.process.map { "\($0.processID)" } ?? "-",
            slot.text,
        ])
    }
    let rest = history.coordinator.pool.slots.count - slots.count
    return table.lines(width: width) + (rest > 0 ? ["and \(counted(rest, "worker")) more"] : [])
}
