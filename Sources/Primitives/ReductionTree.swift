// The one order in which a step's micro-batches are added up. Floating-point addition is not associative, so the order
// is fixed by the number of micro-batches alone: whoever computed which part, the sum has the same bits. Refuses to
// know what is summed: gradients (Training, Wire) and losses (ControlPlane) use the same tree.

/// The binary tree over `leaves` micro-batches. A node covers a range; its left child covers the largest power of two
/// of leaves that is smaller than the node (the shape of RFC 6962's Merkle tree), so a tree over 2^k leaves is balanced.
public struct ReductionTree: Equatable, Sendable {
    /// The number of micro-batches summed; at least 1.
    public let leaves: Int

    /// The tree over `leaves` micro-batches.
    /// - Precondition: `leaves` is positive.
    public init(leaves: Int) {
        precondition(leaves > 0, "a reduction tree needs a leaf")
        self.leaves = leaves
    }

    /// Where the children of the node over `range` meet; nil for a leaf.
    public static func split(_ range: Range<Int>) -> Int? {
        guard range.count > 1 else { return nil }
        return range.lowerBound + 1 << (Int.bitWidth - 1 - (range.count - 1).leadingZeroBitCount)
    }

    /// The largest nodes of the tree that lie inside `part`, in order: what a worker that computes the leaves of `part`
    /// can sum on its own.
    /// - Precondition: `part` lies inside the tree.
    public func subtrees(of part: Range<Int>) -> [Range<Int>] {
        precondition(part.lowerBound >= 0 && part.upperBound <= leaves, "leaves \(part) are not of 0..<\(leaves)")
        var found: [Range<Int>] = []
        func visit(_ node: Range<Int>) {
            if node.lowerBound >= part.lowerBound && node.upperBound <= part.upperBound {
                found.append(node)
            } else if node.overlaps(part), let middle = ReductionTree.split(node) {
                visit(node.lowerBound..<middle)
                visit(middle..<node.upperBound)
            }
        }
        if !part.isEmpty { visit(0..<leaves) }
        return found
    }

    /// The leaves of each of `workers` members: contiguous, in order, as even as can be; the first ones take the rest.
    /// - Precondition: 1 ≤ `workers` ≤ `leaves`.
    public func parts(over workers: Int) -> [Range<Int>] {
        precondition(workers >= 1 && workers <= leaves, "\(leaves) micro-batches cannot feed \(workers) workers")
        let (each, rest) = leaves.quotientAndRemainder(dividingBy: workers)
        var start = 0
        return (0..<workers).map { rank in
            let end = start + each + (rank < rest ? 1 : 0)
            defer { start = end }
            return start..<end
        }
    }

    /// The sum of one value a leaf in the tree's order.
    /// - Precondition: there are as many values as leaves.
    public func sum(_ values: [Double]) -> Double {
        precondition(values.count == leaves, "\(values.count) values for \(leaves) leaves")
        func visit(_ node: Range<Int>) -> Double {
            guard let middle = ReductionTree.split(node) else { return values[node.lowerBound] }
            return visit(node.lowerBound..<middle) + visit(middle..<node.upperBound)
        }
        return visit(0..<leaves)
    }
}
