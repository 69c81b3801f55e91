// Text from a trained model, a byte at a time: what lets people see what was learned. The whole context is computed
// again for every byte; a cache of keys and values would be faster, and a second forward pass to keep right. Refuses to
// print and to read checkpoints.

import CKernels
import Jobs
import Primitives

/// How bytes are drawn from a model's predictions.
public struct TextGeneration: Equatable, Sendable {
    /// Divides the logits; 0 always takes the likeliest byte.
    public var temperature: Double
    /// How many of the likeliest bytes may be drawn; nil for all.
    public var topK: Int?
    /// Names the randomness of the draws.
    public var seed: UInt64

    /// Draws with `temperature` among the `topK` likeliest bytes.
    /// - Precondition: `temperature` is not negative and `topK`, if given, is positive.
    public init(temperature: Double, topK: Int?, seed: UInt64) {
        precondition(temperature >= 0, "a temperature of \(temperature) has no meaning")
        precondition(topK.map { $0 > 0 } ?? true, "one byte at least must be allowed")
        self.temperature = temperature
        self.topK = topK
        self.seed = seed
    }

    /// Continues `prompt` by `count` bytes, handing each to `emit` as it is drawn. The model sees the last
    /// `contextLength` bytes; after an empty prompt it begins as if after a line break.
    /// - Precondition: the vocabulary holds all bytes, 256 or more; tokens above 255 are never drawn.
    public func generate(
        with model: GPT, parameters: FloatBuffer, prompt: [UInt8], count: Int, emit: (UInt8) -> Void
    ) {
        precondition(model.shape.vocabularySize >= 256, "a vocabulary of bytes has 256 tokens or more")
        var stream = RandomStream(seed: seed, named: "text generation")
        var context = (prompt.isEmpty ? [0x0a] : prompt).suffix(model.shape.contextLength).map { Int32($0) }
        for _ in 0..<count {
            if context.count > model.shape.contextLength { context.removeFirst() }
            let logits = model.nextTokenLogits(parameters: parameters, tokens: context, count: context.count)
            let byte = draw(Array(logits.prefix(256)), from: &stream)
            emit(UInt8(byte))
            context.append(Int32(byte))
        }
    }

    /// The index drawn from the softmax of `logits` / temperature, restricted to the `topK` largest; of equal logits
    /// the one with the lower index counts as larger.
    /// - Precondition: there is a logit.
    func draw(_ logits: [Float], from stream: inout RandomStream) -> Int {
        let order = logits.indices.sorted { (-logits[$0], $0) < (-logits[$1], $1) }
        guard temperature > 0 else { return order[0] }
        let allowed = order.prefix(topK ?? order.count)
        var weights = allowed.map { logits[$0] }
        ckernels_scale(&weights, Float(1 / temperature), weights.count)
        // The last row of a causal block sees every column: an ordinary softmax.
        var maximum: Float = 0
        var inverseSum: Float = 0
        ckernels_causal_softmax(
            &weights, 1, weights.count, weights.count - 1, weights.count, &maximum, &inverseSum)
        var left = stream.uniform()
        for (index, weight) in zip(allowed, weights) {
            left -= Double(weight)
            if left < 0 { return index }
        }
        // The rounded probabilities may sum to a little less than 1.
        return allowed[allowed.startIndex]
    }
}
