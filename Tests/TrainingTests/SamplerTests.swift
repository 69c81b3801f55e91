// The data order: a function of (seed, step, micro-batch) and of nothing else.

import Foundation
import Jobs
import Testing

@testable import Training

@Suite struct SamplerTests {
    private let folder = TemporaryFolder()

    /// A corpus of `count` tokens of which token i is i, so that a token tells its position.
    private func sampler(
        count: Int, validation: Double, seed: UInt64 = 1234, microBatch: Int = 3, contextLength: Int = 8
    ) throws -> Sampler {
        let bytes = (0..<count).flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
        try folder.write("tokens.bin", bytes)
        let spec = DataSpec(source: .tokens, globs: [folder.path + "/tokens.bin"], validationShare: validation)
        let shape = ModelShape(layers: 1, width: 8, heads: 2, contextLength: contextLength, vocabularySize: 65_536)
        _ = try CorpusBuilder.build(spec, for: shape, into: folder.path + "/data")
        let corpus = try Corpus.open(directory: folder.path + "/data", verify: true)
        return Sampler(corpus: corpus, seed: seed, microBatch: microBatch, contextLength: contextLength)
    }

    private func sample(_ sampler: Sampler, step: Int?, _ index: Int) -> (tokens: [Int32], targets: [Int32]) {
        let count = sampler.microBatch * sampler.contextLength
        var tokens = [Int32](repeating: -1, count: count)
        var targets = tokens
        if let step {
            sampler.fill(step: step, microBatch: index, tokens: &tokens, targets: &targets)
        } else {
            sampler.fillValidation(microBatch: index, tokens: &tokens, targets: &targets)
        }
        return (tokens, targets)
    }

    @Test func `the order is the same in every process, pinned by a digest`() throws {
        let sampler = try sampler(count: 5000, validation: 0.1)
        var digest = SHA256Digest()
        for step in 1...50 {
            for index in 0..<4 {
                let (tokens, targets) = sample(sampler, step: step, index)
                tokens.withUnsafeBytes { digest.update($0) }
                targets.withUnsafeBytes { digest.update($0) }
            }
        }
        for index in 0..<4 { sample(sampler, step: nil, index).tokens.withUnsafeBytes { digest.update($0) } }
        #expect(digest.hexadecimal == "734eb88c3c736d96589d29ff591519d58185fbe6c145615e68aafa44e812c77b")
    }

    @Test func `micro-batches do not depend on what was drawn before`() throws {
        let sampler = try sampler(count: 5000, validation: 0.1)
        let late = sample(sampler, step: 40, 3).tokens
        _ = sample(sampler, step: 1, 0)
        _ = sample(sampler, step: nil, 0)
        #expect(sample(sampler, step: 40, 3).tokens == late)
        #expect(sample(sampler, step: 40, 2).tokens != late)
        #expect(sample(sampler, step: 41, 3).tokens != late)
        let other = Sampler(corpus: sampler.corpus, seed: 1235, microBatch: 3, contextLength: 8)
        #expect(sample(other, step: 40, 3).tokens != late)
    }

    @Test func `a sequence is contiguous and its targets are one further`() throws {
        let sampler = try sampler(count: 5000, validation: 0.1)
        for (tokens, targets) in [sample(sampler, step: 1, 0), sample(sampler, step: nil, 5)] {
            for start in stride(from: 0, to: tokens.count, by: 8) {
                for i in start..<start + 8 {
                    #expect(tokens[i] == tokens[start] + Int32(i - start))
                    #expect(targets[i] == tokens[i] + 1)
                }
            }
        }
    }

    @Test func `every position of a part is drawn and none of the other`() throws {
        let sampler = try sampler(count: 60, validation: 0.3, microBatch: 4, contextLength: 5)
        let trained = (1...400).map { sample(sampler, step: $0, 0) }
        #expect(Set(trained.flatMap(\.tokens)) == Set(0..<41))
        #expect(Set(trained.flatMap(\.targets)) == Set(1..<42))
        let validated = (0..<200).map { sample(sampler, step: nil, $0) }
        #expect(Set(validated.flatMap(\.tokens)) == Set(42..<59))
        #expect(Set(validated.flatMap(\.targets)) == Set(43..<60))
    }

    @Test func `a part of exactly one sequence gives that sequence`() throws {
        let sampler = try sampler(count: 18, validation: 0.5, microBatch: 2)
        #expect(sample(sampler, step: 9, 9).tokens == Array(0..<8) + Array(0..<8))
        #expect(sample(sampler, step: nil, 9).targets == Array(10..<18) + Array(10..<18))
    }
}
