// The gradient against the loss itself, without a reference: (L(p + ε) − L(p − ε)) / 2ε at places spread over every
// tensor. Refuses to be precise: 32-bit losses leave three digits, which is enough to see a term that is missing.

import Jobs
import Primitives
import Testing
import Training

@Suite struct FiniteDifferenceTests {
    @Test func `the gradient is the slope of the loss in every tensor`() throws {
        let shape = ModelShape(layers: 2, width: 12, heads: 3, contextLength: 7, vocabularySize: 19)
        let model = GPT(shape: shape, microBatch: 2)
        var stream = RandomStream(seed: 7, named: "finite differences")
        let parameters = FloatBuffer(count: model.layout.count)
        for index in 0..<parameters.count { parameters.base[index] = Float(0.4 * stream.normal()) }
        let tokens = (0..<14).map { _ in Int32(stream.integer(below: 19)) }
        let targets = (0..<14).map { _ in Int32(stream.integer(below: 19)) }
        let gradient = FloatBuffer(count: model.layout.count)
        _ = model.forwardBackward(parameters: parameters, tokens: tokens, targets: targets, gradient: gradient.base)

        let reach: Float = 4e-3
        var largest = 0.0
        for tensor in model.layout.tensors {
            for place in Set([0, 1, tensor.count / 3, tensor.count / 2, tensor.count - 1]).sorted() {
                let index = tensor.offset + place
                let before = parameters.base[index]
                parameters.base[index] = before + reach
                let above = model.loss(parameters: parameters, tokens: tokens, targets: targets)
                let high = parameters.base[index]
                parameters.base[index] = before - reach
                let below = model.loss(parameters: parameters, tokens: tokens, targets: targets)
                let slope = (above - below) / Double(high - parameters.base[index])
                parameters.base[index] = before
                let difference = abs(slope - Double(gradient.base[index]))
                largest = max(largest, difference)
                #expect(difference < 5e-4, "\(tensor.name)[\(place)]: \(gradient.base[index]), slope \(slope)")
            }
        }
        print("finite differences: largest difference \(largest)")
    }
}
