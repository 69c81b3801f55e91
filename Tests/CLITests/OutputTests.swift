// Where words go: data to standard output, everything else to standard error; colours and redrawing to terminals that
// can show them, and to nothing else. Refuses to look at the words themselves: Reports' tests do.

import Foundation
import ProcessHarness
import Testing

extension CommandLineTool {
    @Suite("Output")
    struct Output {
        private let drill = "inject=[{at: step=15, fail: rank 1, kind: kill}]"

        @Test func `with json every command prints one document and nothing else`() async throws {
            try await Scenario.play { scenario in
                let launched = try scenario.launch("run", ["train.train_iters=30", drill], arguments: ["--json"])
                #expect(try await launched.wait() == .exited(0), "\(launched.errors)")
                var documents = [("launch", launched.output)]
                for arguments in [
                    ["runs"], ["ls"], ["show"], ["show", "run"], ["incidents"], ["incidents", "--sort", "cost"],
                    ["timeline"], ["validate", "job.yaml"], ["doctor"],
                ] {
                    let said = try await scenario.understudy(arguments + ["--json"])
                    #expect(said.code == 0 && said.errors.isEmpty, "\(arguments): \(said.errors)")
                    documents.append((arguments.joined(separator: " "), said.output))
                }
                documents.append(
                    ("logits", try await scenario.understudy(["logits", "run", "--tokens", "104,105"]).output))
                for (command, text) in documents {
                    let document = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
                    let schema = document?["schema"] as? String
                    #expect(schema?.hasPrefix("understudy/") == true, "\(command): \(text.prefix(200))")
                    #expect(text.hasSuffix("\n") && !text.hasSuffix("\n\n"), "\(command)")
                }
                let again = try await scenario.understudy(["show", "run", "--json"])
                #expect(again.output == launched.output, "show prints what launch printed")
            }
        }

        @Test func `a stretch of a run counts from its begin, and one behind its end is refused`() async throws {
            try await Scenario.play { scenario in
                let launched = try scenario.launch("run", ["train.train_iters=30"])
                #expect(try await launched.wait() == .exited(0), "\(launched.errors)")
                let drawn = try await scenario.understudy(["timeline", "run", "--from", "0s", "--to", "100ms"])
                #expect(drawn.output.drop { $0 != "|" }.hasPrefix("|0.000"), "\(drawn.output)")
                let part = try await scenario.understudy(["timeline", "run", "--to", "1ns", "--json"]).output
                let all = try await scenario.understudy(["timeline", "run", "--json"]).output
                #expect(part.contains("\"from_ns\" : 0,") && part.count < all.count / 2, "\(part)")
                for command in [["timeline"], ["export", "--to", "chrome"]] {
                    let refused = try await scenario.understudy(command + ["run", "--from", "5h"])
                    #expect(refused.code == 2 && refused.output.isEmpty)
                    #expect(refused.errors.hasPrefix("--from lies behind the run's last record, at "))
                }
                let logs = try await scenario.understudy(["logs", "run", "--rank", "7"])
                #expect(logs.code == 1 && logs.output.isEmpty)
                #expect(logs.errors == "no process of rank 7 wrote a log; those that did are 0, 1\n")
            }
        }

        @Test func `of a simulated run nothing is expected that only processes leave`() async throws {
            try await Scenario.play { scenario in
                let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")
                    .standardizedFileURL.path
                let files = ["\(root)/jobs/opt-175b.yaml", "--cluster", "\(root)/clusters/opt-124x8-a100.yaml"]
                let simulated = try await scenario.understudy(["simulate"] + files + ["--until", "2d"])
                #expect(simulated.code == 0, "\(simulated.errors)")
                let run = try #require(
                    FileManager.default.contentsOfDirectory(atPath: "\(scenario.folder)/runs").first)
                let logs = try await scenario.understudy(["logs"])
                #expect(logs.code == 0 && logs.output.isEmpty)
                #expect(logs.errors == "no process of \(run) has left a log\n")
                for command in [["sample"], ["checkpoint", "verify"]] {
                    let refused = try await scenario.understudy(command + [run, "--json"])
                    #expect(refused.code == 1 && refused.output.isEmpty)
                    #expect(
                        refused.errors
                            == "the run runs/\(run) was simulated: nothing was trained, and it has no weights\n")
                }
            }
        }

        @Test func `in a pipe launch prints plain lines of progress on standard error`() async throws {
            try await Scenario.play { scenario in
                let child = try scenario.launch("run", [drill], arguments: ["--interval", "0.1"])
                #expect(try await child.wait() == .exited(0))
                let lines = child.errors.split(separator: "\n").map(String.init)
                #expect(lines.first == "launching run: 34.7k parameters, 2 workers, 240 steps of 256 tokens, seed 1234")
                #expect(lines.dropFirst().first == "run folder \(scenario.run("run").path)")
                #expect(
                    lines.contains {
                        $0.hasPrefix("I-0001 step ") && $0.contains(": rank 1 (") && $0.hasSuffix(" (drill)")
                    })
                #expect(lines.contains { $0.hasPrefix("t=") && $0.contains("/240 loss=") }, "\(child.errors)")
                #expect(!(child.errors + child.output).contains("\u{1B}"))
                #expect(child.output.hasPrefix("SEGMENT  GENERATION  STEPS"))
            }
        }

        /// Runs `command` on a terminal that calls itself `term`; returns what it showed.
        private func onTerminal(
            _ scenario: Scenario, _ command: String, term: String, _ variables: [(String, String)] = []
        ) async throws -> String {
            let child = try scenario.start(
                executable: "/usr/bin/env",
                ["script", "-qec", "'\(try Program.understudy.path())' \(command)", "/dev/null"],
                variables: variables + [("TERM", term)])
            #expect(try await child.wait() == .exited(0), "\(child.output)")
            return child.output
        }

        /// Whether `text` sets a colour or another rendition, `ESC [ … m`.
        private func hasColours(_ text: String) -> Bool {
            text.split(separator: "\u{1B}[", omittingEmptySubsequences: false).dropFirst()
                .contains { $0.drop { $0.isNumber || $0 == ";" }.first == "m" }
        }

        @Test func `colours are for terminals that can show them and people who want them`() async throws {
            try await Scenario.play { scenario in
                let child = try scenario.launch("run", ["train.train_iters=30", drill])
                #expect(try await child.wait() == .exited(0), "\(child.errors)")
                for command in ["runs", "show", "incidents", "timeline"] {
                    #expect(hasColours(try await onTerminal(scenario, command, term: "xterm")), "\(command)")
                    let plain = [
                        try await onTerminal(scenario, command, term: "dumb"),
                        try await onTerminal(scenario, command, term: "xterm", [("NO_COLOR", "1")]),
                        try await onTerminal(scenario, "\(command) --no-color", term: "xterm"),
                        try await scenario.understudy([command], variables: [("TERM", "xterm")]).output,
                    ]
                    for text in plain { #expect(!text.contains("\u{1B}"), "\(command): \(text)") }
                }
            }
        }

        @Test func `a run is redrawn in place where that can be, and told in lines elsewhere`() async throws {
            try await Scenario.play { scenario in
                let drawn = try await onTerminal(scenario, "launch job.yaml", term: "xterm")
                #expect(drawn.contains("A\u{1B}[J"), "the view is drawn over")
                let told = try await onTerminal(scenario, "launch job.yaml --interval 0.1", term: "dumb")
                #expect(!told.contains("\u{1B}"))
                let uncoloured = try await onTerminal(scenario, "launch job.yaml", term: "xterm", [("NO_COLOR", "1")])
                #expect(uncoloured.contains("A\u{1B}[J") && !hasColours(uncoloured))
            }
        }

        @Test func `a key or a signal ends top with the terminal as it was, and the run goes on`() async throws {
            try await Scenario.play { scenario in
                let drivers = try ["run", "other"].map { try scenario.launch($0, ["train.train_iters=1000000"]) }
                for (name, driver) in zip(["run", "other"], drivers) {
                    _ = try await scenario.journal(of: name, driver: driver, until: "a step is committed") {
                        $0.committed > 0 ? true : nil
                    }
                }
                let top = "'\(try Program.understudy.path())' top run"
                // Keys come by the terminal that `script` makes, so they wait there until somebody reads them.
                let keys = "printf 'xjq' | script -qec \"stty -g; \(top); echo ended; stty -g\" /dev/null"
                let pressed = try scenario.start(
                    executable: "/bin/sh", ["-c", keys], variables: [("TERM", "xterm")])
                #expect(try await pressed.wait() == .exited(0), "\(pressed.output)")
                expectSameTerminal(pressed.output)
                #expect(pressed.output.contains("other  running"), "j leads to the other run: \(pressed.output)")
                for signal in [SIGINT, SIGTERM] {
                    // The shell that asks the terminal afterwards must outlive what the terminal's processes are sent.
                    let child = try scenario.start(
                        executable: "/usr/bin/env",
                        ["script", "-qec", "stty -g; \(top); echo ended; stty -g", "/dev/null"],
                        variables: [("TERM", "xterm")])
                    _ = try await eventually("top draws") { child.output.contains(" / 1000000") ? true : nil }
                    let watching = try #require(
                        ProcessTable.members(of: scenario.folder).first {
                            $0.command.hasSuffix("understudy top run") && !$0.command.contains("stty")
                        })
                    kill(watching.processID, signal)
                    _ = try await child.wait()
                    expectSameTerminal(child.output)
                }
                for driver in drivers {
                    #expect(driver.poll() == nil, "the run goes on")
                    driver.signal(SIGINT)
                    #expect(try await driver.wait() == .exited(130), "\(driver.errors)")
                }
            }
        }

        /// Expects of what a terminal showed that its first line, the terminal's modes, is its last line too.
        private func expectSameTerminal(_ shown: String) {
            let lines = shown.split { $0 == "\r" || $0 == "\n" || $0 == "\r\n" }.map(String.init)
            #expect(lines.contains { $0.hasSuffix("ended") } && lines.count > 3, "\(shown)")
            // Keys that were pressed before anybody read them stand before the modes.
            #expect(lines.last?.contains(":") == true && lines.first?.hasSuffix(lines.last!) == true, "\(shown)")
        }

        @Test func `top watches a run from beside it until it is over`() async throws {
            try await Scenario.play { scenario in
                let driver = try scenario.launch("run")
                _ = try await scenario.journal(of: "run", driver: driver, until: "a step is committed") {
                    $0.committed > 0 ? true : nil
                }
                let piped = try scenario.start(.understudy, ["top", "run", "--interval", "0.1"])
                let drawn = try await onTerminal(scenario, "top run", term: "xterm")
                #expect(try await piped.wait() == .exited(0), "\(piped.errors)")
                #expect(try await driver.wait() == .exited(0), "\(driver.errors)")
                #expect(drawn.contains("A\u{1B}[J") && drawn.contains("/ 240  ["), "\(drawn)")
                let lines = piped.output.split(separator: "\n")
                #expect(lines.count > 1 && lines.allSatisfy { $0.hasPrefix("t=") }, "\(piped.output)")
                #expect(lines.last?.contains(" step=240/240 ") == true && piped.errors.isEmpty)
                let again = try await scenario.understudy(["top"])
                #expect(again.output.split(separator: "\n").count == 1, "nothing is awaited of a run that is over")
                let page = try await scenario.understudy(["top", "run", "--once"])
                #expect(page.output.hasPrefix("run  completed  segment 1  up ") && !page.output.contains("\u{1B}"))
            }
        }
    }
}
