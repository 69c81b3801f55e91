// What a run does when the files it rests on are not what they were: checkpoints with a flipped bit, data that changed.
// Refuses gentle damage: one bit in the middle of a large file is what a bad disk does.

import Foundation
import Journaling
import ProcessHarness
import Testing

extension Live {
    @Suite("Damaged files")
    struct Damage {
        /// Stops a run by a signal after step 70; returns the steps of its checkpoints, oldest first.
        private func interruptedRun(_ scenario: Scenario) async throws -> [Int] {
            // Otherwise checkpoints are kept for a rollback beside those that `keep` asks for.
            let child = try scenario.launch("run", ["fault_tolerance.loss_spike.action=off"])
            _ = try await scenario.journal(of: "run", driver: child, until: "step 70 is committed") {
                $0.committed >= 70 ? () : nil
            }
            child.signal(SIGINT)
            #expect(try await child.wait() == .exited(130), "\(child.errors)")
            return try #require(try scenario.history("run").coordinator.run?.checkpoints.map(\.step))
        }

        /// Flips a bit in the middle of the file at `path`.
        private func flip(_ path: String) throws {
            var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            bytes[bytes.count / 2] ^= 0x10
            try bytes.write(to: URL(fileURLWithPath: path))
        }

        private func weights(_ scenario: Scenario, _ step: Int) -> String {
            "\(scenario.run("run").checkpoints)/\(String(format: "step-%08d", step))/model.safetensors"
        }

        @Test func `a damaged checkpoint is struck off and the one before is restored`() async throws {
            try await Scenario.play { scenario in
                let steps = try await interruptedRun(scenario)
                try #require(steps.count == 3)
                try flip(weights(scenario, steps[2]))
                let verified = try await scenario.understudy([
                    "checkpoint", "verify",
                    URL(fileURLWithPath: weights(scenario, steps[2])).deletingLastPathComponent().path,
                ])
                #expect(verified.code == 1)

                let resumed = try scenario.resume("run")
                #expect(try await resumed.wait() == .exited(0), "\(resumed.errors)")
                let history = try scenario.history("run")
                let incident = try #require(history.incidents.first)
                #expect(history.incidents.count == 1, "\(history.sentences)")
                #expect(incident.sentence.contains("could not restore the checkpoint of step \(steps[2]): "))
                #expect(incident.restoredStep == steps[1])
                try await Reference.check(history)
            }
        }

        @Test func `with every checkpoint damaged the run begins again`() async throws {
            try await Scenario.play { scenario in
                let steps = try await interruptedRun(scenario)
                for step in steps { try flip(weights(scenario, step)) }
                let resumed = try scenario.resume("run")
                #expect(try await resumed.wait() == .exited(0), "\(resumed.errors)")
                let history = try scenario.history("run")
                #expect(history.incidents.map(\.restoredStep) == steps.dropLast().reversed() + [0])
                #expect(history.sentences.allSatisfy { $0.contains("could not restore the checkpoint") })
                try await Reference.check(history)
            }
        }

        @Test func `changed data is refused with a reason and nothing is touched`() async throws {
            try await Scenario.play { scenario in
                _ = try await interruptedRun(scenario)
                let before = try scenario.records("run")
                // What the run trains on is its own copy: the files it was made from may change.
                try scenario.write("corpus.txt", "something else")
                let data = scenario.run("run").data
                let names = try FileManager.default.contentsOfDirectory(atPath: data).filter { !$0.hasSuffix(".json") }
                let snapshot = "\(data)/\(try #require(names.sorted().first))"
                try flip(snapshot)
                let refused = try scenario.resume("run")
                #expect(try await refused.wait() == .exited(3))
                #expect(refused.errors.contains(snapshot), "\(refused.errors)")
                #expect(refused.errors.hasSuffix("Nothing was started.\n"), "\(refused.errors)")
                #expect(try scenario.records("run") == before)

                try flip(snapshot)
                let resumed = try scenario.resume("run")
                #expect(try await resumed.wait() == .exited(0), "\(resumed.errors)")
                try await Reference.check(scenario.history("run"))
            }
        }
    }
}
