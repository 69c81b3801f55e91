// The fixtures of scripts/make-reference.py: a small GPT-2 with its weights, logits, gradients and ten steps of AdamW,
// as PyTorch computed them in double precision. Refuses to guess: a fixture that does not fit is a failed test.

import Foundation
import Jobs
import Testing
import Training

/// One reference model with everything recorded about it.
struct ReferenceFixture {
    /// The JSON beside the numbers.
    struct Index: Decodable {
        struct Sizes: Decodable {
            let layers, width, heads, contextLength, vocabularySize, sequences: Int
        }
        struct Optimizer: Decodable {
            let learningRate, beta1, beta2, epsilon, weightDecay, clip: Double
        }
        let sizes: Sizes
        let optimizer: Optimizer
        let sampleStride: Int
        let tensors: [String]
        /// [steps, sequences, T + 1].
        let batches: [[[Int32]]]
        let loss: Double
        let losses, norms: [Double]
    }

    static let names = ["gpt-2x32", "gpt-1x24", "gpt-1x48"]

    let index: Index
    let shape: ModelShape
    /// The initial weights.
    let weights: FloatBuffer
    let logits, gradient, final: [Double]

    init(_ name: String) throws {
        let folder = try #require(Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: nil))
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        index = try decoder.decode(Index.self, from: Data(contentsOf: folder.appending(path: "index.json")))
        let sizes = index.sizes
        shape = ModelShape(
            layers: sizes.layers, width: sizes.width, heads: sizes.heads, contextLength: sizes.contextLength,
            vocabularySize: sizes.vocabularySize)
        func floats(_ file: String) throws -> [Double] {
            let data = try Data(contentsOf: folder.appending(path: "\(file).f32"))
            return stride(from: 0, to: data.count, by: 4).map { offset in
                let bits = (0..<4).reduce(UInt32(0)) { $0 | UInt32(data[offset + $1]) << UInt32(8 * $1) }
                return Double(Float(bitPattern: bits))
            }
        }
        logits = try floats("logits")
        gradient = try floats("gradient")
        final = try floats("final")

        let layout = ParameterLayout(shape)
        let numerators = try Data(contentsOf: folder.appending(path: "weights.i8"))
        try #require(layout.tensors.map(\.name) == index.tensors)
        try #require(numerators.count == layout.count)
        weights = FloatBuffer(count: layout.count)
        for tensor in layout.tensors {
            let base: Float = !tensor.decays && tensor.name.hasSuffix("weight") ? 1 : 0
            for place in tensor.range { weights.base[place] = Float(Int8(bitPattern: numerators[place])) / 512 + base }
        }
    }

    /// The inputs of a step's batch, [sequences, T].
    func tokens(step: Int) -> [Int32] { index.batches[step].flatMap { $0.dropLast() } }
    /// Its targets, [sequences, T].
    func targets(step: Int) -> [Int32] { index.batches[step].flatMap { $0.dropFirst() } }

    /// Training as the reference was trained.
    var training: TrainingSpec {
        TrainingSpec(
            microBatch: index.sizes.sequences, globalBatch: index.sizes.sequences, steps: index.batches.count,
            learningRate: LearningRateSpec(
                decay: .constant, peak: index.optimizer.learningRate, minimum: 0, warmupSteps: 0, decaySteps: 0),
            beta1: index.optimizer.beta1, beta2: index.optimizer.beta2, epsilon: index.optimizer.epsilon,
            weightDecay: index.optimizer.weightDecay, clip: index.optimizer.clip, seed: 0, evaluationInterval: 0,
            evaluationMicroBatches: 0)
    }
}
