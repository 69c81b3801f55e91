// A worker's part of a step's gradient: the sums of the largest subtrees of the reduction tree that lie in its part,
// each added in the tree's order, so that the whole sum has the same bits whoever computes which part. Refuses to
// divide by the number of micro-batches (AdamW scales), to talk to other workers, and to know whether what it holds of an
// interrupted step still counts.

import Primitives

/// Computes the gradients of a part of a step's micro-batches and sums them along the reduction tree.
///
/// Not thread-safe; allocates its buffers in `init` and nothing afterwards but lists of losses.
public final class GradientTree {
    /// A node whose sum is complete and not yet part of its parent's.
    private struct Held {
        let node: Range<Int>
        let buffer: FloatBuffer
        let losses: [Double]
    }

    /// The micro-batches that are computed here.
    public let part: Range<Int>
    /// The nodes of the tree whose sums this part yields, in order.
    public let subtrees: [Range<Int>]
    /// The sum of each subtree once `compute` has returned.
    public let sums: [FloatBuffer]
    /// One buffer for each level of the deepest subtree: where a right child is summed while its sibling waits.
    private let waiting: [FloatBuffer]
    /// What is complete, in the order of the leaves: whatever was interrupted goes on behind it.
    private var held: [Held] = []

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

    /// Fills `sums`. `leaf` overwrites a vector with the gradient of a micro-batch and returns its loss; it is called once for
    /// each micro-batch of the part that `sources` do not hold, in order. When it throws, what is complete stays, and a later
    /// call goes on from there if this tree is among its sources; otherwise it begins anew. Returns the losses of the part's
    /// micro-batches, in order.
    /// - Parameter sources: trees of the same shape whose sums are of the same parameters and micro-batches.
    public func compute<Failure: Error>(
        resuming sources: [GradientTree] = [],
        leaf: (_ microBatch: Int, _ gradient: UnsafeMutablePointer<Float>) throws(Failure) -> Double
    ) throws(Failure) -> [Double] {
        if !sources.contains(where: { $0 === self }) { held = [] }
        let others = sources.filter { $0 !== self }
        for (subtree, buffer) in zip(subtrees, sums) {
            try sum(subtree, into: buffer, level: 0, others, leaf: leaf)
        }
        return held.flatMap(\.losses)
    }

    /// Makes the sum of `node` in `buffer`. A node's place follows from the way to it, so one that is held already is where it
    /// belongs.
    private func sum<Failure: Error>(
        _ node: Range<Int>, into buffer: FloatBuffer, level: Int, _ others: [GradientTree],
        leaf: (_ microBatch: Int, _ gradient: UnsafeMutablePointer<Float>) throws(Failure) -> Double
    ) throws(Failure) {
        if held.contains(where: { $0.node == node }) { return }
        if let known = others.lazy.compactMap({ $0.held.first { $0.node == node } }).first {
            buffer.base.update(from: known.buffer.base, count: buffer.count)
            return held.append(Held(node: node, buffer: buffer, losses: known.losses))
        }
        guard let middle = ReductionTree.split(node) else {
            return held.append(Held(node: node, buffer: buffer, losses: [try leaf(node.lowerBound, buffer.base)]))
        }
        try sum(node.lowerBound..<middle, into: buffer, level: level, others, leaf: leaf)
        let right = waiting[level]
        try sum(middle..<node.upperBound, into: right, level: level + 1, others, leaf: leaf)
        VectorMath.add(into: buffer.base, a: buffer.base, b: right.base, count: buffer.count)
        let losses = held.suffix(2).flatMap(\.losses)
        held.removeLast(2)
        held.append(Held(node: node, buffer: buffer, losses: losses))
    }
}
