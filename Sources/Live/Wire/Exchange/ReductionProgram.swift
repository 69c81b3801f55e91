// The reduction tree as a list of additions. The members' subtrees are its leaves; running the list adds them in exactly
// the tree's order, whoever they came from. It is made once for a gang, so that a chunk costs its additions and nothing
// else. Refuses to know where the operands lie.

import Primitives

/// The additions that turn the members' partial sums into the sum over the whole tree.
struct ReductionProgram: Equatable {
    /// A subtree that one member sums on its own.
    struct Part: Equatable {
        let rank: Int
        let leaves: Range<Int>
    }

    /// Where a term lies: a part by its index, or the intermediate sum of a level. Level 0 is the result.
    enum Term: Equatable {
        case part(Int)
        case level(Int)
    }

    /// The intermediate sum `level` becomes `left` + `right`.
    struct Addition: Equatable {
        let level: Int
        let left: Term
        let right: Term
    }

    /// The leaves of the whole tree.
    let leaves: Int
    /// All members' subtrees, in the order of the leaves.
    let parts: [Part]
    /// Empty when there is one part, which is then the sum.
    let additions: [Addition]
    /// How many intermediate sums exist at once, the result among them; 0 when there is one part.
    let levels: Int

    /// The program for a gang whose rank r sums the leaves `leavesByRank[r]`, contiguous and in order.
    init(tree: ReductionTree, leavesByRank: [Range<Int>]) {
        var parts: [Part] = []
        var next = 0
        for (rank, leaves) in leavesByRank.enumerated() where !leaves.isEmpty {
            precondition(leaves.lowerBound == next, "ranks share out the leaves in order")
            next = leaves.upperBound
            parts += tree.subtrees(of: leaves).map { Part(rank: rank, leaves: $0) }
        }
        precondition(next == tree.leaves, "the members sum \(next) of \(tree.leaves) leaves")
        var additions: [Addition] = []
        var position = 0
        /// Left before right, so that the parts are met in order; the left sum rests in `level` while the right one is
        /// made in the levels above.
        func visit(_ node: Range<Int>, level: Int) -> Term {
            if parts[position].leaves == node {
                position += 1
                return .part(position - 1)
            }
            guard let middle = ReductionTree.split(node) else { preconditionFailure("leaf \(node) is in no part") }
            let left = visit(node.lowerBound..<middle, level: level)
            let right = visit(middle..<node.upperBound, level: level + 1)
            additions.append(Addition(level: level, left: left, right: right))
            return .level(level)
        }
        _ = visit(0..<tree.leaves, level: 0)
        leaves = tree.leaves
        self.parts = parts
        self.additions = additions
        levels = (additions.map(\.level).max() ?? -1) + 1
    }
}
