// Which rank each worker of a gang has. Whoever stays keeps its rank, and with it its part of a step: what it has computed
// of an interrupted one need not be computed again. Refuses to choose the workers; RunGang does.

import Primitives

/// The workers of a run's newest gang and their ranks.
struct Seating: Equatable, Sendable {
    /// In the order of their addresses.
    private var byAddress: [WorkerID] = []
    /// In the order of their ranks.
    private(set) var byRank: [WorkerID] = []

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
