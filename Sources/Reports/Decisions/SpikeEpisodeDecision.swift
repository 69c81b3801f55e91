// What was decided about one excursion of the loss, and what the other answers would have cost: steps thrown away at the
// run's own pace, and a restart as long as its own. Refuses the gain: what the loss would have become is not in the
// journal, because nobody trained that run.

import ControlPlane
import Jobs
import Journaling
import Primitives

extension RunSource {
    /// The newest excursion that `step` is part of: from its onset to the last step before what was decided last.
    /// - Throws: `NoSuchDecision` when nothing was decided about that step.
    func spike(at step: Int) throws(NoSuchDecision) -> SpikeEpisode {
        let episodes = history.spikeEpisodes
        if let found = episodes.last(where: { ($0.alarm.onset...max($0.alarm.step, $0.last.step)).contains(step) }) {
            return found
        }
        let known = episodes.map { "spike@\($0.alarm.step)" }.joined(separator: ", ")
        throw NoSuchDecision(
            "\(name) decided nothing about step \(step); "
                + (known.isEmpty ? "it has no loss spike" : "it has \(known)"))
    }

    /// The decision about `episode`.
    func answer(to episode: SpikeEpisode) -> DecisionDocument {
        let cost = episode.incidents.reduce(TimeSpan.zero) { $0 + $1.cost.total }
        return DecisionDocument(
            run: name, subject: "spike@\(episode.alarm.step)",
            at_ns: (episode.last.detectedAt - history.start).nanoseconds,
            decided: history.action(on: episode.last), inputs: inputs(of: episode), rule: rule,
            cost_ns: cost > .zero ? cost.nanoseconds : nil, alternatives: alternatives(to: episode))
    }

    private func inputs(of episode: SpikeEpisode) -> [DecisionDocument.Input] {
        typealias Input = DecisionDocument.Input
        let alarm = episode.alarm
        var inputs = [
            Input(name: "excursion", value: "\(alarm.kind.rawValue), steps \(alarm.onset) to \(alarm.step)"),
            Input(name: "baseline", value: "median \(fixed(alarm.median, 4)), spread \(fixed(alarm.spread, 4)) nats"),
            Input(name: "sum of deviations", value: fixed(alarm.sum, 1)),
        ]
        let decided = episode.last.detectedAt
        let window = alarm.onset - 2...alarm.step
        for point in history.steps.filter({ window.contains($0.step) && $0.at <= decided }).suffix(12) {
            let z = alarm.spread > 0 ? ", z \(fixed((point.loss - alarm.median) / alarm.spread, 1))" : ""
            inputs.append(Input(name: "step \(point.step)", value: "loss \(fixed(point.loss, 4))\(z)"))
        }
        inputs.append(
            Input(name: "the alarm's step", value: "loss \(fixed(alarm.value, 4)), z \(fixed(alarm.deviation, 1))"))
        return inputs
            + episode.incidents.map { Input(name: $0.name, value: "after step \($0.step): \($0.sentence)") }
    }

    private var rule: String {
        let policy = history.plan?.lossSpike ?? LossSpikeSpec()
        let detector = policy.detector
        return
            "fault_tolerance.loss_spike: z = (loss - median) / (IQR / 1.349) of \(detector.window) accepted steps, "
            + "S = max(0, S + min(z, \(fixed(detector.clip, 1))) - \(fixed(detector.allowance, 1))), alarm at S > "
            + "\(fixed(detector.threshold, 1)). Then others compute the step again; up to \(policy.wait) steps to heal; back "
            + "to a checkpoint \(policy.back) steps before the first z > 2, leaving out the data through the alarm + "
            + "\(policy.skipBeyond) steps."
    }

    private func alternatives(to episode: SpikeEpisode) -> [DecisionDocument.Alternative] {
        typealias Alternative = DecisionDocument.Alternative
        let policy = history.plan?.lossSpike ?? LossSpikeSpec()
        let alarm = episode.alarm
        let target = episode.rollback?.restoredStep ?? checkpoint(before: alarm.onset - policy.back, episode)
        let atOnce = costed(
            "go back to step \(target) at the alarm", alarm.step - 1 - target, episode,
            because: "most spikes heal by themselves")
        let goOn = Alternative(
            what: "go on with the loss as it is", cost_ns: 0,
            because: "nothing is thrown away, and the loss stays where it is")
        switch episode.last.verdictOnLoss?.verdict {
        case .rollBack(let to, let batches, _, _):
            let same = costed(
                "go back with the same data", episode.last.step - to, episode,
                because: "the same batches would follow the same state")
            return [goOn, atOnce] + (batches == nil ? [] : [same])
        case .giveUp: return [goOn]
        case .outlier, .harmless, .hardware, .recompute, .wait, .pin, nil: return [atOnce]
        }
    }

    /// The newest checkpoint at or before `step` that was durable when the alarm came; 0 for the first values.
    private func checkpoint(before step: Int, _ episode: SpikeEpisode) -> Int {
        let decided = episode.incidents[0].detectedAt
        return history.checkpoints.filter { $0.at <= decided && $0.step <= step }.map(\.step).max() ?? 0
    }

    private func costed(
        _ what: String, _ lost: Int, _ episode: SpikeEpisode, because: String
    ) -> DecisionDocument.Alternative {
        let steps = max(0, lost)
        // A restart as long as the run's own way back, else as its shortest.
        let own = episode.rollback.flatMap { back in back.resumedAt.map { $0 - back.detectedAt } }
        let restart =
            own
            ?? history.incidents.filter(\.isInterruption)
            .compactMap { other in other.resumedAt.map { $0 - other.detectedAt } }.min()
        let pace = history.pace(before: episode.incidents[0])
        var cost: Int64?
        if let restart, let pace { cost = (pace * Int64(steps) + restart).nanoseconds }
        return DecisionDocument.Alternative(
            what: what, cost_ns: cost, because: "\(counted(steps, "step")) would have been thrown away; \(because)")
    }
}
