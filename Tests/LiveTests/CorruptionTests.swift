// One flipped bit in a worker's memory: found before the next step counts, and gone from the result. Refuses the rules
// of who is to blame; ControlPlane's tests have those.

import ControlPlane
import Foundation
import Journaling
import ProcessHarness
import Testing

extension Live {
    @Suite("Silent corruption")
    struct SilentCorruption {
        private func disputes(_ history: RunHistory) -> [StateDispute] {
            history.incidents.compactMap {
                if case .interruption(.statesDiffer(let dispute)) = $0.cause { dispute } else { nil }
            }
        }

        @Test func `of three members the one with the flipped bit is replaced, and no bit of the result changes`()
            async throws
        {
            try await Scenario.play { scenario in
                let child = try scenario.launch(
                    "run",
                    [
                        "nproc_per_node=3", "fault_tolerance.spares=1",
                        "inject=[{at: step=50, fail: rank 0, kind: corrupt=parameters}, "
                            + "{at: step=130, fail: rank 2, kind: corrupt=parameters}]",
                    ])
                #expect(try await child.wait() == .exited(0), "\(child.errors)")
                let history = try scenario.history("run")
                let found = disputes(history)
                #expect(found.count == 2 && found.allSatisfy { $0.corrupt.count == 1 && $0.restored == nil })
                #expect(history.incidents.compactMap(\.injection) == [0, 1], "\(history.sentences)")
                #expect(history.incidents.allSatisfy { $0.lostSteps == 0 }, "\(history.sentences)")
                try await Reference.check(history)
            }
        }

        @Test func `of two members both go back to the checkpoint they agreed on`() async throws {
            try await Scenario.play { scenario in
                let child = try scenario.launch(
                    "run", ["inject=[{at: step=50, fail: rank 1, kind: corrupt=parameters}]"])
                #expect(try await child.wait() == .exited(0), "\(child.errors)")
                let history = try scenario.history("run")
                #expect(disputes(history).count == 1, "\(history.sentences)")
                #expect(disputes(history).first?.restored == 40, "\(history.sentences)")
                try await Reference.check(history)
            }
        }

        @Test func `a bit of a sum that flips before it is told is everybody's, and nothing shows it`() async throws {
            try await Scenario.play { scenario in
                let child = try scenario.launch("run", ["inject=[{at: step=50, fail: rank 1, kind: corrupt=gradient}]"])
                #expect(try await child.wait() == .exited(0), "\(child.errors)")
                let history = try scenario.history("run")
                #expect(history.sentences == ["corrupt=gradient rank 1"])
                let weights = history.coordinator.run?.checkpoints.last?.weightsSHA256
                let reference = try await Reference.shared.value
                #expect(weights != reference.weights, "the drill did nothing")
            }
        }
    }
}
