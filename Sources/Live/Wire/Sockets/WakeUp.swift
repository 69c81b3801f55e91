// How one thread wakes another that waits for messages: an event counter that polls like a socket, and a mailbox of
// values on top of it. Refuses to be a socket: threads of one process share memory, and a lock is cheaper than a frame.

import CHost
import Glibc
import Synchronization

/// A flag that wakes whoever polls its descriptor. Stays raised until it is cleared.
public final class WakeUp: Sendable {
    /// Readable while the flag is raised.
    public let descriptor: Int32

    /// A lowered flag; traps when the process has no descriptor left, as nothing can be waited for then.
    public init() {
        descriptor = chost_eventfd()
        precondition(descriptor >= 0, "no event counter: \(String(cString: strerror(-descriptor)))")
    }

    deinit { close(descriptor) }

    /// Raises the flag, from any thread.
    public func raise() {
        var one: UInt64 = 1
        // Fails only when the counter is full, and then the flag is raised.
        _ = write(descriptor, &one, 8)
    }

    /// Lowers the flag.
    public func clear() {
        var count: UInt64 = 0
        _ = read(descriptor, &count, 8)
    }

    /// Returns once the flag is raised.
    public func wait() {
        var item = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while poll(&item, 1, -1) < 1 {}
    }

    /// Whether the flag is raised.
    public var isRaised: Bool {
        var item = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&item, 1, 0) == 1
    }
}

/// Values handed from any thread to the one that polls `wakeUp`.
public final class Mailbox<Value: Sendable>: Sendable {
    /// Raised while values wait.
    public let wakeUp = WakeUp()
    private let values = Mutex<[Value]>([])

    /// An empty mailbox.
    public init() {}

    /// Adds `value` and wakes the reader.
    public func post(_ value: Value) {
        values.withLock { $0.append(value) }
        wakeUp.raise()
    }

    /// Everything posted so far, in order; leaves the mailbox empty and lowers its flag.
    public func takeAll() -> [Value] {
        // Lowered before the values are taken: what is posted in between raises it again.
        wakeUp.clear()
        return values.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
    }
}
