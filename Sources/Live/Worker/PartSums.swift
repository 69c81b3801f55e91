// What a member has summed of a step's gradients, kept beyond its gang's end: the next gang goes on from there where it is
// dealt the same micro-batches. Refuses to judge whether sums may be wrong; the coordinator says whose still count.

import Messages
import Primitives
import Training

/// A member's sums, by part of the step.
final class PartSums {
    /// What sums are of. They are of the state that the member held then, which it must not have changed since.
    private struct Origin {
        var step: Int
        /// The batch that the step took.
        var batch: Int
        var generation: Generation
    }

    private let reduction: ReductionTree
    private let count: Int
    /// Every tree there was: a message that is still on its way may point into its sums.
    private var entries: [(tree: GradientTree, origin: Origin?)] = []
    /// Micro-batches computed since the last applied step.
    private var computed = 0

    /// Sums along `reduction` of gradients of `count` floats.
    init(_ reduction: ReductionTree, count: Int) {
        self.reduction = reduction
        self.count = count
    }

    /// The room for the sums over `part`, allocated when first asked for.
    func tree(over part: Range<Int>) -> GradientTree {
        if let known = entries.first(where: { $0.tree.part == part }) { return known.tree }
        let tree = GradientTree(reduction, part: part, count: count)
        entries.append((tree, nil))
        return tree
    }

    /// The state was replaced by another: no sums are of it.
    func forget() {
        for index in entries.indices { entries[index].origin = nil }
    }

    /// The state moved on by a step.
    func applied() { computed = 0 }

    /// Completes the sums over `part` of `step`, which takes `batch`, for a gang. What gangs since `trusted` left of them is
    /// taken over; `leaf` computes the others, as in `GradientTree.compute`. Returns the losses of the part's micro-batches.
    func compute<Failure: Error>(
        _ part: Range<Int>, of step: Int, batch: Int, for generation: Generation, trusted: Generation,
        leaf: (_ microBatch: Int, _ gradient: UnsafeMutablePointer<Float>) throws(Failure) -> Double
    ) throws(Failure) -> (losses: [Double], salvage: Salvage) {
        let tree = tree(over: part)
        let sources = entries.filter { entry in
            guard let origin = entry.origin else { return false }
            return (origin.step, origin.batch) == (step, batch) && origin.generation >= trusted
        }
        for index in entries.indices where entries[index].tree === tree {
            entries[index].origin = Origin(step: step, batch: batch, generation: generation)
        }
        let before = computed
        let losses = try tree.compute(resuming: sources.map(\.tree)) { (index, gradient) throws(Failure) -> Double in
            let loss = try leaf(index, gradient)
            computed += 1
            return loss
        }
        return (losses, Salvage(kept: part.count - (computed - before), discarded: computed - part.count))
    }
}
