// What stands before a chunk of floats on the wire: which step of which generation it belongs to, whose it is, and where
// it goes. 33 bytes, because the messaging library keeps that much inside its message struct and allocates for more.
// Refuses to describe the floats themselves: all members of a gang have the same processor's byte order.

import Primitives

/// The address of one chunk of data.
package struct ChunkHeader: Equatable {
    package enum Kind: UInt8 {
        /// A member's sum over some leaves, for the rank that sums the segment.
        case part = 1
        /// The finished sum of a segment's chunk, for everybody.
        case sum = 2
    }

    /// In bytes.
    package static let size = 33
    private static let magic: UInt32 = 0x4754_5355  // "USTG", little-endian

    var kind: Kind
    var generation: Generation
    var step: Int
    var sender: Int
    var segment: Int
    /// The leaves summed; the whole tree's for a finished sum.
    var leaves: Range<Int>
    var chunk: Int

    /// A header from its parts.
    package init(
        kind: Kind, generation: Generation, step: Int, sender: Int, segment: Int, leaves: Range<Int>, chunk: Int
    ) {
        self.kind = kind
        self.generation = generation
        self.step = step
        self.sender = sender
        self.segment = segment
        self.leaves = leaves
        self.chunk = chunk
    }

    /// Reads a header; nil when the bytes are none.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count == ChunkHeader.size, bytes.field(at: 0, as: UInt32.self) == ChunkHeader.magic,
            let kind = Kind(rawValue: bytes[4])
        else { return nil }
        func word(_ offset: Int) -> Int { Int(bytes.field(at: offset, as: UInt32.self)) }
        func half(_ offset: Int) -> Int { Int(bytes.field(at: offset, as: UInt16.self)) }
        let generation = bytes.field(at: 5, as: Int64.self)
        let (lower, upper) = (word(21), word(25))
        guard generation >= 0, lower <= upper else { return nil }
        self.init(
            kind: kind, generation: Generation(Int(generation)), step: word(13), sender: half(17), segment: half(19),
            leaves: lower..<upper, chunk: word(29))
    }

    /// Whether the chunk is of this very step.
    func isOf(_ generation: Generation, _ step: Int) -> Bool { (self.generation, self.step) == (generation, step) }

    /// Whether the chunk is of a step or generation to come.
    func isNewer(than generation: Generation, _ step: Int) -> Bool {
        (self.generation, self.step) > (generation, step)
    }

    /// Writes the header to `bytes`.
    /// - Precondition: there are `size` of them, and the fields fit: 2^32 steps, leaves and chunks, 2^16 members.
    package func write(to bytes: UnsafeMutableRawBufferPointer) {
        precondition(bytes.count == ChunkHeader.size, "a header has \(ChunkHeader.size) bytes")
        bytes.store(ChunkHeader.magic, at: 0)
        bytes.store(kind.rawValue, at: 4)
        bytes.store(Int64(generation.number), at: 5)
        bytes.store(UInt32(step), at: 13)
        bytes.store(UInt16(sender), at: 17)
        bytes.store(UInt16(segment), at: 19)
        bytes.store(UInt32(leaves.lowerBound), at: 21)
        bytes.store(UInt32(leaves.upperBound), at: 25)
        bytes.store(UInt32(chunk), at: 29)
    }
}
