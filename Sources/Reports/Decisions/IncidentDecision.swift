// What was done about an incident, and what the other rungs of the recovery ladder would have cost. Costs are made of the
// run's own figures: what the ledger booked to the incident, and the pace of the segment that it ended. Refuses to price
// what the run has never done.

import ControlPlane
import Jobs
import Journaling
import Primitives

extension RunSource {
    /// The decision about `incident`.
    func answer(to incident: Incident) -> DecisionDocument {
        let cost = incident.cost.total
        return DecisionDocument(
            run: name, subject: incident.name, at_ns: (incident.detectedAt - history.start).nanoseconds,
            decided: history.action(on: incident), inputs: inputs(of: incident), rule: rule(for: incident),
            cost_ns: cost > .zero ? cost.nanoseconds : nil, alternatives: alternatives(to: incident))
    }

    private func inputs(of incident: Incident) -> [DecisionDocument.Input] {
        typealias Input = DecisionDocument.Input
        var inputs = [
            Input(name: "what happened", value: incident.sentence + (incident.injection == nil ? "" : " (a drill)")),
            Input(name: "last committed step", value: "\(incident.step)"),
        ]
        if let detection = incident.detection {
            inputs.append(Input(name: "noticed after", value: "\(detection)"))
        }
        guard incident.isInterruption else { return inputs }
        if let gang = history.gang(endedBy: incident) {
            inputs.append(
                Input(name: "gang", value: "\(counted(gang.members.count, "worker")), generation \(gang.generation)"))
        }
        if let survivors = history.survivors(of: incident) {
            inputs.append(Input(name: "survivors with the last state", value: "\(survivors)"))
        }
        if incident.keptMicroBatches > 0, let plan = history.plan {
            let kept = "\(incident.keptMicroBatches) of \(plan.microBatches) micro-batches of step \(incident.step + 1)"
            inputs.append(Input(name: "kept by them", value: kept))
        }
        let saved = history.newestCheckpoint(before: incident)
        inputs.append(
            Input(
                name: "newest checkpoint", value: saved == 0 ? "none: the beginning" : "step \(saved)"))
        if let plan = history.plan {
            inputs.append(Input(name: "recovery", value: plan.recovery.rawValue))
            inputs.append(Input(name: "on_worker_loss", value: plan.onWorkerLoss.rawValue))
        }
        inputs += LedgerItem.allCases.filter { incident.cost[$0] > .zero }.map {
            Input(name: "cost, \($0.rawValue)", value: "\(incident.cost[$0])")
        }
        return inputs
    }

    private func rule(for incident: Incident) -> String {
        switch incident.cause {
        case .lossSpike: return "fault_tolerance.loss_spike: the policy against loss spikes"
        case .startFailed:
            return "A process that ends before it joins is started again, up to max_restarts times in a row."
        case .checkpointFailed:
            return "A checkpoint that cannot be written does not stop training; the last good one stays."
        case .drill: return "A fault that ends no member is left to run its course."
        case .straggler:
            return "fault_tolerance.straggler: a slow member is told of, and replaced where the job wants it."
        case .interruption:
            if incident.decision != nil { return "fault_tolerance.loss_spike: the policy against loss spikes" }
        }
        guard let plan = history.plan else { return "" }
        if plan.onWorkerLoss == .fail { return "on_worker_loss: fail ends the run at the first loss." }
        guard plan.recovery == .peer else {
            return "recovery: checkpoint - all members go back to the newest checkpoint that proves good."
        }
        let ladder =
            "recovery: peer - members that hold the last committed step go on and give it to who is new; when nobody "
            + "does, the newest good checkpoint, then the one before, then the beginning."
        switch plan.onWorkerLoss {
        case .spare:
            return ladder + " on_worker_loss: spare - the survivors carry on until the gang can be whole again."
        case .shrink: return ladder + " on_worker_loss: shrink - the survivors carry the lost worker's share for good."
        case .wait, .fail: return ladder + " on_worker_loss: wait - the gang waits until it is whole."
        }
    }

    private func alternatives(to incident: Incident) -> [DecisionDocument.Alternative] {
        typealias Alternative = DecisionDocument.Alternative
        if let decision = incident.verdictOnLoss {
            return decision.alternatives.map { text in
                let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
                return Alternative(
                    what: parts[0],
                    because: parts.count > 1 ? String(parts[1].drop { $0 == " " }) : "the policy does not ask for it")
            }
        }
        let others = [restoring(incident), waiting(incident)].compactMap { $0 }
        let cost = incident.cost.total.nanoseconds
        return others
            + history.remedies(for: incident).map { remedy in
                Alternative(
                    what: remedy.headline,
                    cost_ns: max(0, cost - remedy.saves_ns),
                    because: remedy.advice)
            }
    }

    /// A lower rung of the ladder: the newest checkpoint, where members' state was taken.
    private func restoring(_ incident: Incident) -> DecisionDocument.Alternative? {
        guard let next = history.gang(after: incident), next.isFromMembers, let pace = history.pace(before: incident)
        else {
            return nil
        }
        let saved = history.newestCheckpoint(before: incident)
        let again = pace * Int64(max(0, incident.step - saved))
        return DecisionDocument.Alternative(
            what: saved == 0 ? "begin again" : "go back to the checkpoint of step \(saved)",
            cost_ns: (incident.cost.total + again).nanoseconds,
            because:
                "\(counted(max(0, incident.step - saved), "step")) would have been done again, \(pace) each, beside the "
                + "restart as it was")
    }

    /// Waiting for the gang to be whole, where a smaller one went on.
    private func waiting(_ incident: Incident) -> DecisionDocument.Alternative? {
        guard let gang = history.gang(endedBy: incident), let next = history.gang(after: incident), next.isFromMembers,
            next.members.count < gang.members.count
        else { return nil }
        let whole = history.segments[next.index...].first { $0.members.count >= gang.members.count }
        guard let whole else {
            return DecisionDocument.Alternative(
                what: "wait for a replacement", because: "none has come, so the run would stand still to this day")
        }
        let wait = whole.formedAt - incident.detectedAt
        return DecisionDocument.Alternative(
            what: "wait for a replacement",
            cost_ns: (incident.cost[.detection] + incident.cost[.replayed] + wait + whole.restarting).nanoseconds,
            because:
                "the gang was whole again after \(wait); until then \(counted(next.members.count, "survivor")) did the "
                + "work of \(gang.members.count)")
    }
}

extension Remedy {
    /// The advice up to its reason or its figures.
    fileprivate var headline: String {
        let ends = [": ", " (", ". "].compactMap { advice.firstRange(of: $0)?.lowerBound }
        return String(advice[..<(ends.min() ?? advice.endIndex)])
    }
}

extension Segment {
    /// From its formation to its first computing; nothing while that has not come.
    var restarting: TimeSpan { began.map { $0 - formedAt } ?? .zero }
}

extension RunHistory {
    /// The gang that `incident` ended, if it had been formed.
    func gang(endedBy incident: Incident) -> Segment? {
        segments.indices.contains(incident.segment) ? segments[incident.segment] : nil
    }

    /// The gang that came after `incident`, if one did.
    func gang(after incident: Incident) -> Segment? {
        segments.indices.contains(incident.segment + 1) ? segments[incident.segment + 1] : nil
    }

    /// How many members of the gang that `incident` ended lived on behind it.
    func survivors(of incident: Incident) -> Int? {
        gang(endedBy: incident)?.members.count { member in
            processes.contains {
                $0.worker == member.worker && $0.incarnation == member.incarnation
                    && ($0.lostAt.map { $0 > incident.detectedAt } ?? true)
            }
        }
    }

    /// The step of the newest checkpoint that was durable when `incident` was noticed; 0 for none.
    func newestCheckpoint(before incident: Incident) -> Int {
        checkpoints.last { $0.at <= incident.detectedAt && $0.step <= incident.step }?.step ?? 0
    }

    /// The mean time of a step of the segment that `incident` ended; nil when it committed none.
    func pace(before incident: Incident) -> TimeSpan? {
        guard let gang = gang(endedBy: incident), let began = gang.began, let last = gang.lastStep,
            let end = steps.last(where: { $0.segment == gang.index })?.at, last > gang.restored
        else { return nil }
        return TimeSpan(nanoseconds: (end - began).nanoseconds / Int64(last - gang.restored))
    }
}
