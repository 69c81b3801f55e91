// The sizes of a GPT-2 network and the counts that follow from them. Refuses to hold weights (Training does) or times
// (Hardware does).

import Primitives

/// A GPT-2: learned positions, LayerNorm before each block, tanh-GELU, a feed-forward width of 4 × the model's, and an
/// output head that shares the token embedding. Names in parentheses are Hugging Face's GPT2Config.
public struct ModelShape: Equatable, Hashable, Sendable, Codable {
    /// Transformer blocks (`n_layer`).
    public var layers: Int
    /// The width of the residual stream (`n_embd`); a multiple of `heads`.
    public var width: Int
    /// Attention heads in a block (`n_head`).
    public var heads: Int
    /// The longest sequence, in tokens (`n_positions`); training sequences have this length.
    public var contextLength: Int
    /// Distinct tokens (`vocab_size`).
    public var vocabularySize: Int

    /// A shape from its sizes.
    public init(layers: Int, width: Int, heads: Int, contextLength: Int, vocabularySize: Int) {
        self.layers = layers
        self.width = width
        self.heads = heads
        self.contextLength = contextLength
        self.vocabularySize = vocabularySize
    }

    /// Trained numbers: V·h + T·h + l·(12h² + 13h) + 2h, the tied head counted once. GPT-2's 124M is 124,439,808.
    public var parameterCount: Int {
        let h = width
        return vocabularySize * h + contextLength * h + layers * (12 * h * h + 13 * h) + 2 * h
    }

    /// Model FLOPs of forward and backward for one token of a full sequence: 6·(l·12h² + V·h) + 12·l·T·h, attention
    /// counted in full although its mask halves the work (PaLM, appendix B; the convention of MFU).
    public var modelFLOPsPerToken: FLOPCount {
        let h = Double(width)
        let matrices = Double(layers) * 12 * h * h + Double(vocabularySize) * h
        return FLOPCount(6 * matrices + 12 * Double(layers) * Double(contextLength) * h)
    }
}
