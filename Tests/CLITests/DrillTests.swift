// `understudy drill` on the built binary: what it says and how it ends when all is well, and when a promise of the simulated
// world is broken on purpose. Refuses to test the control plane: the simulation's own tests do.

import Foundation
import ProcessHarness
import Testing

extension CommandLineTool {
    @Suite("Drill")
    struct Drill {
        /// The first seed whose run is harmed when readers do not verify.
        private let harmed = ["drill", "--seed", "39", "--break", "readers-verify"]

        private func document(_ text: String) throws -> [String: Any] {
            try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any], "\(text)")
        }

        @Test func `a drill that finds nothing says so, and how to do it again`() async throws {
            try await Scenario.play { scenario in
                let said = try await scenario.understudy(["drill", "--from", "39", "--seeds", "1"])
                #expect(said.code == 0 && said.errors.isEmpty, "\(said.errors)")
                #expect(said.output.hasPrefix("seeds 39 to 39, 60 steps each"))
                let first = try #require(said.output.split(separator: "\n").first)
                #expect(first.contains("; again with: understudy drill --from 39 "))
                #expect(said.output.hasSuffix("no invariant was violated\n"))
                let found = try document(try await scenario.understudy(["drill", "--seed", "39", "--json"]).output)
                #expect((found["violations"] as? [Any])?.isEmpty == true && found["runs"] as? Int == 1)
                #expect(found["again"] as? String == "understudy drill --from 39 --seeds 1 --steps 60 --mode both")
                // A tree without its history has none.
                if let commit = found["commit"] as? String { #expect(first.contains(", commit \(commit); again with")) }
            }
        }

        @Test func `a violation comes with the fewest faults and the command that shows it`() async throws {
            try await Scenario.play { scenario in
                let said = try await scenario.understudy(harmed + ["--json"])
                #expect(said.code == 1 && said.errors == "1 of 1 runs violate an invariant\n", "\(said.errors)")
                let found = try document(said.output)
                #expect(found["broken"] as? String == "readers-verify")
                let violation = try #require((found["violations"] as? [[String: Any]])?.first)
                #expect(violation["seed"] as? Int == 39 && violation["invariant"] as? String == "S4")
                let faults = try #require(violation["fewest_faults"] as? [[String: Any]])
                #expect(!faults.isEmpty)
                let command = try #require(violation["see_it_with"] as? String)
                let shown = try await scenario.understudy(command.split(separator: " ").dropFirst().map(String.init))
                #expect(shown.code == 1 && shown.output.contains("VIOLATION seed 39: S4 at "), "\(shown.output)")
                #expect(shown.output.contains("the fewest faults that lead to it:\n    "))
            }
        }

        @Test func `a queue whose agents do not wait is found out`() async throws {
            try await Scenario.play { scenario in
                let arguments = ["drill", "--queue", "--seed", "1", "--break", "agents-wait", "--json"]
                let said = try await scenario.understudy(arguments)
                #expect(said.code == 1 && said.errors == "1 of 1 lives violate an invariant\n", "\(said.errors)")
                let violations = try #require(try document(said.output)["violations"] as? [[String: Any]])
                #expect(violations.map { $0["seed"] as? Int } == [1])
                let command = violations[0]["see_it_with"] as? String
                #expect(command == "understudy drill --queue --seed 1 --break agents-wait --trace")
            }
        }
    }
}
