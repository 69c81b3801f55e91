// AdamW against a naive twin, its clipping, and the learning rate's courses at the places where they bend.

import Jobs
import Testing
import Training

@Suite struct OptimizerTests {
    private func spec(clip: Double) -> TrainingSpec {
        TrainingSpec(
            microBatch: 1, globalBatch: 1, steps: 10,
            learningRate: LearningRateSpec(decay: .constant, peak: 0.01, minimum: 0, warmupSteps: 0, decaySteps: 0),
            beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, clip: clip, seed: 0, evaluationInterval: 0,
            evaluationMicroBatches: 0)
    }

    @Test func `three steps are those of the definition, with decay on matrices only`() {
        let shape = ModelShape(layers: 1, width: 5, heads: 1, contextLength: 3, vocabularySize: 7)
        let state = TrainingState(shape)
        let count = state.parameters.count
        let initial = normals("parameters", count)
        for index in 0..<count { state.parameters.base[index] = initial[index] }
        var parameters = initial.map(Double.init)
        var mean = [Double](repeating: 0, count: count)
        var square = mean
        let matrices = state.layout.tensors.filter(\.decays).flatMap(\.range)
        #expect(matrices.count == shape.parameterCount - (13 * 5 + 2 * 5))
        let optimizer = AdamW(spec(clip: 0))
        for step in 1...3 {
            let gradient = normals("gradient \(step)", count)
            optimizer.update(state, gradient: gradient, step: step, learningRate: 0.01, gradientScale: 0.25)
            for index in matrices { parameters[index] *= 1 - 0.01 * 0.1 }
            let meanCorrection = 1 - (1...step).reduce(1.0) { product, _ in product * 0.9 }
            let squareCorrection = 1 - (1...step).reduce(1.0) { product, _ in product * 0.95 }
            for index in 0..<count {
                let g = Double(gradient[index]) * 0.25
                mean[index] = 0.9 * mean[index] + 0.1 * g
                square[index] = 0.95 * square[index] + 0.05 * g * g
                let root = (square[index] / squareCorrection).squareRoot() + 1e-8
                parameters[index] -= 0.01 * mean[index] / meanCorrection / root
            }
        }
        #expect(largestDifference("AdamW parameters", Array(state.parameters.floats), parameters) < 1e-6)
        #expect(largestDifference("AdamW means", Array(state.mean.floats), mean) < 1e-7)
        #expect(largestDifference("AdamW mean squares", Array(state.square.floats), square) < 1e-7)
    }

    @Test func `a sum of gradients is averaged, and clipped where its norm is too large`() {
        let sum: [Float] = [6, 8]
        let loose = AdamW(spec(clip: 0)).clipping(gradientSum: sum, count: 2, microBatches: 2)
        #expect(loose == AdamW.Clipping(norm: 5, gradientScale: 0.5))
        let wide = AdamW(spec(clip: 6)).clipping(gradientSum: sum, count: 2, microBatches: 2)
        #expect(wide == AdamW.Clipping(norm: 5, gradientScale: 0.5))
        let tight = AdamW(spec(clip: 1)).clipping(gradientSum: sum, count: 2, microBatches: 2)
        #expect(tight == AdamW.Clipping(norm: 5, gradientScale: 0.5 * (1 / (5 + 1e-6))))
    }

    @Test func `warm-up is linear and ends at the peak`() {
        for decay in LearningRateSpec.Decay.allCases {
            let rate = LearningRateSpec(decay: decay, peak: 3e-4, minimum: 3e-5, warmupSteps: 10, decaySteps: 20)
            #expect(rate.rate(at: 1, of: 100) == 3e-4 * 1 / 10)
            #expect(rate.rate(at: 5, of: 100) == 3e-4 * 5 / 10)
            #expect(rate.rate(at: 10, of: 100) == 3e-4)
        }
    }

    @Test func `without warm-up the first step already decays`() {
        let rate = LearningRateSpec(decay: .cosine, peak: 1, minimum: 0, warmupSteps: 0, decaySteps: 0)
        #expect(abs(rate.rate(at: 1, of: 4) - (1 + 0.5.squareRoot()) / 2) < 1e-15)
    }

    @Test func `cosine falls from the peak through the middle to the minimum`() {
        let rate = LearningRateSpec(decay: .cosine, peak: 1, minimum: 0.1, warmupSteps: 20, decaySteps: 0)
        #expect(abs(rate.rate(at: 60, of: 100) - 0.55) < 1e-15)
        // cos(pi / 4) and its negative, a quarter and three quarters of the way.
        #expect(abs(rate.rate(at: 40, of: 100) - (0.1 + 0.45 * (1 + 0.5.squareRoot()))) < 1e-15)
        #expect(abs(rate.rate(at: 80, of: 100) - (0.1 + 0.45 * (1 - 0.5.squareRoot()))) < 1e-15)
        #expect(rate.rate(at: 100, of: 100) == 0.1)
        #expect(rate.rate(at: 120, of: 100) == 0.1)
        #expect(rate.rate(at: 21, of: 100) == 0.999_653_066_308_325_4)
    }

    @Test func `warm-up, stable, decay keeps the peak until the last steps`() {
        let rate = LearningRateSpec(decay: .wsd, peak: 1, minimum: 0.5, warmupSteps: 10, decaySteps: 20)
        #expect(rate.rate(at: 11, of: 100) == 1)
        #expect(rate.rate(at: 80, of: 100) == 1)
        #expect(rate.rate(at: 90, of: 100) == 0.75)
        #expect(rate.rate(at: 100, of: 100) == 0.5)
        #expect(rate.rate(at: 101, of: 100) == 0.5)
    }

    @Test func `a constant rate stays for ever`() {
        let rate = LearningRateSpec(decay: .constant, peak: 0.25, minimum: 0, warmupSteps: 0, decaySteps: 0)
        #expect([1, 50, 1000].allSatisfy { rate.rate(at: $0, of: 100) == 0.25 })
    }
}
