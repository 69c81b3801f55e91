// The documents that commands print, held against the schema that `understudy schema` prints for their kind. The validator
// knows the words of JSON Schema that those use, and stops the test at any other. Refuses to look at values.

import Foundation
import ProcessHarness
import Testing

extension CommandLineTool {
    @Suite("Schemas")
    struct Schemas {
        private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../..").standardizedFileURL.path

        @Test func `what commands print with json is what the schema of its kind says`() async throws {
            try await Scenario.play { scenario in
                let drill = "inject=[{at: step=15, fail: rank 1, kind: kill}]"
                for run in ["one", "two"] {
                    let launched = try scenario.launch(run, ["train.train_iters=30", drill])
                    #expect(try await launched.wait() == .exited(0), "\(launched.errors)")
                }
                try scenario.write("bad.yaml", "kind: Job\nname: bad\nmodle: {}\n")
                let (jobs, clusters) = ("\(Schemas.root)/jobs", "\(Schemas.root)/clusters")
                let opt = ["\(jobs)/opt-175b.yaml", "--cluster", "\(clusters)/opt-124x8-a100.yaml"]
                let measured = "\(Schemas.root)/docs/reference/step_times.csv"
                let trace = "\(Schemas.root)/Tests/ReplayTests/Fixtures/s7.csv"
                var seen: Set<String> = []
                for arguments in [
                    ["runs"], ["show", "one"], ["incidents", "one"], ["timeline", "one"], ["doctor"],
                    ["explain", "one", "I-0001"], ["explain", "one", "segment@1"], ["explain", "one", "placement"],
                    ["diff", "one", "two"], ["compare", "one", "two"], ["validate", "job.yaml"],
                    ["validate", "bad.yaml"],
                    ["top", "one", "--once"], ["logs", "one", "--first-failure"], ["replay", "one"],
                    ["explain", "E0104"],
                    ["sample", "one", "--bytes", "4"], ["logits", "one", "--tokens", "104,105"],
                    ["checkpoint", "verify", "one"], ["keys", "one.key"], ["index", "one"],
                    ["drill", "--seed", "3", "--trace"], ["drill", "--queue", "--seed", "3"],
                    ["calibrate", "--table", measured, "--only", "sc21_table1"],
                    ["schedule", trace, "--nodes", "20", "--policy", "fifo,easy"],
                    ["detect", "--table", "--trials", "2", "--quiet-steps", "500", "--rule", "cusum"],
                    ["detect", "one"], ["plan"] + opt, ["simulate"] + opt + ["--replicas", "2", "--until", "2d"],
                    ["sweep"] + opt + [
                        "--over", "checkpoint.save_interval=100,200", "--replicas", "2", "--until", "2d",
                    ],
                ] {
                    seen.insert(try await kind(of: arguments, scenario))
                }
                #expect(seen.count >= 26, "\(seen.sorted())")
            }
        }

        @Test func `what goes on is one document a line, each as the schema of its kind says`() async throws {
            try await Scenario.play { scenario in
                let driver = try scenario.launch("run", ["inject=[{at: step=60, fail: rank 1, kind: kill}]"])
                _ = try await scenario.journal(of: "run", driver: driver, until: "a step is committed") {
                    $0.committed > 0 ? true : nil
                }
                #expect(try await kind(of: ["resize", "run", "--workers", "2"], scenario) == "understudy/resize/v1")
                let top = try scenario.start(.understudy, ["top", "run", "--json", "--interval", "0.1"])
                let logs = try scenario.start(.understudy, ["logs", "run", "-f", "--json"])
                for child in [driver, top, logs] {
                    #expect(try await child.wait() == .exited(0), "\(child.errors)")
                }
                #expect(top.errors.isEmpty && logs.errors.isEmpty, "\(top.errors)\(logs.errors)")
                let progress = try await documents(top.output, "understudy/progress/v1", scenario)
                let last = try #require(progress.last)
                #expect(progress.count > 1 && last["step"] as? Int == 240 && last["state"] as? String == "completed")
                #expect(last["incident_count"] as? Int == 1)
                let followed = try await documents(logs.output, "understudy/log-line/v1", scenario)
                #expect(followed.contains { $0["rank"] as? Int == 1 && $0["launch"] as? Int == 2 })
                let whole = try await scenario.understudy(["logs", "run", "--json"]).output
                var left = try await documents(whole, "understudy/log-line/v1", scenario).map { "\($0["text"] ?? "")" }
                for line in followed.map({ "\($0["text"] ?? "")" }) {
                    let index = try #require(left.firstIndex(of: line), "told twice, or never written: \(line)")
                    left.remove(at: index)
                }
                // A worker may say a last word when the run is over already, and nobody waits for that.
                #expect(left.allSatisfy { $0.contains("the run is over") }, "\(left)")
            }
        }

        /// The documents of kind `kind` that `text` holds, one a line, each as the schema says.
        private func documents(_ text: String, _ kind: String, _ scenario: Scenario) async throws -> [[String: Any]] {
            let printed = try await scenario.understudy(["schema", kind])
            let schema = try #require(
                JSONSerialization.jsonObject(with: Data(printed.output.utf8)) as? [String: Any])
            return try text.split(separator: "\n").map { line in
                let document = try #require(
                    JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
                #expect(complaints(document, schema, at: kind) == [], "\(line)")
                return document
            }
        }

        @Test func `what the commands of a queue print with json is what the schema of its kind says`() async throws {
            try await Scenario.play { scenario in
                let endpoint = "ipc://\(scenario.folder)/queue.socket"
                let controller = try scenario.start(
                    .understudy, ["coordinator", "--queue", "queue", "--listen", endpoint])
                _ = try await eventually("the controller says that it serves") {
                    guard controller.poll() == nil else { throw HarnessError(controller.errors) }
                    return controller.errors.contains("serving the queue") ? () : nil
                }
                let agent = try scenario.start(
                    .understudy, ["agent", "--slots", "1", "--node", "left", "--connect", endpoint])
                var nodes = ""
                while !nodes.contains("left") {
                    try #require(agent.poll() == nil && controller.poll() == nil, "\(agent.errors)\(controller.errors)")
                    nodes = try await scenario.understudy(["nodes", "--connect", endpoint]).output
                }
                var seen: [String] = []
                for arguments in [
                    ["submit", "job.yaml", "--test-only"], ["submit", "job.yaml"], ["queue"], ["nodes"],
                    ["explain", "1"], ["submit", "job.yaml"], ["explain", "2", "--what-if", "nodes=+1"],
                    ["priority", "1", "7"], ["cancel", "1"], ["cordon", "left"],
                ] {
                    seen.append(try await kind(of: arguments + ["--connect", endpoint], scenario))
                }
                let kinds = [
                    "submission-trial", "submission", "queue", "nodes", "queued-job", "submission", "queued-job",
                    "done",
                    "done", "done",
                ]
                #expect(seen == kinds.map { "understudy/\($0)/v1" })
                for child in [agent, controller] {
                    child.signal(SIGTERM)
                    #expect(try await child.wait() == .exited(0), "\(child.errors)")
                }
            }
        }

        /// The kind of document that a command prints with `--json`, which is what the kind's schema says.
        private func kind(of arguments: [String], _ scenario: Scenario) async throws -> String {
            let said = try await scenario.understudy(arguments + ["--json"])
            let document = try #require(
                try? JSONSerialization.jsonObject(with: Data(said.output.utf8)) as? [String: Any],
                "\(arguments): \(said.output)\(said.errors)")
            let kind = try #require(document["schema"] as? String)
            let printed = try await scenario.understudy(["schema", kind])
            let schema = try JSONSerialization.jsonObject(with: Data(printed.output.utf8))
            #expect(complaints(document, try #require(schema as? [String: Any]), at: kind) == [], "\(arguments)")
            return kind
        }

        @Test func `the validator complains about what is wrong`() {
            let schema: [String: Any] = [
                "type": "object", "additionalProperties": false, "required": ["a"],
                "properties": ["a": ["type": "integer"], "b": ["type": "array", "items": ["enum": ["x"]]]],
            ]
            #expect(complaints(["a": 1, "b": ["x"]], schema, at: "") == [])
            #expect(complaints(["b": ["x", "y"], "c": 1], schema, at: "").count == 3)
            #expect(complaints(["a": "1"], schema, at: "") == [".a: is not of type integer"])
            #expect(complaints(["a": 1.5], schema, at: "") == [".a: is not of type integer"])
        }

        /// Where `value` is not what `schema` says, and how.
        private func complaints(_ value: Any, _ schema: [String: Any], at path: String) -> [String] {
            if let choices = schema["anyOf"] as? [[String: Any]] {
                let isOne = choices.contains { complaints(value, $0, at: path).isEmpty }
                return isOne ? [] : ["\(path): is none of what it may be"]
            }
            if let allowed = schema["enum"] as? [String] {
                return (value as? String).map(allowed.contains) ?? false ? [] : ["\(path): is not one of \(allowed)"]
            }
            let type = schema["type"] as? String ?? "a schema without a type"
            switch (type, value) {
            case ("string", is String): return []
            case ("boolean", is Bool): return []
            case ("integer", let number as NSNumber) where number.doubleValue == number.doubleValue.rounded(): return []
            case ("number", is NSNumber): return []
            case ("array", let list as [Any]):
                let items = schema["items"] as? [String: Any] ?? [:]
                return list.enumerated().flatMap { complaints($0.element, items, at: "\(path)[\($0.offset)]") }
            case ("object", let object as [String: Any]): return complaints(object, schema, at: path)
            default: return ["\(path): is not of type \(type)"]
            }
        }

        private func complaints(_ object: [String: Any], _ schema: [String: Any], at path: String) -> [String] {
            let properties = schema["properties"] as? [String: [String: Any]] ?? [:]
            let others = schema["additionalProperties"] as? [String: Any]
            let missing = (schema["required"] as? [String] ?? []).filter { object[$0] == nil }
            return missing.map { "\(path).\($0): is missing" }
                + object.keys.sorted().flatMap { key -> [String] in
                    guard let inner = properties[key] ?? others else { return ["\(path).\(key): is not in the schema"] }
                    return complaints(object[key]!, inner, at: "\(path).\(key)")
                }
        }
    }
}
