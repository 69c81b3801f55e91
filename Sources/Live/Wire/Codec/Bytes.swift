// Reading and writing the fields of a control frame: little-endian integers, length-prefixed text and lists. The reader
// believes nothing: every length is held against the bytes that are there, so no input can make it trap or reserve
// more than it was sent. Refuses to know what the fields mean.

/// Appends fields to a frame.
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    mutating func integer<I: FixedWidthInteger>(_ value: I) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// An Int travels as 64 bits.
    mutating func int(_ value: Int) { integer(Int64(value)) }

    mutating func double(_ value: Double) { integer(value.bitPattern) }

    mutating func data(_ value: [UInt8]) {
        integer(UInt32(value.count))
        bytes.append(contentsOf: value)
    }

    mutating func text(_ value: String) {
        integer(UInt32(value.utf8.count))
        bytes.append(contentsOf: value.utf8)
    }

    mutating func range(_ value: Range<Int>) {
        int(value.lowerBound)
        int(value.upperBound)
    }

    mutating func list<Element>(_ values: [Element], _ write: (inout ByteWriter, Element) -> Void) {
        integer(UInt32(values.count))
        for value in values { write(&self, value) }
    }
}

/// Takes fields from a frame, in the order in which they were written. Each call names its field for the error.
struct ByteReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The bytes not yet read.
    var remaining: Int { bytes.count - position }

    mutating func integer<I: FixedWidthInteger>(_ field: String, as: I.Type = I.self) throws(FrameError) -> I {
        let size = MemoryLayout<I>.size
        guard remaining >= size else { throw .malformed(field: field) }
        var value = I.zero
        withUnsafeMutableBytes(of: &value) { target in
            for k in 0..<size { target[k] = bytes[position + k] }
        }
        position += size
        return I(littleEndian: value)
    }

    /// Any 64-bit integer.
    mutating func int(_ field: String) throws(FrameError) -> Int { Int(try integer(field, as: Int64.self)) }

    /// A number of things or the index of one: never negative.
    mutating func count(_ field: String) throws(FrameError) -> Int {
        let value = try int(field)
        guard value >= 0 else { throw .malformed(field: field) }
        return value
    }

    mutating func double(_ field: String) throws(FrameError) -> Double {
        Double(bitPattern: try integer(field, as: UInt64.self))
    }

    mutating func data(_ field: String) throws(FrameError) -> [UInt8] {
        let count = Int(try integer(field, as: UInt32.self))
        guard count <= remaining else { throw .malformed(field: field) }
        defer { position += count }
        return Array(bytes[position..<position + count])
    }

    mutating func text(_ field: String) throws(FrameError) -> String {
        guard let text = String(validating: try data(field), as: UTF8.self) else { throw .malformed(field: field) }
        return text
    }

    mutating func range(_ field: String) throws(FrameError) -> Range<Int> {
        let lower = try count(field)
        let upper = try count(field)
        guard lower <= upper else { throw .malformed(field: field) }
        return lower..<upper
    }

    /// A list whose elements take at least `elementSize` bytes each.
    mutating func list<Element>(
        _ field: String, elementSize: Int, _ read: (inout ByteReader) throws(FrameError) -> Element
    ) throws(FrameError) -> [Element] {
        let count = Int(try integer(field, as: UInt32.self))
        guard count <= remaining / elementSize else { throw .malformed(field: field) }
        var values: [Element] = []
        values.reserveCapacity(count)
        for _ in 0..<count { values.append(try read(&self)) }
        return values
    }
}
