// Amounts with a unit in their type: bytes and floating-point operations. Refuses to be a general units library.

/// A number of bytes.
public struct ByteCount: Hashable, Comparable, Sendable, Codable {
    /// The count in bytes.
    public var bytes: Int64

    /// A count of `bytes`.
    public init(_ bytes: Int64) { self.bytes = bytes }

    /// The smaller count sorts first.
    public static func < (a: ByteCount, b: ByteCount) -> Bool { a.bytes < b.bytes }
    /// The sum of two counts.
    public static func + (a: ByteCount, b: ByteCount) -> ByteCount { ByteCount(a.bytes + b.bytes) }
}

extension ByteCount: CustomStringConvertible {
    /// Decimal units, rounded to one figure after the point: `512B`, `43.0MB`, `1.5GB`.
    public var description: String {
        let units: [(UInt64, String)] = [
            (1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB"),
        ]
        let sign = bytes < 0 ? "-" : ""
        // A unit begins where the one below it would be rounded up to 1000.0; in tenths of the unit, because ten times
        // a count need not fit 64 bits.
        for (size, name) in units where bytes.magnitude >= size - (size > 1_000 ? size / 20_000 : 0) {
            let tenths = bytes.magnitude / (size / 10) + (bytes.magnitude % (size / 10) >= size / 20 ? 1 : 0)
            return "\(sign)\(tenths / 10).\(tenths % 10)\(name)"
        }
        return "\(bytes)B"
    }
}

/// A number of floating-point operations. A multiply and an add count as two.
public struct FLOPCount: Hashable, Comparable, Sendable, Codable {
    /// The count; a Double because 1e25 does not fit an integer and a count this large is a model, not a tally.
    public var count: Double

    /// A count of `count` operations.
    public init(_ count: Double) { self.count = count }

    /// The smaller count sorts first.
    public static func < (a: FLOPCount, b: FLOPCount) -> Bool { a.count < b.count }
}
