// What a run does when its loss asks for more than a commit: a gang ends so that its step is computed again, a worker is
// replaced, or the run goes back to an older checkpoint and takes other batches from there. Refuses to judge the loss;
// SpikeWatch does.

import Primitives

extension Run {
    /// Carries out `action` in place of the commit of `step`.
    mutating func act(_ action: SpikeAction, on step: Int, _ decisions: [SpikeDecision]) -> [Command] {
        switch action {
        case .commit: return []
        case .recompute: return endGang(because: .stepDoubted(step: step))
        case .replace(let rank):
            let worker = members[rank].worker
            holders.removeAll { $0.worker == worker }
            let evict = Command.evict(worker, because: "it computes other numbers for step \(step) than the others do")
            return [evict] + interruptGang(because: .workerDeviant(worker: worker, rank: rank, step: step))
        case .goBack(let target): return goBack(to: target, from: step)
        case .giveUp:
            let report = decisions.last?.sentence ?? ""
            return endGang(because: .diverged(step: step, to: nil))
                + end(.diverged(checkpoint: checkpoints.last?.step ?? 0, because: report))
        }
    }

    /// `step` gives no finite number, whoever computes it: the run goes back, or ends where its job or what has been tried
    /// leaves nothing else.
    mutating func divergedAt(_ step: Int, because reason: InterruptionReason) -> [Command] {
        guard plan.lossSpike.goesBack else {
            let verdict = "\(reason.sentence), whoever computes it: the data or the state are at fault"
            return endGang(because: reason) + end(.diverged(checkpoint: checkpoints.last?.step ?? 0, because: verdict))
        }
        let (action, decisions) = spikes.answerNonFinite(step, generation, checkpoints: checkpoints.map(\.step))
        return decisions.map { .decide(run: id, $0) } + act(action, on: step, decisions)
    }

    /// Nobody keeps what he holds: all load the checkpoint of `target`, and the ones behind it are of a history that is
    /// left.
    private mutating func goBack(to target: Int, from step: Int) -> [Command] {
        let left = checkpoints.map(\.step).filter { $0 > target }
        checkpoints.removeAll { $0.step > target }
        let commands = endGang(because: .diverged(step: step, to: target))
        holders = []
        evaluating = nil
        saveOverdue = false
        return commands + left.map { .deleteCheckpoint(run: id, step: $0) }
    }

    /// Ends the gang without counting a restart: nothing is broken.
    mutating func endGang(because reason: InterruptionReason) -> [Command] {
        if reason.castsDoubt { trusted = generation.next }
        members = []
        saving = nil
        phase = .waiting(because: nil)
        return [.abort(run: id, generation: generation, because: reason)]
    }
}
