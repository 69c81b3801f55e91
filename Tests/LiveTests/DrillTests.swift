// Faults that a run inflicts on itself, of every kind: each is an incident of its own and marked, and none changes a bit
// of the result. Refuses to wait for what only a time-out of the control plane would end: stops and partitions that are
// shorter than it pass without a trace.

import ControlPlane
import Foundation
import Journaling
import ProcessHarness
import Testing

extension Live {
    @Suite("Drills")
    struct Drills {
        @Test func `faults of every kind are met without changing a bit, and each is an incident`() async throws {
            try await Scenario.play { scenario in
                let faults = [
                    "at: step=20, fail: rank 1, kind: nan", "at: step=40, fail: rank 1, kind: stop, for: 200ms",
                    "at: step=60, fail: rank 2, kind: slow=3x, for: 200ms",
                    "at: step=80, fail: rank 2, kind: partition, for: 200ms",
                    "at: step=95, fail: link 0-2, kind: partition, for: 200ms",
                    "at: step=110, fail: rank 0, kind: partition=in, for: 200ms",
                    "at: step=125, fail: rank 1, kind: partition=out, for: 200ms",
                    "at: step=49, kind: disk_full, for: 300ms", "at: step=195, kind: corrupt=checkpoint",
                    "at: step=196, fail: gang, kind: kill", "at: step=220, fail: newcomer, kind: kill",
                ]
                let child = try scenario.launch(
                    "run",
                    [
                        "nproc_per_node=3", "fault_tolerance.spares=1", "checkpoint.save_interval=50",
                        "inject=[" + faults.map { "{\($0)}" }.joined(separator: ", ") + "]",
                    ])
                #expect(try await child.wait() == .exited(0), "\(child.errors)")
                let records = try scenario.records("run")
                let history = RunHistory(records)
                #expect(Set(RunHistory.drills(records)) == Set(faults.indices), "\(history.sentences)")
                #expect(history.incidents.allSatisfy { $0.injection != nil }, "\(history.sentences)")
                #expect(history.sentences.contains { $0.contains("gave no finite number, for the sums of") })
                #expect(history.sentences.contains { $0.contains("No space left on device") })
                #expect(history.sentences.contains { $0.contains("could not restore the checkpoint of step") })
                try await Reference.check(history)
            }
        }

        @Test func `a fault that a person inflicts on a run that goes on is a drill`() async throws {
            try await Scenario.play { scenario in
                // The pause leaves time to inflict something while the run certainly goes on.
                let child = try scenario.launch(
                    "run", ["inject=[{at: step=40, fail: rank 0, kind: stop, for: 900ms}]"])
                _ = try await scenario.journal(of: "run", driver: child, until: "the run pauses") {
                    $0.committed >= 40 ? () : nil
                }
                let asked = try await scenario.understudy(
                    ["inject", "run", "--fail", "rank=1", "--kind", "kill"])
                #expect(asked.code == 0, "\(asked.errors)")
                #expect(try await child.wait() == .exited(0), "\(child.errors)")
                let history = try scenario.history("run")
                #expect(history.sentences.count { $0.contains("SIGKILL") } == 1, "\(history.sentences)")
                #expect(history.incidents.allSatisfy { $0.injection != nil }, "\(history.sentences)")
                try await Reference.check(history)
                let late = try await scenario.understudy(
                    ["inject", "run", "--fail", "rank=1", "--kind", "kill"])
                #expect(late.code != 0 && !late.errors.isEmpty)
            }
        }

        @Test func `a worker that is slow for long is replaced by a spare, and no step is done again`() async throws {
            try await Scenario.play { scenario in
                let child = try scenario.launch(
                    "run",
                    [
                        "fault_tolerance.spares=1",
                        "fault_tolerance.straggler={action: swap, factor: 3, for: 10 steps}",
                        "inject=[{at: step=40, fail: rank 1, kind: slow=20x, for: 1min}]",
                    ])
                #expect(try await child.wait() == .exited(0), "\(child.errors)")
                let history = try scenario.history("run")
                #expect(
                    history.sentences.contains {
                        $0.contains("times as long as the others") && $0.hasSuffix("replaced")
                    },
                    "\(history.sentences)")
                #expect(history.incidents.filter { $0.injection == 0 }.count == 1, "\(history.sentences)")
                #expect(history.incidents.allSatisfy { $0.lostSteps == 0 })
                try await Reference.check(history)
            }
        }

        @Test func `a worker that is stopped for longer than it is believed is replaced`() async throws {
            try await Scenario.play { scenario in
                let child = try scenario.launch(
                    "run",
                    [
                        "fault_tolerance.spares=1", "fault_tolerance.heartbeat.interval=50ms",
                        "fault_tolerance.heartbeat.timeout=1s",
                        "inject=[{at: step=40, fail: rank 1, kind: stop, for: 1min}]",
                    ])
                #expect(try await child.wait() == .exited(0), "\(child.errors)")
                let history = try scenario.history("run")
                #expect(history.incidents.filter { $0.injection == 0 }.count == 1, "\(history.sentences)")
                #expect(history.sentences.contains { $0.contains("was silent for") }, "\(history.sentences)")
                try await Reference.check(history)
            }
        }
    }
}
