// The forward pass of GPT: embedding, blocks, last LayerNorm, head. Biases cost nothing: a product accumulates onto
// rows that already hold them, where OpenBLAS would otherwise have written zeros. Refuses to keep what the backward
// pass computes again.

import CKernels
import Primitives

extension GPT {
    /// Runs all blocks and the last LayerNorm over `sequences` sequences of `length` tokens.
    func forward(_ parameters: GPTTensors, tokens: UnsafePointer<Int32>, sequences: Int, length: Int) {
        let rows = sequences * length
        check(tokens, count: rows)
        ckernels_embed(
            tokens, parameters.tokenEmbedding, parameters.positionEmbedding, activations.layers[0].input.base,
            sequences, length, shape.width)
        for layer in 0..<shape.layers {
            let kept = activations.layers[layer]
            let tensors = parameters.layer(layer)
            normalise(kept.input, tensors.norm1, into: kept.norm1, rows: rows)
            project(
                kept.norm1.output.base, tensors.attentionIn, into: kept.queriesKeysValues.base, rows: rows,
                from: shape.width, to: 3 * shape.width)
            attend(layer: layer, sequences: sequences, length: length)
            projectOntoResidual(
                kept.attention.base, tensors.attentionOut, residual: kept.input, into: kept.middle, rows: rows,
                from: shape.width)
            normalise(kept.middle, tensors.norm2, into: kept.norm2, rows: rows)
            project(
                kept.norm2.output.base, tensors.feedIn, into: kept.feed.base, rows: rows, from: shape.width,
                to: 4 * shape.width)
            ckernels_gelu(kept.feed.base, activations.wide.base, rows * 4 * shape.width)
            projectOntoResidual(
                activations.wide.base, tensors.feedOut, residual: kept.middle,
                into: activations.outputOfLayer(layer), rows: rows, from: 4 * shape.width)
        }
        normalise(activations.output, parameters.finalNorm, into: activations.finalNorm, rows: rows)
    }

    /// The mean cross-entropy over all rows of a full micro-batch. With `gradient` also the head's part of the backward
    /// pass: overwrites the gradient of the token embedding, and leaves that of the last LayerNorm's output in
    /// `narrowGradient`.
    func headLoss(_ parameters: GPTTensors, targets: UnsafePointer<Int32>, gradient: GPTTensors?) -> Double {
        let rows = activations.rows
        let vocabulary = shape.vocabularySize
        check(targets, count: rows)
        let maximum = activations.crossEntropy.base
        let sum = maximum + activations.headRows
        let targetLogit = sum + activations.headRows
        var loss = 0.0
        for first in stride(from: 0, to: rows, by: activations.headRows) {
            let count = min(activations.headRows, rows - first)
            multiplyHead(parameters, firstRow: first, rows: count)
            let logits = activations.logits.base
            ckernels_cross_entropy(logits, targets + first, maximum, sum, targetLogit, count, vocabulary)
            for row in 0..<count {
                // A sum that is not a number says that training has diverged: that is the loss to report.
                let logarithm = sum[row].isFinite ? portableLogarithm(Double(sum[row])) : .nan
                loss += logarithm + Double(maximum[row]) - Double(targetLogit[row])
            }
            guard let gradient else { continue }
            ckernels_cross_entropy_backward(
                logits, targets + first, maximum, sum, 1 / Float(rows), count, vocabulary)
            multiplyHeadBackward(parameters, gradient, firstRow: first, rows: count)
        }
        return loss / Double(rows)
    }

    /// Logits of `rows` positions from `firstRow` on.
    func multiplyHead(_ parameters: GPTTensors, firstRow: Int, rows: Int) {
        let vocabulary = shape.vocabularySize
        let embedding = Matrix(parameters.tokenEmbedding, rows: vocabulary, columns: shape.width)
        let input = Matrix(
            activations.finalNorm.output.base + firstRow * shape.width, rows: rows, columns: shape.width)
        BLAS.multiply(
            input, embedding.transposed, into: Matrix(activations.logits.base, rows: rows, columns: vocabulary))
    }

    private func multiplyHeadBackward(_ parameters: GPTTensors, _ gradient: GPTTensors, firstRow: Int, rows: Int) {
        let h = shape.width
        let vocabulary = shape.vocabularySize
        let logitsGradient = Matrix(activations.logits.base, rows: rows, columns: vocabulary)
        BLAS.multiply(
            logitsGradient, Matrix(parameters.tokenEmbedding, rows: vocabulary, columns: h),
            into: Matrix(activations.narrowGradient.base + firstRow * h, rows: rows, columns: h))
        BLAS.multiply(
            logitsGradient.transposed,
            Matrix(activations.finalNorm.output.base + firstRow * h, rows: rows, columns: h),
            into: Matrix(gradient.tokenEmbedding, rows: vocabulary, columns: h), accumulating: firstRow > 0)
    }

    private func normalise(_ input: FloatBuffer, _ tensors: WeightAndBias, into norm: NormActivations, rows: Int) {
        ckernels_layer_norm(
            input.base, tensors.weight, tensors.bias, norm.output.base, norm.mean.base, norm.inverseDeviation.base,
            rows, shape.width)
    }

    /// output = input · weight + bias.
    private func project(
        _ input: UnsafeMutablePointer<Float>, _ tensors: WeightAndBias, into output: UnsafeMutablePointer<Float>,
        rows: Int, from inputs: Int, to outputs: Int
    ) {
        ckernels_fill_rows(tensors.bias, output, rows, outputs)
        BLAS.multiply(
            Matrix(input, rows: rows, columns: inputs), Matrix(tensors.weight, rows: inputs, columns: outputs),
            into: Matrix(output, rows: rows, columns: outputs), accumulating: true)
    }

    /// output = residual + input · weight + bias.
    private func projectOntoResidual(
        _ input: UnsafeMutablePointer<Float>, _ tensors: WeightAndBias, residual: FloatBuffer,
        into output: FloatBuffer, rows: Int, from inputs: Int
    ) {
        ckernels_add_bias(residual.base, tensors.bias, output.base, rows, shape.width)
        BLAS.multiply(
            Matrix(input, rows: rows, columns: inputs), Matrix(tensors.weight, rows: inputs, columns: shape.width),
            into: Matrix(output.base, rows: rows, columns: shape.width), accumulating: true)
    }
}
