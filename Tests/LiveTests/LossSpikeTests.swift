// A loss spike in runs of real processes: bad data, a rollback and a skip end with the same bits whoever computed, also
// when the coordinator is killed behind the rollback. Refuses to say what the rollback is worth; benchmarks/spikes does.

import ControlPlane
import Foundation
import Journaling
import ProcessHarness
import Testing

extension Live {
    @Suite("Loss spikes")
    struct LossSpikes {
        /// Twelve batches of noise, and a policy small enough for 240 steps.
        private static let settings = [
            "inject=[{at: step=140, fail: gang, kind: garbage=12}]",
            "fault_tolerance.loss_spike={window: 32, armed_after: 16, wait: 10, back: 30, skip_beyond: 20}",
        ]

        /// The weights of the undisturbed run, computed by the first test that asks.
        private static let weights = Task {
            try await Scenario.play { scenario in try await LossSpikes.weights(of: scenario, workers: 1) }
        }

        private static func weights(of scenario: Scenario, workers: Int) async throws -> String {
            let child = try scenario.launch("run", ["nproc_per_node=\(workers)"] + settings)
            #expect(try await child.wait() == .exited(0), "\(child.errors)")
            return try check(scenario.history("run"), workers: workers)
        }

        /// The run went back once and left every bad batch out; returns its final weights.
        private static func check(_ history: RunHistory, workers: Int) throws -> String {
            let words = history.decisions.map(\.word).filter { $0 != "gradient rose" }
            #expect(words == (workers > 1 ? ["recompute"] : []) + ["wait", "rollback to 100"], "\(words)")
            #expect(history.segments.last?.course.skipped.count == 1)
            let skipped = try #require(history.segments.last?.course.skipped.first)
            #expect(skipped.lowerBound == 101 && skipped.contains(142) && skipped.contains(153), "\(skipped)")
            #expect(history.steps.filter(history.survives).map(\.step) == Array(1...240))
            return try #require(history.coordinator.run?.checkpoints.last?.weightsSHA256)
        }

        @Test(arguments: [2, 4])
        func `a spike, a rollback and a skip end with the same weights with any number of workers`(
            workers: Int
        ) async throws {
            try await Scenario.play { scenario in
                let own = try await LossSpikes.weights(of: scenario, workers: workers)
                #expect(try await own == LossSpikes.weights.value)
            }
        }

        @Test func `the weights are those of a run whose data never held what was left out`() async throws {
            try await Scenario.play { scenario in
                let treated = try scenario.launch("treated", ["nproc_per_node=2"] + LossSpikes.settings)
                #expect(try await treated.wait() == .exited(0), "\(treated.errors)")
                let history = try scenario.history("treated")
                let skipped = try #require(history.segments.last?.course.skipped.first)
                let clean = try scenario.launch(
                    "clean", ["nproc_per_node=1", "data.skip=[\(skipped.lowerBound)-\(skipped.upperBound - 1)]"])
                #expect(try await clean.wait() == .exited(0), "\(clean.errors)")
                let undisturbed = try scenario.history("clean")
                #expect(undisturbed.incidents.isEmpty && undisturbed.segments.map(\.course.skipped) == [[skipped]])
                #expect(
                    try LossSpikes.check(history, workers: 2)
                        == undisturbed.coordinator.run?.checkpoints.last?.weightsSHA256)
                let kept = history.steps.filter(history.survives).map(\.loss)
                #expect(kept == undisturbed.steps.map(\.loss), "every loss")
            }
        }

        @Test func `what is left out stays left out when the coordinator is killed behind the rollback`() async throws {
            try await Scenario.play { scenario in
                let child = try scenario.launch("run", ["nproc_per_node=2"] + LossSpikes.settings)
                _ = try await scenario.journal(of: "run", driver: child, until: "the run has gone back and gone on") {
                    $0.segments.last?.course.isStraight == false && $0.committed >= 110 ? () : nil
                }
                child.signal(SIGKILL)
                try await scenario.expectNobody()
                #expect(try await child.wait() == .signalled(SIGKILL))
                let resumed = try scenario.resume("run")
                #expect(try await resumed.wait() == .exited(0), "\(resumed.errors)")
                let own = try LossSpikes.check(scenario.history("run"), workers: 2)
                #expect(try await own == LossSpikes.weights.value)
            }
        }
    }
}
