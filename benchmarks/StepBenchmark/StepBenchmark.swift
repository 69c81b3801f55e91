// How fast one thread takes a training step: forward, backward, clip and AdamW, at the sizes that the project's numbers
// are quoted for. Prints medians, in tokens a second. Refuses to be a test: it says nothing about right or wrong.

import Jobs
import Primitives
import Training

/// Prints the speed of a training step for each size named on the command line: tiny, small, gpt2; all without a name.
@main
struct StepBenchmark {
    static let sizes: [(name: String, shape: ModelShape, microBatch: Int)] = [
        ("tiny", ModelShape(layers: 4, width: 128, heads: 4, contextLength: 128, vocabularySize: 256), 32),
        ("small", ModelShape(layers: 6, width: 384, heads: 6, contextLength: 256, vocabularySize: 256), 16),
        ("gpt2", ModelShape(layers: 12, width: 768, heads: 12, contextLength: 256, vocabularySize: 50257), 4),
    ]

    static func main() {
        BLASCore.reexecuteWithBestCore()
        print(BLASCore.numerics)
        let names = CommandLine.arguments.dropFirst()
        for size in sizes where names.isEmpty || names.contains(size.name) {
            measure(size.name, size.shape, microBatch: size.microBatch)
        }
    }

    static func measure(_ name: String, _ shape: ModelShape, microBatch: Int) {
        let training = TrainingSpec(
            microBatch: microBatch, globalBatch: microBatch, steps: 100,
            learningRate: LearningRateSpec(
                decay: .constant, peak: 3e-4, minimum: 0, warmupSteps: 0, decaySteps: 0),
            beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, clip: 1, seed: 1, evaluationInterval: 0,
            evaluationMicroBatches: 0)
        let state = TrainingState(shape)
        let clock = ContinuousClock()
        let initialisation = clock.measure { state.initialise(shape, seed: 1) }
        let model = GPT(shape: shape, microBatch: microBatch)
        let gradient = FloatBuffer(count: model.layout.count)
        let optimizer = AdamW(training)
        var stream = RandomStream(seed: 1, named: "benchmark/tokens")
        let positions = microBatch * shape.contextLength
        let tokens = (0..<positions).map { _ in Int32(stream.integer(below: shape.vocabularySize)) }
        let targets = (0..<positions).map { _ in Int32(stream.integer(below: shape.vocabularySize)) }
        var steps: [Duration] = []
        var updates: [Duration] = []
        var loss = 0.0
        let begun = clock.now
        for step in 1... {
            let start = clock.now
            loss = model.forwardBackward(
                parameters: state.parameters, tokens: tokens, targets: targets, gradient: gradient.base)
            let computed = clock.now
            let clipping = optimizer.clipping(gradientSum: gradient.base, count: gradient.count, microBatches: 1)
            optimizer.update(
                state, gradient: gradient.base, step: step, learningRate: training.learningRate.peak,
                gradientScale: clipping.gradientScale)
            // The first steps touch their memory for the first time.
            if step > 2 {
                steps.append(clock.now - start)
                updates.append(clock.now - computed)
            }
            if steps.count >= 5 && clock.now - begun > .seconds(15) || steps.count >= 50 { break }
        }
        let step = steps.sorted()[steps.count / 2]
        let tokensPerSecond = Double(positions) / (step / .seconds(1))
        let speed = tokensPerSecond * Double(shape.modelFLOPsPerToken.count) * 1e-9
        print(
            "\(name): \(Int(tokensPerSecond)) tokens/s, \(Int(speed)) GFLOP/s (6N + full attention), step \(step),",
            "of which clip and AdamW \(updates.sorted()[updates.count / 2]); initial weights in \(initialisation),",
            "loss \(loss)")
    }
}
