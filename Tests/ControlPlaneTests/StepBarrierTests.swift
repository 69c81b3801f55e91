// The barrier that turns members' contributions into steps. Refuses coordinators.

import ControlPlane
import Primitives
import Messages
import Testing

struct StepBarrierTests {
    private let losses = (0..<13).map { 1 + portableLogarithm(Double($0 + 2)) / 3 }

    private func contribute(
        _ barrier: inout StepBarrier, _ parts: [Range<Int>], _ rank: Int, step: Int, norm: Double = 0.5
    ) -> StepBarrier.Verdict? {
        barrier.contribute(
            rank: rank, step: step,
            .init(
                losses: Array(losses[parts[rank]]), gradientNorm: norm,
                profile: StepProfile(compute: .seconds(Int64(rank + 1)), exchange: .seconds(Int64(9 - rank))),
                salvage: Salvage(kept: rank, discarded: 2 * rank)))
    }

    @Test func `losses are summed in the tree's order, the same bits for any number of members`() {
        let tree = ReductionTree(leaves: losses.count)
        let expected = tree.sum(losses) / Double(losses.count)
        let inOrder = losses.reduce(0, +) / Double(losses.count)
        print("tree order differs from left to right by \(abs(expected - inOrder))")
        for workers in 1...losses.count {
            let parts = tree.parts(over: workers)
            var barrier = StepBarrier(parts: parts)
            for rank in (1..<workers).reversed() { #expect(contribute(&barrier, parts, rank, step: 1) == nil) }
            guard case .complete(let loss, let norm, let profile) = contribute(&barrier, parts, 0, step: 1) else {
                Issue.record("\(workers) members do not complete a step")
                continue
            }
            #expect(loss.bitPattern == expected.bitPattern)
            #expect(norm == 0.5)
            #expect(profile.compute == .seconds(Int64(workers)), "the longest")
            #expect(profile.exchange == .seconds(Int64(10 - workers)), "the shortest")
            let pairs = workers * (workers - 1) / 2
            #expect(barrier.salvage == Salvage(kept: pairs, discarded: 2 * pairs), "all together")
        }
    }

    @Test func `members with different norms disagree, and each is listed`() {
        let parts = [0..<5, 5..<13]
        var barrier = StepBarrier(parts: parts)
        #expect(contribute(&barrier, parts, 0, step: 1, norm: 1) == nil)
        let verdict = contribute(&barrier, parts, 1, step: 1, norm: 1.0.nextUp)
        #expect(verdict == .disagreement(norms: "rank 0: 1.0, rank 1: 1.0000000000000002"))
    }

    @Test func `contributions told twice, of complete steps, by strangers or of the wrong size change nothing`() {
        let parts = [0..<5, 5..<13]
        var barrier = StepBarrier(parts: parts)
        _ = contribute(&barrier, parts, 0, step: 7)
        _ = contribute(&barrier, parts, 1, step: 7)
        let complete = barrier
        for step in [7, 6, 1, 0, -1] {
            #expect(contribute(&barrier, parts, 0, step: step) == nil)
        }
        #expect(barrier == complete, "a step that is complete stays complete")
        #expect(contribute(&barrier, parts, 0, step: 8) == nil)
        let begun = barrier
        #expect(contribute(&barrier, parts, 0, step: 8, norm: 3) == nil)
        #expect(contribute(&barrier, parts, 1, step: 9) == nil)
        for (rank, count) in [(2, 8), (-1, 8), (1, 7), (1, 9)] {
            let verdict = barrier.contribute(
                rank: rank, step: 8, .init(losses: Array(repeating: 1, count: count), gradientNorm: 0.5))
            #expect(verdict == nil)
        }
        #expect(barrier == begun)
        #expect(contribute(&barrier, parts, 1, step: 8) != nil)
    }

    @Test func `a member without micro-batches of a measurement still has to answer`() {
        let parts = [0..<0, 0..<1, 1..<2]
        var barrier = StepBarrier(parts: parts)
        #expect(contribute(&barrier, parts, 1, step: 5) == nil)
        #expect(contribute(&barrier, parts, 2, step: 5) == nil)
        #expect(contribute(&barrier, parts, 0, step: 5) != nil)
    }
}
