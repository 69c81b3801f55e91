// Waiting for sockets and descriptors at once. Refuses to dispatch: it says what is ready, in the order asked, and the
// caller's loop decides.

import CZeroMQ
import Glibc
import Primitives

/// Something that can become readable.
package enum Pollable {
    /// A message can be received.
    case socket(ZMQSocket)
    /// A descriptor can be read: an event counter, a pipe's end, a process's pidfd.
    case descriptor(Int32)
}

/// Waits until one of `items` is readable, or `timeout` has passed (nil: for ever); tells for each whether it is. All
/// false when the time passed or a signal came. A timeout is rounded up to whole milliseconds.
package func waitUntilReadable(_ items: [Pollable], timeout: TimeSpan?) throws(ZMQError) -> [Bool] {
    var polled = items.map { item in
        switch item {
        case .socket(let socket): zmq_pollitem_t(socket: socket.raw, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0)
        case .descriptor(let fd): zmq_pollitem_t(socket: nil, fd: fd, events: Int16(ZMQ_POLLIN), revents: 0)
        }
    }
    let milliseconds = timeout.map { max(0, ($0.nanoseconds + 999_999) / 1_000_000) } ?? -1
    guard zmq_poll(&polled, Int32(polled.count), Int(milliseconds)) >= 0 else {
        guard zmq_errno() == EINTR else { throw ZMQError("wait for messages") }
        return items.map { _ in false }
    }
    // A descriptor in error (a closed pipe) counts as readable: reading it is how its owner learns of the error.
    return polled.map { $0.revents != 0 }
}

/// The machine's monotonic clock, for deadlines; its zero means nothing.
package func monotonicTime() -> TimeSpan {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return .seconds(Int64(time.tv_sec)) + TimeSpan(nanoseconds: Int64(time.tv_nsec))
}
