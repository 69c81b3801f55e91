// A file's bytes as memory, shared by all processes that map it: every worker reads the corpus and none holds a copy.
// Refuses to watch the file: whoever truncates it under a reader gets the reader killed (SIGBUS), which is why the
// corpus is a snapshot that nobody writes to.

import Foundation

/// A read-only mapping of a whole file; unmapped when the object ends.
final class MappedFile: @unchecked Sendable {
    /// The file's bytes; empty for an empty file.
    let bytes: UnsafeRawBufferPointer

    /// Maps the file at `path`.
    init(path: String) throws(DiskError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw DiskError("open", path, code: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw DiskError("stat", path, code: errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw DiskError("map", path, code: EISDIR) }
        let size = Int(status.st_size)
        if size == 0 {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        guard let base = mmap(nil, size, PROT_READ, MAP_SHARED, descriptor, 0), base != MAP_FAILED else {
            throw DiskError("map", path, code: errno)
        }
        bytes = UnsafeRawBufferPointer(start: base, count: size)
    }

    deinit {
        if let base = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: base), bytes.count) }
    }
}
