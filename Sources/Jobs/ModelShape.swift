// The sizes of a decoder-only transformer and the counts that follow from them. Refuses to hold weights (Training does)
// or times (Hardware does).

import Primitives

/// The sizes of a GPT-2 or of a Llama. Names in parentheses are Hugging Face's: GPT2Config's, then LlamaConfig's.
public struct ModelShape: Equatable, Hashable, Sendable, Codable {
    /// Which of the two (`model_type`).
    public enum Family: String, Equatable, Hashable, Sendable, Codable, CaseIterable {
        /// Learned positions, LayerNorm before each block, tanh-GELU, an output head that shares the token embedding.
        case gpt2
        /// Rotary positions, RMSNorm, a gated feed-forward (SwiGLU), grouped keys and values, a head of its own.
        case llama
    }

    /// Which kind of block it is made of.
    public var family: Family
    /// Transformer blocks (`n_layer`, `num_hidden_layers`).
    public var layers: Int
    /// The width of the residual stream (`n_embd`, `hidden_size`); a multiple of `heads`.
    public var width: Int
    /// Attention heads in a block (`n_head`, `num_attention_heads`).
    public var heads: Int
    /// Heads that keys and values have (`num_key_value_heads`); `heads` unless they are grouped.
    public var keyValueHeads: Int
    /// The inner width of the feed-forward (`n_inner`, `intermediate_size`); 4 × `width` in GPT-2.
    public var feedForwardWidth: Int
    /// The longest sequence, in tokens (`n_positions`, `max_position_embeddings`); training sequences have this length.
    public var contextLength: Int
    /// Distinct tokens (`vocab_size`).
    public var vocabularySize: Int

    /// A shape from its sizes; keys and values as many as heads, and a feed-forward of 4 × the width, unless given.
    public init(
        family: Family = .gpt2, layers: Int, width: Int, heads: Int, keyValueHeads: Int? = nil,
        feedForwardWidth: Int? = nil, contextLength: Int, vocabularySize: Int
    ) {
        self.family = family
        self.layers = layers
        self.width = width
        self.heads = heads
        self.keyValueHeads = keyValueHeads ?? heads
        self.feedForwardWidth = feedForwardWidth ?? 4 * width
        self.contextLength = contextLength
        self.vocabularySize = vocabularySize
    }

    /// Whether it is the network that Training computes: a GPT-2 with its own feed-forward width.
    public var isTrainable: Bool { self.family == .gpt2 && keyValueHeads == heads && feedForwardWidth == 4 * width }

    /// Weights of one block's matrices: h²(2 + 2r) for attention, r being `keyValueHeads` / `heads`, and 2hf or, gated,
    /// 3hf for the feed-forward. GPT-2's are 12h².
    public var blockWeights: Int {
        let attention = 2 * width * width + 2 * width * (width / heads) * keyValueHeads
        return attention + (family == .llama ? 3 : 2) * width * feedForwardWidth
    }

    /// Trained numbers. GPT-2: V·h + T·h + l·(blocks + 9h + f) + 2h, the tied head counted once; its 124M is
    /// 124,439,808. Llama: 2·V·h + l·(blocks + 2h) + h; 7B is 6,738,415,616.
    public var parameterCount: Int {
        let (h, f) = (width, feedForwardWidth)
        switch family {
        case .gpt2:
            let biases = 2 * h + 2 * (h / heads) * keyValueHeads + f + h
            return vocabularySize * h + contextLength * h + layers * (blockWeights + biases + 4 * h) + 2 * h
        case .llama: return 2 * vocabularySize * h + layers * (blockWeights + 2 * h) + h
        }
    }

    /// Model FLOPs of forward and backward for one token of a full sequence: 6·(l·W + V·h) + 12·l·T·h with W the
    /// weights of a block's matrices, attention counted in full although its mask halves the work (PaLM, appendix B;
    /// the convention of MFU).
    public var modelFLOPsPerToken: FLOPCount {
        let matrices = Double(layers) * Double(blockWeights) + Double(vocabularySize) * Double(width)
        return FLOPCount(6 * matrices + attentionFLOPsPerToken.count)
    }

    /// The part of `modelFLOPsPerToken` that is attention's own two products, forward and backward: 12·l·T·h.
    public var attentionFLOPsPerToken: FLOPCount {
        FLOPCount(12 * Double(layers) * Double(contextLength) * Double(width))
    }
}
