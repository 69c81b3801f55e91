// Runs of real processes that are asked for another number of workers while they go on: no step is done again, nothing is
// an incident, and every bit is that of a run with one worker. Refuses queues; QueueTests has those.

import ControlPlane
import Foundation
import Journaling
import ProcessHarness
import Testing

extension Live {
    @Suite("Resizing")
    struct Resizing {
        @Test func `a run shrinks and grows while it goes on, and gives the same bits`() async throws {
            try await Scenario.play { scenario in
                // The pauses leave time to ask while the run certainly goes on.
                let pauses = [40, 120, 180].map { "{at: step=\($0), fail: rank 0, kind: stop, for: 900ms}" }
                let child = try scenario.launch(
                    "run", ["fault_tolerance.spares=1", "inject=[\(pauses.joined(separator: ", "))]"])
                func resize(_ workers: Int, after step: Int) async throws -> (
                    code: Int32, output: String, errors: String
                ) {
                    _ = try await scenario.journal(of: "run", driver: child, until: "step \(step) is committed") {
                        $0.committed >= step ? () : nil
                    }
                    return try await scenario.understudy(["resize", "run", "--workers", "\(workers)"])
                }
                let smaller = try await resize(1, after: 40)
                #expect(smaller.output == "run goes on with 1 worker instead of 2\n", "\(smaller.errors)")
                let tooLarge = try await resize(4, after: 40)
                #expect(tooLarge.code == 4 && tooLarge.errors.contains("3 slots"), "\(tooLarge)")
                let tooMany = try await resize(9, after: 40)
                #expect(tooMany.code == 4 && tooMany.errors.contains("8 micro-batches"), "\(tooMany)")
                let larger = try await resize(3, after: 120)
                #expect(larger.output == "run goes on with 3 workers instead of 1\n", "\(larger.errors)")
                let same = try await resize(3, after: 180)
                #expect(same.output == "run has 3 workers already\n", "\(same.errors)")
                #expect(try await child.wait() == .exited(0), "\(child.errors)")
                let history = try scenario.history("run")
                #expect(history.segments.map(\.members.count) == [2, 1, 3])
                #expect(history.segments.map(\.resizedTo) == [1, 3, nil])
                #expect(history.steps.count == 240, "no step is done again")
                #expect(history.incidents.allSatisfy { $0.injection != nil }, "\(history.sentences)")
                try await Reference.check(history)
                let shown = try await scenario.understudy(["show", "run"]).output
                #expect(shown.contains("resized to 1 worker") && shown.contains("resized to 3 workers"), "\(shown)")
            }
        }

        @Test func `a coordinator may begin with fewer workers than the job names`() async throws {
            try await Scenario.play { scenario in
                let refused = try await scenario.understudy([
                    "coordinator", "job.yaml", "--run-id", "run", "--listen", "tcp://127.0.0.1:*", "--workers", "9",
                ])
                #expect(refused.code == 4 && refused.errors.contains("8"), "\(refused)")
                let coordinator = try scenario.start(
                    .understudy,
                    [
                        "coordinator", "job.yaml", "--run-id", "run", "--listen", "tcp://127.0.0.1:*", "--workers", "1",
                    ])
                let worker = try scenario.worker(at: try await coordinator.announcedEndpoint())
                #expect(try await coordinator.wait() == .exited(0), "\(coordinator.errors)")
                #expect(try await worker.wait() == .exited(0), "\(worker.errors)")
                let history = try scenario.history("run")
                #expect(history.plan?.workers == 2 && history.segments.map(\.members.count) == [1])
                try await Reference.check(history)
            }
        }
    }
}
