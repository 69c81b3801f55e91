// The wire format of protocol buffers, as far as writing three kinds of field needs it. A code generator and a runtime
// library for two small messages would be the larger part of this program's build. Refuses to read, and to check field
// numbers against any schema.

/// The bytes of a message.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    private mutating func fixed(_ value: UInt64) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// A field of an integer, enumeration or boolean type.
    mutating func integer(_ field: Int, _ value: UInt64) {
        varint(UInt64(field) << 3)
        varint(value)
    }

    /// A field of type int64, in two's complement.
    mutating func integer(_ field: Int, _ value: Int64) { integer(field, UInt64(bitPattern: value)) }

    /// A field of type fixed64.
    mutating func fixed64(_ field: Int, _ value: UInt64) {
        varint(UInt64(field) << 3 | 1)
        fixed(value)
    }

    /// A field of type double.
    mutating func real(_ field: Int, _ value: Double) { fixed64(field, value.bitPattern) }

    /// A field of type float.
    mutating func float(_ field: Int, _ value: Float) {
        varint(UInt64(field) << 3 | 5)
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// A field of type string.
    mutating func text(_ field: Int, _ value: String) { data(field, Array(value.utf8)) }

    /// A field of type bytes.
    mutating func data(_ field: Int, _ value: [UInt8]) {
        varint(UInt64(field) << 3 | 2)
        varint(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    /// A field that is a message, written by `body`.
    mutating func message(_ field: Int, _ body: (inout ProtobufWriter) -> Void) {
        var inner = ProtobufWriter()
        body(&inner)
        data(field, inner.bytes)
    }
}
