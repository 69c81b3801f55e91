// Aligned floats that C kernels and sockets may point into for as long as the process lives. Refuses to grow: training
// allocates everything before the first step.

/// A fixed block of 32-bit floats, aligned to 64 bytes, zero at first.
///
/// Whoever holds it must see to it that only one thread writes at a time: the training thread owns every buffer; a
/// checkpoint's writer reads only what the training thread has handed over.
public final class FloatBuffer: @unchecked Sendable {
    /// The first float.
    public let base: UnsafeMutablePointer<Float>
    /// How many floats there are.
    public let count: Int

    /// A block of `count` zeros.
    public init(count: Int) {
        self.count = count
        let raw = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1) * 4, alignment: 64)
        base = raw.bindMemory(to: Float.self, capacity: max(count, 1))
        base.initialize(repeating: 0, count: count)
    }

    deinit { UnsafeMutableRawPointer(base).deallocate() }

    /// All of it.
    public var floats: UnsafeMutableBufferPointer<Float> { UnsafeMutableBufferPointer(start: base, count: count) }

    /// Takes over the contents of `other`.
    /// - Precondition: both have the same count.
    public func copy(from other: FloatBuffer) {
        precondition(count == other.count, "\(count) floats cannot hold \(other.count)")
        base.update(from: other.base, count: count)
    }
}
