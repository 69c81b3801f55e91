// What the tests of the built command share: the suite that runs them one after the other, and texts kept in files,
// which are compared to the letter. With UNDERSTUDY_RECORD_SNAPSHOTS=1 the files are written anew instead; the change is
// then reviewed as a diff. Refuses patterns: a text that varies is made constant before it is compared.

import Foundation
import ProcessHarness
import Testing

/// Suites that run the built command.
@Suite("Command line", .serialized)
enum CommandLineTool {}

enum Snapshot {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Snapshots").path

    /// Holds `text` against the file `name`.
    static func expect(
        _ text: String, is name: String, location: SourceLocation = #_sourceLocation
    ) throws {
        let path = "\(folder)/\(name).txt"
        if ProcessInfo.processInfo.environment["UNDERSTUDY_RECORD_SNAPSHOTS"] == "1" {
            return try text.write(toFile: path, atomically: true, encoding: .utf8)
        }
        guard let recorded = try? String(contentsOfFile: path, encoding: .utf8) else {
            Issue.record("there is no snapshot \(name); record it with UNDERSTUDY_RECORD_SNAPSHOTS=1")
            return
        }
        guard recorded != text else { return }
        let old = recorded.split(separator: "\n", omittingEmptySubsequences: false)
        let new = text.split(separator: "\n", omittingEmptySubsequences: false)
        let first = zip(old, new).enumerated().first { $1.0 != $1.1 }?.offset ?? min(old.count, new.count)
        Issue.record(
            """
            \(name), line \(first + 1)
            recorded: \(first < old.count ? String(old[first]) : "(its end)")
            now:      \(first < new.count ? String(new[first]) : "(its end)")
            now in full:
            \(text)
            """, sourceLocation: location)
    }
}

extension String {
    /// The text without what differs from one scenario to the next.
    func inScenario(_ scenario: Scenario) -> String {
        replacingOccurrences(of: scenario.folder, with: "FOLDER")
    }
}
