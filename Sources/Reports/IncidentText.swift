// The words of an incident: where, what, what was done about it; and the listing of all of them. The long wording is
// the control plane's (`sentence`); here are the short ones for columns and marks. Refuses to judge causes.

import ControlPlane
import Journaling
import Primitives

extension Incident {
    /// Where it struck: `rank 2 laptop/2`, `rank 2 laptop/2 +3 more`; `-` when it struck no worker in particular.
    public var place: String { firstPlace + (alsoLost.isEmpty ? "" : " +\(alsoLost.count) more") }

    private var firstPlace: String {
        switch cause {
        case .interruption(.straggling(let report)), .straggler(let report): "rank \(report.rank) \(report.worker)"
        case .interruption(.workerLost(let worker, let rank, _)),
            .interruption(.restoreFailed(let worker, let rank, _, _)),
            .interruption(.workerDeviant(let worker, let rank, _)):
            "rank \(rank) \(worker)"
        case .interruption(.formationOverdue(let missing)): missing.map(\.description).joined(separator: ",")
        case .interruption(.stepNotFinite(_, let suspects)) where !suspects.isEmpty:
            suspects.map(\.description).joined(separator: ",")
        case .interruption(.statesDiffer(let dispute)) where !dispute.corrupt.isEmpty:
            dispute.corrupt.map(\.description).joined(separator: ",")
        case .interruption(.replicasDisagree), .interruption(.stepNotFinite), .interruption(.coordinatorLost),
            .interruption(.statesDiffer), .interruption(.stepDoubted), .interruption(.diverged), .checkpointFailed,
            .lossSpike, .drill(_, nil):
            "-"
        case .drill(_, let worker?): "\(worker)"
        case .startFailed(let worker, _): "\(worker)"
        }
    }

    /// What went wrong, in few words: `SIGKILL`, `silent 5.0s`, `restore of step 100 failed`.
    public var shortCause: String {
        switch cause {
        case .interruption(.workerLost(_, _, let how)): how.short
        case .interruption(.restoreFailed(_, _, let step, let reason)): "restore of step \(step) failed: \(reason)"
        case .interruption(.formationOverdue): "did not restore in time"
        case .interruption(.replicasDisagree(let step, _)): "replicas disagree on step \(step)"
        case .interruption(.straggling(let report)), .straggler(let report):
            "\((report.factor * 10).rounded() / 10)x as slow for \(report.steps) steps"
        case .interruption(.statesDiffer(let dispute)): "silent corruption after step \(dispute.step)"
        case .interruption(.stepNotFinite(let step, _)): "step \(step) not finite"
        case .interruption(.coordinatorLost): "coordinator gone"
        case .drill(let what, _): what
        case .startFailed(_, let how): "did not start: \(how.short)"
        case .checkpointFailed(let step, let reason): "checkpoint of step \(step) failed: \(reason)"
        case .interruption(.stepDoubted(let step)): "loss alarm at step \(step)"
        case .interruption(.workerDeviant(_, _, let step)): "computes step \(step) differently"
        case .interruption(.diverged): "diverged"
        case .lossSpike(let decision): decision.seen
        }
    }

    /// The mark in a plot: `I-0001 kill rank 2`.
    public var label: String {
        if !alsoLost.isEmpty { return "\(name) \(alsoLost.count + 1) ranks lost" }
        return switch cause {
        case .interruption(.workerLost(_, let rank, .signalled(9))): "\(name) kill rank \(rank)"
        case .interruption(.workerLost(_, let rank, let how)): "\(name) \(how.short) rank \(rank)"
        case .interruption(.restoreFailed(_, let rank, _, _)): "\(name) bad restore rank \(rank)"
        case .interruption(.formationOverdue): "\(name) late formation"
        case .interruption(.replicasDisagree): "\(name) replicas disagree"
        case .interruption(.straggling(let report)), .straggler(let report): "\(name) slow rank \(report.rank)"
        case .interruption(.statesDiffer): "\(name) silent corruption"
        case .interruption(.stepNotFinite): "\(name) not finite"
        case .interruption(.coordinatorLost): "\(name) coordinator gone"
        case .drill(let what, _): "\(name) \(what)"
        case .startFailed(let worker, _): "\(name) no start \(worker)"
        case .checkpointFailed: "\(name) checkpoint failed"
        case .interruption(.stepDoubted): "\(name) alarm"
        case .interruption(.workerDeviant(_, let rank, _)): "\(name) deviant rank \(rank)"
        case .interruption(.diverged(_, let to?)): "\(name) back to \(to)"
        case .interruption(.diverged(_, nil)): "\(name) diverged"
        case .lossSpike(let decision): "\(name) \(decision.word)"
        }
    }

    /// Whether a drill or an accident.
    public var origin: String { injection == nil ? "accident" : "drill" }

    /// The time from the fault to its detection; nil for an accident whose instant only its detection tells.
    public var detection: TimeSpan? {
        if case .interruption(.workerLost(_, _, .broke(_, let ago))) = cause { return ago }
        return injection == nil ? nil : detectedAt - at
    }
}

extension LossCause {
    /// How a worker was lost, in few words.
    var short: String {
        switch self {
        case .connectionClosed: "disconnected"
        case .exited(let code): "exit \(code)"
        case .signalled(let signal): signalName(signal)
        case .silent(let span): "silent \(span)"
        case .hung(let step, _, let span): "hung \(span) at step \(step)"
        case .cutOff(let step, let others, let span):
            "no sums to or from rank \(others.map(String.init).joined(separator: ",")) for \(span) at step \(step)"
        case .left(let reason): "left: \(reason)"
        case .broke(let what, _): what
        case .replaced: "replaced"
        case .coordinatorEnded: "coordinator ended"
        }
    }
}

extension RunHistory {
    /// What was done about `incident`: `generation 2 restored step 100`.
    public func action(on incident: Incident) -> String {
        switch incident.cause {
        case .startFailed: return isOver ? "none: the run is over" : "the process is started again"
        case .checkpointFailed: return "training went on; a later step is saved"
        case .drill, .straggler: return "none: training went on"
        case .lossSpike(let decision): return (decision.isDry ? "none; it would be: " : "") + decision.done
        case .interruption: break
        }
        if let decision = incident.decision { return decision.done }
        guard segments.indices.contains(incident.segment + 1) else {
            return isOver ? "none: the run is over" : "the next gang is awaited"
        }
        let next = segments[incident.segment + 1]
        if next.isFromMembers {
            let size =
                plan.map { next.members.count < $0.workers } ?? false ? " with \(next.members.count) workers" : ""
            return
                "generation \(next.generation) \(next.began == nil ? "goes" : "went") on from step \(next.restored)\(size)"
        }
        let verb = next.began == nil && next.end == nil ? "restores" : next.began == nil ? "was to restore" : "restored"
        return next.restored == 0
            ? "generation \(next.generation) \(next.began == nil ? "starts" : "started") over"
            : "generation \(next.generation) \(verb) step \(next.restored)"
    }

    var isOver: Bool { coordinator.run?.isOver ?? false }

    /// From an incident's fault to progress regained, as text; `open` while it is, `for good` when the run ended first,
    /// `-` where training went on.
    func downtimeText(_ incident: Incident) -> String {
        guard incident.isInterruption else { return "-" }
        return incident.downtime.map(\.description) ?? (isOver ? "for good" : "open")
    }
}

/// In what order incidents are listed.
public enum IncidentOrder: String, Equatable, Sendable, CaseIterable {
    /// As they happened.
    case time
    /// The costliest first, by the time of the ledger that is its doing; ties as they happened.
    case cost
}

/// The incidents of `history` as lines: a table and a closing line with totals.
public func incidentLines(
    _ history: RunHistory, by order: IncidentOrder = .time, width: Int? = nil, style: Style = .plain
) -> [String] {
    guard !history.incidents.isEmpty else { return ["no incident"] }
    return incidentTable(history, by: order).lines(width: width, style: style) + [incidentTotals(history)]
}

/// The incidents of `history`, a row each.
func incidentTable(_ history: RunHistory, by order: IncidentOrder) -> Table {
    var table = Table([
        .left("ID"), .right("AT"), .right("STEP"), .left("WHERE"), .flexible("CAUSE"), .left("INJECTED"),
        .right("DETECTED"), .flexible("ACTION"), .right("LOST"), .right("DOWN"), .right("COST"),
    ])
    for incident in history.incidents.ordered(by: order) {
        table.add(
            [
                incident.name, "\(incident.at - history.start)", "\(incident.step)", incident.place,
                incident.shortCause, incident.origin, incident.detection.map(\.description) ?? "-",
                history.action(on: incident), "\(incident.lostSteps)", history.downtimeText(incident),
                incident.cost.total > .zero ? "\(incident.cost.total)" : "-",
            ], emphasis: incident.isOpen ? .bad : .plain)
    }
    return table
}

extension [Incident] {
    /// The incidents in `order`.
    public func ordered(by order: IncidentOrder) -> [Incident] {
        switch order {
        case .time: self
        case .cost:
            sorted { a, b in
                let (costA, costB) = (a.cost.total, b.cost.total)
                return costA == costB ? a.number < b.number : costA > costB
            }
        }
    }
}

/// How many incidents there were, and what they and everything else cost.
func incidentTotals(_ history: RunHistory) -> String {
    let incidents = history.incidents
    let drills = incidents.count { $0.injection != nil }
    let lost = incidents.reduce(0) { $0 + $1.lostSteps }
    let outside = history.outsideIncidents
    let others = LedgerItem.allCases.filter { outside[$0] > .zero && $0 != .queued }
    let rest = others.map { "\($0.rawValue) \(outside[$0])" }.joined(separator: ", ")
    return "\(counted(incidents.count, "incident")): \(counted(drills, "drill")), "
        + "\(counted(incidents.count - drills, "accident")). \(counted(lost, "step")) lost, at a cost of "
        + "\(incidents.reduce(TimeSpan.zero) { $0 + $1.cost.total }); lost outside of incidents: "
        + (rest.isEmpty ? "nothing" : rest) + "."
}
