// What stands before a frame of a state transfer, and the checksum that covers both. A transfer outlives no generation,
// but what it copied does, so every frame is checked whole: a chunk put in the wrong place is as bad as a flipped bit.
// As long as a chunk's header, for the same reason. Refuses to correct anything: what does not fit is asked for again.

import CKernels
import Primitives

/// The address of one frame between a member that needs a state and one that has it.
package struct StateHeader: Equatable {
    package enum Kind: UInt8 {
        /// From the needy: the data is a bitmap of the chunks it wants, chunk k as bit k % 8 of byte k / 8.
        case ask = 1
        /// From the source: the data is a chunk.
        case chunk = 2
        /// From the source, without data: everything that was asked for has been sent.
        case answered = 3
        /// From the source, without data: it has another state, that of this header.
        case refusal = 4
        /// From the needy, without data: it has everything.
        case confirmation = 5
    }

    /// In bytes.
    package static let size = ChunkHeader.size
    private static let magic: UInt32 = 0x5354_5355  // "USTS", little-endian
    private static let checksumOffset = 29

    package var kind: Kind
    package var generation: Generation
    /// The step after which the state is.
    package var step: Int
    package var sender: Int
    /// How many vectors the state has.
    package var vectors: Int
    /// The chunk's number through all vectors; 0 where there is none.
    package var chunk: Int
    /// How many floats each vector has.
    package var count: Int

    /// A header from its parts.
    package init(
        kind: Kind, generation: Generation, step: Int, sender: Int, vectors: Int, chunk: Int = 0, count: Int
    ) {
        self.kind = kind
        self.generation = generation
        self.step = step
        self.sender = sender
        self.vectors = vectors
        self.chunk = chunk
        self.count = count
    }

    /// Reads a header; nil when the bytes are none. Whether they are undamaged, `covers` says.
    package init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count == StateHeader.size, bytes.field(at: 0, as: UInt32.self) == StateHeader.magic,
            let kind = Kind(rawValue: bytes[4])
        else { return nil }
        func word(_ offset: Int) -> Int { Int(bytes.field(at: offset, as: UInt32.self)) }
        func half(_ offset: Int) -> Int { Int(bytes.field(at: offset, as: UInt16.self)) }
        let generation = bytes.field(at: 5, as: Int64.self)
        guard generation >= 0 else { return nil }
        self.init(
            kind: kind, generation: Generation(Int(generation)), step: word(13), sender: half(17), vectors: half(19),
            chunk: word(21), count: word(25))
    }

    /// Writes the header to `bytes`, for data whose CRC-32C is `dataChecksum`; 0 is that of no data.
    /// - Precondition: there are `size` of them, and the fields fit: 2^32 steps, chunks and floats, 2^16 members.
    package func write(to bytes: UnsafeMutableRawBufferPointer, dataChecksum: UInt32) {
        precondition(bytes.count == StateHeader.size, "a header has \(StateHeader.size) bytes")
        bytes.store(StateHeader.magic, at: 0)
        bytes.store(kind.rawValue, at: 4)
        bytes.store(Int64(generation.number), at: 5)
        bytes.store(UInt32(step), at: 13)
        bytes.store(UInt16(sender), at: 17)
        bytes.store(UInt16(vectors), at: 19)
        bytes.store(UInt32(chunk), at: 21)
        bytes.store(UInt32(count), at: 25)
        let checksum = crc32c_extend(dataChecksum, bytes.baseAddress, StateHeader.checksumOffset)
        bytes.store(checksum, at: StateHeader.checksumOffset)
    }

    /// The CRC-32C of a frame's data.
    package static func checksum(of data: UnsafeRawBufferPointer) -> UInt32 {
        crc32c_extend(0, data.baseAddress, data.count)
    }

    /// Whether `header` and `data` are as they were written. The checksum is that of the data followed by the header's
    /// other fields, so that a source with many takers goes over its data once.
    static func covers(_ header: UnsafeRawBufferPointer, _ data: UnsafeRawBufferPointer) -> Bool {
        let found = crc32c_extend(checksum(of: data), header.baseAddress, checksumOffset)
        return found == header.field(at: checksumOffset, as: UInt32.self)
    }
}
