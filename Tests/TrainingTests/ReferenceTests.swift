// GPT and AdamW against PyTorch: logits, loss, every gradient by name, ten steps. The tolerances are the project's
// promise; the printed differences are usually a hundred times smaller.

import Jobs
import Testing
import Training

@Suite struct ReferenceTests {
    @Test(arguments: ReferenceFixture.names)
    func `logits are those of PyTorch within 1e-5`(name: String) throws {
        let fixture = try ReferenceFixture(name)
        let model = GPT(shape: fixture.shape, microBatch: 1)
        var ours: [Float] = []
        for sequence in fixture.index.batches[0] {
            ours += model.logits(parameters: fixture.weights, tokens: sequence, count: sequence.count - 1)
        }
        #expect(largestDifference("\(name) logits", ours, fixture.logits) < 1e-5)
    }

    @Test(arguments: ReferenceFixture.names)
    func `the loss is that of PyTorch within 1e-5, with and without the gradient`(name: String) throws {
        let fixture = try ReferenceFixture(name)
        let model = GPT(shape: fixture.shape, microBatch: fixture.index.sizes.sequences)
        let gradient = FloatBuffer(count: model.layout.count)
        let tokens = fixture.tokens(step: 0)
        let targets = fixture.targets(step: 0)
        let loss = model.loss(parameters: fixture.weights, tokens: tokens, targets: targets)
        let again = model.forwardBackward(
            parameters: fixture.weights, tokens: tokens, targets: targets, gradient: gradient.base)
        print("\(name) loss: difference \(abs(loss - fixture.index.loss))")
        #expect(abs(loss - fixture.index.loss) < 1e-5)
        #expect(loss == again)
    }

    @Test(arguments: ReferenceFixture.names)
    func `every gradient is that of PyTorch within 1e-4 of its norm`(name: String) throws {
        let fixture = try ReferenceFixture(name)
        let model = GPT(shape: fixture.shape, microBatch: fixture.index.sizes.sequences)
        let gradient = FloatBuffer(count: model.layout.count)
        // What was in the vector before must not matter.
        gradient.floats.update(repeating: .nan)
        _ = model.forwardBackward(
            parameters: fixture.weights, tokens: fixture.tokens(step: 0), targets: fixture.targets(step: 0),
            gradient: gradient.base)
        for tensor in model.layout.tensors {
            let difference = relativeDifference(
                "\(name) gradient of \(tensor.name)", gradient.floats[tensor.range], fixture.gradient[tensor.range])
            #expect(difference < 1e-4, "\(tensor.name)")
        }
    }

    @Test(arguments: ReferenceFixture.names)
    func `ten steps of AdamW give PyTorch's losses, norms and parameters`(name: String) throws {
        let fixture = try ReferenceFixture(name)
        let model = GPT(shape: fixture.shape, microBatch: fixture.index.sizes.sequences)
        let gradient = FloatBuffer(count: model.layout.count)
        let state = TrainingState(fixture.shape)
        state.parameters.copy(from: fixture.weights)
        let optimizer = AdamW(fixture.training)
        var losses: [Float] = []
        var norms: [Float] = []
        for step in 1...fixture.index.batches.count {
            let loss = model.forwardBackward(
                parameters: state.parameters, tokens: fixture.tokens(step: step - 1),
                targets: fixture.targets(step: step - 1), gradient: gradient.base)
            let clipping = optimizer.clipping(gradientSum: gradient.base, count: gradient.count, microBatches: 1)
            optimizer.update(
                state, gradient: gradient.base, step: step,
                learningRate: fixture.training.learningRate.rate(at: step, of: fixture.training.steps),
                gradientScale: clipping.gradientScale)
            losses.append(Float(loss))
            norms.append(Float(clipping.norm))
        }
        let sampled = stride(from: 0, to: state.parameters.count, by: fixture.index.sampleStride)
            .map { state.parameters.floats[$0] }
        #expect(largestDifference("\(name) losses of ten steps", losses, fixture.index.losses) < 1e-5)
        #expect(largestDifference("\(name) norms of ten steps", norms, fixture.index.norms) < 1e-4)
        #expect(largestDifference("\(name) parameters after ten steps", sampled, fixture.final) < 1e-4)
    }
}
