// Causal self-attention, one head of one sequence at a time, in blocks of queries: a block multiplies only with the
// keys it may see, which leaves out most of the masked half, and its scores stay in the cache. Probabilities are not
// kept; the backward pass computes them again from two numbers a query (Dao et al. 2022). Refuses to know of weights.

import CKernels

extension GPT {
    /// How many queries are a block. Smaller blocks mask out less work that was done, larger ones have faster products.
    static let attentionRows = 64

    /// One head of one sequence.
    private struct Head {
        /// [length, head width] each, views into [rows, 3h].
        let queries, keys, values: Matrix
        /// The first row of the head's statistics.
        let statistics: Int
        /// The first column of the head, and the first row of the sequence.
        let column, row: Int
    }

    /// 1/√(head width), what scores are multiplied by.
    private var scoreScale: Float { 1 / Float(shape.width / shape.heads).squareRoot() }

    private func head(_ head: Int, of sequence: Int, length: Int, in base: UnsafeMutablePointer<Float>) -> Head {
        let size = shape.width / shape.heads
        let stride = 3 * shape.width
        let start = base + sequence * length * stride + head * size
        func part(_ index: Int) -> Matrix {
            Matrix(start + index * shape.width, rows: length, columns: size, stride: stride)
        }
        return Head(
            queries: part(0), keys: part(1), values: part(2), statistics: (sequence * shape.heads + head) * length,
            column: head * size, row: sequence * length)
    }

    /// Fills the attention of `layer`, over `sequences` sequences of `length` tokens, from queries, keys and values.
    func attend(layer: Int, sequences: Int, length: Int) {
        let kept = activations.layers[layer]
        let size = shape.width / shape.heads
        for sequence in 0..<sequences {
            for index in 0..<shape.heads {
                let head = head(index, of: sequence, length: length, in: kept.queriesKeysValues.base)
                let output = Matrix(
                    kept.attention.base + head.row * shape.width + head.column, rows: length, columns: size,
                    stride: shape.width)
                for first in stride(from: 0, to: length, by: GPT.attentionRows) {
                    let count = min(GPT.attentionRows, length - first)
                    let seen = first + count
                    let scores = Matrix(activations.scores.base, rows: count, columns: seen)
                    multiplyScores(head, first: first, into: scores)
                    ckernels_causal_softmax(
                        scores.base, count, seen, first, seen, kept.scoreMaximum.base + head.statistics + first,
                        kept.scoreInverseSum.base + head.statistics + first)
                    BLAS.multiply(
                        scores, head.values.rows(from: 0, count: seen),
                        into: output.rows(from: first, count: count))
                }
            }
        }
    }

    /// From the gradient of attention's output, in `narrowGradient`, to that of queries, keys and values, in the first
    /// 3h columns' worth of `wideGradient`.
    func attendBackward(layer: Int) {
        let kept = activations.layers[layer]
        let length = shape.contextLength
        let size = shape.width / shape.heads
        for sequence in 0..<microBatch {
            for index in 0..<shape.heads {
                let head = head(index, of: sequence, length: length, in: kept.queriesKeysValues.base)
                let gradient = self.head(index, of: sequence, length: length, in: activations.wideGradient.base)
                let outputGradient = Matrix(
                    activations.narrowGradient.base + head.row * shape.width + head.column, rows: length,
                    columns: size, stride: shape.width)
                headBackward(head, gradient, outputGradient, kept)
            }
        }
    }

    private func headBackward(_ head: Head, _ gradient: Head, _ outputGradient: Matrix, _ kept: LayerActivations) {
        let length = outputGradient.rows
        // From the last block, which sees all keys and so overwrites every row of their gradient, to the first.
        let lastBlock = (length - 1) / GPT.attentionRows * GPT.attentionRows
        for first in stride(from: lastBlock, through: 0, by: -GPT.attentionRows) {
            let count = min(GPT.attentionRows, length - first)
            let seen = first + count
            let scores = Matrix(activations.scores.base, rows: count, columns: seen)
            let scoresGradient = Matrix(activations.scoresGradient.base, rows: count, columns: seen)
            let blockGradient = outputGradient.rows(from: first, count: count)
            multiplyScores(head, first: first, into: scores)
            BLAS.multiply(blockGradient, head.values.rows(from: 0, count: seen).transposed, into: scoresGradient)
            ckernels_causal_softmax_backward(
                scores.base, scoresGradient.base, count, seen, first, seen,
                kept.scoreMaximum.base + head.statistics + first, kept.scoreInverseSum.base + head.statistics + first)
            let accumulating = first < lastBlock
            BLAS.multiply(
                scores.transposed, blockGradient, into: gradient.values.rows(from: 0, count: seen),
                accumulating: accumulating)
            BLAS.multiply(
                scoresGradient.transposed, head.queries.rows(from: first, count: count),
                into: gradient.keys.rows(from: 0, count: seen), scale: scoreScale, accumulating: accumulating)
            BLAS.multiply(
                scoresGradient, head.keys.rows(from: 0, count: seen),
                into: gradient.queries.rows(from: first, count: count), scale: scoreScale)
        }
    }

    private func multiplyScores(_ head: Head, first: Int, into scores: Matrix) {
        BLAS.multiply(
            head.queries.rows(from: first, count: scores.rows),
            head.keys.rows(from: 0, count: scores.columns).transposed, into: scores, scale: scoreScale)
    }
}
