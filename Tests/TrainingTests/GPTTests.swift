// What GPT promises beyond right numbers: equal bits for equal arguments, causality, and nothing carried over.

import Jobs
import Primitives
import Testing
import Training

@Suite struct GPTTests {
    static let shape = ModelShape(layers: 2, width: 32, heads: 2, contextLength: 90, vocabularySize: 50)

    private func state(seed: UInt64 = 1) -> TrainingState {
        let state = TrainingState(Self.shape)
        state.initialise(Self.shape, seed: seed)
        return state
    }

    @Test func `equal arguments give equal bits, whatever was computed before and on whichever thread`() async {
        let state = state()
        let inputs = tokens("inputs", 180, of: 50)
        let targets = tokens("targets", 180, of: 50)
        let result: @Sendable (Bool) -> [UInt32] = { disturbed in
            let model = GPT(shape: Self.shape, microBatch: 2)
            let gradient = FloatBuffer(count: model.layout.count)
            if disturbed {
                _ = model.loss(parameters: state.parameters, tokens: targets, targets: inputs)
                _ = model.logits(parameters: state.parameters, tokens: targets, count: 7)
                gradient.floats.update(repeating: .nan)
            }
            let loss = model.forwardBackward(
                parameters: state.parameters, tokens: inputs, targets: targets, gradient: gradient.base)
            return gradient.floats.map(\.bitPattern) + [Float(loss).bitPattern]
        }
        let first = result(false)
        let same = await withTaskGroup(of: Bool.self) { group in
            for index in 0..<4 { group.addTask { result(index.isMultiple(of: 2)) == first } }
            return await group.reduce(true) { $0 && $1 }
        }
        #expect(same)
    }

    @Test func `a position's logits do not depend on what follows it`() {
        let state = state()
        let model = GPT(shape: Self.shape, microBatch: 1)
        var inputs = tokens("inputs", 90, of: 50)
        let vocabulary = Self.shape.vocabularySize
        let before = Array(model.logits(parameters: state.parameters, tokens: inputs, count: 90))
        for index in 70..<90 { inputs[index] = (inputs[index] + 1) % 50 }
        let after = Array(model.logits(parameters: state.parameters, tokens: inputs, count: 90))
        #expect(before.prefix(70 * vocabulary) == after.prefix(70 * vocabulary))
        #expect(before != after)
        let short = Array(model.logits(parameters: state.parameters, tokens: inputs, count: 70))
        let long = before.prefix(70 * vocabulary).map(Double.init)
        #expect(largestDifference("logits of a shorter sequence", short, long) < 1e-5)
        let next = model.nextTokenLogits(parameters: state.parameters, tokens: inputs, count: 70)
        #expect(largestDifference("the next token's logits", Array(next), long.suffix(vocabulary)) < 1e-5)
    }

    @Test func `an untrained model knows nothing: its loss is the logarithm of the vocabulary`() {
        let state = state()
        let model = GPT(shape: Self.shape, microBatch: 2)
        let loss = model.loss(
            parameters: state.parameters, tokens: tokens("inputs", 180, of: 50),
            targets: tokens("targets", 180, of: 50))
        print("loss of an untrained model: \(loss), ln 50 = \(portableLogarithm(50))")
        #expect(abs(loss - portableLogarithm(50)) < 0.05)
    }

    @Test func `a model that has diverged says so`() {
        let state = state()
        state.parameters.base[state.layout.tensors.last!.offset] = .nan
        let model = GPT(shape: Self.shape, microBatch: 1)
        let inputs = tokens("inputs", 90, of: 50)
        #expect(model.loss(parameters: state.parameters, tokens: inputs, targets: inputs).isNaN)
    }

    @Test func `first weights are those of GPT-2 and depend on the seed and the tensor's name alone`() {
        let one = state(seed: 1)
        let again = state(seed: 1)
        let other = state(seed: 2)
        #expect(one.parameters.floats.elementsEqual(again.parameters.floats))
        #expect(!one.parameters.floats.elementsEqual(other.parameters.floats))
        for tensor in one.layout.tensors {
            let floats = one.parameters.floats[tensor.range]
            guard tensor.decays else {
                #expect(floats.allSatisfy { $0 == (tensor.name.hasSuffix("weight") ? 1 : 0) }, "\(tensor.name)")
                continue
            }
            let variance = floats.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(tensor.count)
            let expected = tensor.name.hasSuffix("c_proj.weight") ? 0.01 : 0.02
            print("\(tensor.name): deviation \(variance.squareRoot()) for \(expected)")
            #expect(abs(variance.squareRoot() / expected - 1) < 0.1, "\(tensor.name)")
        }
        var deeper = Self.shape
        deeper.layers = 3
        let deep = TrainingState(deeper)
        deep.initialise(deeper, seed: 1)
        let name = "transformer.h.1.mlp.c_fc.weight"
        #expect(
            one.parameters.floats[one.layout.tensor(named: name)!.range].elementsEqual(
                deep.parameters.floats[deep.layout.tensor(named: name)!.range]))
    }
}
