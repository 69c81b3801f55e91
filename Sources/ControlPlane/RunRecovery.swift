// What a run does about losses: the gang ends, and the run waits for one that can go on from the newest good
// checkpoint. The budget of restarts is refilled by every newly reached step, so a long run may be hit often and a loop
// without progress ends with a reason. Refuses to detect losses; it is told.

import Primitives

extension Run {
    /// A worker is gone.
    mutating func lost(
        _ worker: WorkerID, _ incarnation: Incarnation, _ how: LossCause, at now: Instant
    ) -> [Command] {
        let rank = rank(of: worker, incarnation)
        forget(worker, incarnation, rank: rank)
        guard let rank else { return endIfNobodyReturns() }
        return interruptGang(because: .workerLost(worker: worker, rank: rank, how: how))
    }

    /// A process that is gone holds nothing any more. Those that hold the state stand in the order of their ranks as long as
    /// all members do, so a member is looked for at its `rank` first.
    private mutating func forget(_ worker: WorkerID, _ incarnation: Incarnation, rank: Int?) {
        let gone = Holder(worker: worker, incarnation: incarnation)
        let known = rank.flatMap { holders.indices.contains($0) && holders[$0] == gone ? $0 : nil }
        if let known = known ?? holders.firstIndex(of: gone) { holders.remove(at: known) }
    }

    /// Workers are gone by one fault; the one with the lowest rank stands for all.
    mutating func lost(
        _ losses: [(worker: WorkerID, incarnation: Incarnation)], _ how: LossCause, at now: Instant
    ) -> [Command] {
        guard !losses.isEmpty else { return [] }
        var lowest: Int?
        for gone in losses {
            let rank = rank(of: gone.worker, gone.incarnation)
            forget(gone.worker, gone.incarnation, rank: rank)
            lowest = [lowest, rank].compactMap { $0 }.min()
        }
        guard let rank = lowest else { return [] }
        return interruptGang(because: .workerLost(worker: members[rank].worker, rank: rank, how: how))
    }

    /// Whether it has no gang and wants one: only then does it matter that a process cannot be started.
    var needsWorkers: Bool { if case .waiting = phase { true } else { false } }

    /// A process ended before it joined. It counts as a restart, because a program that cannot start never will; but not
    /// against a gang that is whole without it.
    mutating func startFailed(_ worker: WorkerID, _ how: LossCause, at now: Instant) -> [Command] {
        guard needsWorkers else { return [] }
        restarts += 1
        return giveUpIfExhausted("the worker process of \(worker) \(how.sentence) before it joined")
    }

    /// A member could not restore. From a checkpoint: it is struck off, and the next gang takes the one before. From
    /// another member: the one that failed is replaced; a source that fails two of them is not asked again.
    mutating func restoreFailed(
        _ worker: WorkerID, _ incarnation: Incarnation, _ generation: Generation, step: Int, _ reason: String,
        at now: Instant
    ) -> [Command] {
        guard generation == self.generation, case .forming = phase, step == committed,
            let rank = rank(of: worker, incarnation)
        else { return [] }
        var commands: [Command] = []
        if let source = transfers?.first(where: { $0.receiver == rank })?.source {
            let holder = Holder(worker: members[source].worker, incarnation: members[source].incarnation)
            if doubted.contains(holder) { holders.removeAll { $0 == holder } } else { doubted.append(holder) }
            commands.append(.evict(worker, because: "it could not take the state from rank \(source): \(reason)"))
        } else if holds(worker, incarnation) {
            holders.removeAll { $0.worker == worker }
        } else {
            checkpoints.removeAll { $0.step == step }
        }
        return commands
            + interruptGang(because: .restoreFailed(worker: worker, rank: rank, step: step, reason: reason))
    }

    /// Members hold different sums: nobody's state can be trusted, so all go back to the newest checkpoint.
    mutating func disagreed(_ generation: Generation, step: Int, norms: String, at now: Instant) -> [Command] {
        guard generation == self.generation, isRunning else { return [] }
        holders = []
        return interruptGang(because: .replicasDisagree(step: step, norms: norms))
    }

    /// A step gave no finite number, so it does not count. It is done once more, with each part in other hands: a worker
    /// whose sums are not finite again is at fault, and is replaced. Where that names nobody, the numbers themselves are
    /// at fault, and no repetition helps.
    mutating func notFinite(_ generation: Generation, step: Int, suspects: [WorkerID]) -> [Command] {
        guard generation == self.generation, isRunning, step == committed + 1 else { return [] }
        let reason = InterruptionReason.stepNotFinite(step: step, suspects: suspects)
        let named = members.filter { suspects.contains($0.worker) }
            .map { Holder(worker: $0.worker, incarnation: $0.incarnation) }
        guard let before = notFinite, before.step == step else {
            notFinite = NotFinite(step: step, suspects: named)
            return interruptGang(because: reason)
        }
        let repeated = named.filter { before.suspects.contains($0) }
        guard !repeated.isEmpty, named.count < members.count else {
            notFinite = nil
            return divergedAt(step, because: reason)
        }
        notFinite = nil
        holders.removeAll { repeated.contains($0) }
        let evictions = repeated.map {
            Command.evict($0.worker, because: "its sums are not finite, with other micro-batches too")
        }
        return evictions + interruptGang(because: reason)
    }

    /// Whether the straggler of `report` would be replaced now: where the job wants that, a spare is free, and nobody's
    /// work is lost by it.
    func wouldReplace(_ report: StragglerReport, from pool: Pool) -> Bool {
        plan.stragglers == .swap && plan.recovery == .peer && isRunning
            && rank(of: report.worker, report.incarnation) != nil
            && pool.up.contains { free in
                free.numerics == numerics && !isLeaving(free.worker)
                    && !members.contains { $0.worker == free.worker }
            }
    }

    /// A member was too slow for too long. The others go on with a spare in its place, from what they hold.
    mutating func straggling(_ generation: Generation, _ report: StragglerReport, _ pool: Pool) -> [Command] {
        guard generation == self.generation, wouldReplace(report, from: pool) else { return [] }
        holders.removeAll { $0.worker == report.worker }
        return [.evict(report.worker, because: "it is slower than the others, and a spare is free")]
            + endGang(because: .straggling(report))
    }

    /// Members that have been restoring since `limit` or before.
    func missingMembers(formingSince limit: Instant) -> [WorkerID] {
        if case .forming(let missing, let since) = phase, since <= limit { missing } else { [] }
    }

    /// Members that did not restore in time are replaced.
    mutating func formationOverdue(_ missing: [WorkerID], at now: Instant) -> [Command] {
        guard !missing.isEmpty else { return [] }
        let evictions = missing.map {
            Command.evict($0, because: "it did not restore its state within \(plan.formationLimit)")
        }
        return evictions + interruptGang(because: .formationOverdue(missing: missing))
    }

    /// The coordinator, or the whole run, was gone. What was committed is still committed.
    mutating func resumed(at now: Instant) -> [Command] {
        interrupted = false
        resize = nil  // Who places it anew says so again.
        restarts = 0  // A resumption is a user's wish: it is not counted, and opens a new account.
        saving = nil
        let hadGang = !members.isEmpty
        holders = []
        members = []
        isReturning = false
        phase = .waiting(because: nil)
        return hadGang ? [.abort(run: id, generation: generation, because: .coordinatorLost)] : []
    }

    mutating func interruptGang(because reason: InterruptionReason) -> [Command] {
        switch phase {
        case .waiting, .over: return []
        case .forming, .running, .stopping: break
        }
        let abort = endGang(because: reason)
        if interrupted { return abort + end(.interrupted(checkpoint: checkpoints.last?.step ?? 0)) }
        if plan.onWorkerLoss == .fail, case .workerLost = reason {
            return abort + end(.memberLost(checkpoint: checkpoints.last?.step ?? 0, last: reason.sentence))
        }
        restarts += 1
        return abort + giveUpIfExhausted(reason.sentence)
    }

    private mutating func giveUpIfExhausted(_ last: @autoclosure () -> String) -> [Command] {
        guard restarts > plan.maximumRestarts else { return [] }
        return end(.gaveUp(restarts: restarts - 1, last: last()))
    }

    /// What must hold after every event. Changes nothing; it is `mutating` because the coordinator's optional run is copied
    /// for anything that is not, a kilobyte at every event.
    mutating func checkInvariants() {
        precondition(committed <= reached && reached <= plan.steps, "steps out of order: \(self)")
        for place in checkpoints.indices {
            let next = place + 1 < checkpoints.count ? checkpoints[place + 1].step : reached + 1
            precondition(checkpoints[place].step < next, "checkpoints out of order: \(self)")
        }
        // Beside the newest, a rollback's, the one behind it and one that all agreed on; and of those behind, where
        // checkpoints are frequent, two for each quarter of the way back.
        let behind = 8 * (reached - (checkpoints.first?.step ?? reached)) / max(1, plan.lossSpike.back)
        precondition(checkpoints.count <= plan.checkpointsKept + 3 + behind, "too many checkpoints: \(self)")
        switch phase {
        case .waiting, .over:
            precondition(members.isEmpty, "a run without a gang has members: \(self)")
        case .forming, .running, .stopping:
            precondition(
                !members.isEmpty && members.count <= max(plan.workers, resize == nil ? 0 : plan.microBatches),
                "the gang has no size: \(self)")
            precondition(
                members.count == wanted || plan.onWorkerLoss == .spare || plan.onWorkerLoss == .shrink
                    || resize?.isPending == true, "the gang is not whole: \(self)")
        }
    }

    /// What must hold after every event that may have changed the gang or the pool.
    mutating func checkMembers(_ pool: Pool) {
        precondition(
            pool.holdsAll(members, near: seating.places), "a member is not in the pool: \(self)")
        guard !members.isEmpty else { return }
        var shares = 0
        for rank in members.indices { shares += members[rank].part.count }
        precondition(shares == plan.microBatches, "\(self)")
    }
}
