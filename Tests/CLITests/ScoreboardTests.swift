// The page docs/scoreboard.md against the command that makes it, and constants that are written and read again. Refuses
// to hold limits of errors; HardwareTests does.

import Foundation
import ProcessHarness
import Testing

extension CommandLineTool {
    @Suite("Scoreboard")
    struct Scoreboard {
        private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().path

        /// Runs `arguments` where the project's documents, jobs and clusters are.
        private func run(_ arguments: [String], in scenario: Scenario) async throws -> String {
            for folder in ["docs", "jobs", "clusters"] {
                try? FileManager.default.createSymbolicLink(
                    atPath: "\(scenario.folder)/\(folder)", withDestinationPath: "\(Scoreboard.root)/\(folder)")
            }
            let said = try await scenario.understudy(arguments)
            #expect(said.code == 0, "\(said.errors)")
            return said.output
        }

        @Test func `the page is what the command prints, but for the day and the commit`() async throws {
            try await Scenario.play { scenario in
                let page = try String(contentsOfFile: "\(Scoreboard.root)/docs/scoreboard.md", encoding: .utf8)
                let printed = try await run(["scoreboard", "--markdown"], in: scenario)
                let last = try #require(page.split(separator: "\n").last)
                #expect(last.hasPrefix("Made by `scripts/scoreboard` on 20"), "\(last)")
                #expect(page == printed + last + "\n", "docs/scoreboard.md is old; run scripts/scoreboard")
            }
        }

        @Test func `constants that calibrate writes are those that other commands read`() async throws {
            try await Scenario.play { scenario in
                _ = try await run(["calibrate", "--only", "sc21_table1", "--output", "mine.yaml"], in: scenario)
                let text = try String(contentsOfFile: "\(scenario.folder)/mine.yaml", encoding: .utf8)
                #expect(text.contains("kind: Constants\nname: mine\n") && text.contains("fitted: {rows: 5"), "\(text)")
                let board = try await run(["scoreboard", "--constants", "mine.yaml", "--json"], in: scenario)
                let document = try #require(JSONSerialization.jsonObject(with: Data(board.utf8)) as? [String: Any])
                let tables = try #require(document["tables"] as? [[String: Any]])
                let fitted = try #require(tables.first { $0["table"] as? String == "sc21_table1" })
                #expect(fitted["software"] as? String == "mine")
                #expect(try #require(fitted["mean_absolute_error"] as? Double) < 0.02)
            }
        }
    }
}
