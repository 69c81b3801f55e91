// Which commit a program was built from, as far as the place that it lies in says: a violation is worth nothing to whoever
// cannot have the same control plane. Refuses to guess: a program that was copied out of its checkout has no commit.

import Foundation

/// The commit of the checkout that this program was built in, `a1b2c3d`, with `-dirty` where files differ from it now; nil
/// where the program does not lie in a checkout of this project, or git is not there.
func sourceCommit() -> String? {
    guard let program = Bundle.main.executableURL?.resolvingSymlinksInPath() else { return nil }
    var folder = program.deletingLastPathComponent()
    while folder.path != "/" {
        let marks = ["Package.swift", "Sources/ControlPlane", ".git"].map { folder.appending(path: $0).path }
        if marks.allSatisfy(FileManager.default.fileExists) { return described(folder) }
        folder.deleteLastPathComponent()
    }
    return nil
}

private func described(_ checkout: URL) -> String? {
    let said = toolOutput("git", "-C", checkout.path, "describe", "--always", "--dirty", "--exclude", "*")
    return said.flatMap { $0.isEmpty ? nil : $0 }
}

/// What a tool in PATH says on its standard output, without blanks around it; nil where it is not there or fails.
func toolOutput(_ words: String...) -> String? {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = words
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil, let data = try? pipe.fileHandleForReading.readToEnd() else { return nil }
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { return nil }
    return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
}
