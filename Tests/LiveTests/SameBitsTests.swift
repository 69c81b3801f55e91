// The promise that everything else rests on: who computes a step, and how often it has to be computed again, changes
// no bit of the loss or of the weights. Refuses to compare rounded numbers.

import Foundation
import Journaling
import ProcessHarness
import Testing

extension Live {
    @Suite("Same bits")
    struct SameBits {
        @Test(arguments: [1, 2, 3, 4])
        func `loss and weights are the same bits with any number of workers`(workers: Int) async throws {
            try await Scenario.play { scenario in
                let child = try scenario.launch("run", ["nproc_per_node=\(workers)"])
                #expect(try await child.wait() == .exited(0), "\(child.errors)")
                let history = try scenario.history("run")
                #expect(history.segments.map(\.members.count) == [workers])
                #expect(history.incidents.isEmpty)
                try await Reference.check(history)
            }
        }

        private static let drills =
            "inject=[{at: step=30, fail: rank 1, kind: kill}, {at: step=95, fail: rank 0, kind: kill}]"

        @Test func `loss and weights are the same bits after going back to checkpoints`() async throws {
            try await Scenario.play { scenario in
                let child = try scenario.launch(
                    "run", ["nproc_per_node=3", "fault_tolerance.recovery=checkpoint", Self.drills])
                #expect(try await child.wait() == .exited(0), "\(child.errors)")
                let history = try scenario.history("run")
                #expect(history.segments.count == 3)
                #expect(history.incidents.map(\.injection) == [0, 1])
                // Everything since the last checkpoint is done again.
                #expect(history.incidents.map(\.restoredStep) == history.incidents.map(history.newestCheckpoint))
                try await Reference.check(history)
            }
        }

        @Test(arguments: ["on_worker_loss=spare", "on_worker_loss=shrink", "on_worker_loss=wait", "spares=1"])
        func `no step is done again where a member survives`(policy: String) async throws {
            try await Scenario.play { scenario in
                let child = try scenario.launch("run", ["nproc_per_node=3", "fault_tolerance.\(policy)", Self.drills])
                #expect(try await child.wait() == .exited(0), "\(child.errors)")
                let history = try scenario.history("run")
                #expect(history.incidents.map(\.injection) == [0, 1])
                #expect(history.incidents.map(\.restoredStep) == history.incidents.map(\.step))
                #expect(history.steps.map(\.step) == Array(1...history.committed), "each step once")
                let sizes = history.segments.map(\.members.count)
                switch policy {
                case "on_worker_loss=shrink": #expect(sizes == [3, 2, 1])
                case "on_worker_loss=spare": #expect(sizes.min() == 2 && sizes.last == 3, "\(sizes)")
                default: #expect(sizes == [3, 3, 3])
                }
                try await Reference.check(history)
            }
        }

        @Test func `the steps of the journal's table are those of its records`() async throws {
            try await Scenario.play { scenario in
                let child = try scenario.launch("run", ["train.train_iters=20"])
                #expect(try await child.wait() == .exited(0), "\(child.errors)")
                let query = try scenario.start(
                    executable: "/usr/bin/env",
                    [
                        "python3", "-c",
                        "import sqlite3, sys\n"
                            + "for row in sqlite3.connect(sys.argv[1]).execute("
                            + "'SELECT step, loss FROM steps ORDER BY sequence'): print(row[0], row[1].hex())",
                        scenario.run("run").journal,
                    ])
                #expect(try await query.wait() == .exited(0), "\(query.errors)")
                let rows = query.output.split(separator: "\n").map { $0.split(separator: " ") }
                let history = try scenario.history("run")
                #expect(rows.map { Int($0[0]) } == history.steps.map(\.step))
                #expect(rows.map { Double($0[1])?.bitPattern } == history.steps.map(\.loss.bitPattern))
            }
        }
    }
}
