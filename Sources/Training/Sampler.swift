// Which tokens a micro-batch holds: a pure function of (seed, step, micro-batch), so that nothing about the data order
// needs saving and it does not matter which worker computes what. Sequences start anywhere in their part, drawn with
// replacement. Refuses epochs: a run of few steps over much text has none, and shuffling one would be state.

import Primitives

/// Draws a run's sequences.
public struct Sampler: Sendable {
    /// Where the tokens come from.
    public let corpus: Corpus
    /// The run's seed.
    public let seed: UInt64
    /// Sequences in a micro-batch.
    public let microBatch: Int
    /// Tokens in a sequence.
    public let contextLength: Int

    /// A sampler of `corpus` for the run seeded with `seed`.
    /// - Precondition: the corpus passes `CorpusManifest.check(contextLength:)`.
    public init(corpus: Corpus, seed: UInt64, microBatch: Int, contextLength: Int) {
        precondition(microBatch > 0 && contextLength > 0, "a micro-batch has sequences and a sequence tokens")
        precondition(corpus.manifest.validationStart > contextLength, "the training part is shorter than a sequence")
        self.corpus = corpus
        self.seed = seed
        self.microBatch = microBatch
        self.contextLength = contextLength
    }

    /// Fills a micro-batch of training.
    /// - Parameters:
    ///   - step: the number of the step, from 1.
    ///   - course: which batch that step takes.
    ///   - index: the micro-batch's number in its step, from 0.
    ///   - tokens: room for microBatch × contextLength token ids, a sequence after the other.
    ///   - targets: room for as many; `targets[i]` follows `tokens[i]` in the corpus.
    public func fill(
        step: Int, of course: Course = Course(), microBatch index: Int, tokens: UnsafeMutablePointer<Int32>,
        targets: UnsafeMutablePointer<Int32>
    ) {
        // Without batches left out, batch and step have one number.
        var stream = RandomStream(seed: seed, named: "data/step/\(course.batch(of: step))/micro-batch/\(index)")
        fill(from: .training, &stream, tokens: tokens, targets: targets)
    }

    /// Fills a micro-batch of validation: the same for every step, so that the losses of two steps can be compared.
    /// - Parameters:
    ///   - index: the micro-batch's number, from 0.
    ///   - tokens: room for microBatch × contextLength token ids, a sequence after the other.
    ///   - targets: room for as many; `targets[i]` follows `tokens[i]` in the corpus.
    /// - Precondition: the corpus has a validation part.
    public func fillValidation(
        microBatch index: Int, tokens: UnsafeMutablePointer<Int32>, targets: UnsafeMutablePointer<Int32>
    ) {
        precondition(
            corpus.positions(of: .validation).count > contextLength, "the validation part is shorter than a sequence")
        var stream = RandomStream(seed: seed, named: "data/validation/micro-batch/\(index)")
        fill(from: .validation, &stream, tokens: tokens, targets: targets)
    }

    private func fill(
        from part: CorpusPart, _ stream: inout RandomStream, tokens: UnsafeMutablePointer<Int32>,
        targets: UnsafeMutablePointer<Int32>
    ) {
        let positions = corpus.positions(of: part)
        for sequence in 0..<microBatch {
            // The last start leaves room for the target of the sequence's last token.
            let start = positions.lowerBound + stream.integer(below: positions.count - contextLength)
            let offset = sequence * contextLength
            corpus.copyTokens(at: start..<start + contextLength, to: tokens + offset)
            corpus.copyTokens(at: start + 1..<start + 1 + contextLength, to: targets + offset)
        }
    }
}
