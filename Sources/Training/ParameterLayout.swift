// Where each tensor lies in the one flat vector of parameters, gradients and optimizer state. Names and [in, out] shapes
// are those of Hugging Face's GPT2LMHeadModel, so that a checkpoint needs no translation.

import Jobs

/// One named tensor of the flat vector.
public struct ParameterTensor: Equatable, Sendable {
    /// The name in `transformers`, `transformer.h.0.attn.c_attn.weight`.
    public var name: String
    /// The sizes, outermost first; matrices are [in, out].
    public var shape: [Int]
    /// The index of its first float in the flat vector.
    public var offset: Int
    /// Whether weight decay applies: matrices yes, biases and LayerNorm no.
    public var decays: Bool { shape.count > 1 }
    /// How many floats it has.
    public var count: Int { shape.reduce(1, *) }
    /// Its floats in the flat vector.
    public var range: Range<Int> { offset..<offset + count }
}

/// The order of all tensors of a model.
public struct ParameterLayout: Equatable, Sendable {
    /// The tensors in the flat vector's order, without gaps.
    public let tensors: [ParameterTensor]
    /// How many floats the flat vector has.
    public let count: Int

    /// The layout of a model of `shape`.
    public init(_ shape: ModelShape) {
        let h = shape.width
        var tensors: [ParameterTensor] = []
        var offset = 0
        func add(_ name: String, _ sizes: Int...) {
            tensors.append(ParameterTensor(name: "transformer.\(name)", shape: sizes, offset: offset))
            offset += sizes.reduce(1, *)
        }
        add("wte.weight", shape.vocabularySize, h)
        add("wpe.weight", shape.contextLength, h)
        for layer in 0..<shape.layers {
            add("h.\(layer).ln_1.weight", h)
            add("h.\(layer).ln_1.bias", h)
            add("h.\(layer).attn.c_attn.weight", h, 3 * h)
            add("h.\(layer).attn.c_attn.bias", 3 * h)
            add("h.\(layer).attn.c_proj.weight", h, h)
            add("h.\(layer).attn.c_proj.bias", h)
            add("h.\(layer).ln_2.weight", h)
            add("h.\(layer).ln_2.bias", h)
            add("h.\(layer).mlp.c_fc.weight", h, 4 * h)
            add("h.\(layer).mlp.c_fc.bias", 4 * h)
            add("h.\(layer).mlp.c_proj.weight", 4 * h, h)
            add("h.\(layer).mlp.c_proj.bias", h)
        }
        add("ln_f.weight", h)
        add("ln_f.bias", h)
        self.tensors = tensors
        count = offset
    }

    /// The tensor called `name`, if there is one.
    public func tensor(named name: String) -> ParameterTensor? { tensors.first { $0.name == name } }
}
