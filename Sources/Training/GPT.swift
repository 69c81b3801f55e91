// A GPT-2 in 32-bit floats with its gradient, written by hand on matrix products and the kernels of CKernels. The
// result is a function of its arguments alone, to the bit, on one kind of processor: no threads, no state carried from
// call to call, and every sum in a fixed order. Refuses to hold parameters, to allocate after `init`, and to update
// anything (AdamW does).

import CBLAS
import Jobs

/// The forward and backward passes of a model for micro-batches of one size.
///
/// Not thread-safe: it owns the memory of its activations; one thread uses it.
public final class GPT {
    /// The model's sizes.
    public let shape: ModelShape
    /// Where each tensor lies in the vectors of parameters and gradients.
    public let layout: ParameterLayout
    /// Sequences in a micro-batch.
    public let microBatch: Int

    let activations: GPTActivations

    /// A model of `shape` for micro-batches of `microBatch` full sequences; allocates all activations.
    /// - Precondition: the sizes are positive and `width` is a multiple of `heads`.
    public init(shape: ModelShape, microBatch: Int) {
        precondition(
            shape.layers > 0 && shape.heads > 0 && shape.contextLength > 0 && shape.vocabularySize > 0
                && microBatch > 0, "a model needs positive sizes: \(shape), micro-batch \(microBatch)")
        precondition(
            shape.width > 0 && shape.width.isMultiple(of: shape.heads),
            "\(shape.heads) heads do not divide a width of \(shape.width)")
        // Several BLAS threads would split sums by their number; workers are the parallelism here.
        openblas_set_num_threads(1)
        self.shape = shape
        self.microBatch = microBatch
        layout = ParameterLayout(shape)
        activations = GPTActivations(shape: shape, sequences: microBatch, attentionRows: GPT.attentionRows)
    }

    /// The mean cross-entropy of a micro-batch in nats, and its gradient.
    ///
    /// - Parameters:
    ///   - parameters: all parameters, in the layout's order.
    ///   - tokens: the inputs, [microBatch, T].
    ///   - targets: the token that follows each input, [microBatch, T].
    ///   - gradient: overwritten with the gradient of the mean; has as many floats as `parameters`.
    /// - Precondition: every token and target is of the vocabulary.
    public func forwardBackward(
        parameters: FloatBuffer, tokens: UnsafePointer<Int32>, targets: UnsafePointer<Int32>,
        gradient: UnsafeMutablePointer<Float>
    ) -> Double {
        let parameterTensors = tensors(of: parameters)
        let gradientTensors = GPTTensors(layout, at: gradient)
        forward(parameterTensors, tokens: tokens, sequences: microBatch, length: shape.contextLength)
        let loss = headLoss(parameterTensors, targets: targets, gradient: gradientTensors)
        backward(parameterTensors, tokens: tokens, gradient: gradientTensors)
        return loss
    }

    /// The mean cross-entropy of a micro-batch in nats; arguments as those of `forwardBackward`.
    public func loss(
        parameters: FloatBuffer, tokens: UnsafePointer<Int32>, targets: UnsafePointer<Int32>
    ) -> Double {
        let parameterTensors = tensors(of: parameters)
        forward(parameterTensors, tokens: tokens, sequences: microBatch, length: shape.contextLength)
        return headLoss(parameterTensors, targets: targets, gradient: nil)
    }

    /// The logits of one sequence, [count, vocabulary]; valid until the next call.
    /// - Precondition: 1 ≤ `count` ≤ `contextLength`; every token is of the vocabulary.
    public func logits(
        parameters: FloatBuffer, tokens: UnsafePointer<Int32>, count: Int
    ) -> UnsafeBufferPointer<Float> {
        logits(parameters: parameters, tokens: tokens, count: count, from: 0)
    }

    /// The logits of what follows a sequence, [vocabulary]; valid until the next call.
    /// - Precondition: 1 ≤ `count` ≤ `contextLength`; every token is of the vocabulary.
    public func nextTokenLogits(
        parameters: FloatBuffer, tokens: UnsafePointer<Int32>, count: Int
    ) -> UnsafeBufferPointer<Float> {
        logits(parameters: parameters, tokens: tokens, count: count, from: count - 1)
    }

    private func logits(
        parameters: FloatBuffer, tokens: UnsafePointer<Int32>, count: Int, from first: Int
    ) -> UnsafeBufferPointer<Float> {
        precondition(
            count >= 1 && count <= shape.contextLength,
            "a sequence has 1 to \(shape.contextLength) tokens, not \(count)")
        let parameterTensors = tensors(of: parameters)
        forward(parameterTensors, tokens: tokens, sequences: 1, length: count)
        multiplyHead(parameterTensors, firstRow: first, rows: count - first)
        return UnsafeBufferPointer(start: activations.logits.base, count: (count - first) * shape.vocabularySize)
    }

    private func tensors(of parameters: FloatBuffer) -> GPTTensors {
        precondition(parameters.count == layout.count, "\(parameters.count) parameters for \(layout.count)")
        return GPTTensors(layout, at: parameters.base)
    }

    /// Dies if a token is not of the vocabulary: the kernels would read beyond the embedding.
    func check(_ tokens: UnsafePointer<Int32>, count: Int) {
        let size = shape.vocabularySize
        for index in 0..<count {
            precondition(
                tokens[index] >= 0 && tokens[index] < size, "token \(tokens[index]) is not of a vocabulary of \(size)")
        }
    }
}
