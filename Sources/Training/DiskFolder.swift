// What training does to folders: make, list, sync, rename, remove. Apart from DiskFile because a folder's durability is
// its own: a renamed file is safe only once the folder that holds its name is synced. Refuses to follow symbolic links
// when it removes.

import Foundation

/// Operations on folders; paths are absolute or relative to the process.
enum DiskFolder {
    /// The folder that holds the name of `path`.
    static func parent(of path: String) -> String {
        let parent = (path as NSString).deletingLastPathComponent
        return parent.isEmpty ? "." : parent
    }

    /// Makes `path` and the folders above it that are missing, durably.
    static func create(_ path: String, calls: DiskCalls) throws(DiskError) {
        if exists(path) { return }
        let above = parent(of: path)
        if above != path { try create(above, calls: calls) }
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw DiskError("mkdir", path, code: errno) }
        try sync(above, calls: calls)
    }

    /// The names in `path`, sorted; `.` and `..` left out.
    static func names(in path: String) throws(DiskError) -> [String] {
        guard let folder = opendir(path) else { throw DiskError("list", path, code: errno) }
        defer { closedir(folder) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(folder) else {
                if errno != 0 { throw DiskError("list", path, code: errno) }
                break
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Whether something is at `path`.
    static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    /// Returns when the names in `path` are on the disk.
    static func sync(_ path: String, calls: DiskCalls) throws(DiskError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw DiskError("open", path, code: errno) }
        defer { close(descriptor) }
        let code = calls.sync(descriptor)
        guard code == 0 else { throw DiskError("fsync", path, code: code) }
    }

    /// Renames `from` to `to` and makes that durable.
    static func rename(_ from: String, to: String, calls: DiskCalls) throws(DiskError) {
        let code = calls.rename(from, to)
        guard code == 0 else { throw DiskError("rename", to, code: code) }
        try sync(parent(of: to), calls: calls)
    }

    /// Removes `path` and all that is in it, `first` before the rest. What is not there is removed already.
    static func remove(_ path: String, first: String? = nil) throws(DiskError) {
        if let first, unlink(path + "/" + first) != 0, errno != ENOENT {
            throw DiskError("remove", path + "/" + first, code: errno)
        }
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT { return }
            throw DiskError("stat", path, code: errno)
        }
        if status.st_mode & S_IFMT == S_IFDIR {
            for name in try names(in: path) { try remove(path + "/" + name) }
            guard rmdir(path) == 0 || errno == ENOENT else { throw DiskError("remove", path, code: errno) }
        } else {
            guard unlink(path) == 0 || errno == ENOENT else { throw DiskError("remove", path, code: errno) }
        }
    }
}
