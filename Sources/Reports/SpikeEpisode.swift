// The decisions about one excursion of a run's loss, gathered: what set it off, what was decided in turn, and the steps
// that it cost. The timeline draws it and `explain` tells it. Refuses to judge: what it says was decided by the run.

import ControlPlane
import Journaling
import Primitives

/// One excursion of a run's loss and what was done about it.
public struct SpikeEpisode: Equatable, Sendable {
    /// What was seen first.
    public var alarm: SpikeAlarm
    /// Every decision in turn, as an incident; at least one.
    public var incidents: [Incident]

    /// The last decision.
    var last: Incident { incidents[incidents.count - 1] }
    /// The incident that the run went back by; nil when it did not.
    var rollback: Incident? {
        incidents.first { incident in
            guard case .rollBack = incident.verdictOnLoss?.verdict else { return false }
            return incident.verdictOnLoss?.isDry == false
        }
    }

    /// Whether `decision`, the next one about the loss, belongs to it.
    fileprivate func goesOn(with decision: SpikeDecision) -> Bool {
        guard decision.alarm.step == alarm.step, decision.alarm.onset == alarm.onset else { return false }
        switch last.verdictOnLoss?.verdict {
        case .recompute, .wait, .hardware(nil): return true
        case .outlier, .harmless, .rollBack, .giveUp, .pin, .hardware, nil: return false
        }
    }
}

extension RunHistory {
    /// The excursions of the loss that something was decided about, in order.
    public var spikeEpisodes: [SpikeEpisode] {
        var episodes: [SpikeEpisode] = []
        for incident in incidents {
            guard let decision = incident.verdictOnLoss else { continue }
            if let last = episodes.last, last.goesOn(with: decision) {
                episodes[episodes.count - 1].incidents.append(incident)
            } else {
                episodes.append(SpikeEpisode(alarm: decision.alarm, incidents: [incident]))
            }
        }
        return episodes
    }

    /// When the step that set `episode` off, or began it, was first committed; nil for one that never was.
    func instant(of step: Int, in episode: SpikeEpisode) -> Instant? {
        let decided = episode.incidents[0].detectedAt
        // The step that is being judged is committed after its decision; the ones before it are there.
        return steps.last { $0.step <= step && $0.at <= decided && $0.segment <= max(0, episode.incidents[0].segment) }?
            .at
    }
}
