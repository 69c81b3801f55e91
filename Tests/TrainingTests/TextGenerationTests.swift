// Drawing bytes: the likeliest, among the likeliest, and in proportion. Refuses to judge the text.

import Jobs
import Primitives
import Testing

@testable import Training

@Suite struct TextGenerationTests {
    @Test func `temperature 0 takes the likeliest, of equals the first`() {
        let generation = TextGeneration(temperature: 0, topK: nil, seed: 1)
        var stream = RandomStream(seed: 1, named: "draws")
        #expect(generation.draw([0, 3, 1, 3], from: &stream) == 1)
    }

    @Test func `only the likeliest are drawn, in proportion to their probabilities`() {
        let generation = TextGeneration(temperature: 0.5, topK: 2, seed: 1)
        var stream = RandomStream(seed: 1, named: "draws")
        var counts = [0, 0, 0, 0]
        // With ln 2 between them and a temperature of a half, one is four times as likely as the other.
        for _ in 0..<10_000 {
            counts[generation.draw([1, 0.5, 1 + 0.693_147_2, -1], from: &stream)] += 1
        }
        print("draws: \(counts)")
        #expect(counts[1] == 0 && counts[3] == 0)
        #expect(abs(Double(counts[2]) / 10_000 - 0.8) < 0.02)
    }

    @Test func `the same seed writes the same text, beyond the context and from nothing`() {
        let shape = ModelShape(layers: 1, width: 16, heads: 2, contextLength: 12, vocabularySize: 256)
        let state = TrainingState(shape)
        state.initialise(shape, seed: 1)
        let model = GPT(shape: shape, microBatch: 1)
        func text(seed: UInt64, prompt: String) -> [UInt8] {
            var bytes: [UInt8] = []
            TextGeneration(temperature: 1, topK: 40, seed: seed).generate(
                with: model, parameters: state.parameters, prompt: Array(prompt.utf8), count: 30
            ) { bytes.append($0) }
            return bytes
        }
        #expect(text(seed: 5, prompt: "once upon a time").count == 30)
        #expect(text(seed: 5, prompt: "") == text(seed: 5, prompt: "\n"))
        #expect(text(seed: 5, prompt: "once") == text(seed: 5, prompt: "once"))
        #expect(text(seed: 5, prompt: "once") != text(seed: 6, prompt: "once"))
    }
}
