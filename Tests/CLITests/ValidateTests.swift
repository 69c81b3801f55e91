// `validate` on good and bad files, as text and as JSON. Refuses to test every diagnostic: those are the reader's tests;
// here it is what a person sees of them.

import Foundation
import ProcessHarness
import Testing

extension CommandLineTool {
    @Suite("Validate")
    struct Validate {
        private static let bad = """
            kind: Job
            name: small
            nproc_per_node: 0
            model: {model_type: gpt2, n_layer: 1, n_embd: 15, n_head: 2, n_positions: 16, vocab_size: 256}
            train: {micro_batch_size: 2, global_batch_size: 7, train_iters: 240, lr: 3e-3, lr_warmup_itres: 5}
            data: {source: text, paths: [corpus.txt]}
            checkpoint: {save_interval: 20}
            """

        @Test func `a good file is named with its kind`() async throws {
            try await Scenario.play { scenario in
                let text = try await scenario.understudy(["validate", "job.yaml"])
                #expect(text.code == 0 && text.output == "job.yaml: job small, valid\n" && text.errors.isEmpty)
                let json = try await scenario.understudy(["validate", "job.yaml", "--json"])
                #expect(json.code == 0 && json.errors.isEmpty)
                try Snapshot.expect(json.output, is: "validate-good-json")
            }
        }

        @Test func `a warning is told and refuses nothing`() async throws {
            try await Scenario.play { scenario in
                let short = Scenario.job.replacingOccurrences(of: "train_iters: 240", with: "train_iters: 10")
                try scenario.write("short.yaml", short)
                let text = try await scenario.understudy(["validate", "short.yaml"])
                #expect(text.code == 0 && text.output == "short.yaml: job small, valid\n")
                try Snapshot.expect(text.errors, is: "validate-warning")
                let json = try await scenario.understudy(["validate", "short.yaml", "--json"])
                #expect(json.code == 0 && json.output.contains("\"W0301\"") && json.errors.isEmpty, "\(json)")
                let launched = try await scenario.understudy(["launch", "short.yaml"])
                #expect(launched.code == 0 && launched.errors.hasPrefix(text.errors), "\(launched.errors)")
            }
        }

        @Test func `everything that is wrong is told at once, with its place`() async throws {
            try await Scenario.play { scenario in
                try scenario.write("bad.yaml", Self.bad)
                let text = try await scenario.understudy(["validate", "job.yaml", "bad.yaml", "missing.yaml"])
                #expect(text.code == 3)
                #expect(text.output == "job.yaml: job small, valid\n")
                try Snapshot.expect(text.errors.inScenario(scenario), is: "validate-bad")
                let json = try await scenario.understudy(["validate", "job.yaml", "bad.yaml", "missing.yaml", "--json"])
                #expect(json.code == 3 && json.errors.isEmpty)
                try Snapshot.expect(json.output.inScenario(scenario), is: "validate-bad-json")
                #expect(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) is [String: Any])
            }
        }

        @Test func `launch refuses a bad file with the same words and makes nothing`() async throws {
            try await Scenario.play { scenario in
                try scenario.write("bad.yaml", Self.bad)
                let validated = try await scenario.understudy(["validate", "bad.yaml"])
                let launched = try await scenario.understudy(["launch", "bad.yaml"])
                #expect(launched.code == 3 && launched.output.isEmpty)
                #expect(launched.errors == validated.errors.dropLast() + " Nothing was started.\n")
                #expect(!FileManager.default.fileExists(atPath: "\(scenario.folder)/runs"))
            }
        }

        @Test func `the repository's own files are valid`() async throws {
            try await Scenario.play { scenario in
                let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                    .deletingLastPathComponent().path
                let files = try ["jobs", "clusters"].flatMap { folder in
                    try FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)").sorted()
                        .filter { $0.hasSuffix(".yaml") }.map { "\(root)/\(folder)/\($0)" }
                }
                let validated = try await scenario.understudy(["validate"] + files)
                #expect(validated.code == 0, "\(validated.errors)")
                #expect(files.count > 3 && validated.output.split(separator: "\n").count == files.count)
            }
        }
    }
}
