// Workers that are started by hand against a coordinator that supervises nobody, with and without keys, and what comes
// of those that do not fit. Refuses the supervisor: here a lost worker comes back only when the test starts one.

import ControlPlane
import Foundation
import Journaling
import ProcessHarness
import Testing

extension Live {
    @Suite("Workers by hand")
    struct ByHand {
        private func coordinator(_ scenario: Scenario, _ arguments: [String] = []) throws -> Child {
            try scenario.start(
                .understudy,
                ["coordinator", "job.yaml", "--run-id", "run", "--listen", "tcp://127.0.0.1:*"] + arguments)
        }

        @Test func `workers started by hand train and are let go at the end`() async throws {
            try await Scenario.play { scenario in
                let coordinator = try coordinator(scenario)
                let endpoint = try await coordinator.announcedEndpoint()
                let workers = [
                    try scenario.worker(at: endpoint, ["--node", "left"]),
                    try scenario.worker(at: endpoint, ["--node", "right"]),
                ]
                #expect(try await coordinator.wait() == .exited(0), "\(coordinator.errors)")
                for worker in workers {
                    #expect(try await worker.wait() == .exited(0), "\(worker.errors)")
                    #expect(worker.errors.hasSuffix("understudy-worker: released: the run is over\n"))
                }
                let history = try scenario.history("run")
                #expect(history.processes.map(\.node.name).sorted() == ["left", "right"])
                try await Reference.check(history)
            }
        }

        @Test func `only holders of the key get in, and the others disturb nobody`() async throws {
            try await Scenario.play { scenario in
                for key in ["right.key", "wrong.key"] {
                    let made = try await scenario.understudy(["keys", key])
                    #expect(made.code == 0 && made.output == "\(key)\n")
                }
                let coordinator = try coordinator(scenario, ["--key", "right.key"])
                let endpoint = try await coordinator.announcedEndpoint()
                for (arguments, sentence) in [
                    (["--key", "wrong.key"], "do not share a key"), ([], "demands a key or is none"),
                ] {
                    let stranger = try scenario.worker(at: endpoint, arguments)
                    #expect(try await stranger.wait() == .exited(8))
                    #expect(stranger.errors.contains(sentence), "\(stranger.errors)")
                    #expect(stranger.errors.split(separator: "\n").count == 1, "\(stranger.errors)")
                }
                let members = [
                    try scenario.worker(at: endpoint, ["--key", "right.key"]),
                    try scenario.worker(at: endpoint, ["--key", "right.key"]),
                ]
                _ = try await scenario.journal(of: "run", driver: coordinator, until: "the gang runs") {
                    $0.committed > 0 ? () : nil
                }
                let late = try scenario.worker(at: endpoint, ["--key", "wrong.key"])
                #expect(try await late.wait() == .exited(8), "\(late.errors)")
                #expect(try await coordinator.wait() == .exited(0), "\(coordinator.errors)")
                for member in members { #expect(try await member.wait() == .exited(0), "\(member.errors)") }
                #expect(coordinator.errors.contains("a stranger was turned away"), "\(coordinator.errors)")
                let history = try scenario.history("run")
                #expect(history.incidents.isEmpty, "\(history.sentences)")
                #expect(history.processes.count == 2)
                try await Reference.check(history)
            }
        }

        @Test func `a worker whose coordinator is gone leaves when its lease ends`() async throws {
            try await Scenario.play { scenario in
                let coordinator = try coordinator(
                    scenario,
                    Scenario.overrides([
                        "train.train_iters=100000", "checkpoint.save_interval=100000", "fault_tolerance.lease=2s",
                        "fault_tolerance.heartbeat.interval=100ms", "fault_tolerance.heartbeat.timeout=1s",
                    ]))
                let endpoint = try await coordinator.announcedEndpoint()
                let workers = [try scenario.worker(at: endpoint), try scenario.worker(at: endpoint)]
                _ = try await scenario.journal(of: "run", driver: coordinator, until: "the gang runs") {
                    $0.committed > 0 ? () : nil
                }
                coordinator.signal(SIGKILL)
                for worker in workers {
                    #expect(try await worker.wait() == .exited(1))
                    #expect(
                        worker.errors.hasSuffix("nothing was heard from the coordinator for 2.0s\n"), "\(worker.errors)"
                    )
                }
            }
        }

        @Test func `a worker that finds no coordinator says so and where it looked`() async throws {
            try await Scenario.play { scenario in
                let worker = try scenario.worker(at: "ipc://\(scenario.folder)/nobody", ["--patience", "0.3"])
                #expect(try await worker.wait() == .exited(8))
                #expect(
                    worker.errors == "understudy-worker: no coordinator answers at ipc://\(scenario.folder)/nobody "
                        + "within 300.0ms; is it running, and is the address right?\n")
            }
        }
    }
}
