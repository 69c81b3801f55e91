// The fields of a frame's header, which stand at fixed places without gaps. Refuses what varies in length; Bytes.swift
// writes and reads that.

extension UnsafeRawBufferPointer {
    /// The little-endian number at `offset`, wherever that is aligned.
    func field<I: FixedWidthInteger & BitwiseCopyable>(at offset: Int, as _: I.Type) -> I {
        I(littleEndian: loadUnaligned(fromByteOffset: offset, as: I.self))
    }
}

extension UnsafeMutableRawBufferPointer {
    /// Writes `value` little-endian at `offset`.
    func store(_ value: some FixedWidthInteger & BitwiseCopyable, at offset: Int) {
        storeBytes(of: value.littleEndian, toByteOffset: offset, as: type(of: value))
    }
}
