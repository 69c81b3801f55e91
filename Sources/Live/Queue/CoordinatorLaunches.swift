// How the coordinator of a queued job is started: this program again, resuming the job's run. Refuses to start anything;
// the supervisor's thread asks.

import Journaling
import LiveCoordinator
import Primitives
import Synchronization

/// The jobs' runs, for the supervisor's thread.
final class CoordinatorLaunches: Sendable {
    /// What a coordinator is started for.
    struct Job: Sendable {
        /// The run.
        let run: RunFolder
        /// Where it shall listen.
        let endpoint: String
        /// How many workers it shall begin with; nil for the job's number.
        var workers: Int?
    }

    private let jobs = Mutex<[Int: Job]>([:])
    private let keyPath: String?

    /// Launches of coordinators that have the key in the file `keyPath`; nil for none.
    init(keyPath: String?) { self.keyPath = keyPath }

    /// Job `number` is started as `job` says from now on.
    func note(_ number: Int, _ job: Job) { jobs.withLock { $0[number] = job } }

    private subscript(number: Int) -> Job? { jobs.withLock { $0[number] } }

    /// The way to start `executable` for the job whose number is the slot's.
    func launch(of executable: String) -> Supervisor.Launch {
        Supervisor.Launch(
            executable: executable,
            arguments: { [self] slot in
                guard let job = self[slot.slot] else { preconditionFailure("job \(slot.slot) was not noted") }
                return [
                    "coordinator", "--resume", job.run.path, "--listen", job.endpoint, "--supervised", "--interval",
                    "60", "--no-color",
                ] + (keyPath.map { ["--key", $0] } ?? []) + (job.workers.map { ["--workers", String($0)] } ?? [])
            },
            log: { [self] slot, _ in self[slot.slot].map { "\($0.run.logs)/console.log" } ?? "/dev/null" })
    }
}
