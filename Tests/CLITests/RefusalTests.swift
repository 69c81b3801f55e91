// What the command refuses: the exit code, the one clear message, nothing on standard output, nothing left on disk.
// Refuses to test messages by pattern where they can be compared whole.

import Foundation
import ProcessHarness
import Testing

/// A command line that is refused.
struct Refusal: Sendable, CustomTestStringConvertible {
    /// What is wrong.
    var testDescription: String
    /// The arguments.
    var arguments: [String]
    /// The exit code.
    var code: Int32

    init(_ what: String, _ code: Int32, _ arguments: [String]) {
        testDescription = what
        self.code = code
        self.arguments = arguments
    }

    /// The name of the snapshot of its message.
    var snapshot: String { "refuse-" + testDescription.replacingOccurrences(of: " ", with: "-") }
}

extension CommandLineTool {
    @Suite("Refusals")
    struct Refusals {
        static let all = [
            Refusal("unknown command", 2, ["lunch"]),
            Refusal("unknown option", 2, ["launch", "job.yaml", "--frobnicate"]),
            Refusal("no job", 2, ["launch"]),
            Refusal("job and resume", 2, ["launch", "job.yaml", "--resume", "run"]),
            Refusal("resume with override", 2, ["launch", "--resume", "run", "-s", "train.lr=1e-3"]),
            Refusal("bad sort", 2, ["incidents", "--sort", "size"]),
            Refusal("bad form", 2, ["export", "--to", "png"]),
            Refusal("bad interval", 2, ["launch", "job.yaml", "--interval", "0"]),
            Refusal("bad run id", 2, ["launch", "job.yaml", "--run-id", "a/b"]),
            Refusal("bad width", 2, ["timeline", "--width", "3"]),
            Refusal("unknown code", 2, ["explain", "E9999"]),
            Refusal("no endpoint", 2, ["coordinator", "job.yaml", "--listen", "nowhere"]),
            Refusal("open port without key", 2, ["coordinator", "job.yaml", "--listen", "tcp://0.0.0.0:*"]),
            Refusal("open port of a queue", 2, ["coordinator", "--queue", "q", "--listen", "tcp://0.0.0.0:7641"]),
            Refusal("run and queue", 2, ["coordinator", "job.yaml", "--queue", "q"]),
            Refusal("override of a queue", 2, ["coordinator", "--queue", "q", "-s", "train.lr=1e-3"]),
            Refusal("policy of a run", 2, ["coordinator", "job.yaml", "--policy", "fifo"]),
            Refusal("run without endpoint", 2, ["coordinator", "job.yaml"]),
            Refusal(
                "ports of a socket file", 2,
                ["coordinator", "--queue", "q", "--listen", "ipc://q.socket", "--ports", "7650-7660"]),
            Refusal("ports from high to low", 2, ["coordinator", "--queue", "q", "--ports", "7660-7650"]),
            Refusal("far queue without key", 2, ["queue", "--connect", "tcp://head:7641"]),
            Refusal("range without a worker", 2, ["submit", "job.yaml", "--elastic", "0-4"]),
            Refusal("gang without a worker", 2, ["resize", "--workers", "0"]),
            Refusal("promise of a queue", 2, ["drill", "--break", "agents-wait"]),
            Refusal("too many seeds", 2, ["drill", "--from", "18446744073709551610"]),
            Refusal("team without a name", 2, ["coordinator", "--queue", "q", "--team", ":2"]),
            Refusal("team named twice", 2, ["coordinator", "--queue", "q", "--team", "red", "--team", "red:2"]),
            Refusal("deadline that is over", 2, ["submit", "job.yaml", "--deadline", "2020-01-01T00:00:00Z"]),
            Refusal("deadline that is no time", 2, ["submit", "job.yaml", "--deadline", "soon"]),
            Refusal("unknown field of queue", 2, ["queue", "-o", "%i %q"]),
            Refusal("no controller", 8, ["submit", "job.yaml", "--connect", "ipc://nobody.socket"]),
            Refusal("missing job file", 3, ["launch", "nowhere.yaml"]),
            Refusal("unknown key", 3, ["launch", "job.yaml", "-s", "train.learning_rate=1e-3"]),
            Refusal("override without value", 3, ["launch", "job.yaml", "-s", "train.lr"]),
            Refusal("override of wrong type", 3, ["launch", "job.yaml", "-s", "train.lr=fast"]),
            Refusal("no workers", 3, ["launch", "job.yaml", "-s", "nproc_per_node=0"]),
            Refusal("batch not divisible", 3, ["launch", "job.yaml", "-s", "train.micro_batch_size=3"]),
            Refusal("more workers than micro-batches", 3, ["launch", "job.yaml", "-s", "nproc_per_node=9"]),
            Refusal("missing data", 3, ["launch", "job.yaml", "-s", "data.paths=[nowhere.txt]"]),
            Refusal("empty data", 3, ["launch", "job.yaml", "-s", "data.paths=[empty.txt]"]),
            Refusal("too little data", 3, ["launch", "job.yaml", "-s", "data.paths=[short.txt]"]),
            Refusal("missing cluster", 3, ["launch", "job.yaml", "--cluster", "nowhere.yaml"]),
            Refusal("several nodes", 4, ["launch", "job.yaml", "-s", "nnodes=2"]),
            Refusal("unknown run", 1, ["show", "nowhere"]),
            Refusal("no runs", 1, ["show"]),
            Refusal("logs of no run", 1, ["logs", "nowhere", "--json"]),
            Refusal("top of a folder", 1, ["top", ".", "--json"]),
            Refusal("runs of no folder", 1, ["runs", "--runs", "nowhere"]),
            Refusal("newest of no folder", 1, ["show", "--runs", "nowhere"]),
            Refusal("unknown run to resume", 1, ["launch", "--resume", "nowhere"]),
            Refusal("no checkpoint", 1, ["sample", "nowhere"]),
            Refusal("runs not writable", 1, ["launch", "job.yaml", "--runs", "corpus.txt/runs"]),
            Refusal(
                "missing key file", 1, ["coordinator", "job.yaml", "--listen", "tcp://127.0.0.1:*", "--key", "no.key"]),
            Refusal("key exists", 1, ["keys", "corpus.txt"]),
        ]

        @Test(arguments: all)
        func `a refusal says what is wrong and leaves nothing behind`(refusal: Refusal) async throws {
            try await Scenario.play { scenario in
                try scenario.write("empty.txt", "")
                try scenario.write("short.txt", "short")
                let refused = try await scenario.understudy(refusal.arguments)
                #expect(refused.code == refusal.code, "\(refused.errors)")
                #expect(refused.output.isEmpty, "\(refused.output)")
                try Snapshot.expect(refused.errors.inScenario(scenario), is: refusal.snapshot)
                let runs = (try? FileManager.default.contentsOfDirectory(atPath: "\(scenario.folder)/runs")) ?? []
                #expect(runs.isEmpty, "\(runs)")
            }
        }

        @Test func `a port that is taken is named`() async throws {
            try await Scenario.play { scenario in
                let holder = try scenario.start(
                    .understudy, ["coordinator", "job.yaml", "--listen", "tcp://127.0.0.1:*", "--run-id", "first"])
                let endpoint = try await eventually("the first coordinator listens") {
                    holder.errors.split(separator: "\n").first { $0.hasPrefix("waiting for ") }?.split(separator: " ")
                        .last.map(String.init)
                }
                for command in ["coordinator", "launch"] {
                    let refused = try await scenario.understudy(
                        [command, "job.yaml", "--listen", endpoint, "--run-id", "second"])
                    #expect(refused.code == 1 && refused.output.isEmpty)
                    #expect(
                        refused.errors == "cannot listen on \(endpoint): Address already in use\nNothing was started.\n"
                    )
                    #expect(!FileManager.default.fileExists(atPath: scenario.run("second").path))
                }
                holder.signal(SIGINT)
                #expect(try await holder.wait() == .exited(130))
            }
        }

        @Test func `a run's name is given once`() async throws {
            try await Scenario.play { scenario in
                let settings = ["train.train_iters=20"]
                #expect(try await scenario.launch("run", settings).wait() == .exited(0))
                let before = try scenario.records("run")
                let second = try scenario.launch("run", settings)
                #expect(try await second.wait() == .exited(1))
                #expect(second.errors == "cannot make runs/run: it is there already\nNothing was started.\n")
                #expect(try scenario.records("run") == before)
            }
        }

        @Test func `a worker program that is missing is named before a run is made`() async throws {
            try await Scenario.play { scenario in
                let command = try copy(.understudy, into: scenario)
                let child = try scenario.start(executable: command, ["launch", "job.yaml"])
                #expect(try await child.wait() == .exited(1))
                #expect(
                    child.errors
                        == "the worker program \(scenario.folder)/understudy-worker is missing; build it with: "
                        + "swift build --product understudy-worker\nNothing was started.\n")
                #expect(!FileManager.default.fileExists(atPath: "\(scenario.folder)/runs"))
            }
        }

        @Test func `workers that cannot start are given up on, with their last words`() async throws {
            try await Scenario.play { scenario in
                let command = try copy(.understudy, into: scenario)
                let worker = "\(scenario.folder)/understudy-worker"
                try scenario.write("understudy-worker", "#!/bin/sh\necho a library is missing >&2\nexit 7\n")
                chmod(worker, 0o755)
                let child = try scenario.start(
                    executable: command,
                    ["launch", "job.yaml", "--run-id", "run"]
                        + Scenario.overrides(["fault_tolerance.max_restarts=3", "nproc_per_node=1"]))
                #expect(try await child.wait() == .exited(5))
                #expect(child.errors.contains("gave up after 3 restarts without progress: the worker process of "))
                #expect(child.errors.contains("exited with code 7 before it joined\n"), "\(child.errors)")
                #expect(child.errors.hasSuffix(" ends with:\n  a library is missing\n"), "\(child.errors)")
            }
        }

        @Test func `a job that may not be restarted gives up at its first loss`() async throws {
            try await Scenario.play { scenario in
                let child = try scenario.launch(
                    "run",
                    ["fault_tolerance.max_restarts=0", "inject=[{at: step=15, fail: rank 1, kind: kill}]"])
                #expect(try await child.wait() == .exited(5))
                #expect(child.errors.contains("error: gave up after 0 restarts without progress: rank 1 ("))
                let shown = try await scenario.understudy(["runs"])
                #expect(shown.output.contains("gave up after 0 restarts without progress"), "\(shown.output)")
                // A resumption opens a new account.
                let resumed = try scenario.resume("run")
                #expect(try await resumed.wait() == .exited(0), "\(resumed.errors)")
            }
        }

        /// The program in the scenario's folder, without those beside it.
        private func copy(_ program: Program, into scenario: Scenario) throws -> String {
            let (from, to) = (try program.path(), "\(scenario.folder)/\(program.rawValue)")
            // A link is quick, and the program finds what stands beside its link.
            if link(from, to) != 0 { try FileManager.default.copyItem(atPath: from, toPath: to) }
            return to
        }
    }
}
