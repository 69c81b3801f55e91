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
    }
}
