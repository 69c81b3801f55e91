// Which files a job's globs mean. `*`, `?` and `[…]` match inside one name, `**` any number of folders; the answer is
// sorted by path, because the order of the files is the order of the tokens. Refuses hidden names to a wildcard, so that
// build products and version control never become training text, and does not follow links to folders.

import Foundation

/// A pattern for absolute paths.
struct CorpusGlob {
    /// The pattern as the job has it.
    let pattern: String

    /// The regular files that match, sorted by the bytes of their paths.
    func files() throws(DiskError) -> [String] {
        let components = pattern.split(separator: "/").map { String($0) }
        var found: [String] = []
        try expand("", components[...], into: &found)
        return Set(found).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Adds the files below `folder` that match the rest of the pattern.
    private func expand(
        _ folder: String, _ rest: ArraySlice<String>, into found: inout [String]
    ) throws(DiskError) {
        guard let component = rest.first else {
            if kind(folder, followingLinks: true) == S_IFREG { found.append(folder) }
            return
        }
        if component == "**" {
            try expand(folder, rest.dropFirst(), into: &found)
            for name in try names(in: folder) where !name.hasPrefix(".") {
                let path = folder + "/" + name
                if kind(path, followingLinks: false) == S_IFDIR { try expand(path, rest, into: &found) }
            }
        } else if component.contains(where: { "*?[".contains($0) }) {
            for name in try names(in: folder) where fnmatch(component, name, FNM_PERIOD) == 0 {
                try expand(folder + "/" + name, rest.dropFirst(), into: &found)
            }
        } else {
            try expand(folder + "/" + component, rest.dropFirst(), into: &found)
        }
    }

    /// The names in a folder; none if it is not a folder, because then nothing in it matches.
    private func names(in folder: String) throws(DiskError) -> [String] {
        guard kind(folder.isEmpty ? "/" : folder, followingLinks: true) == S_IFDIR else { return [] }
        return try DiskFolder.names(in: folder.isEmpty ? "/" : folder)
    }

    /// The kind of thing at `path`, as in `st_mode`; 0 for nothing.
    private func kind(_ path: String, followingLinks: Bool) -> mode_t {
        var status = stat()
        let result = followingLinks ? stat(path, &status) : lstat(path, &status)
        return result == 0 ? status.st_mode & S_IFMT : 0
    }
}
