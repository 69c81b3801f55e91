// The project's central promise about numbers: the summed gradient has the same bits whoever computes which part.

import Jobs
import Primitives
import Testing
import Training

@Suite struct GradientTreeTests {
    static let shape = ModelShape(layers: 2, width: 24, heads: 3, contextLength: 20, vocabularySize: 37)

    /// A step's gradient as `workers` members would compute it: each its part, then the sums of subtrees in tree order.
    private func gradient(workers: Int, leaves: Int, state: TrainingState) -> (sum: [Float], losses: [Double]) {
        let tree = ReductionTree(leaves: leaves)
        var sums: [(node: Range<Int>, buffer: FloatBuffer)] = []
        var losses: [Double] = []
        for part in tree.parts(over: workers) {
            // A model of its own for each member, as in processes of their own.
            let model = GPT(shape: Self.shape, microBatch: 2)
            let part = GradientTree(tree, part: part, count: model.layout.count)
            losses += part.compute { microBatch, gradient in
                model.forwardBackward(
                    parameters: state.parameters, tokens: tokens("inputs \(microBatch)", 40, of: 37),
                    targets: tokens("targets \(microBatch)", 40, of: 37), gradient: gradient)
            }
            sums += zip(part.subtrees, part.sums).map { ($0, $1) }
        }
        func combine(_ node: Range<Int>) -> FloatBuffer {
            if let whole = sums.first(where: { $0.node == node }) { return whole.buffer }
            let middle = ReductionTree.split(node)!
            let left = combine(node.lowerBound..<middle)
            let right = combine(middle..<node.upperBound)
            VectorMath.add(into: left.base, a: left.base, b: right.base, count: left.count)
            return left
        }
        return (Array(combine(0..<leaves).floats), losses)
    }

    @Test(arguments: [5, 8]) func `the sum has the same bits however it is split over workers`(leaves: Int) {
        let state = TrainingState(Self.shape)
        state.initialise(Self.shape, seed: 3)
        let alone = gradient(workers: 1, leaves: leaves, state: state)
        #expect(alone.losses.count == leaves)
        #expect(alone.sum.contains { $0 != 0 } && alone.sum.allSatisfy(\.isFinite))
        for workers in 2...leaves {
            let split = gradient(workers: workers, leaves: leaves, state: state)
            let different = zip(alone.sum, split.sum).count { $0.bitPattern != $1.bitPattern }
            #expect(different == 0, "\(workers) workers")
            #expect(split.losses == alone.losses, "\(workers) workers")
        }
    }

    @Test func `micro-batches are asked for once, in order, and summed along the tree`() {
        let tree = ReductionTree(leaves: 7)
        // Powers of two far apart: every order of additions rounds differently.
        func leaf(_ index: Int) -> Float { 1 + Float(index) * 0x1p-23 * Float(1 << index) }
        func sum(_ node: Range<Int>) -> Float {
            guard let middle = ReductionTree.split(node) else { return leaf(node.lowerBound) }
            return sum(node.lowerBound..<middle) + sum(middle..<node.upperBound)
        }
        for part in [0..<7, 1..<6, 2..<7, 3..<4, 0..<5] {
            let gradients = GradientTree(tree, part: part, count: 1)
            var asked: [Int] = []
            let losses = gradients.compute { microBatch, gradient in
                asked.append(microBatch)
                gradient[0] = leaf(microBatch)
                return Double(microBatch)
            }
            #expect(asked == Array(part))
            #expect(losses == part.map(Double.init))
            #expect(gradients.subtrees == tree.subtrees(of: part))
            #expect(zip(gradients.subtrees, gradients.sums).allSatisfy { $1.base[0] == sum($0) })
        }
    }

    @Test func `an error from a micro-batch comes out as it is`() {
        struct Unreadable: Error {}
        let gradients = GradientTree(ReductionTree(leaves: 2), part: 0..<2, count: 1)
        #expect(throws: Unreadable.self) {
            try gradients.compute { microBatch, _ in
                if microBatch == 1 { throw Unreadable() }
                return 0
            }
        }
    }

    @Test func `what an interruption left is not computed again, wherever it is needed`() throws {
        struct Interrupted: Error {}
        let tree = ReductionTree(leaves: 8)
        func value(_ index: Int) -> Float { 1 + Float(index) * 0x1p-23 * Float(1 << index) }
        /// Which micro-batches were computed until `limit` of them were, and the losses if all were.
        func fill(
            _ part: GradientTree, resuming sources: [GradientTree], limit: Int = .max
        ) -> (computed: [Int], losses: [Double]?) {
            var computed: [Int] = []
            let losses = try? part.compute(resuming: sources) { (index, gradient) throws(Interrupted) -> Double in
                // Whoever is interrupted may have begun to write.
                gradient[0] = .nan
                if computed.count == limit { throw Interrupted() }
                computed.append(index)
                gradient[0] = value(index)
                return Double(index)
            }
            return (computed, losses)
        }
        for parts in [[0..<4, 0..<8], [0..<4, 4..<8], [2..<7, 1..<8], [4..<8, 0..<8], [0..<3, 2..<6]] {
            for limit in 0...parts[0].count {
                let before = GradientTree(tree, part: parts[0], count: 1)
                let first = fill(before, resuming: [], limit: limit)
                #expect(first.computed == Array(parts[0].prefix(limit)))

                // Another part: what whole subtrees of it are there is taken over, and the rest is interrupted once more.
                let after = GradientTree(tree, part: parts[1], count: 1)
                let second = fill(after, resuming: [before], limit: 1)
                let third = fill(after, resuming: [after, before])
                let again = second.computed + third.computed
                let fresh = GradientTree(tree, part: parts[1], count: 1)
                let undisturbed = fill(fresh, resuming: [])
                #expect(third.losses ?? second.losses == undisturbed.losses, "\(parts) \(limit)")
                #expect(zip(after.sums, fresh.sums).allSatisfy { $0.base[0].bitPattern == $1.base[0].bitPattern })
                #expect(Set(again).count == again.count, "\(again)")

                // The same part goes on where it was.
                let rest = fill(before, resuming: [before])
                #expect(rest.computed == Array(parts[0].dropFirst(limit)))
                #expect(rest.losses == parts[0].map(Double.init))
            }
        }
        // All of one half was there: the whole takes the other half only.
        let half = GradientTree(tree, part: 4..<8, count: 1)
        _ = fill(half, resuming: [])
        #expect(fill(GradientTree(tree, part: 0..<8, count: 1), resuming: [half]).computed == [0, 1, 2, 3])
        // Not named as a source, nothing of it counts.
        #expect(fill(half, resuming: []).computed == [4, 5, 6, 7])
    }
}
