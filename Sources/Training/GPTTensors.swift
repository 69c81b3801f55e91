// The tensors of a GPT by what they do, as pointers into a flat vector: parameters and gradients have the same layout,
// so one type serves both. Refuses to own the vector.

/// The weight and bias of a LayerNorm or of a product with a bias.
struct WeightAndBias {
    /// [in, out], or [width] for a LayerNorm.
    let weight: UnsafeMutablePointer<Float>
    /// [out].
    let bias: UnsafeMutablePointer<Float>
}

/// The tensors of one transformer block, in the order of `ParameterLayout`.
struct LayerTensors {
    /// LayerNorm before attention (`ln_1`).
    let norm1: WeightAndBias
    /// Queries, keys and values (`attn.c_attn`), [h, 3h].
    let attentionIn: WeightAndBias
    /// Out of attention into the residual stream (`attn.c_proj`), [h, h].
    let attentionOut: WeightAndBias
    /// LayerNorm before the feed-forward network (`ln_2`).
    let norm2: WeightAndBias
    /// Into the feed-forward network (`mlp.c_fc`), [h, 4h].
    let feedIn: WeightAndBias
    /// Out of the feed-forward network (`mlp.c_proj`), [4h, h].
    let feedOut: WeightAndBias
}

/// The tensors of a model in one flat vector.
struct GPTTensors {
    /// Where each tensor lies.
    private let layout: ParameterLayout
    /// The vector.
    private let base: UnsafeMutablePointer<Float>

    /// The tensors of the vector at `base`.
    init(_ layout: ParameterLayout, at base: UnsafeMutablePointer<Float>) {
        self.layout = layout
        self.base = base
    }

    /// The first float of the tensor with number `index` in the layout.
    private func tensor(_ index: Int) -> UnsafeMutablePointer<Float> { base + layout.tensors[index].offset }

    private func pair(_ index: Int) -> WeightAndBias { WeightAndBias(weight: tensor(index), bias: tensor(index + 1)) }

    /// Token embedding and output head, [V, h].
    var tokenEmbedding: UnsafeMutablePointer<Float> { tensor(0) }
    /// Position embedding, [T, h].
    var positionEmbedding: UnsafeMutablePointer<Float> { tensor(1) }
    /// The last LayerNorm (`ln_f`).
    var finalNorm: WeightAndBias { pair(layout.tensors.count - 2) }

    /// The tensors of block `index`.
    func layer(_ index: Int) -> LayerTensors {
        let first = 2 + 12 * index
        return LayerTensors(
            norm1: pair(first), attentionIn: pair(first + 2), attentionOut: pair(first + 4), norm2: pair(first + 6),
            feedIn: pair(first + 8), feedOut: pair(first + 10))
    }
}
