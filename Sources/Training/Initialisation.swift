// A model's first weights, as GPT-2's. Each tensor has a random stream of its own, named after it, so that one layer
// more or a wider vocabulary changes no other tensor's numbers. Refuses to read anything but the shape and the seed.

import Jobs
import Primitives

extension TrainingState {
    /// Sets the parameters of a model of `shape` to their first values and the optimizer's means to zero: matrices from
    /// N(0, 0.02²), those that write to the residual stream (`c_proj`) from N(0, 0.02² / (2 · layers)), biases 0,
    /// LayerNorm weights 1 (Radford et al. 2019, section 2.3).
    /// - Precondition: the state is of that shape.
    public func initialise(_ shape: ModelShape, seed: UInt64) {
        precondition(layout == ParameterLayout(shape), "this state is not of a model of \(shape)")
        let residualDeviation = 0.02 / (2 * Double(shape.layers)).squareRoot()
        for tensor in layout.tensors {
            let floats = UnsafeMutableBufferPointer(rebasing: parameters.floats[tensor.range])
            guard tensor.decays else {
                floats.update(repeating: tensor.name.hasSuffix(".weight") ? 1 : 0)
                continue
            }
            let deviation = tensor.name.hasSuffix("c_proj.weight") ? residualDeviation : 0.02
            var stream = RandomStream(seed: seed, named: "initialisation/\(tensor.name)")
            for index in floats.indices { floats[index] = Float(deviation * stream.normal()) }
        }
        mean.floats.update(repeating: 0)
        square.floats.update(repeating: 0)
    }
}
