// A run as pages of text: all that is known of it (`show`), and what is worth reading when it has just ended
// (`launch`). Refuses to compute figures of its own; tables and figures come from their files.

import ControlPlane
import Journaling
import Primitives

/// Everything that is known of a run, long tables cut: what `show` prints, before it is laid out for a width.
public struct RunSummary: Equatable, Sendable, Codable {
    private struct Section: Equatable, Sendable, Codable {
        var title: String
        var table: Table
        var closing: String?
    }

    private var name: String
    private var reason: String
    private var facts: Table
    private var sections: [Section]

    /// The summary of `source`.
    public init(_ source: RunSource) {
        let history = source.history
        name = source.name
        reason = printable(source.reason)
        facts = Reports.facts(source)
        sections = [
            Section(title: "Where the time went", table: ledgerTable(history)),
            Section(title: "Segments", table: segmentTable(history)),
            Section(title: "Checkpoints", table: checkpointTable(history)),
            Section(title: "Workers", table: workerTable(history)),
            Section(
                title: "Incidents", table: incidentTable(history, by: .time), closing: incidentTotals(history)),
        ]
        sections.removeAll { $0.table.isEmpty }
        for index in sections.indices { sections[index].table.cut() }
    }

    /// The summary as text.
    ///
    /// - Parameters:
    ///   - width: characters a line should not exceed; nil for as many as there are.
    public func lines(width: Int? = nil, style: Style = .plain) -> [String] {
        [style.apply(.bold, to: name) + ": " + reason]
            + facts.lines(width: width, style: .plain, hasHeader: false).map { "  " + $0 }
            + sections.flatMap { section in
                ["", style.apply(.bold, to: section.title)] + section.table.lines(width: width, style: style)
                    + (section.closing.map { [$0] } ?? [])
            }
    }
}

/// Everything that is known of a run, as text; see `RunSummary`.
public func runLines(_ source: RunSource, width: Int? = nil, style: Style = .plain) -> [String] {
    RunSummary(source).lines(width: width, style: style)
}

/// What is worth reading when a run has just ended: segments, incidents, figures, and where it lies.
public func closingLines(_ source: RunSource, width: Int? = nil, style: Style = .plain) -> [String] {
    let history = source.history
    var lines: [String] = []
    if !history.segments.isEmpty { lines += segmentTable(history).lines(width: width, style: style) + [""] }
    if !history.incidents.isEmpty { lines += incidentLines(history, width: width, style: style) + [""] }
    lines.append(style.apply(.bold, to: source.name) + ": " + printable(source.reason))
    var table = Table([.left(""), .flexible("")])
    let elapsed = history.ledger.elapsed
    table.add(["steps", stepsText(source) + " in \(elapsed)"])
    addLosses(of: source, to: &table)
    table.add(["speed", speedText(history)])
    table.add(["ETTR", ratioText(history)])
    addWeights(of: source, to: &table)
    if let folder = source.folder { table.add(["run", folder]) }
    return lines + table.lines(hasHeader: false).map { "  " + $0 }
}

private func facts(_ source: RunSource) -> Table {
    let history = source.history
    var table = Table([.left(""), .left("")])
    table.add(["state", source.state.rawValue])
    if let job = source.job { table.add(["job", job.name]) }
    if let cluster = source.cluster { table.add(["cluster", cluster]) }
    if let gang = gangText(source) { table.add(["gang", gang]) }
    if let model = modelText(source) { table.add(["model", model]) }
    table.add(["steps", stepsText(source)])
    table.add(["tokens", tokensText(source)])
    addLosses(of: source, to: &table)
    table.add(["speed", speedText(history)])
    table.add(["ETTR", ratioText(history)])
    addWeights(of: source, to: &table)
    if let folder = source.folder { table.add(["run", folder]) }
    return table
}

private func gangText(_ source: RunSource) -> String? {
    guard let workers = source.history.plan?.workers ?? source.job?.workers else { return nil }
    guard let job = source.job else { return counted(workers, "worker") }
    return "\(counted(workers, "worker")) = \(counted(job.nodes, "node")) x \(job.workersPerNode)"
}

private func modelText(_ source: RunSource) -> String? {
    guard let model = source.job?.model else { return nil }
    return
        "GPT-2, \(compact(model.parameterCount)) parameters: \(counted(model.layers, "layer")), width \(model.width), "
        + "\(counted(model.heads, "head")), context \(model.contextLength), vocabulary \(model.vocabularySize)"
}

private func stepsText(_ source: RunSource) -> String {
    guard let plan = source.history.plan else { return "none" }
    return "\(source.history.committed) of \(plan.steps)"
}

private func tokensText(_ source: RunSource) -> String {
    let history = source.history
    let each = source.job?.tokensPerStep ?? history.steps.last?.tokens ?? 0
    return "\(compact(history.tokens)) (\(compact(each)) a step)"
}

private func addLosses(of source: RunSource, to table: inout Table) {
    func add(_ name: String, _ nats: Double, _ step: Int) {
        let bits = bitsPerByte(nats: nats, vocabulary: source.job?.model.vocabularySize)
        let inBits = bits.map { ", \(fixed($0, 4)) bits a byte" } ?? ""
        table.add([name, "\(fixed(nats, 4)) nats a token\(inBits), at step \(step)"])
    }
    if let last = source.history.lastStep { add("training loss", last.loss, last.step) }
    if let last = source.history.lastEvaluation { add("validation loss", last.loss, last.step) }
}

private func addWeights(of source: RunSource, to table: inout Table) {
    if let weights = weightsText(source) { table.add(["weights", weights]) }
    if let digest = source.history.coordinator.run?.checkpoints.last?.weightsSHA256 { table.add(["SHA-256", digest]) }
}

private func speedText(_ history: RunHistory) -> String {
    history.productiveTokensPerSecond.map { "\(compact($0)) tokens/s over productive time" } ?? "-"
}

private func ratioText(_ history: RunHistory) -> String {
    guard let ratio = history.ledger.effectiveTrainingTimeRatio else { return "-" }
    let base = history.ledger.elapsed - history.ledger[.queued]
    return "\(percent(ratio)) = \(history.ledger[.productive]) productive of \(base), queueing left out"
}

private func weightsText(_ source: RunSource) -> String? {
    guard let step = source.history.coordinator.run?.checkpoints.last?.step else { return nil }
    return (source.weights ?? "checkpoint") + " (step \(step))"
}
