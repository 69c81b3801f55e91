// What a worker keeps of an interrupted step, with numbers in place of gradients. Refuses processes, and the tree's own
// arithmetic, which GradientTree's tests have.

import Messages
import Primitives
import Testing
import Training

@testable import Worker

@Suite("Sums that outlive their gang")
struct PartSumsTests {
    private struct Interrupted: Error {}

    /// Computes a part for a gang and tells which micro-batches that took; nil where it was interrupted, after `limit`.
    private func compute(
        _ sums: PartSums, _ part: Range<Int>, of step: Int = 7, batch: Int? = nil, for generation: Int,
        trusted: Int = 1,
        limit: Int = .max
    ) -> (computed: [Int], salvage: Salvage?) {
        var computed: [Int] = []
        let result = try? sums.compute(
            part, of: step, batch: batch ?? step, for: Generation(generation), trusted: Generation(trusted)
        ) { (index, gradient) throws(Interrupted) -> Double in
            if computed.count == limit { throw Interrupted() }
            computed.append(index)
            gradient[0] = Float(index)
            return Double(index)
        }
        if let result { #expect(result.losses == part.map(Double.init)) }
        return (computed, result?.salvage)
    }

    private func sums() -> PartSums { PartSums(ReductionTree(leaves: 8), count: 1) }

    @Test func `the next gang goes on where the one before was interrupted`() {
        let sums = sums()
        #expect(compute(sums, 4..<8, for: 1, limit: 3) == ([4, 5, 6], nil))
        #expect(compute(sums, 4..<8, for: 2) == ([7], Salvage(kept: 3)))
        // It was not committed either, and the third gang has nothing left to do.
        #expect(compute(sums, 4..<8, for: 3) == ([], Salvage(kept: 4)))
        sums.applied()
        #expect(compute(sums, 4..<8, of: 8, for: 3) == ([4, 5, 6, 7], Salvage()))
    }

    @Test func `who carries the others' part too computes that only`() {
        let sums = sums()
        #expect(compute(sums, 4..<8, for: 1) == ([4, 5, 6, 7], Salvage()))
        #expect(compute(sums, 0..<8, for: 2) == ([0, 1, 2, 3], Salvage(kept: 4)))
    }

    @Test func `sums of another batch, of another state or from before a doubt do not count`() {
        for spoil in 0..<3 {
            let sums = sums()
            #expect(compute(sums, 0..<4, for: 1) == ([0, 1, 2, 3], Salvage()))
            if spoil == 1 { sums.forget() }
            let again = compute(sums, 0..<4, batch: spoil == 0 ? 99 : 7, for: 2, trusted: spoil == 2 ? 2 : 1)
            #expect(again == ([0, 1, 2, 3], Salvage(discarded: 4)), "\(spoil)")
            // What came after the doubt counts again.
            let third = compute(sums, 0..<4, batch: spoil == 0 ? 99 : 7, for: 3, trusted: spoil == 2 ? 2 : 1)
            #expect(third == ([], Salvage(kept: 4, discarded: 4)))
        }
    }

    @Test func `a part of another gang that is of no use is told as discarded`() {
        let sums = sums()
        #expect(compute(sums, 0..<4, for: 1) == ([0, 1, 2, 3], Salvage()))
        #expect(compute(sums, 4..<8, for: 2) == ([4, 5, 6, 7], Salvage(discarded: 4)))
    }
}

private func == (left: (computed: [Int], salvage: Salvage?), right: ([Int], Salvage?)) -> Bool {
    left.computed == right.0 && left.salvage == right.1
}
