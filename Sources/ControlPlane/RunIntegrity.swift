// What a run does about members that hold different states although they did the same steps: silent data corruption. It
// finds out whose state is wrong, replaces that member, and goes on from what the others hold; where nobody can say who
// is right, or wrong sums may have been applied by all, it goes back to a checkpoint of a state that all agreed on.
// Refuses to compute hashes, and to notice what strikes all members alike: that is the same number everywhere.

import Primitives

/// Members that hold different states after the same step, and what came of it.
public struct StateDispute: Equatable, Sendable {
    /// The step after which they differ.
    public var step: Int
    /// The members' hashes, by rank.
    public var hashes: [StateHash]
    /// Whose state is wrong; empty where no majority says so.
    public var corrupt: [WorkerID]
    /// The last step after which all held the same state.
    public var agreed: Int
    /// The step whose checkpoint the run goes back to; nil when the others go on with what they hold.
    public var restored: Int?

    /// A dispute from its parts.
    public init(step: Int, hashes: [StateHash], corrupt: [WorkerID], agreed: Int, restored: Int?) {
        self.step = step
        self.hashes = hashes
        self.corrupt = corrupt
        self.agreed = agreed
        self.restored = restored
    }
}

/// Checkpoints that may hold a corrupt state, of which some may still be on their way to the disk.
struct DisownedCheckpoints: Equatable, Sendable {
    /// The last generation that may have written one.
    var generation: Generation
    /// They hold steps behind this one.
    var after: Int
}

/// A process whose state is another's.
struct StateCopy: Equatable, Sendable {
    /// Who took it.
    var holder: Holder
    /// Who came by it independently, and need not live any more.
    var origin: Holder
}

extension Run {
    /// Whether members compare their states when the run's last step is applied: nobody does a step after it that would
    /// show what was wrong.
    var comparesLastState: Bool { plan.stateHashInterval > 0 && members.count > 1 && agreed < committed }

    /// Every member holds the same state after `step`.
    mutating func agree(on step: Int) {
        agreed = step
        intact = step + 1
        copies = []
    }

    /// The gang that forms takes its state as `transfers` say, or from a checkpoint.
    mutating func noteCopies() {
        guard plan.stateHashInterval > 0, let transfers else {
            copies = []
            return
        }
        let added = transfers.map { transfer in
            let receiver = members[transfer.receiver]
            return StateCopy(
                holder: Holder(worker: receiver.worker, incarnation: receiver.incarnation),
                origin: origin(of: members[transfer.source]))
        }
        copies.removeAll { old in added.contains { $0.holder == old.holder } }
        copies += added
    }

    /// Who came first by the state that `member` holds.
    private func origin(of member: Member) -> Holder {
        let holder = Holder(worker: member.worker, incarnation: member.incarnation)
        return copies.first { $0.holder == holder }?.origin ?? holder
    }

    /// The members compared their states after the last step: they hold the same.
    mutating func statesAgree(_ generation: Generation, step: Int) -> [Command] {
        guard generation == self.generation, step == committed, case .stopping(var last) = phase else { return [] }
        agree(on: step)
        last.agreement = false
        return prune() + settle(last)
    }

    /// The members hold different states after `step`, by rank. The next step does not count before that is settled.
    ///
    /// A member is at fault when more of the others than not hold another state than it does, and count for themselves:
    /// who took the state from another says what that one said. Where that names somebody, and every step that counts was
    /// computed from states that all agreed on, the others go on from memory. Else wrong sums may be in everybody's
    /// state, and all go back to the newest checkpoint that is no newer than the last agreement.
    mutating func statesDiffer(_ generation: Generation, step: Int, hashes: [StateHash]) -> [Command] {
        guard generation == self.generation, step == committed, hashes.count == members.count,
            isRunning || isStopping
        else { return [] }
        let corrupt = minority(of: hashes).map { members[$0] }
        let isIntact = !corrupt.isEmpty && step <= intact
        let left = isIntact && corrupt.allSatisfy { $0.worker != members[0].worker } ? [] : disown()
        if isIntact {
            holders.removeAll { holder in corrupt.contains { $0.worker == holder.worker } }
        } else {
            holders = []
            evaluating = nil
        }
        let dispute = StateDispute(
            step: step, hashes: hashes, corrupt: corrupt.map(\.worker), agreed: agreed,
            restored: isIntact ? nil : checkpoints.last?.step ?? 0)
        let evictions = corrupt.map {
            Command.evict($0.worker, because: "its state after step \(step) is not what the others hold")
        }
        return evictions + left + interruptGang(because: .statesDiffer(dispute))
    }

    private var isStopping: Bool { if case .stopping = phase { true } else { false } }

    /// The ranks whose state is wrong; none where no state has more voices than all others together. A voice is a member
    /// that came by its state independently: one that took it from another since the last agreement is counted with its
    /// source, or a corrupt state would win by having been copied.
    private func minority(of hashes: [StateHash]) -> [Int] {
        let origins = members.map(origin)
        func voices(_ isCounted: (StateHash) -> Bool) -> Int {
            origins.indices.count { first in
                origins.firstIndex(of: origins[first]) == first
                    && hashes.indices.contains { origins[$0] == origins[first] && isCounted(hashes[$0]) }
            }
        }
        let majority = hashes.first { candidate in voices { $0 == candidate } > voices { $0 != candidate } }
        guard let majority else { return [] }
        return hashes.indices.filter { hashes[$0] != majority }
    }

    // MARK: Checkpoints

    /// Strikes off the checkpoints behind the last agreement, written or on their way.
    private mutating func disown() -> [Command] {
        disowned.append(DisownedCheckpoints(generation: generation, after: agreed))
        let left = checkpoints.map(\.step).filter { $0 > agreed }
        checkpoints.removeAll { $0.step > agreed }
        return left.map { .deleteCheckpoint(run: id, step: $0) }
    }

    /// Whether the checkpoint that `generation` wrote after `step` may hold a corrupt state.
    func isDisowned(_ step: Int, of generation: Generation) -> Bool {
        disowned.contains { generation <= $0.generation && step > $0.after }
    }

    /// Strikes off the checkpoints that retention no longer keeps. The newest one of a state that all agreed on stays
    /// beside those that the job asks for: a newer one may turn out to be corrupt.
    mutating func prune() -> [Command] {
        guard checkpoints.count > plan.checkpointsKept else { return [] }
        let steps = checkpoints.map(\.step)
        var surplus = spikes.surplus(of: steps, kept: plan.checkpointsKept, committed: committed)
        if plan.stateHashInterval > 0, let trusted = steps.last(where: { $0 <= agreed }) {
            surplus.removeAll { $0 == trusted }
        }
        checkpoints.removeAll { surplus.contains($0.step) }
        return surplus.map { .deleteCheckpoint(run: id, step: $0) }
    }
}
