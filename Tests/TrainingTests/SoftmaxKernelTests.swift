// Causal softmax, cross-entropy and their gradients against naive twins in double precision.

import CKernels
import Foundation
import Testing

@Suite struct SoftmaxKernelTests {
    /// A block of attention scores: rows, columns, first row, floats between rows.
    struct Block: CustomTestStringConvertible {
        var rows, columns, first, stride: Int
        var testDescription: String { "\(rows) x \(columns) from \(first)" }
        /// Whether a query may see a key.
        func sees(_ row: Int, _ column: Int) -> Bool { column <= first + row }
    }

    static let blocks = [
        Block(rows: 1, columns: 1, first: 0, stride: 1), Block(rows: 7, columns: 7, first: 0, stride: 9),
        Block(rows: 16, columns: 48, first: 32, stride: 48), Block(rows: 5, columns: 40, first: 35, stride: 41),
    ]

    /// The probabilities of the scores, zero where a query may not see.
    private func probabilities(_ scores: [Float], _ block: Block) -> [[Double]] {
        (0..<block.rows).map { row in
            let exponentials = (0..<block.columns).map { column in
                block.sees(row, column) ? exp(Double(scores[row * block.stride + column])) : 0
            }
            let sum = exponentials.reduce(0, +)
            return exponentials.map { $0 / sum }
        }
    }

    /// The columns of a block without what lies between rows.
    private func dense(_ values: [Float], _ block: Block) -> [Float] {
        (0..<block.rows).flatMap { values[$0 * block.stride..<$0 * block.stride + block.columns] }
    }

    @Test(arguments: blocks) func `a query's probabilities cover what it sees, forward and again backward`(block: Block)
    {
        let raw = normals("scores", block.rows * block.stride, deviation: 3)
        let gradient = normals("gradient", block.rows * block.stride)
        let p = probabilities(raw, block)
        var scores = raw
        var maximum = unwritten(block.rows)
        var inverseSum = unwritten(block.rows)
        ckernels_causal_softmax(
            &scores, block.rows, block.columns, block.first, block.stride, &maximum, &inverseSum)
        #expect(largestDifference("causal softmax", dense(scores, block), p.flatMap { $0 }) < 5e-7)

        var again = raw
        var scoresGradient = gradient
        ckernels_causal_softmax_backward(
            &again, &scoresGradient, block.rows, block.columns, block.first, block.stride, maximum, inverseSum)
        let naive = (0..<block.rows).flatMap { row in
            let d = (0..<block.columns).map { Double(gradient[row * block.stride + $0]) }
            let average = zip(p[row], d).reduce(0) { $0 + $1.0 * $1.1 }
            return zip(p[row], d).map { $0 * ($1 - average) }
        }
        #expect(largestDifference("causal softmax again", dense(again, block), p.flatMap { $0 }) < 5e-7)
        #expect(largestDifference("causal softmax's gradient", dense(scoresGradient, block), naive) < 2e-6)
    }

    @Test(arguments: [2, 16, 61, 257]) func `cross-entropy and its gradient are those of the definition`(width: Int) {
        let rows = 4
        let raw = normals("logits", rows * width, deviation: 4)
        let targets = tokens("targets", rows, of: width)
        var naiveLoss = 0.0
        var naive: [Double] = []
        for row in 0..<rows {
            let exponentials = raw[row * width..<(row + 1) * width].map { exp(Double($0)) }
            let sum = exponentials.reduce(0, +)
            let target = Int(targets[row])
            naiveLoss -= log(exponentials[target] / sum)
            naive += exponentials.indices.map { 0.25 * (exponentials[$0] / sum - ($0 == target ? 1 : 0)) }
        }
        var logits = raw
        var maximum = unwritten(rows)
        var sum = unwritten(rows)
        var targetLogit = unwritten(rows)
        ckernels_cross_entropy(logits, targets, &maximum, &sum, &targetLogit, rows, width)
        let loss = (0..<rows).reduce(0.0) {
            $0 + log(Double(sum[$1])) + Double(maximum[$1]) - Double(targetLogit[$1])
        }
        print("cross-entropy over \(width): difference \(abs(loss - naiveLoss))")
        #expect(abs(loss - naiveLoss) < 2e-6)
        ckernels_cross_entropy_backward(&logits, targets, maximum, sum, 0.25, rows, width)
        #expect(largestDifference("cross-entropy's gradient over \(width)", logits, naive) < 2e-7)
    }

    @Test func `scores far apart neither overflow nor vanish into nothing`() {
        var scores: [Float] = [1e4, -1e4, 1e4, 0]
        var maximum: [Float] = [0]
        var inverseSum: [Float] = [0]
        ckernels_causal_softmax(&scores, 1, 4, 3, 4, &maximum, &inverseSum)
        #expect(largestDifference("far scores", scores, [0.5, 0, 0.5, 0]) < 1e-30)
    }

    @Test func `a logit that is not a number makes the sum one too`() {
        var maximum: [Float] = [0]
        var sum: [Float] = [0]
        var targetLogit: [Float] = [0]
        ckernels_cross_entropy([0, .nan, 1], [0], &maximum, &sum, &targetLogit, 1, 3)
        #expect(sum[0].isNaN)
    }
}
