// The last file of a checkpoint to be written and the first to be read: what every other file must be. Its own last line
// is the checksum of the text before it, so that no bit of it can change unnoticed. Written by hand, one line a file and
// a tensor, because people read it and compare it; refuses to be edited.

import Foundation
import Primitives

/// What a complete checkpoint consists of.
public struct CheckpointManifest: Equatable, Sendable {
    /// One file beside the manifest.
    public struct File: Equatable, Sendable, Codable {
        /// Its name inside the folder.
        public var name: String
        /// Its size in bytes.
        public var bytes: Int
        /// The CRC-32C of all its bytes, hexadecimal.
        public var crc32c: String
    }
    /// One tensor.
    public struct Tensor: Equatable, Sendable, Codable {
        /// The file that holds it.
        public var file: String
        /// Its name.
        public var name: String
        /// Its sizes, outermost first.
        public var shape: [Int]
        /// The CRC-32C of its bytes, hexadecimal.
        public var crc32c: String
    }
    /// The format of this text.
    public static let schema = "understudy/checkpoint/v1"
    /// The file's name.
    public static let name = "manifest.json"

    /// The run.
    public var run: RunID
    /// The gang that wrote it.
    public var generation: Generation
    /// The process that wrote it.
    public var incarnation: Incarnation
    /// Committed steps in the state.
    public var step: Int
    /// The SHA-256 of the parameters' little-endian bytes in layout order, hexadecimal.
    public var weightsSHA256: String
    /// The other files, in the order they were written.
    public var files: [File]
    /// Every tensor, in the order of its file.
    public var tensors: [Tensor]

    /// The bytes of all files, the manifest's own included.
    public var size: ByteCount { ByteCount(Int64(files.reduce(encoded.count) { $0 + $1.bytes })) }

    /// The text of manifest.json.
    var encoded: [UInt8] {
        var text = """
            {
              "schema": "\(CheckpointManifest.schema)",
              "run": \(JSONText.quoted(run.name)),
              "generation": \(generation),
              "incarnation": \(incarnation),
              "step": \(step),
              "weights_sha256": \(JSONText.quoted(weightsSHA256)),
              "files": [

            """
        text += files.map { file in
            "    {\"name\": \(JSONText.quoted(file.name)), \"bytes\": \(file.bytes), \"crc32c\": \"\(file.crc32c)\"}"
        }.joined(separator: ",\n")
        text += "\n  ],\n  \"tensors\": [\n"
        text += tensors.map { tensor in
            "    {\"file\": \(JSONText.quoted(tensor.file)), \"name\": \(JSONText.quoted(tensor.name)), "
                + "\"shape\": \(tensor.shape), \"crc32c\": \"\(tensor.crc32c)\"}"
        }.joined(separator: ",\n")
        text += "\n  ],\n"
        let body = Array(text.utf8)
        return body + CheckpointManifest.seal(CRC32C(of: body))
    }

    /// The line that ends the text, and the brace behind it.
    private static func seal(_ checksum: CRC32C) -> [UInt8] {
        Array("  \"manifest_crc32c\": \"\(checksum.hexadecimal)\"\n}\n".utf8)
    }

    /// Reads the manifest of `folder`.
    init(folder: String) throws(CheckpointError) {
        let path = folder + "/" + CheckpointManifest.name
        let bytes: [UInt8]
        do throws(DiskError) {
            bytes = try DiskFile.contents(of: path)
        } catch {
            throw error.code == ENOENT ? .incomplete(folder: folder) : .cannotRead(error)
        }
        let sealSize = CheckpointManifest.seal(CRC32C()).count
        let body = Array(bytes.dropLast(sealSize))
        guard bytes.count > sealSize, Array(bytes.suffix(sealSize)) == CheckpointManifest.seal(CRC32C(of: body)) else {
            throw .damagedFile(path: path, reason: "its text does not have the checksum of its last line")
        }
        do {
            self.init(try JSONDecoder().decode(Fields.self, from: Data(bytes)))
        } catch {
            throw .damagedFile(path: path, reason: "it is no \(CheckpointManifest.schema): \(error)")
        }
    }

    init(
        run: RunID, generation: Generation, incarnation: Incarnation, step: Int, weightsSHA256: String, files: [File],
        tensors: [Tensor]
    ) {
        self.run = run
        self.generation = generation
        self.incarnation = incarnation
        self.step = step
        self.weightsSHA256 = weightsSHA256
        self.files = files
        self.tensors = tensors
    }

    private init(_ fields: Fields) {
        self.init(
            run: RunID(fields.run), generation: Generation(fields.generation),
            incarnation: Incarnation(fields.incarnation), step: fields.step, weightsSHA256: fields.weightsSHA256,
            files: fields.files, tensors: fields.tensors)
    }

    /// The text's fields as JSON has them.
    private struct Fields: Decodable {
        /// The one value that `schema` may have.
        enum Schema: String, Decodable { case first = "understudy/checkpoint/v1" }
        var schema: Schema
        var run: String
        var generation: Int
        var incarnation: Int
        var step: Int
        var weightsSHA256: String
        var files: [File]
        var tensors: [Tensor]
        enum CodingKeys: String, CodingKey {
            case schema, run, generation, incarnation, step, files, tensors
            case weightsSHA256 = "weights_sha256"
        }
    }
}
