// The snippet of docs/notebook.md is what people copy, so it is run as it stands there. Without a Python it is skipped,
// loudly. Refuses to know what the snippet does.

import Foundation
import ProcessHarness
import Testing

extension CommandLineTool {
    @Suite("Notebook")
    struct Notebook {
        private static let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../docs/notebook.md").standardizedFileURL.path

        private static let python = ["/usr/bin/python3", "/usr/local/bin/python3"]
            .first { FileManager.default.isExecutableFile(atPath: $0) }

        @Test(.enabled(if: python != nil, "there is no python3 to run docs/notebook.md with"))
        func `the snippet of the notebook reads a run that lost a worker`() async throws {
            let text = try String(contentsOfFile: Notebook.page, encoding: .utf8)
            let blocks = text.components(separatedBy: "```python\n").dropFirst()
            let snippet = try #require(blocks.first?.components(separatedBy: "```").first)
            #expect(blocks.count == 1)
            try await Scenario.play { scenario in
                let drill = "inject=[{at: step=15, fail: rank 1, kind: kill}]"
                let launched = try scenario.launch("run", ["train.train_iters=30", drill])
                #expect(try await launched.wait() == .exited(0), "\(launched.errors)")
                try scenario.write("snippet.py", snippet)
                let read = try scenario.start(executable: Notebook.python!, ["snippet.py", scenario.run("run").path])
                #expect(try await read.wait() == .exited(0), "\(read.errors)")
                let lines = read.output.split(separator: "\n")
                #expect(lines.first?.hasPrefix("small: 30 steps, loss 5.") == true, "\(read.output)")
                #expect(lines.count { $0.hasPrefix("generation ") } >= 2, "\(read.output)")
                #expect(lines.contains { $0.contains("s: worker-lost worker=") }, "\(read.output)")
            }
        }
    }
}
