// What a run does when its coordinator was started again while its workers lived on. The generation ends, for nobody was
// there to commit its step; but whoever held the last committed step still does, so the next one goes on from there once
// its holders have come back or are known to be lost. Refuses to trust a word of before: a holder counts only as the
// process that the journal knows.

import Primitives
import Scheduling

extension Run {
    /// A new coordinator goes on, and `gone` did not outlive the last one. It costs no restart: the workers did nothing
    /// wrong.
    mutating func coordinatorRestarted(
        without gone: [(worker: WorkerID, incarnation: Incarnation)]
    ) -> [Command] {
        holders.removeAll { holder in
            gone.contains { $0.worker == holder.worker && $0.incarnation == holder.incarnation }
        }
        let hadGang = !members.isEmpty
        members = []
        saving = nil
        phase = .waiting(because: nil)
        isReturning = true
        return (hadGang ? [.abort(run: id, generation: generation, because: .coordinatorLost)] : [])
            + endIfNobodyReturns()
    }

    /// Whether a state that no checkpoint holds is in the memory of a gang that forms, or of processes that are expected back.
    var holdsUnsaved: Bool {
        let isExpected = if case .forming = phase { transfers != nil } else { isReturning && !holders.isEmpty }
        return isExpected && !isSaved
    }

    /// A user has asked for the end, and nobody is left who could return with what there was to save.
    mutating func endIfNobodyReturns() -> [Command] {
        guard case .waiting = phase, interrupted, isReturning, holders.isEmpty else { return [] }
        return end(.interrupted(checkpoint: checkpoints.last?.step ?? 0))
    }

    /// Why no gang is formed yet although workers may be free: those that hold the last committed step are expected. Who
    /// went on without them would have to be given the state again by one that came too late.
    func reasonToAwait(on pool: Pool) -> WaitReason? {
        guard isReturning else { return nil }
        let missing = holders.count { pool.isAway($0.worker, $0.incarnation) }
        return missing > 0 ? .workersAway(missing) : nil
    }
}
