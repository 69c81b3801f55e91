// The header of a safetensors file: which tensor lies where. The format
// (https://huggingface.co/docs/safetensors) is a little-endian 64-bit length, that many bytes of JSON, then the tensors'
// bytes without gaps. Parsed by hand because a general JSON decoder accepts what must be refused here: duplicate names.
// Refuses every type but F32, which is all that training has.

import Primitives

/// One tensor of a safetensors file.
public struct SafetensorsTensor: Equatable, Sendable {
    /// Its name, `transformer.wte.weight`.
    public var name: String
    /// Its sizes, outermost first.
    public var shape: [Int]
    /// Its bytes, counted from the end of the header.
    public var range: Range<Int>

    /// A tensor from its parts.
    public init(name: String, shape: [Int], range: Range<Int>) {
        self.name = name
        self.shape = shape
        self.range = range
    }
}

/// The header of a safetensors file.
public struct SafetensorsHeader: Equatable, Sendable {
    /// The largest header that is read, in bytes: the format's own limit, so that a damaged length allocates no memory.
    public static let maximumSize = 100_000_000

    /// The tensors in the order of their bytes, without gaps.
    public let tensors: [SafetensorsTensor]

    /// The bytes of all tensors together.
    public var dataSize: Int { tensors.last?.range.upperBound ?? 0 }

    /// A header that puts tensors of these names and sizes one behind the other.
    /// - Precondition: no two names are equal.
    public init(_ parts: [(name: String, shape: [Int])]) {
        precondition(Set(parts.map(\.name)).count == parts.count, "two tensors have the same name")
        var offset = 0
        tensors = parts.map { part in
            let size = part.shape.reduce(4, *)
            defer { offset += size }
            return SafetensorsTensor(name: part.name, shape: part.shape, range: offset..<offset + size)
        }
    }

    /// Reads the JSON of a header.
    public init(parsing json: [UInt8]) throws(SafetensorsError.Problem) {
        var parser = SafetensorsHeaderParser(json)
        let found = try parser.parse()
        tensors = found.sorted {
            ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
        }
        var end = 0
        for tensor in tensors {
            guard tensor.range.lowerBound == end else {
                let what = tensor.range.lowerBound < end ? "overlaps what lies before it" : "leaves a gap before it"
                throw .misplaced(
                    tensor: tensor.name, reason: "it begins at byte \(tensor.range.lowerBound) and \(what)")
            }
            end = tensor.range.upperBound
        }
    }

    /// The file's first bytes: the length, the JSON, and spaces up to a multiple of eight. `__metadata__` has the
    /// `format` without which `transformers` refuses to load.
    public var encoded: [UInt8] {
        var json = #"{"__metadata__":{"format":"pt"}"#
        for tensor in tensors {
            let shape = tensor.shape.map { String($0) }.joined(separator: ",")
            json += ",\(JSONText.quoted(tensor.name)):{\"dtype\":\"F32\",\"shape\":[\(shape)],"
            json += "\"data_offsets\":[\(tensor.range.lowerBound),\(tensor.range.upperBound)]}"
        }
        json += "}"
        var body = Array(json.utf8)
        body += Array(repeating: UInt8(ascii: " "), count: (8 - body.count % 8) % 8)
        return withUnsafeBytes(of: UInt64(body.count).littleEndian) { Array($0) } + body
    }
}
