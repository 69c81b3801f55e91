// What a simulated member has computed of a step's gradients, kept beyond its gang's end as the live worker's PartSums are:
// one term a micro-batch. Refuses to judge whether terms may be wrong.

import Messages
import Primitives

/// A member's terms of the step that it computes.
struct SimulatedTerms {
    private struct Term {
        var microBatch: Int
        var batch: Int
        var gradient: UInt64
        var loss: Double
        var generation: Generation
    }

    private var step = 0
    private var terms: [Term] = []
    /// Micro-batches computed since the last applied step.
    private var computed = 0

    /// The state was replaced by another: no terms are of it.
    mutating func forget() { terms = [] }

    /// The state moved on by a step.
    mutating func applied() { computed = 0 }

    /// Prepares for `step`, and returns which micro-batches of `part` are still to be computed. What gangs before `trusted`
    /// left does not count.
    mutating func missing(_ part: Range<Int>, of step: Int, trusted: Generation) -> [Int] {
        terms.removeAll { self.step != step || $0.generation < trusted }
        self.step = step
        return part.filter { microBatch in !terms.contains { $0.microBatch == microBatch } }
    }

    /// Computes micro-batches, each of which holds a batch, from `state`.
    mutating func compute(
        _ batches: [(microBatch: Int, batch: Int)], from state: UInt64, for generation: Generation
    ) {
        for (microBatch, batch) in batches {
            terms.append(
                Term(
                    microBatch: microBatch, batch: batch,
                    gradient: Chain.gradient(state: state, step: step, batch: batch),
                    loss: Chain.loss(state: state, step: step, batch: batch), generation: generation))
            computed += 1
        }
    }

    /// One number of the sum over `part` becomes a NaN.
    mutating func spoil(_ part: Range<Int>) {
        if let index = terms.firstIndex(where: { part.contains($0.microBatch) }) {
            terms[index].gradient = Chain.notANumber
        }
    }

    /// The sum over `part`, all of which is computed, the batches in it, one bit each, and the losses in order.
    func sum(over part: Range<Int>) -> (sum: UInt64, batches: UInt64, losses: [Double]) {
        var (sum, batches, losses): (UInt64, UInt64, [Double]) = (0, 0, [])
        for microBatch in part {
            guard let term = terms.first(where: { $0.microBatch == microBatch }) else {
                preconditionFailure("micro-batch \(microBatch) of step \(step) was not computed")
            }
            sum = Chain.add(sum, term.gradient)
            batches |= 1 << UInt64(term.batch)
            losses.append(term.loss)
        }
        return (sum, batches, losses)
    }

    /// What was saved of interruptions for a contribution of `part`, of which `fresh` micro-batches were computed now.
    func salvage(_ part: Range<Int>, fresh: Int) -> Salvage {
        Salvage(kept: part.count - fresh, discarded: computed - part.count)
    }
}
