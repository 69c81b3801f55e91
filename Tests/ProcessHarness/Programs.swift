// Where the programs under test are. They are built with the tests and lie in the same folder as the test bundle, which
// differs between debug and release, sanitizers and build paths; so it is found from this process and not assumed.
// Refuses to build anything.

import Foundation

/// A built executable of this package.
public enum Program: String, Sendable, CaseIterable {
    /// The command people type.
    case understudy
    /// The program that computes.
    case worker = "understudy-worker"

    /// Its path.
    /// - Throws: `HarnessError` that lists every folder that was looked in.
    public func path() throws -> String {
        let folders = Program.folders
        for folder in folders where access("\(folder)/\(rawValue)", X_OK) == 0 { return "\(folder)/\(rawValue)" }
        throw HarnessError(
            "\(rawValue) is not built: looked in \(folders.joined(separator: ", ")); run: swift build --build-tests")
    }

    /// Folders that may hold the build's products: those above the test bundle, which is an argument of the test runner
    /// or the runner itself, then the package's default ones.
    private static var folders: [String] {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        let bundles = (CommandLine.arguments + [own]).filter { $0.contains(".xctest") || $0.contains("PackageTests") }
        var folders: [String] = []
        for bundle in bundles {
            var url = URL(fileURLWithPath: bundle)
            for _ in 0..<4 where url.path != "/" {
                url.deleteLastPathComponent()
                folders.append(url.path)
            }
        }
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
        return folders + ["\(package)/.build/debug", "\(package)/.build/release"]
    }
}

/// What a test could not do, as a sentence.
public struct HarnessError: Error, CustomStringConvertible {
    /// The sentence.
    public let description: String

    /// An error that says `description`.
    public init(_ description: String) { self.description = description }
}
