// Who makes up a run's next gang, and where its members take the state from: the recovery ladder. Its rungs, from the
// highest: members that survived go on with what they hold, and give it to those that are new; nobody survived, so all
// load the newest checkpoint; that one is bad, so the one before; none is left, so the run begins again. Refuses to end
// a gang; RunRecovery does.

import Messages
import Primitives
import Scheduling

extension Run {
    /// Whether a process holds the state after `committed` steps.
    func holds(_ worker: WorkerID, _ incarnation: Incarnation) -> Bool {
        holders.contains { $0.worker == worker && $0.incarnation == incarnation }
    }

    /// The next gang: whole if it can be; of the survivors and whoever else is free, if the job lets a gang shrink and
    /// somebody survived.
    func placement(on pool: Pool) -> PlacementDecision {
        if let reason = reasonToAwait(on: pool) { return .wait(because: reason) }
        // Large gangs are asked for at every interruption: whoever has the state is looked for only where it matters.
        let mayShrink = plan.recovery == .peer && [.shrink, .spare].contains(plan.onWorkerLoss)
        let count = stayingCount(on: pool)
        if holders.isEmpty || !mayShrink, count < wanted {
            return .wait(because: .workersMissing(free: count, needed: wanted))
        }
        let decision = placement(of: staying(on: pool), on: pool, mayShrink: mayShrink)
        return lastSource(on: pool).map { adding($0, to: decision, mayShrink: mayShrink) } ?? decision
    }

    /// A gang of `free`, workers of `pool`.
    private func placement(of free: [FreeWorker], on pool: Pool, mayShrink: Bool) -> PlacementDecision {
        let isTight = free.count == wanted && plan.onWorkerLoss != .shrink
        func survives(_ holder: Holder) -> Bool {
            pool.isUp(holder.worker, holder.incarnation) && !isLeaving(holder.worker)
        }
        let survivors = isTight ? [] : holders.filter(survives).map(\.worker)
        func gang(of size: Int) -> PlacementDecision {
            placeGang(GangRequest(size: size, numerics: numerics, preferred: survivors), on: free)
        }
        guard mayShrink, isTight ? holders.contains(where: survives) : !survivors.isEmpty else {
            return gang(of: wanted)
        }
        let fitting = free.count { $0.numerics == numerics }
        // A gang that shrinks takes nobody new, unless it was asked to be larger and can be all of that.
        let isGrowing = resize?.isPending == true && fitting >= wanted
        if plan.onWorkerLoss == .shrink, !isGrowing { return gang(of: min(survivors.count, wanted)) }
        return gang(of: min(fitting, wanted))
    }

    /// Whether a gang of all workers that are up is what `placement` would choose, if they are as many as are wanted and
    /// have the run's arithmetic, and every part of a step is to stay where it is.
    func takesAllThatAreUp(on pool: Pool) -> Bool {
        pool.upCount == wanted && plan.onWorkerLoss != .shrink && !isReturning && !isDoubtful
            && resize?.leaving.isEmpty ?? true
    }

    /// Who takes the state after `committed` steps from whom, holders serving in turn; nil when nobody of `members`
    /// holds it, or the job wants checkpoints.
    func peerTransfers(to members: [Member]) -> [StateTransfer]? {
        // Nothing is lost where a gang is resized, so nobody goes back.
        let takesOver = plan.recovery == .peer || spikes.recomputation != nil || handsOver
        guard takesOver || isReturning else { return nil }
        let known = Dictionary(uniqueKeysWithValues: holders.map { ($0.worker, $0.incarnation) })  // Asked only.
        let isSource = members.map { known[$0.worker] == $0.incarnation }
        // A step is recomputed from the state that everybody holds, wherever the job wants lost states to come from; and
        // where only the coordinator was lost, no state was.
        let keepsAll = isReturning && isSource.allSatisfy { $0 }
        guard takesOver || keepsAll else { return nil }
        let sources = members.indices.filter { isSource[$0] }
        guard !sources.isEmpty else { return nil }
        let receivers = members.indices.filter { !isSource[$0] }
        return receivers.enumerated().map { StateTransfer(to: $0.element, from: sources[$0.offset % sources.count]) }
    }

    /// Whether a step that gave no finite number, or set off an alarm, is computed again.
    var isDoubtful: Bool {
        notFinite.map { $0.step > committed } ?? false || spikes.recomputation?.report.step == committed + 1
    }

    /// Gives ranks to `workers`. While a step is in doubt nobody shall compute the part that it had: all move on by one rank
    /// in the first gang since, and wherever another size gives everybody another part.
    mutating func seat(_ workers: [WorkerID], from pool: Pool) {
        let isResized = workers.count != seating.byRank.count
        seating.seat(workers)
        if isDoubtful, isResized || generation.next == trusted { seating.rotate() }
        seating.makeMembers(of: plan, from: pool)
    }
}
