// Workers that are killed from outside, at every bad moment: in mid-step, two at once, while the gang forms, while a
// checkpoint is being written. Refuses drills: these are accidents that the coordinator cannot have seen coming.

import ControlPlane
import Foundation
import Journaling
import ProcessHarness
import Testing

extension Live {
    @Suite("Killed workers")
    struct Kills {
        @Test func `a worker killed from outside is replaced and no bit changes`() async throws {
            try await Scenario.play { scenario in
                let child = try scenario.launch("run")
                _ = try await scenario.journal(of: "run", driver: child, until: "step 50 is committed") {
                    $0.committed >= 50 ? () : nil
                }
                let shown = try await scenario.understudy(["show", "run", "--json"])
                let document = try #require(
                    JSONSerialization.jsonObject(with: Data(shown.output.utf8)) as? [String: Any])
                let workers = try #require(document["workers"] as? [[String: Any]])
                let victim = try #require(workers.last?["pid"] as? Int)
                kill(pid_t(victim), SIGKILL)
                #expect(try await child.wait() == .exited(0), "\(child.errors)")

                let history = try scenario.history("run")
                let incident = try #require(history.incidents.first)
                #expect(history.incidents.count == 1)
                #expect(incident.injection == nil)
                #expect(incident.sentence.hasSuffix("was ended by SIGKILL"), "\(incident.sentence)")
                #expect(child.errors.contains("\(incident.name) step \(incident.step): \(incident.sentence)\n"))
                #expect(incident.restoredStep == incident.step && incident.lostSteps == 0)
                try await Reference.check(history)
            }
        }

        @Test func `two workers killed at once are both replaced`() async throws {
            try await Scenario.play { scenario in
                let child = try scenario.launch("run", ["nproc_per_node=3"])
                let victims = try await scenario.journal(of: "run", driver: child, until: "step 30 is committed") {
                    $0.committed >= 30 ? [0, 2].compactMap($0.process(rank:)) : nil
                }
                for victim in victims { kill(pid_t(victim.processID), SIGKILL) }
                #expect(try await child.wait() == .exited(0), "\(child.errors)")
                let history = try scenario.history("run")
                #expect(victims.count == 2)
                for victim in victims {
                    let lost = history.processes.first { $0.processID == victim.processID }?.lost
                    #expect(lost == .signalled(Int(SIGKILL)))
                }
                #expect((1...2).contains(history.incidents.count), "\(history.sentences)")
                try await Reference.check(history)
            }
        }

        @Test func `a member lost while the first gang forms is replaced`() async throws {
            try await Scenario.play { scenario in
                let coordinator = try scenario.start(
                    .understudy, ["coordinator", "job.yaml", "--run-id", "run", "--listen", "tcp://127.0.0.1:*"])
                let endpoint = try await coordinator.announcedEndpoint()
                let first = try scenario.worker(at: endpoint)
                _ = try await scenario.journal(of: "run", driver: coordinator, until: "the first worker has joined") {
                    $0.processes.count == 1 ? () : nil
                }
                // It cannot say that it has restored, so the gang stays half formed until the second signal.
                first.signal(SIGSTOP)
                let second = try scenario.worker(at: endpoint)
                _ = try await scenario.journal(of: "run", driver: coordinator, until: "a gang forms") {
                    $0.segments.count == 1 ? () : nil
                }
                first.signal(SIGKILL)
                let third = try scenario.worker(at: endpoint)
                #expect(try await coordinator.wait() == .exited(0), "\(coordinator.errors)")
                #expect(try await first.wait() == .signalled(SIGKILL))
                for worker in [second, third] { #expect(try await worker.wait() == .exited(0), "\(worker.errors)") }
                let history = try scenario.history("run")
                #expect(history.segments.map { $0.began != nil } == [false, true])
                #expect(history.incidents.count == 1)
                #expect(history.incidents.first?.restoredStep == 0)
                try await Reference.check(history)
            }
        }

        @Test func `rank 0 killed while it writes a checkpoint leaves no half of it to be restored`() async throws {
            try await Scenario.play { scenario in
                let child = try scenario.launch("run", ["checkpoint.save_interval=5"])
                let folder = scenario.run("run").checkpoints
                func unfinished() -> [String] {
                    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
                    return names.filter { $0.contains(".") }
                }
                let writer = try await scenario.journal(of: "run", driver: child, until: "a gang runs") {
                    $0.process(rank: 0)
                }
                // A stopped writer cannot finish between the look and the kill.
                _ = try await eventually("the writer is caught in the act") {
                    guard !unfinished().isEmpty else { return child.poll() == nil ? nil : () }
                    kill(pid_t(writer.processID), SIGSTOP)
                    if !unfinished().isEmpty { return () }
                    kill(pid_t(writer.processID), SIGCONT)
                    return nil
                }
                let caught = unfinished()
                #expect(!caught.isEmpty, "no checkpoint was caught unfinished")
                kill(pid_t(writer.processID), SIGKILL)
                #expect(try await child.wait() == .exited(0), "\(child.errors)")
                let history = try scenario.history("run")
                #expect(history.sentences.contains { $0.hasSuffix("was ended by SIGKILL") }, "\(history.sentences)")
                #expect(!history.sentences.contains { $0.contains("could not restore") }, "\(history.sentences)")
                try await Reference.check(history)
            }
        }
    }
}
