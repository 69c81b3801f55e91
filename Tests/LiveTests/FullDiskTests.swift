// A disk that is full: a small file system in memory, mounted where only the test's own processes see it. Training goes
// on without checkpoints as long as the journal can be written, and stops without loss when it cannot. Refuses to fill a
// disk that anybody else uses.

import Foundation
import Journaling
import ProcessHarness
import Testing

/// Whether this user may mount a file system that nobody else sees.
private func canMount() async throws -> Bool {
    try await Scenario.play { scenario in
        let script = "mkdir disk && mount -t tmpfs tmpfs disk"
        let child = try scenario.start(executable: "/usr/bin/env", ["unshare", "-rm", "sh", "-c", script])
        return try await child.wait() == .exited(0)
    }
}

extension Live {
    @Suite("Full disk", .enabled("user namespaces with mounts are not permitted here") { try await canMount() })
    struct FullDisk {
        /// Launches the scenario's job with its runs on a disk of 16 MB, of which all but `free` bytes are taken by the
        /// file `filler`. At the end the runs are copied to where the others lie.
        private func launch(_ scenario: Scenario, free: Int, _ settings: [String]) throws -> Child {
            let script = """
                mkdir disk && mount -t tmpfs -o size=16m tmpfs disk && head -c \((16 << 20) - free) /dev/zero >disk/filler
                "$@"
                code=$?
                cp -a disk/runs runs
                exit $code
                """
            let command = [
                try Program.understudy.path(), "launch", "job.yaml", "--runs", "disk/runs", "--run-id", "run",
            ]
            return try scenario.start(
                executable: "/usr/bin/env",
                ["unshare", "-rm", "sh", "-c", script, "sh"] + command + Scenario.overrides(settings))
        }

        /// A path on the disk as this process can reach it.
        private func disk(_ scenario: Scenario, _ child: Child, _ path: String) -> String {
            "/proc/\(child.processID)/root\(scenario.folder)/disk/\(path)"
        }

        @Test func `training survives checkpoints that do not fit`() async throws {
            try await Scenario.play { scenario in
                // Five megabytes a checkpoint, three for everything.
                let child = try launch(
                    scenario, free: 3 << 20,
                    [
                        "model.n_embd=128", "model.n_layer=2", "train.train_iters=100", "checkpoint.save_interval=10",
                        "checkpoint.keep=1", "train.eval_interval=0", "fault_tolerance.loss_spike.action=off",
                    ])
                _ = try await eventually("a checkpoint does not fit") {
                    child.errors.contains("could not be written") || child.poll() != nil ? () : nil
                }
                unlink(disk(scenario, child, "filler"))
                #expect(try await child.wait() == .exited(0), "\(child.errors)")
                let history = try scenario.history("run")
                #expect(history.outcome == .completed)
                #expect(history.segments.count == 1, "no step was lost: \(history.sentences)")
                #expect(!history.incidents.isEmpty)
                for sentence in history.sentences {
                    #expect(sentence.contains("could not be written") && sentence.contains("No space left on device"))
                }
                let verified = try await scenario.understudy(["checkpoint", "verify", "run"])
                #expect(verified.code == 0 && verified.output.contains("good, step 100"), "\(verified)")
            }
        }

        @Test func `a run whose journal cannot be written ends with one message and is resumed elsewhere`() async throws
        {
            try await Scenario.play { scenario in
                let child = try launch(scenario, free: 12 << 20, [])
                _ = try await eventually("the checkpoint of step 40 is there") {
                    let path = disk(scenario, child, "runs/run/checkpoints/step-00000040/manifest.json")
                    return access(path, F_OK) == 0 || child.poll() != nil ? () : nil
                }
                let filler = open(disk(scenario, child, "filler"), O_WRONLY | O_APPEND | O_CLOEXEC)
                let block = [UInt8](repeating: 1, count: 4_096)
                // Until nothing more fits, and again what is freed meanwhile.
                _ = try await eventually("the run ends") {
                    while write(filler, block, block.count) > 0 {}
                    return child.poll()
                }
                close(filler)
                #expect(child.poll() == .exited(1))
                let last = child.errors.split(separator: "\n").suffix(2)
                #expect(last.first?.contains("run.db cannot be written (") == true, "\(child.errors)")
                #expect(last.first?.hasSuffix("; every record before is safe") == true, "\(child.errors)")
                #expect(last.last == "Resume it with: understudy launch --resume run")
                #expect(!child.errors.contains("Fatal"), "\(child.errors)")
                try await scenario.expectNobody()

                let history = try scenario.history("run")
                #expect(history.outcome == nil && history.committed >= 40)
                let resumed = try scenario.resume("run")
                #expect(try await resumed.wait() == .exited(0), "\(resumed.errors)")
                try await Reference.check(scenario.history("run"))
            }
        }
    }
}
