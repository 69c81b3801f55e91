// The claim to drive a run: a lock on a file of its folder, which belongs to whoever has the file open and so to the agent
// and the coordinator that it started, together. A run whose coordinator is being started again is driven all the while.
// Refuses to say who holds it: the kernel does not know either.

import Foundation
import Glibc
import Journaling

/// A run's lock, held as long as this or another process has it.
public final class RunLock: Sendable {
    let descriptor: Int32

    /// Takes the lock of the run in `folder`.
    /// - Throws: `LiveRunError.busy` when another process holds it.
    init(of folder: RunFolder) throws(LiveRunError) {
        descriptor = open(folder.lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw .cannotMake(path: folder.lock, reason: String(cString: strerror(errno)))
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw .busy(path: folder.path)
        }
    }

    /// The lock that the agent passed on as `descriptor`. What this process starts does not inherit it again.
    public init(inherited descriptor: Int32) {
        self.descriptor = descriptor
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }

    deinit { close(descriptor) }

    /// Whether a process drives the run in `folder` now.
    static func isHeld(_ folder: RunFolder) -> Bool {
        let lock = open(folder.lock, O_RDWR | O_CLOEXEC)
        guard lock >= 0 else { return false }
        defer { close(lock) }
        return flock(lock, LOCK_SH | LOCK_NB) != 0
    }
}
