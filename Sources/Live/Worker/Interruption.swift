// How the thread that listens to the coordinator stops the thread that trains: the newest generation that was aborted,
// and a flag that wakes a wait for other members. Both, because a flag alone could be lowered by a generation that it
// was not raised for. Refuses to stop arithmetic: a micro-batch is computed to its end.

import Primitives
import Synchronization
import Wire

/// What the training thread must give up.
final class Interruption: Sendable {
    /// Raised while the current generation is aborted.
    let flag = WakeUp()
    private let newest = Mutex(Generation(0))

    /// Every generation up to `generation` is aborted.
    func abort(_ generation: Generation) {
        newest.withLock { $0 = max($0, generation) }
        flag.raise()
    }

    /// Whether `generation` is aborted.
    func isAborted(_ generation: Generation) -> Bool { newest.withLock { $0 >= generation } }

    /// Lowers the flag for a new generation, unless that one is aborted too.
    func begin(_ generation: Generation) {
        flag.clear()
        // In this order: an abort that comes in between raises the flag after it was lowered, or is seen here.
        if isAborted(generation) { flag.raise() }
    }
}
