// Every float that a forward and backward pass writes besides the gradient, allocated once. What is cheaper to compute
// again than to fetch from memory is not kept: attention probabilities and the output of GELU. Refuses to compute.

import Jobs

/// What a LayerNorm leaves behind, for `rows` positions.
struct NormActivations {
    /// Its output, [rows, h].
    let output: FloatBuffer
    /// The mean of each row, [rows].
    let mean: FloatBuffer
    /// 1 / √(variance + 1e-5) of each row, [rows].
    let inverseDeviation: FloatBuffer

    init(rows: Int, width: Int) {
        output = FloatBuffer(count: rows * width)
        mean = FloatBuffer(count: rows)
        inverseDeviation = FloatBuffer(count: rows)
    }
}

/// What the forward pass of one block keeps for its backward pass, for `rows` positions.
struct LayerActivations {
    /// The residual stream that enters the block, [rows, h].
    let input: FloatBuffer
    /// LayerNorm before attention.
    let norm1: NormActivations
    /// Queries, keys and values side by side, [rows, 3h].
    let queriesKeysValues: FloatBuffer
    /// The largest score of each query, [sequences, heads, T].
    let scoreMaximum: FloatBuffer
    /// 1 / Σ exp(score − maximum) of each query, [sequences, heads, T].
    let scoreInverseSum: FloatBuffer
    /// The heads' outputs side by side, [rows, h].
    let attention: FloatBuffer
    /// The residual stream after attention, [rows, h].
    let middle: FloatBuffer
    /// LayerNorm before the feed-forward network.
    let norm2: NormActivations
    /// The input of GELU, [rows, 4h].
    let feed: FloatBuffer

    init(rows: Int, shape: ModelShape) {
        let h = shape.width
        input = FloatBuffer(count: rows * h)
        norm1 = NormActivations(rows: rows, width: h)
        queriesKeysValues = FloatBuffer(count: rows * 3 * h)
        scoreMaximum = FloatBuffer(count: rows * shape.heads)
        scoreInverseSum = FloatBuffer(count: rows * shape.heads)
        attention = FloatBuffer(count: rows * h)
        middle = FloatBuffer(count: rows * h)
        norm2 = NormActivations(rows: rows, width: h)
        feed = FloatBuffer(count: rows * 4 * h)
    }
}

/// All activations of a model for a micro-batch.
struct GPTActivations {
    /// Positions of a micro-batch: sequences × T.
    let rows: Int
    /// One for each block.
    let layers: [LayerActivations]
    /// The residual stream after the last block, [rows, h].
    let output: FloatBuffer
    /// The last LayerNorm.
    let finalNorm: NormActivations
    /// How many positions the head takes at once.
    let headRows: Int
    /// Logits, and then their gradient, [headRows, V].
    let logits: FloatBuffer
    /// Three numbers for each position that the head takes: maximum, sum and the target's logit, [3, headRows].
    let crossEntropy: FloatBuffer

    /// The output of GELU, of whichever block is at work, [rows, 4h].
    let wide: FloatBuffer
    /// Gradients of the widest activations, [rows, 4h].
    let wideGradient: FloatBuffer
    /// The gradient of the residual stream, [rows, h].
    let residualGradient: FloatBuffer
    /// The gradient of whatever else is h wide, [rows, h].
    let narrowGradient: FloatBuffer
    /// A block of attention scores, [attentionRows, T].
    let scores: FloatBuffer
    /// Its gradient.
    let scoresGradient: FloatBuffer

    /// The most logits that are kept at once, 256 MiB of them; at least one sequence's are.
    static let mostLogits = 64 << 20

    /// Activations for `sequences` full sequences.
    init(shape: ModelShape, sequences: Int, attentionRows: Int) {
        let h = shape.width
        let length = shape.contextLength
        let rows = sequences * length
        self.rows = rows
        layers = (0..<shape.layers).map { _ in LayerActivations(rows: rows, shape: shape) }
        output = FloatBuffer(count: rows * h)
        finalNorm = NormActivations(rows: rows, width: h)
        headRows = min(rows, max(length, GPTActivations.mostLogits / shape.vocabularySize))
        logits = FloatBuffer(count: headRows * shape.vocabularySize)
        crossEntropy = FloatBuffer(count: 3 * headRows)
        wide = FloatBuffer(count: rows * 4 * h)
        wideGradient = FloatBuffer(count: rows * 4 * h)
        residualGradient = FloatBuffer(count: rows * h)
        narrowGradient = FloatBuffer(count: rows * h)
        scores = FloatBuffer(count: attentionRows * length)
        scoresGradient = FloatBuffer(count: attentionRows * length)
    }

    /// The residual stream that leaves block `layer`: the input of the next one, or the last LayerNorm's.
    func outputOfLayer(_ layer: Int) -> FloatBuffer { layer + 1 < layers.count ? layers[layer + 1].input : output }
}
