// Which rank each worker of a gang has. Whoever stays keeps its rank, and with it its part of a step: what it has computed
// of an interrupted one need not be computed again. It keeps the gang's list of members beyond its end too, because the
// next gang of thousands differs from it in one or two, and making the list anew cost more than all that is decided.
// Refuses to choose the workers; RunGang does.

import Primitives

/// The workers of a run's newest gang and their ranks.
struct Seating: Equatable, Sendable {
    /// In the order of their addresses.
    private var byAddress: [WorkerID] = []
    /// In the order of their ranks.
    private(set) var byRank: [WorkerID] = []
    /// The newest gang, by rank; empty before the first.
    private(set) var members: [Member] = []
    /// Where each member's slot stands in the pool, by rank; one that was inserted since may have moved it on.
    private(set) var places: [Int] = []

    /// Gives ranks to `workers`, who are in the order of their addresses. Those of before keep theirs, and others take the
    /// ranks of those that left. In a gang of another size everybody's part is another, so the ranks follow the addresses.
    mutating func seat(_ workers: [WorkerID]) {
        guard workers.count == byAddress.count else {
            byAddress = workers
            byRank = workers
            return
        }
        let (left, added) = changes(to: workers)
        byAddress = workers
        for (gone, new) in zip(left, added) {
            guard let rank = byRank.firstIndex(of: gone) else { preconditionFailure("\(gone) had no rank") }
            byRank[rank] = new
        }
    }

    /// Moves everybody on by one rank.
    mutating func rotate() {
        if let first = byRank.first { byRank = byRank.dropFirst() + [first] }
    }

    /// Makes the list of members anew: the newest process of each worker, with the part of its rank.
    mutating func makeMembers(of plan: RunPlan, from pool: Pool) {
        let count = byRank.count
        let parts = ReductionTree(leaves: plan.microBatches).parts(over: count)
        places = pool.places(of: byRank)
        members = byRank.indices.map { rank in
            Member(
                worker: byRank[rank], incarnation: pool.slots[places[rank]].newest, part: parts[rank],
                evaluationPart: plan.evaluationMicroBatches * rank / count..<plan.evaluationMicroBatches * (rank + 1)
                    / count)
        }
    }

    /// Seats the next gang by what has changed in `pool` since this one was taken from it, to the effect of `seat` and
    /// `makeMembers` of all workers that are up. False, and nothing is changed, where that would not be a gang of this size
    /// and of `numerics`, or where too much has changed.
    mutating func replace(from pool: Pool, numerics: InternedText) -> Bool {
        guard members.count == pool.upCount, let changes = pool.changes?.sorted() else { return false }
        var (left, added, restarted): ([Int], [Pool.Slot], [(rank: Int, Incarnation)]) = ([], [], [])
        for worker in changes {
            let rank = rank(of: worker)
            guard let slot = pool[worker], case .up(let incarnation, let its, _) = slot.occupant else {
                if let rank { left.append(rank) }
                continue
            }
            guard its == numerics else { return false }
            if let rank { restarted.append((rank, incarnation)) } else { added.append(slot) }
        }
        // As many as are up, all of them up: these are all that are.
        guard left.count == added.count else { return false }
        for (rank, incarnation) in restarted { members[rank].incarnation = incarnation }
        for (rank, new) in zip(left, added) { replace(rank, by: new, at: pool.places(of: [new.worker])[0]) }
        return true
    }

    private mutating func replace(_ rank: Int, by new: Pool.Slot, at place: Int) {
        guard let old = placeByAddress(of: byRank[rank]) else { preconditionFailure("\(byRank[rank]) is nowhere") }
        byAddress.remove(at: old)
        byAddress.insert(new.worker, at: byAddress.place { $0 < new.worker })
        byRank[rank] = new.worker
        members[rank].worker = new.worker
        members[rank].incarnation = new.newest
        places[rank] = place
    }

    /// The rank of `worker`. Those that have none are told by their addresses, without a look at all ranks.
    private func rank(of worker: WorkerID) -> Int? {
        placeByAddress(of: worker) == nil ? nil : byRank.firstIndex(of: worker)
    }

    private func placeByAddress(of worker: WorkerID) -> Int? {
        let place = byAddress.place { $0 < worker }
        return place < byAddress.count && byAddress[place] == worker ? place : nil
    }

    /// Who is not among `workers` any more, and who was not before. Gangs of thousands change by a few, so equals are passed
    /// over without a look at their order.
    private func changes(to workers: [WorkerID]) -> (left: [WorkerID], added: [WorkerID]) {
        var (left, added): ([WorkerID], [WorkerID]) = ([], [])
        var (old, new) = (0, 0)
        while old < byAddress.count, new < workers.count {
            if byAddress[old] == workers[new] {
                old += 1
                new += 1
            } else if byAddress[old] < workers[new] {
                left.append(byAddress[old])
                old += 1
            } else {
                added.append(workers[new])
                new += 1
            }
        }
        return (left + byAddress[old...], added + workers[new...])
    }
}
