// The backward pass of GPT, in the forward pass's order reversed. The gradient of the residual stream lives in one
// buffer that each block adds to; whoever finishes it at a place also sums its columns there, since that is the bias
// gradient of the product that feeds the place. Refuses to add to old gradients: every tensor is overwritten.

import CKernels

extension GPT {
    /// From the gradient of the last LayerNorm's output, in `narrowGradient`, to all parameters. The token embedding
    /// already holds the head's part; the lookup's is added to it.
    func backward(_ parameters: GPTTensors, tokens: UnsafePointer<Int32>, gradient: GPTTensors) {
        let last = shape.layers - 1
        normaliseBackward(
            activations.output, parameters.finalNorm, activations.finalNorm, gradient: gradient.finalNorm,
            accumulating: false, columnSums: gradient.layer(last).feedOut.bias)
        for layer in stride(from: last, through: 0, by: -1) {
            let kept = activations.layers[layer]
            let tensors = parameters.layer(layer)
            let tensorGradients = gradient.layer(layer)
            feedForwardBackward(kept, tensors, tensorGradients)
            normaliseBackward(
                kept.middle, tensors.norm2, kept.norm2, gradient: tensorGradients.norm2, accumulating: true,
                columnSums: tensorGradients.attentionOut.bias)
            attentionBackward(layer: layer, kept, tensors, tensorGradients)
            normaliseBackward(
                kept.input, tensors.norm1, kept.norm1, gradient: tensorGradients.norm1, accumulating: true,
                columnSums: layer > 0 ? gradient.layer(layer - 1).feedOut.bias : nil)
        }
        ckernels_embed_backward(
            tokens, activations.residualGradient.base, gradient.tokenEmbedding, gradient.positionEmbedding,
            microBatch, shape.contextLength, shape.width)
    }

    /// From `residualGradient` to the feed-forward network's weights and, in `narrowGradient`, its input.
    private func feedForwardBackward(_ kept: LayerActivations, _ tensors: LayerTensors, _ gradient: LayerTensors) {
        let rows = activations.rows
        let h = shape.width
        let residual = Matrix(activations.residualGradient.base, rows: rows, columns: h)
        let inner = Matrix(activations.wideGradient.base, rows: rows, columns: 4 * h)
        BLAS.multiply(residual, Matrix(tensors.feedOut.weight, rows: 4 * h, columns: h).transposed, into: inner)
        ckernels_gelu_backward(
            kept.feed.base, inner.base, activations.wide.base, inner.base, gradient.feedIn.bias, rows, 4 * h)
        BLAS.multiply(
            Matrix(activations.wide.base, rows: rows, columns: 4 * h).transposed, residual,
            into: Matrix(gradient.feedOut.weight, rows: 4 * h, columns: h))
        BLAS.multiply(
            Matrix(kept.norm2.output.base, rows: rows, columns: h).transposed, inner,
            into: Matrix(gradient.feedIn.weight, rows: h, columns: 4 * h))
        BLAS.multiply(
            inner, Matrix(tensors.feedIn.weight, rows: h, columns: 4 * h).transposed,
            into: Matrix(activations.narrowGradient.base, rows: rows, columns: h))
    }

    /// From `residualGradient` to attention's weights and, in `narrowGradient`, its input.
    private func attentionBackward(
        layer: Int, _ kept: LayerActivations, _ tensors: LayerTensors, _ gradient: LayerTensors
    ) {
        let rows = activations.rows
        let h = shape.width
        let residual = Matrix(activations.residualGradient.base, rows: rows, columns: h)
        let narrow = Matrix(activations.narrowGradient.base, rows: rows, columns: h)
        let inner = Matrix(activations.wideGradient.base, rows: rows, columns: 3 * h)
        BLAS.multiply(
            Matrix(kept.attention.base, rows: rows, columns: h).transposed, residual,
            into: Matrix(gradient.attentionOut.weight, rows: h, columns: h))
        BLAS.multiply(residual, Matrix(tensors.attentionOut.weight, rows: h, columns: h).transposed, into: narrow)
        attendBackward(layer: layer)
        ckernels_column_sums(inner.base, gradient.attentionIn.bias, rows, 3 * h)
        BLAS.multiply(
            Matrix(kept.norm1.output.base, rows: rows, columns: h).transposed, inner,
            into: Matrix(gradient.attentionIn.weight, rows: h, columns: 3 * h))
        BLAS.multiply(inner, Matrix(tensors.attentionIn.weight, rows: h, columns: 3 * h).transposed, into: narrow)
    }

    /// From `narrowGradient` through a LayerNorm into `residualGradient`.
    private func normaliseBackward(
        _ input: FloatBuffer, _ tensors: WeightAndBias, _ norm: NormActivations, gradient: WeightAndBias,
        accumulating: Bool, columnSums: UnsafeMutablePointer<Float>?
    ) {
        ckernels_layer_norm_backward(
            activations.narrowGradient.base, input.base, tensors.weight, norm.mean.base, norm.inverseDeviation.base,
            activations.residualGradient.base, accumulating ? 1 : 0, gradient.weight, gradient.bias, columnSums,
            activations.rows, shape.width)
    }
}
