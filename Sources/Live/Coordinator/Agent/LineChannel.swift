// Two processes of one host that tell each other lines: a pair of connected sockets that keep the bounds of messages, one
// of which a child inherits. The end of either process is the end of the channel, and the other one's to notice. Refuses
// to keep what is said into a closed channel: who is gone is started again from what is durable.

import Foundation
import Primitives

/// One end of a channel. Any thread may send; one receives.
final class LineChannel: Sendable {
    /// What the other end did.
    enum Received {
        /// It said this.
        case line(Line)
        /// Nothing now.
        case nothing
        /// It is gone.
        case closed
    }

    /// Readable when there is something to receive.
    let descriptor: Int32

    /// The end that was inherited as `descriptor`. What this process starts does not inherit it again.
    init(inherited descriptor: Int32) {
        self.descriptor = descriptor
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }

    deinit { close(descriptor) }

    /// Both ends of a new channel.
    static func pair() throws(SupervisorError) -> (LineChannel, LineChannel) {
        var ends: [Int32] = [0, 0]
        let kind = Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw SupervisorError(what: "make a pair of sockets", errno: errno)
        }
        return (LineChannel(inherited: ends[0]), LineChannel(inherited: ends[1]))
    }

    /// Says `line`; waits while the other end has not read some hundred lines.
    func send(_ line: Line) {
        let bytes = Array(line.text.utf8)
        while Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) < 0, errno == EINTR {}
    }

    /// What has been said and not received, without waiting; with `waiting`, waits for it.
    func receive(waiting: Bool = false) -> Received {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, waiting ? 0 : Int32(MSG_DONTWAIT))
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN { return .nothing }
            guard count > 0 else { return .closed }
            // Both ends are this program; what it cannot read is as good as no other end.
            guard let line = try? Line(parsing: String(decoding: buffer[..<count], as: UTF8.self)) else {
                return .closed
            }
            return .line(line)
        }
    }
}
