// What the training thread is at, where the thread that sends heartbeats can read it: a thread that hangs cannot say so.
// Refuses to judge; it shows the last thing that was written.

import Messages
import Primitives
import Synchronization

/// The last word of the training thread on its progress.
final class ProgressBoard: Sendable {
    private let latest = Mutex<WorkerProgress?>(nil)

    /// What the thread was at last; nil while it is in no gang.
    var progress: WorkerProgress? { latest.withLock { $0 } }

    /// The thread turns to something else.
    func turn(to activity: WorkerProgress.Activity, step: Int, of generation: Generation) {
        latest.withLock { $0 = WorkerProgress(generation: generation, step: step, activity: activity) }
    }

    /// The thread has done one more part of what it is at.
    func advance() { latest.withLock { $0?.done += 1 } }

    /// A message of an exchange has come; those of `missing` are still awaited.
    func advance(missing: [Int]) {
        latest.withLock {
            $0?.done += 1
            $0?.missing = missing
        }
    }

    /// The thread has left its gang.
    func clear() { latest.withLock { $0 = nil } }
}
