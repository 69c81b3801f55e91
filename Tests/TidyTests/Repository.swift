// The repository that these tests were compiled from, as files with text. Found through #filePath, so the tests need
// neither git nor a working folder. Refuses to follow anything that is not source, script or document: fixtures and
// build results are nobody's style.

import Foundation

/// One file of the repository.
struct RepositoryFile {
    /// Its path from the repository's root.
    let path: String
    /// What is in it.
    let text: String
    /// What is in it without comments and string literals, when it is Swift or C; all of it otherwise.
    let code: String
    /// The lines of `text`, without their breaks.
    let lines: [Substring]

    /// The file at `path` with `text` in it.
    init(path: String, text: String) {
        self.path = path
        self.text = text
        let isSwift = path.hasSuffix(".swift")
        code =
            isSwift || path.hasSuffix(".c") || path.hasSuffix(".h") ? CodeText.of(text, singleQuotes: !isSwift) : text
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    }

    /// Whether its name ends in one of `extensions`.
    func isOne(of extensions: String...) -> Bool { extensions.contains { path.hasSuffix(".\($0)") } }
    /// Whether it is Swift or C.
    var isCode: Bool { isOne(of: "swift", "c", "h") }
    /// Whether it begins by naming its interpreter.
    var isScript: Bool { text.hasPrefix("#!") }
    /// The module it is compiled into, by its folder: `Sources/Live/Wire/…` is of Wire.
    var module: String? {
        let folders = path.split(separator: "/").dropLast().map(String.init)
        guard folders.first == "Sources", folders.count > 1 else { return nil }
        return folders[1] == "Live" && folders.count > 2 ? folders[2] : folders[1]
    }
}

/// Every text file that people wrote, in the order of their paths.
enum Repository {
    /// The folder that holds Package.swift.
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static let folders = ["Sources", "Tests", "benchmarks", "scripts", "docs", "jobs", "clusters", ".ci"]
    private static let extensions: Set = ["swift", "c", "h", "md", "yaml", "yml", "py", "modulemap", ""]

    /// The files of the folders above and of the root itself.
    static let files: [RepositoryFile] = {
        let manager = FileManager.default
        var paths = (try? manager.contentsOfDirectory(atPath: root.path())) ?? []
        paths.removeAll { $0.hasPrefix(".") && $0 != ".dockerignore" }
        for folder in folders {
            let below = (try? manager.subpathsOfDirectory(atPath: root.appending(path: folder).path())) ?? []
            paths += below.filter { !$0.contains("/.") && !$0.hasPrefix(".") }.map { "\(folder)/\($0)" }
        }
        return paths.sorted().compactMap { path in
            let url = root.appending(path: path)
            guard extensions.contains(url.pathExtension), !path.contains("/Fixtures/"),
                let text = try? String(contentsOf: url, encoding: .utf8)
            else { return nil }
            return RepositoryFile(path: path, text: text)
        }
    }()

    /// Whether there is a file or folder at `path`, of whatever kind.
    static func has(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appending(path: path).path())
    }

    /// The file at `path`.
    /// - Precondition: there is one; these tests are about files that must exist.
    static func file(_ path: String) -> RepositoryFile {
        guard let file = files.first(where: { $0.path == path }) else { preconditionFailure("there is no \(path)") }
        return file
    }
}
