// A worker's part of a step's gradient: the sums of the largest subtrees of the reduction tree that lie in its part,
// each added in the tree's order, so that the whole sum has the same bits whoever computes which part. Refuses to
// divide by the number of micro-batches (AdamW scales) and to talk to other workers.

import Primitives

/// Computes the gradients of a part of a step's micro-batches and sums them along the reduction tree.
///
/// Not thread-safe; allocates its buffers in `init` and nothing afterwards but the list of losses.
public final class GradientTree {
    /// The micro-batches that are computed here.
    public let part: Range<Int>
    /// The nodes of the tree whose sums this part yields, in order.
    public let subtrees: [Range<Int>]
    /// The sum of each subtree after `compute`.
    public let sums: [FloatBuffer]
    /// One buffer for each level of the deepest subtree: where a right child is summed while its sibling waits.
    private let waiting: [FloatBuffer]

    /// The sums over `part` of the tree, for gradients of `count` floats.
    public init(_ tree: ReductionTree, part: Range<Int>, count: Int) {
        self.part = part
        subtrees = tree.subtrees(of: part)
        sums = subtrees.map { _ in FloatBuffer(count: count) }
        waiting = (0..<(subtrees.map(GradientTree.depth).max() ?? 0)).map { _ in FloatBuffer(count: count) }
    }

    /// How many splits lie between a node and its farthest leaf.
    private static func depth(_ node: Range<Int>) -> Int {
        guard let middle = ReductionTree.split(node) else { return 0 }
        return 1 + max(depth(node.lowerBound..<middle), depth(middle..<node.upperBound))
    }

    /// Fills `sums`. `leaf` overwrites a vector with the gradient of a micro-batch and returns its loss; it is called
    /// once for each micro-batch of the part, in order. Returns the losses in that order.
    public func compute<Failure: Error>(
        leaf: (_ microBatch: Int, _ gradient: UnsafeMutablePointer<Float>) throws(Failure) -> Double
    ) throws(Failure) -> [Double] {
        var losses: [Double] = []
        losses.reserveCapacity(part.count)
        for (subtree, buffer) in zip(subtrees, sums) {
            try sum(subtree, into: buffer, level: 0, leaf: leaf, losses: &losses)
        }
        return losses
    }

    private func sum<Failure: Error>(
        _ node: Range<Int>, into buffer: FloatBuffer, level: Int,
        leaf: (_ microBatch: Int, _ gradient: UnsafeMutablePointer<Float>) throws(Failure) -> Double,
        losses: inout [Double]
    ) throws(Failure) {
        guard let middle = ReductionTree.split(node) else {
            losses.append(try leaf(node.lowerBound, buffer.base))
            return
        }
        try sum(node.lowerBound..<middle, into: buffer, level: level, leaf: leaf, losses: &losses)
        let right = waiting[level]
        try sum(middle..<node.upperBound, into: right, level: level + 1, leaf: leaf, losses: &losses)
        VectorMath.add(into: buffer.base, a: buffer.base, b: right.base, count: buffer.count)
    }
}
