// Files as training needs them: every system call's failure is an error with the path and errno's words, nothing counts
// as written before fsync, and a file appears under its name only when it is complete. The three calls that a full or
// dying disk fails are a value, so that tests can fill a disk at any byte. Refuses to retry and to hide an error.

import Foundation

/// A system call on a file that failed.
public struct DiskError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What was asked for: `write`, `fsync`, `rename`, …
    public var operation: String
    /// The file or folder it was asked of.
    public var path: String
    /// The errno.
    public var code: Int32

    /// A failure of `operation` on `path` with errno `code`.
    public init(_ operation: String, _ path: String, code: Int32) {
        self.operation = operation
        self.path = path
        self.code = code
    }

    /// Errno's words, `No space left on device`.
    public var reason: String { String(cString: strerror(code)) }
    /// The operation, the path and errno's words.
    public var description: String { "\(operation) \(path): \(reason)" }
}

/// The system calls through which bytes become durable. `system` is the machine's; a test hands in calls that fail.
struct DiskCalls: Sendable {
    /// write(2): the number of bytes taken, or −errno.
    var write: @Sendable (_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int
    /// fsync(2): 0, or the errno.
    var sync: @Sendable (_ descriptor: Int32) -> Int32
    /// rename(2): 0, or the errno.
    var rename: @Sendable (_ from: String, _ to: String) -> Int32

    init(
        write: @escaping @Sendable (Int32, UnsafeRawBufferPointer) -> Int,
        sync: @escaping @Sendable (Int32) -> Int32, rename: @escaping @Sendable (String, String) -> Int32
    ) {
        self.write = write
        self.sync = sync
        self.rename = rename
    }

    static let system = DiskCalls(
        write: { descriptor, bytes in
            let count = Foundation.write(descriptor, bytes.baseAddress, bytes.count)
            return count >= 0 ? count : -Int(errno)
        },
        sync: { fsync($0) == 0 ? 0 : errno },
        rename: { Foundation.rename($0, $1) == 0 ? 0 : errno })
}

/// An open file; closed when the value ends.
struct DiskFile: ~Copyable {
    /// Where it is.
    let path: String
    private let descriptor: Int32
    private let calls: DiskCalls

    /// Opens `path` for reading.
    init(reading path: String) throws(DiskError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw DiskError("open", path, code: errno) }
        self.path = path
        self.descriptor = descriptor
        calls = .system
    }

    /// Makes an empty file at `path`, in place of whatever was there.
    init(creating path: String, calls: DiskCalls) throws(DiskError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw DiskError("create", path, code: errno) }
        self.path = path
        self.descriptor = descriptor
        self.calls = calls
    }

    deinit { close(descriptor) }

    /// The size in bytes, now.
    func size() throws(DiskError) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw DiskError("stat", path, code: errno) }
        return Int(status.st_size)
    }

    /// Writes all of `bytes` behind what was written before.
    func write(_ bytes: UnsafeRawBufferPointer) throws(DiskError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = calls.write(descriptor, rest)
            if count == -Int(EINTR) { continue }
            guard count >= 0 else { throw DiskError("write", path, code: Int32(-count)) }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    /// Returns when everything written is on the disk.
    func sync() throws(DiskError) {
        let code = calls.sync(descriptor)
        guard code == 0 else { throw DiskError("fsync", path, code: code) }
    }

    /// Fills `target` with the bytes from `offset` on. Returns how many there were: fewer than asked for at the end.
    func read(into target: UnsafeMutableRawBufferPointer, at offset: Int) throws(DiskError) -> Int {
        var done = 0
        while done < target.count {
            let count = pread(descriptor, target.baseAddress! + done, target.count - done, off_t(offset + done))
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw DiskError("read", path, code: errno) }
            if count == 0 { break }
            done += count
        }
        return done
    }

    /// All bytes of the file at `path`.
    static func contents(of path: String) throws(DiskError) -> [UInt8] {
        let file = try DiskFile(reading: path)
        let size = try file.size()
        var count = 0
        var failure: DiskError?
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, initialized in
            do throws(DiskError) {
                count = try file.read(into: UnsafeMutableRawBufferPointer(buffer), at: 0)
            } catch { failure = error }
            initialized = count
        }
        if let failure { throw failure }
        return bytes
    }

    /// The SHA-256 of the file at `path`, hexadecimal.
    static func sha256(of path: String) throws(DiskError) -> String {
        var digest = SHA256Digest()
        try forEachPiece(of: path, orThrow: { $0 }) { (bytes, _) throws(DiskError) in digest.update(bytes) }
        return digest.hexadecimal
    }

    /// Reads the file at `path` once from beginning to end.
    /// - Parameters:
    ///   - failure: the caller's error for one of the disk.
    ///   - body: is shown each piece and its offset; sizes are even up to the last.
    static func forEachPiece<Failure: Error>(
        of path: String, orThrow failure: (DiskError) -> Failure,
        _ body: (UnsafeRawBufferPointer, _ offset: Int) throws(Failure) -> Void
    ) throws(Failure) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        defer { buffer.deallocate() }
        let file: DiskFile
        do throws(DiskError) { file = try DiskFile(reading: path) } catch { throw failure(error) }
        var offset = 0
        while true {
            let count: Int
            do throws(DiskError) { count = try file.read(into: buffer, at: offset) } catch { throw failure(error) }
            if count == 0 { return }
            try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]), offset)
            offset += count
        }
    }

    /// Makes `path` hold `bytes`, durably: a file beside it is written, synced and renamed, then the folder synced.
    static func replace(_ path: String, with bytes: [UInt8], calls: DiskCalls) throws(DiskError) {
        let partial = path + ".partial"
        do throws(DiskError) {
            let file = try DiskFile(creating: partial, calls: calls)
            try file.writeAll(bytes)
            try file.sync()
        } catch {
            unlink(partial)
            throw error
        }
        try DiskFolder.rename(partial, to: path, calls: calls)
    }

    /// Writes all of `bytes`.
    func writeAll(_ bytes: [UInt8]) throws(DiskError) {
        var failure: DiskError?
        bytes.withUnsafeBytes { buffer in
            do throws(DiskError) { try write(buffer) } catch { failure = error }
        }
        if let failure { throw failure }
    }
}
