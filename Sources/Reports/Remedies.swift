// What would have made an incident cheaper. Each remedy is computed from the run's own figures and says how much of what
// this incident cost it would have saved, so that two remedies can be compared. Refuses advice that the journal gives no
// number for.

import ControlPlane
import Journaling
import Primitives

/// Something that would have made an incident cheaper.
public struct Remedy: Equatable, Sendable, Codable {
    /// What to do, as a sentence.
    public var advice: String
    /// How much of what the incident cost it would have saved.
    public var saves_ns: Int64
}

extension RunHistory {
    /// What would have made `incident` cheaper, the most effective first; empty when the journal suggests nothing.
    public func remedies(for incident: Incident) -> [Remedy] {
        remedies(for: incident, fastestRestart: fastestRestart)
    }

    /// The same, for who asks about many incidents and looks for the fastest restart once.
    func remedies(for incident: Incident, fastestRestart: TimeSpan?) -> [Remedy] {
        let all = [
            replayedByInterval(incident), replayedForNothing(incident), lateDetection(incident),
            slowRestart(incident, fastestRestart), unsaved(incident),
        ].compactMap { $0 }
        return all.sorted { $0.saves_ns > $1.saves_ns }
    }

    private func next(after incident: Incident) -> Segment? {
        let index = incident.segment + 1
        return segments.indices.contains(index) ? segments[index] : nil
    }

    /// A survivor's state would have lost no step; only where one was left, and the gang went back all the same.
    private func replayedForNothing(_ incident: Incident) -> Remedy? {
        guard case .interruption(.workerLost) = incident.cause, incident.lostSteps > 0, incident.replay > .zero,
            let next = next(after: incident), !next.isFromMembers, next.members.count > 1
        else { return nil }
        return Remedy(
            advice: "Take the state from a surviving worker (recovery: peer): none of the "
                + "\(counted(incident.lostSteps, "lost step")) would have been done again.",
            saves_ns: incident.replay.nanoseconds)
    }

    /// Half the interval between checkpoints: how many steps that leaves to be done again follows from the step's
    /// number, because checkpoints stand at multiples of the interval.
    private func replayedByInterval(_ incident: Incident) -> Remedy? {
        guard let plan, incident.lostSteps > 1, incident.replay > .zero, plan.checkpointInterval > 1 else { return nil }
        let half = plan.checkpointInterval / 2
        let left = incident.step % half
        guard left < incident.lostSteps else { return nil }
        let share = Double(incident.lostSteps - left) / Double(incident.lostSteps)
        return Remedy(
            advice: "Save every \(counted(half, "step")) instead of every \(plan.checkpointInterval): "
                + "\(counted(left, "step")) would have been done again instead of \(incident.lostSteps).",
            saves_ns: Int64(Double(incident.replay.nanoseconds) * share))
    }

    private func lateDetection(_ incident: Incident) -> Remedy? {
        switch incident.cause {
        case .interruption(.coordinatorLost):
            let stalled = incident.cost[.stalled]
            guard stalled > .zero else { return nil }  // Another took over at once.
            return Remedy(
                advice: "Have the coordinator started again by a supervisor: nobody drove the run for \(stalled).",
                saves_ns: stalled.nanoseconds)
        case .interruption(.workerLost(_, _, .silent(let span))):
            let half = TimeSpan(nanoseconds: span.nanoseconds / 2)
            guard incident.cost[.detection] > .zero else { return nil }  // Nothing computed that could stand still.
            return Remedy(
                advice:
                    "Bear silence half as long (fault_tolerance.heartbeat, at_least and timeout): it would have been "
                    + "noticed after \(half) instead of \(span).",
                saves_ns: min(half, incident.cost[.detection]).nanoseconds)
        case .interruption, .startFailed, .checkpointFailed, .drill, .lossSpike, .straggler: return nil
        }
    }

    /// The run's own fastest restart is what is known to be possible.
    private func slowRestart(_ incident: Incident, _ fastestRestart: TimeSpan?) -> Remedy? {
        let restart = incident.cost[.restart]
        guard incident.isInterruption, restart > .zero, let best = fastestRestart, best < restart else { return nil }
        let saved = restart - best
        // Less than a tenth is the scatter of starting processes and no lever.
        guard saved.nanoseconds * 10 > restart.nanoseconds else { return nil }
        return Remedy(
            advice: "Restart as fast as this run's fastest restart did (\(best) instead of \(restart)), for "
                + "instance with a spare worker that is already up.", saves_ns: saved.nanoseconds)
    }

    /// The least that an interruption cost in restarts before the run went on; nil before the first that did.
    var fastestRestart: TimeSpan? {
        incidents.filter { $0.isInterruption && $0.resumedAt != nil }.map { $0.cost[.restart] }.min()
    }

    private func unsaved(_ incident: Incident) -> Remedy? {
        guard case .checkpointFailed(let step, _) = incident.cause else { return nil }
        return Remedy(
            advice: "Free or mend the checkpoints' disk: a failure before the next save would have gone back behind "
                + "step \(step).", saves_ns: 0)
    }
}

extension Incident {
    /// The steps that it threw away, done again; without the step in the making that went with them.
    var replay: TimeSpan { cost[.replayed] - tornStep }
}
