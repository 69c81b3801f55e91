// Runs whose driving process ends before its time, by SIGKILL or by a user's wish: no worker is left, and the run goes
// on later as if nothing had been. Refuses to look at clocks: that something is prompt is said by what it does not wait
// for.

import ControlPlane
import Foundation
import Journaling
import ProcessHarness
import Testing

extension Live {
    @Suite("Ends and resumptions")
    struct Endings {
        /// Launches a run and waits until it has committed `step`.
        private func launch(
            _ scenario: Scenario, until step: Int, _ settings: [String] = []
        ) async throws -> Child {
            let child = try scenario.launch("run", settings)
            _ = try await scenario.journal(of: "run", driver: child, until: "step \(step) is committed") {
                $0.committed >= step ? () : nil
            }
            return child
        }

        @Test func `a killed coordinator takes its workers along and its run is resumed`() async throws {
            try await Scenario.play { scenario in
                let drills =
                    "inject=[{at: step=30, fail: rank 1, kind: kill}, {at: step=150, fail: rank 0, kind: kill}]"
                let child = try await launch(scenario, until: 70, [drills])
                child.signal(SIGKILL)
                try await scenario.expectNobody()
                #expect(try await child.wait() == .signalled(SIGKILL))
                #expect(try scenario.history("run").outcome == nil)

                let resumed = try scenario.resume("run")
                #expect(try await resumed.wait() == .exited(0), "\(resumed.errors)")
                let records = try scenario.records("run")
                let history = RunHistory(records)
                #expect(RunHistory.drills(records) == [0, 1], "each drill once in the run's life")
                #expect(history.incidents.map(\.injection) == [0, nil, 1], "\(history.sentences)")
                #expect(history.incidents.dropFirst().first?.cause == .interruption(.coordinatorLost))
                for incident in history.incidents {
                    #expect(incident.restoredStep == history.restoration(after: incident))
                }
                #expect(history.ledger[.stalled] > .zero)
                try await Reference.check(history)
            }
        }

        @Test(arguments: [SIGINT, SIGTERM])
        func `a signal saves and ends the run, which goes on later`(signal: Int32) async throws {
            try await Scenario.play { scenario in
                let child = try await launch(scenario, until: 50)
                child.signal(signal)
                #expect(try await child.wait() == .exited(128 + signal), "\(child.errors)")
                #expect(child.errors.contains("Resume it with: understudy launch --resume run\n"))
                try await scenario.expectNobody()
                let stopped = try scenario.history("run")
                // Nothing is lost: what is saved is the last step that was committed.
                #expect(stopped.outcome == .interrupted(checkpoint: stopped.committed))
                #expect(stopped.committed >= 50 && stopped.committed < 240)

                let resumed = try scenario.resume("run")
                #expect(try await resumed.wait() == .exited(0), "\(resumed.errors)")
                let history = try scenario.history("run")
                #expect(history.incidents.isEmpty, "\(history.sentences)")
                #expect(history.steps.count == 240, "no step was done twice")
                try await Reference.check(history)
            }
        }

        @Test func `a second signal does not wait for the checkpoint`() async throws {
            try await Scenario.play { scenario in
                let child = try await launch(
                    scenario, until: 25, ["fault_tolerance.heartbeat.timeout=1h", "fault_tolerance.lease=2h"])
                let member = try #require(try scenario.history("run").process(rank: 1))
                // A stopped member contributes nothing, so there is no next commit and nothing is saved.
                kill(pid_t(member.processID), SIGSTOP)
                child.signal(SIGINT)
                _ = try await eventually("the wish is recorded") {
                    try scenario.records("run").contains {
                        if case .interruptRequested = $0.event { true } else { false }
                    } ? () : nil
                }
                #expect(child.poll() == nil)
                child.signal(SIGINT)
                // Shorter than the grace that workers are given to leave by themselves.
                #expect(try await child.wait(within: 4) == .exited(130), "\(child.errors)")
                try await scenario.expectNobody()

                let resumed = try scenario.resume("run")
                #expect(try await resumed.wait() == .exited(0), "\(resumed.errors)")
                try await Reference.check(scenario.history("run"))
            }
        }

        @Test func `a run that is driven cannot be resumed beside its driver`() async throws {
            try await Scenario.play { scenario in
                let child = try await launch(scenario, until: 5)
                let second = try scenario.resume("run")
                #expect(try await second.wait() == .exited(1))
                #expect(second.errors.contains("another process drives the run"), "\(second.errors)")
                #expect(try await child.wait() == .exited(0), "\(child.errors)")
                try await Reference.check(scenario.history("run"))
                let third = try scenario.resume("run")
                #expect(try await third.wait() == .exited(1))
                #expect(third.errors.contains("has completed all of its 240 steps"), "\(third.errors)")
            }
        }
    }
}
