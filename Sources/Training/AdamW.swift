// The optimizer: AdamW with PyTorch's semantics, decay on matrices only, and clipping by the global norm folded into
// the pass. Refuses to allocate, and to know where the gradient comes from.

import CKernels
import Jobs

/// AdamW with its constants (Loshchilov and Hutter 2019; `torch.optim.AdamW`).
public struct AdamW: Equatable, Sendable {
    /// The decay of the mean of gradients.
    public var beta1: Double
    /// The decay of the mean of squared gradients.
    public var beta2: Double
    /// Added to the root of the mean square.
    public var epsilon: Double
    /// Decoupled weight decay, of matrices only.
    public var weightDecay: Double
    /// The largest global norm of the mean gradient; 0 turns clipping off.
    public var clip: Double

    /// The optimizer that `training` asks for.
    public init(_ training: TrainingSpec) {
        beta1 = training.beta1
        beta2 = training.beta2
        epsilon = training.epsilon
        weightDecay = training.weightDecay
        clip = training.clip
    }

    /// The norm of the mean gradient before clipping, and what a sum of gradients is multiplied by in the update.
    public struct Clipping: Equatable, Sendable {
        /// The global L2 norm of the mean gradient.
        public var norm: Double
        /// 1 / micro-batches × min(1, clip / (norm + 1e-6)), as `torch.nn.utils.clip_grad_norm_` computes it.
        public var gradientScale: Double

        /// A norm and the scale that follows from it.
        public init(norm: Double, gradientScale: Double) {
            self.norm = norm
            self.gradientScale = gradientScale
        }
    }

    /// How a sum of gradients over `microBatches` micro-batches is to be clipped. Where the norm is not finite the
    /// scale means nothing: such a gradient is for no update.
    public func clipping(gradientSum: UnsafePointer<Float>, count: Int, microBatches: Int) -> Clipping {
        let mean = 1 / Double(microBatches)
        let norm = VectorMath.norm(gradientSum, count: count) * mean
        let coefficient = clip > 0 ? min(1, clip / (norm + 1e-6)) : 1
        return Clipping(norm: norm, gradientScale: mean * coefficient)
    }

    /// Takes one step.
    ///
    /// - Parameters:
    ///   - state: parameters and running means, updated in place.
    ///   - gradient: as many floats as the state has parameters.
    ///   - step: the number of this step, from 1: what the bias correction counts.
    ///   - learningRate: the rate of this step.
    ///   - gradientScale: what the gradient is multiplied by first.
    public func update(
        _ state: TrainingState, gradient: UnsafePointer<Float>, step: Int, learningRate: Double,
        gradientScale: Double
    ) {
        precondition(step >= 1, "the first step has number 1, not \(step)")
        var constants = ckernels_adamw_step(
            gradient_scale: Float(gradientScale), keep: 1, mean_rate: Float(1 - beta1), square_keep: Float(beta2),
            square_rate: Float(1 - beta2), square_correction: Float(1 / (1 - power(beta2, step)).squareRoot()),
            step_size: Float(learningRate / (1 - power(beta1, step))), epsilon: Float(epsilon))
        for tensor in state.layout.tensors {
            constants.keep = tensor.decays ? Float(1 - learningRate * weightDecay) : 1
            ckernels_adamw(
                state.parameters.base + tensor.offset, gradient + tensor.offset, state.mean.base + tensor.offset,
                state.square.base + tensor.offset, tensor.count, constants)
        }
    }

    /// base^exponent by squaring: the C library's `pow` may round differently from machine to machine.
    private func power(_ base: Double, _ exponent: Int) -> Double {
        var result = 1.0
        var factor = base
        var rest = exponent
        while rest > 0 {
            if rest & 1 == 1 { result *= factor }
            factor *= factor
            rest >>= 1
        }
        return result
    }
}
