// Coordinators that are killed while their workers live on: the next one takes over from the journal, and no committed
// step is lost or done twice. Refuses to look at clocks; benchmarks/recovery does.

import ControlPlane
import Foundation
import Journaling
import ProcessHarness
import Testing

extension Live {
    @Suite("Killed coordinators")
    struct CoordinatorKills {
        @Test func `workers started by hand go on with the next coordinator at the address of the last`() async throws {
            try await Scenario.play { scenario in
                let drill = Scenario.overrides(["inject=[{at: step=60, fail: coordinator, kind: kill}]"])
                let first = try scenario.start(
                    .understudy,
                    ["coordinator", "job.yaml", "--run-id", "run", "--listen", "tcp://127.0.0.1:*"] + drill)
                let endpoint = try await first.announcedEndpoint()
                let workers = [try scenario.worker(at: endpoint), try scenario.worker(at: endpoint)]
                #expect(try await first.wait() == .signalled(SIGKILL))
                let second = try scenario.start(
                    .understudy, ["coordinator", "--resume", "run", "--listen", endpoint])
                #expect(try await second.wait() == .exited(0), "\(second.errors)")
                for worker in workers { #expect(try await worker.wait() == .exited(0), "\(worker.errors)") }

                let history = try scenario.history("run")
                #expect(history.incidents.map(\.cause) == [.interruption(.coordinatorLost)], "\(history.sentences)")
                #expect(history.incidents.first?.injection == 0)
                #expect(history.incidents.first?.step == 60 && history.incidents.first?.lostSteps == 0)
                #expect(history.steps.count == 240, "no step was done twice")
                #expect(history.processes.count == 2, "nobody was new to the second coordinator")
                try await Reference.check(history)
            }
        }

        /// The coordinators that a launched run has now: one, or none for a moment.
        private func coordinators(_ scenario: Scenario) -> [pid_t] {
            ProcessTable.members(of: scenario.folder).filter { $0.command.contains(" drive-launched-run ") }
                .map(\.processID)
        }

        /// Kills the coordinator and waits until another one lives.
        private func killCoordinator(_ scenario: Scenario, of launch: Child) async throws {
            let victim = try await eventually("there is a coordinator") { coordinators(scenario).first }
            kill(victim, SIGKILL)
            _ = try await eventually("another coordinator lives") {
                guard launch.poll() == nil else { throw HarnessError("the run ended:\n\(launch.errors)") }
                return coordinators(scenario).contains { $0 != victim } ? () : nil
            }
        }

        @Test func `a launched run whose coordinator is killed goes on with the same workers`() async throws {
            try await Scenario.play { scenario in
                let kills = [40, 100, 101].map { "{at: step=\($0), fail: coordinator, kind: kill}" }
                let launch = try scenario.launch("run", ["inject=[\(kills.joined(separator: ", "))]"])
                #expect(try await launch.wait() == .exited(0), "\(launch.errors)")
                #expect(launch.errors.contains("the coordinator was ended by SIGKILL, and is started again\n"))
                #expect(launch.output.contains("all 240 steps are committed and saved"), "\(launch.output)")
                let history = try scenario.history("run")
                #expect(history.incidents.map(\.injection) == [0, 1, 2], "\(history.sentences)")
                #expect(history.incidents.allSatisfy { $0.cause == .interruption(.coordinatorLost) })
                #expect(history.incidents.allSatisfy { $0.lostSteps == 0 && $0.restoredStep == $0.step })
                #expect(history.steps.count == 240, "no step was done twice")
                #expect(history.processes.count == 2, "no worker was started again")
                try await Reference.check(history)
            }
        }

        @Test func `a coordinator killed from outside is followed by another`() async throws {
            try await Scenario.play { scenario in
                let launch = try scenario.launch("run", ["train.train_iters=100000"])
                for _ in 1...3 {
                    let step = try await scenario.journal(of: "run", driver: launch, until: "steps are committed") {
                        $0.current.map { ($0.lastStep ?? 0) > $0.restored + 10 } ?? false ? $0.committed : nil
                    }
                    try await killCoordinator(scenario, of: launch)
                    _ = try await scenario.journal(of: "run", driver: launch, until: "more steps are committed") {
                        $0.committed > step + 10 ? () : nil
                    }
                }
                launch.signal(SIGINT)
                #expect(try await launch.wait() == .exited(130), "\(launch.errors)")
                let history = try scenario.history("run")
                #expect(history.incidents.map(\.injection) == [nil, nil, nil], "\(history.sentences)")
                #expect(history.steps.map(\.step) == Array(1...history.committed), "each step once")
                #expect(history.processes.count == 2, "no worker was started again")
            }
        }

        @Test func `a coordinator killed before there is a gang is started again`() async throws {
            try await Scenario.play { scenario in
                let launch = try scenario.launch("run")
                try await killCoordinator(scenario, of: launch)
                #expect(try await launch.wait() == .exited(0), "\(launch.errors)")
                let history = try scenario.history("run")
                #expect(history.steps.count == 240)
                try await Reference.check(history)
            }
        }

        @Test func `a worker that dies while there is no coordinator is replaced`() async throws {
            try await Scenario.play { scenario in
                let launch = try scenario.launch("run", ["nproc_per_node=3"])
                let worker = try await scenario.journal(of: "run", driver: launch, until: "step 60 is committed") {
                    $0.committed >= 60 ? $0.process(rank: 1) : nil
                }
                let victim = try #require(coordinators(scenario).first)
                // A stopped coordinator hears of nothing, so the next one is the first to know.
                kill(victim, SIGSTOP)
                kill(pid_t(worker.processID), SIGKILL)
                kill(victim, SIGKILL)
                #expect(try await launch.wait() == .exited(0), "\(launch.errors)")
                let history = try scenario.history("run")
                #expect(history.processes.count == 4, "one new worker")
                #expect(history.steps.count == 240, "no step was done twice")
                try await Reference.check(history)
            }
        }

        @Test func `a wish to end is heard by the next coordinator too`() async throws {
            try await Scenario.play { scenario in
                let launch = try scenario.launch("run", ["train.train_iters=100000"])
                _ = try await scenario.journal(of: "run", driver: launch, until: "step 30 is committed") {
                    $0.committed >= 30 ? () : nil
                }
                let victim = try #require(coordinators(scenario).first)
                kill(victim, SIGSTOP)
                launch.signal(SIGTERM)
                kill(victim, SIGKILL)
                #expect(try await launch.wait() == .exited(143), "\(launch.errors)")
                let history = try scenario.history("run")
                #expect(history.outcome == .interrupted(checkpoint: history.committed))
            }
        }

        @Test func `a coordinator that cannot live is not started for ever`() async throws {
            try await Scenario.play { scenario in
                let launch = try scenario.launch(
                    "run", ["fault_tolerance.max_restarts=2", "train.train_iters=100000"])
                // Whoever is killed before the gang computes has committed nothing.
                var killed: [pid_t] = []
                while launch.poll() == nil {
                    for victim in coordinators(scenario) where !killed.contains(victim) {
                        kill(victim, SIGKILL)
                        killed.append(victim)
                    }
                    try await Task.sleep(for: .milliseconds(1))
                }
                #expect(launch.poll() == .exited(5), "\(launch.errors)")
                #expect(killed.count == 3, "the first and two restarts")
                #expect(launch.errors.contains("2 times in a row without a committed step"), "\(launch.errors)")
            }
        }
    }
}
