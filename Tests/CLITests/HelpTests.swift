// Every help text as it is printed, in 80 columns. Refuses to judge the words; a reviewer reads the diff.

import ProcessHarness
import Testing

extension CommandLineTool {
    @Suite("Help")
    struct Help {
        static let commands: [[String]] = [
            [], ["launch"], ["simulate"], ["sweep"], ["coordinator"], ["plan"], ["validate"], ["runs"], ["show"],
            ["top"], ["incidents"], ["timeline"], ["logs"], ["diff"], ["compare"], ["report"], ["serve"], ["index"],
            ["sample"], ["logits"], ["export"], ["checkpoint"], ["checkpoint", "verify"], ["replay"], ["explain"],
            ["keys"],
            ["doctor"], ["completion"], ["schema"], ["drill"], ["inject"], ["resize"], ["scoreboard"], ["calibrate"],
            ["detect"],
            ["schedule"], ["agent"], ["submit"], ["queue"], ["nodes"], ["cancel"], ["priority"],
            ["cordon"], ["drain"], ["evict"], ["undrain"],
        ]

        @Test(arguments: commands)
        func `the help of a command is as recorded`(command: [String]) async throws {
            try await Scenario.play { scenario in
                let help = try await scenario.understudy(command + ["--help"])
                #expect(help.code == 0 && help.errors.isEmpty)
                try Snapshot.expect(help.output, is: (["help"] + command).joined(separator: "-"))
                // Usage lines stay whole, to be copied.
                let wide = help.output.split(separator: "\n").filter { $0.count > 80 && !$0.hasPrefix("USAGE: ") }
                #expect(wide.isEmpty, "\(wide)")
            }
        }

        @Test func `the root's help names every command that is tested here`() async throws {
            try await Scenario.play { scenario in
                let help = try await scenario.understudy(["--help"])
                let listed = help.output.split(separator: "SUBCOMMANDS:\n").last?.split(separator: "\n")
                    .filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") && !$0.contains("help <subcommand>") }
                    .compactMap { $0.split { " ,".contains($0) }.first.map(String.init) }
                #expect(listed == Help.commands.filter { $0.count == 1 }.map { $0[0] })
            }
        }

        /// Commands without `--json`: those that serve until they are ended, and those whose output is a form of its own.
        static let withoutJSON: Set<[String]> = [
            [], ["serve"], ["agent"], ["export"], ["report"], ["completion"], ["schema"],
            ["checkpoint"],
        ]

        @Test(arguments: commands)
        func `every command that prints data prints it as JSON too`(command: [String]) async throws {
            try await Scenario.play { scenario in
                let help = try await scenario.understudy(command + ["--help"]).output
                let takesJSON = help.split(separator: "\n").contains { $0.hasPrefix("  --json ") }
                #expect(takesJSON != Help.withoutJSON.contains(command))
            }
        }

        @Test func `the worker's help is as recorded`() async throws {
            try await Scenario.play { scenario in
                let worker = try scenario.start(.worker, ["--help"])
                #expect(try await worker.wait() == .exited(0))
                #expect(worker.errors.isEmpty)
                try Snapshot.expect(worker.output, is: "help-worker")
            }
        }

        @Test func `the version is one line`() async throws {
            try await Scenario.play { scenario in
                let version = try await scenario.understudy(["--version"])
                #expect(version.code == 0 && version.output == "understudy 0.1.0\n" && version.errors.isEmpty)
            }
        }
    }
}
