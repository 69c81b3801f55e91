// Reading and writing the tensors of a safetensors file in pieces that fit a processor's cache, so that copying,
// checksums and digests touch memory once. Reads use pread rather than a mapping: a dying disk is then an error and not
// a signal. Refuses to hold a whole file in memory.

import Foundation

/// How many bytes are copied and checked at a time: inside a second-level cache, far above a system call's cost.
private let pieceSize = 256 << 10

/// Floats to be written as a tensor.
public struct SafetensorsPart: Sendable {
    /// The tensor's name.
    public var name: String
    /// Its sizes, outermost first.
    public var shape: [Int]
    /// Holds its floats.
    public var buffer: FloatBuffer
    /// The index of its first float in `buffer`.
    public var offset: Int

    /// The tensor `name` whose floats lie in `buffer` from `offset` on.
    /// - Precondition: `buffer` holds that many floats.
    public init(name: String, shape: [Int], buffer: FloatBuffer, offset: Int) {
        precondition(offset >= 0 && offset + shape.reduce(1, *) <= buffer.count, "\(name) ends outside of its buffer")
        self.name = name
        self.shape = shape
        self.buffer = buffer
        self.offset = offset
    }

    fileprivate var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: buffer.base + offset, count: shape.reduce(4, *))
    }
}

/// What was written: enough to recognise every byte of it later.
public struct SafetensorsReceipt: Equatable, Sendable {
    /// The file's size in bytes.
    public var size: Int
    /// The checksum of the whole file.
    public var checksum: CRC32C
    /// The checksum of each tensor, in the file's order.
    public var tensors: [CRC32C]
}

/// Writes safetensors files.
public enum SafetensorsFile {
    /// Writes `parts` to a new file at `path`, in order, and returns when they are on the disk.
    /// - Parameter visit: is shown every piece of the tensors' bytes, in order, while it is in the cache.
    public static func write(
        _ parts: [SafetensorsPart], to path: String, visit: (UnsafeRawBufferPointer) -> Void = { _ in }
    ) throws(DiskError) -> SafetensorsReceipt {
        try write(parts, to: path, calls: .system, visit: visit)
    }

    static func write(
        _ parts: [SafetensorsPart], to path: String, calls: DiskCalls, visit: (UnsafeRawBufferPointer) -> Void
    ) throws(DiskError) -> SafetensorsReceipt {
        let header = SafetensorsHeader(parts.map { ($0.name, $0.shape) }).encoded
        let file = try DiskFile(creating: path, calls: calls)
        try file.writeAll(header)
        var receipt = SafetensorsReceipt(size: header.count, checksum: CRC32C(of: header), tensors: [])
        for part in parts {
            let bytes = part.bytes
            var checksum = CRC32C()
            for start in stride(from: 0, to: bytes.count, by: pieceSize) {
                let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + pieceSize, bytes.count)])
                checksum.update(piece)
                visit(piece)
                try file.write(piece)
            }
            receipt.tensors.append(checksum)
            receipt.checksum.append(checksum, length: bytes.count)
            receipt.size += bytes.count
        }
        try file.sync()
        return receipt
    }
}

/// An open safetensors file.
public struct SafetensorsReader: ~Copyable {
    /// Where the file is.
    public let path: String
    /// Which tensor lies where; it fits the file's size.
    public let header: SafetensorsHeader
    /// The checksum of the bytes before the first tensor.
    public let headerChecksum: CRC32C
    /// The file's size in bytes.
    public let size: Int
    private let file: DiskFile
    private let dataStart: Int

    /// Opens the file at `path` and reads its header.
    public init(path: String) throws(SafetensorsError) {
        let file = try SafetensorsReader.open(path)
        let size = try SafetensorsReader.size(of: file)
        let prefix = try SafetensorsReader.bytes(of: file, count: 8, at: 0, size: size)
        let length = prefix.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
        guard length <= UInt64(SafetensorsHeader.maximumSize) else {
            throw SafetensorsError(path, .headerTooLarge(bytes: length))
        }
        let json = try SafetensorsReader.bytes(of: file, count: Int(length), at: 8, size: size)
        let header = try SafetensorsReader.header(json, path: path)
        let (expected, overflow) = (8 + json.count).addingReportingOverflow(header.dataSize)
        guard !overflow, expected <= size else {
            throw SafetensorsError(path, .truncated(expected: expected, found: size))
        }
        guard expected == size else {
            throw SafetensorsError(path, .trailingBytes(expected: expected, found: size))
        }
        self.path = path
        self.header = header
        self.size = size
        self.file = file
        headerChecksum = CRC32C(of: prefix + json)
        dataStart = 8 + json.count
    }

    private static func size(of file: borrowing DiskFile) throws(SafetensorsError) -> Int {
        do throws(DiskError) { return try file.size() } catch { throw SafetensorsError(file.path, .disk(error)) }
    }

    private static func header(_ json: [UInt8], path: String) throws(SafetensorsError) -> SafetensorsHeader {
        do throws(SafetensorsError.Problem) {
            return try SafetensorsHeader(parsing: json)
        } catch { throw SafetensorsError(path, error) }
    }

    private static func open(_ path: String) throws(SafetensorsError) -> DiskFile {
        do throws(DiskError) {
            return try DiskFile(reading: path)
        } catch { throw SafetensorsError(path, .disk(error)) }
    }

    private static func bytes(
        of file: borrowing DiskFile, count: Int, at offset: Int, size: Int
    ) throws(SafetensorsError) -> [UInt8] {
        guard offset + count <= size else {
            throw SafetensorsError(file.path, .truncated(expected: offset + count, found: size))
        }
        var bytes = [UInt8](repeating: 0, count: count)
        var failure: SafetensorsError?
        bytes.withUnsafeMutableBytes { buffer in
            do throws(DiskError) {
                let found = try file.read(into: buffer, at: offset)
                if found < count { failure = SafetensorsError(file.path, .truncated(expected: count, found: found)) }
            } catch { failure = SafetensorsError(file.path, .disk(error)) }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Copies the bytes of `tensor` to `target`, or to nowhere when that is nil, and returns their checksum.
    /// - Parameters:
    ///   - target: room for the tensor's bytes.
    ///   - visit: is shown every piece, in order, while it is in the cache.
    public func read(
        _ tensor: SafetensorsTensor, into target: UnsafeMutableRawPointer?,
        visit: (UnsafeRawBufferPointer) -> Void = { _ in }
    ) throws(SafetensorsError) -> CRC32C {
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: target == nil ? pieceSize : 0, alignment: 64)
        defer { scratch.deallocate() }
        var checksum = CRC32C()
        for start in stride(from: 0, to: tensor.range.count, by: pieceSize) {
            let count = min(pieceSize, tensor.range.count - start)
            let piece = UnsafeMutableRawBufferPointer(
                start: target.map { $0 + start } ?? scratch.baseAddress, count: count)
            let offset = dataStart + tensor.range.lowerBound + start
            do throws(DiskError) {
                let found = try file.read(into: piece, at: offset)
                guard found == count else { throw DiskError("read", path, code: EIO) }
            } catch { throw SafetensorsError(path, .disk(error)) }
            checksum.update(UnsafeRawBufferPointer(piece))
            visit(UnsafeRawBufferPointer(piece))
        }
        return checksum
    }
}
