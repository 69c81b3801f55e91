// The two checksums of training's files. CRC-32C finds damage at memory speed and its pieces can be joined, so it guards
// every tensor and every file in one pass; SHA-256 names contents, so it is what people compare: the corpus, a run's
// final weights. Refuses to choose: each file format says which one it writes where.

import CKernels
import Crypto
import Primitives

/// The running CRC-32C of a stream of bytes (RFC 3720, appendix B.4).
public struct CRC32C: Equatable, Sendable {
    /// The checksum of the bytes so far; 0 for none.
    public private(set) var value: UInt32

    /// The checksum of no bytes.
    public init() { value = 0 }

    /// A checksum known from elsewhere, to compare with or to go on from.
    public init(value: UInt32) { self.value = value }

    /// The checksum of `bytes`.
    public init(of bytes: UnsafeRawBufferPointer) {
        value = crc32c_extend(0, bytes.baseAddress, bytes.count)
    }

    /// The checksum of `bytes`.
    public init(of bytes: [UInt8]) { self = bytes.withUnsafeBytes { CRC32C(of: $0) } }

    /// Reads eight hexadecimal digits; nil when the text is anything else.
    public init?(hexadecimal text: String) {
        guard text.utf8.count == 8, let value = UInt32(text, radix: 16) else { return nil }
        self.value = value
    }

    /// Takes in `bytes` behind those so far.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        value = crc32c_extend(value, bytes.baseAddress, bytes.count)
    }

    /// Takes in a piece of `length` bytes, known by its own checksum, behind those so far.
    public mutating func append(_ piece: CRC32C, length: Int) {
        value = crc32c_combine(value, piece.value, UInt64(length))
    }

    /// Eight hexadecimal digits, lower case.
    public var hexadecimal: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 8 - digits.utf8.count) + digits
    }
}

/// The running SHA-256 of a stream of bytes (FIPS 180-4).
public struct SHA256Digest: Sendable {
    private var hash = SHA256()

    /// The digest of no bytes.
    public init() {}

    /// Takes in `bytes` behind those so far.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) { hash.update(bufferPointer: bytes) }

    /// The digest of the bytes so far: 64 hexadecimal digits, lower case.
    public var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        let text = hash.finalize().flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: text, as: UTF8.self)
    }
}

extension TrainingState {
    /// The SHA-256 of the parameters' little-endian bytes in layout order: two runs computed the same if this is the
    /// same. A checkpoint's manifest has it as `weights_sha256`.
    public var weightsSHA256: String {
        var digest = SHA256Digest()
        digest.update(UnsafeRawBufferPointer(parameters.floats))
        return digest.hexadecimal
    }
}

extension TrainingState {
    /// The state in one word: the CRC-32C of the parameters in its upper half, of both moments in its lower one. Takes
    /// about as long as reading the state from memory, so replicas can compare themselves at every step.
    public var hash: StateHash {
        var moments = CRC32C(of: UnsafeRawBufferPointer(mean.floats))
        moments.update(UnsafeRawBufferPointer(square.floats))
        return StateHash(
            UInt64(CRC32C(of: UnsafeRawBufferPointer(parameters.floats)).value) << 32 | UInt64(moments.value))
    }
}

#if _endian(big)
    #error("checkpoints and token files are little-endian and are read in place: a big-endian machine needs a swap")
#endif
