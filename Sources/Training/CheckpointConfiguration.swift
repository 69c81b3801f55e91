// A checkpoint's config.json: Hugging Face's GPT2Config, so that `transformers` loads the folder as it is and the sizes
// of the model are in one place. Only the five sizes vary; the rest says what a GPT-2 of Understudy always is. Refuses
// models that are not such a GPT-2.

import Foundation
import Jobs

/// config.json, written and read.
enum CheckpointConfiguration {
    /// The file's name.
    static let name = "config.json"

    /// The text for a model of `shape`. The last token stands for begin and end of text: it is GPT-2's 50256, and for
    /// bytes it is 255, which no UTF-8 text contains.
    static func encoded(_ shape: ModelShape) -> [UInt8] {
        let text = """
            {
              "model_type": "gpt2",
              "architectures": ["GPT2LMHeadModel"],
              "activation_function": "gelu_new",
              "n_layer": \(shape.layers),
              "n_embd": \(shape.width),
              "n_head": \(shape.heads),
              "n_positions": \(shape.contextLength),
              "n_ctx": \(shape.contextLength),
              "n_inner": null,
              "vocab_size": \(shape.vocabularySize),
              "bos_token_id": \(shape.vocabularySize - 1),
              "eos_token_id": \(shape.vocabularySize - 1),
              "layer_norm_epsilon": 1e-5,
              "initializer_range": 0.02,
              "tie_word_embeddings": true,
              "embd_pdrop": 0.0,
              "attn_pdrop": 0.0,
              "resid_pdrop": 0.0,
              "torch_dtype": "float32"
            }

            """
        return Array(text.utf8)
    }

    /// The sizes in the text of a config.json at `path`.
    static func shape(_ bytes: [UInt8], path: String) throws(CheckpointError) -> ModelShape {
        let fields: Fields
        do {
            fields = try JSONDecoder().decode(Fields.self, from: Data(bytes))
        } catch {
            throw .damagedFile(path: path, reason: "it is no GPT2Config: \(error)")
        }
        // The upper bounds keep products of sizes inside 64 bits.
        guard fields.sizes.allSatisfy({ $0 > 0 && $0 <= 1 << 24 }), fields.n_layer <= 1 << 12,
            fields.n_embd <= 1 << 16, fields.n_embd % fields.n_head == 0
        else {
            throw .damagedFile(path: path, reason: "its sizes \(fields.sizes) describe no GPT-2")
        }
        return ModelShape(
            layers: fields.n_layer, width: fields.n_embd, heads: fields.n_head, contextLength: fields.n_positions,
            vocabularySize: fields.vocab_size)
    }

    /// In which sizes `found` is not what is wanted, under Hugging Face's names.
    static func difference(_ found: ModelShape, wanted: ModelShape) -> String {
        let sizes: [(String, KeyPath<ModelShape, Int>)] = [
            ("n_layer", \.layers), ("n_embd", \.width), ("n_head", \.heads), ("n_positions", \.contextLength),
            ("vocab_size", \.vocabularySize),
        ]
        return sizes.filter { found[keyPath: $0.1] != wanted[keyPath: $0.1] }
            .map { "\($0.0) is \(found[keyPath: $0.1]) and \(wanted[keyPath: $0.1]) is wanted" }
            .joined(separator: ", ")
    }

    /// What varies, under Hugging Face's names.
    private struct Fields: Decodable {
        /// The one value that `model_type` may have.
        enum ModelType: String, Decodable { case gpt2 }
        var model_type: ModelType
        var n_layer: Int
        var n_embd: Int
        var n_head: Int
        var n_positions: Int
        var vocab_size: Int
        var sizes: [Int] { [n_layer, n_embd, n_head, n_positions, vocab_size] }
    }
}
