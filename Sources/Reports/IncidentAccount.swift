// What one incident cost, part by part, and what would have made it cheaper. Each remedy is computed from the run's own
// figures and says how much of this incident it would have saved, so that two remedies can be compared. Refuses advice
// that the journal gives no number for.

import ControlPlane
import Journaling
import Primitives

/// Something that would have made an incident cheaper.
public struct Remedy: Equatable, Sendable, Codable {
    /// What to do, as a sentence.
    public var advice: String
    /// How much of the downtime it would have saved.
    public var saves_ns: Int64
}

/// The downtime of an incident by what it was spent on; the three parts add up to it.
public struct IncidentAccount: Equatable, Sendable {
    /// From the fault to its detection.
    public let detection: TimeSpan
    /// From the detection to the next committed step of any number.
    public let restart: TimeSpan
    /// From there to the first step that had not been committed before.
    public let replay: TimeSpan

    /// The account of `incident`; what is still open counts until `now`.
    public init(_ incident: Incident, now: Instant) {
        let end = incident.regainedAt ?? max(now, incident.detectedAt)
        let resumed = min(incident.resumedAt ?? end, end)
        detection = incident.detectedAt - incident.at
        restart = incident.isInterruption ? resumed - incident.detectedAt : .zero
        replay = incident.isInterruption ? end - resumed : .zero
    }

    /// All of it.
    public var total: TimeSpan { detection + restart + replay }
}

extension RunHistory {
    /// What would have made `incident` cheaper, the most effective first; empty when the journal suggests nothing.
    public func remedies(for incident: Incident) -> [Remedy] {
        let account = IncidentAccount(incident, now: now)
        let all = [
            replayedByInterval(incident, account), replayedForNothing(incident, account),
            lateDetection(incident, account),
            slowRestart(incident, account), unsaved(incident),
        ].compactMap { $0 }
        return all.sorted { $0.saves_ns > $1.saves_ns }
    }

    private func next(after incident: Incident) -> Segment? {
        let index = incident.segment + 1
        return segments.indices.contains(index) ? segments[index] : nil
    }

    /// A survivor's state would have lost no step; only where one was left, and the gang went back all the same.
    private func replayedForNothing(_ incident: Incident, _ account: IncidentAccount) -> Remedy? {
        guard case .interruption(.workerLost) = incident.cause, incident.lostSteps > 0, account.replay > .zero,
            let next = next(after: incident), !next.isFromMembers, next.members.count > 1
        else { return nil }
        return Remedy(
            advice: "Take the state from a surviving worker (recovery: peer): none of the "
                + "\(counted(incident.lostSteps, "lost step")) would have been done again.",
            saves_ns: account.replay.nanoseconds)
    }

    /// Half the interval between checkpoints: how many steps that leaves to be done again follows from the step's
    /// number, because checkpoints stand at multiples of the interval.
    private func replayedByInterval(_ incident: Incident, _ account: IncidentAccount) -> Remedy? {
        guard let plan, incident.lostSteps > 1, account.replay > .zero, plan.checkpointInterval > 1 else { return nil }
        let half = plan.checkpointInterval / 2
        let left = incident.step % half
        guard left < incident.lostSteps else { return nil }
        let share = Double(incident.lostSteps - left) / Double(incident.lostSteps)
        return Remedy(
            advice: "Save every \(counted(half, "step")) instead of every \(plan.checkpointInterval): "
                + "\(counted(left, "step")) would have been done again instead of \(incident.lostSteps).",
            saves_ns: Int64(Double(account.replay.nanoseconds) * share))
    }

    private func lateDetection(_ incident: Incident, _ account: IncidentAccount) -> Remedy? {
        switch incident.cause {
        case .interruption(.coordinatorLost):
            return Remedy(
                advice: "Have the coordinator started again by a supervisor: nobody drove the run for "
                    + "\(account.detection).", saves_ns: account.detection.nanoseconds)
        case .interruption(.workerLost(_, _, .silent(let span))):
            let half = TimeSpan(nanoseconds: span.nanoseconds / 2)
            return Remedy(
                advice: "Halve the heartbeat's timeout: the silence would have been noticed after \(half) instead of "
                    + "\(span).",
                // Of an accident nobody knows when it struck; its silence is then no part of the downtime.
                saves_ns: min(half, account.detection).nanoseconds)
        case .interruption, .startFailed, .checkpointFailed, .drill, .lossSpike: return nil
        }
    }

    /// The run's own fastest restart is what is known to be possible.
    private func slowRestart(_ incident: Incident, _ account: IncidentAccount) -> Remedy? {
        guard incident.isInterruption, account.restart > .zero, let best = fastestRestart, best < account.restart else {
            return nil
        }
        let saved = account.restart - best
        // Less than a tenth is the scatter of starting processes and no lever.
        guard saved.nanoseconds * 10 > account.restart.nanoseconds else { return nil }
        return Remedy(
            advice: "Restart as fast as this run's fastest restart did (\(best) instead of \(account.restart)), for "
                + "instance with a spare worker that is already up.", saves_ns: saved.nanoseconds)
    }

    /// The shortest time from a detection to the next committed step; nil before the first.
    private var fastestRestart: TimeSpan? {
        incidents.filter { $0.isInterruption && $0.resumedAt != nil }.map { $0.resumedAt! - $0.detectedAt }.min()
    }

    private func unsaved(_ incident: Incident) -> Remedy? {
        guard case .checkpointFailed(let step, _) = incident.cause else { return nil }
        return Remedy(
            advice: "Free or mend the checkpoints' disk: a failure before the next save would have gone back behind "
                + "step \(step).", saves_ns: 0)
    }
}
