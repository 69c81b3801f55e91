// A ZeroMQ socket with Swift's manners: typed errors, typed options, closing by going out of scope. Every socket drops
// what it has not sent when it closes (linger 0), because nothing here may hang at its end; what must arrive is
// acknowledged by the protocols above. Refuses to be shared: it belongs to the thread that created it.

import CZeroMQ

/// A socket, owned by one thread from creation to closing.
package final class ZMQSocket {
    /// The patterns that the project uses.
    package enum Kind: Int32 {
        /// Talks with many peers, each by its routing identity.
        case router = 6
        /// Talks with one router.
        case dealer = 5
        /// Receives from many.
        case pull = 7
        /// Sends to one.
        case push = 8
        /// One end of a pipe inside a process.
        case pair = 0
        /// Answers one request at a time.
        case reply = 4
    }

    /// What became of a message that was to be sent without waiting.
    package enum Sent: Equatable {
        /// It is on its way.
        case queued
        /// The peer's queue is full.
        case full
        /// There is no such peer any more.
        case unroutable
    }

    let raw: UnsafeMutableRawPointer
    let context: ZMQContext

    /// A socket of `kind` in `context`.
    package init(_ kind: Kind, in context: ZMQContext) throws(ZMQError) {
        guard let raw = zmq_socket(context.raw, kind.rawValue) else { throw ZMQError("open a socket") }
        self.raw = raw
        self.context = context
        try set(ZMQ_LINGER, to: 0)
    }

    deinit { zmq_close(raw) }

    /// Listens on `endpoint`; returns the endpoint in full, with the port that was chosen for `*` or `0`.
    package func bind(_ endpoint: String) throws(ZMQError) -> String {
        guard zmq_bind(raw, endpoint) == 0 else { throw ZMQError("listen on", endpoint) }
        return try text(ZMQ_LAST_ENDPOINT, capacity: 512)
    }

    /// Connects to `endpoint`, now or as soon as somebody listens there.
    package func connect(_ endpoint: String) throws(ZMQError) {
        guard zmq_connect(raw, endpoint) == 0 else { throw ZMQError("connect to", endpoint) }
    }

    /// Sends a copy of `bytes` without waiting. After `.full` or `.unroutable` nothing of the part was sent.
    @discardableResult
    package func send(_ bytes: [UInt8], more: Bool = false) throws(ZMQError) -> Sent {
        try outcome(ofErrno: bytes.withUnsafeBytes { errnoOfSending($0, more: more) })
    }

    /// Sends a copy of `buffer` without waiting. After `.full` or `.unroutable` nothing of the part was sent.
    @discardableResult
    package func send(copying buffer: UnsafeRawBufferPointer, more: Bool = false) throws(ZMQError) -> Sent {
        try outcome(ofErrno: errnoOfSending(buffer, more: more))
    }

    private func errnoOfSending(_ buffer: UnsafeRawBufferPointer, more: Bool) -> Int32 {
        while zmq_send(raw, buffer.baseAddress, buffer.count, ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0)) < 0 {
            if zmq_errno() != EINTR { return zmq_errno() }
        }
        return 0
    }

    private func outcome(ofErrno code: Int32) throws(ZMQError) -> Sent {
        switch code {
        case 0: return .queued
        case EAGAIN: return .full
        case EHOSTUNREACH: return .unroutable
        default: throw ZMQError(code: code, "send a message")
        }
    }

    /// Sends `buffer` from where it lies as a message's last part.
    /// - Precondition: the bytes live and stay the same until the receiver has them, or for ever when that is unknown.
    package func send(borrowing buffer: UnsafeRawBufferPointer) throws(ZMQError) {
        var message = zmq_msg_t()
        let start = UnsafeMutableRawPointer(mutating: buffer.baseAddress)
        guard zmq_msg_init_data(&message, start, buffer.count, nil, nil) == 0 else { throw ZMQError("wrap a message") }
        while zmq_msg_send(&message, raw, ZMQ_DONTWAIT) < 0 {
            guard zmq_errno() == EINTR else {
                let error = ZMQError("send a message")
                zmq_msg_close(&message)
                throw error
            }
        }
    }

    /// Receives the next part into `message` without waiting; false when there is none.
    package func receive(into message: ZMQMessage) throws(ZMQError) -> Bool {
        while zmq_msg_recv(message.raw, raw, ZMQ_DONTWAIT) < 0 {
            switch zmq_errno() {
            case EINTR: continue
            case EAGAIN: return false
            default: throw ZMQError("receive a message")
            }
        }
        return true
    }

    /// Receives and forgets the rest of the message of which `message` is a part.
    package func skipRest(of message: ZMQMessage) throws(ZMQError) {
        while message.hasMore { guard try receive(into: message) else { return } }
    }
}

// MARK: Options

extension ZMQSocket {
    /// Sets an option whose value is a C int.
    func set(_ option: Int32, to value: Int32) throws(ZMQError) {
        var value = value
        guard zmq_setsockopt(raw, option, &value, MemoryLayout<Int32>.size) == 0 else {
            throw ZMQError("set socket option", "\(option)")
        }
    }

    /// Sets an option whose value is text.
    func set(_ option: Int32, to value: String) throws(ZMQError) {
        guard zmq_setsockopt(raw, option, value, value.utf8.count) == 0 else {
            throw ZMQError("set socket option", "\(option)")
        }
    }

    /// Reads an option whose value is text of fewer than `capacity` bytes.
    func text(_ option: Int32, capacity: Int) throws(ZMQError) -> String {
        var size = capacity
        var buffer = [UInt8](repeating: 0, count: capacity)
        guard zmq_getsockopt(raw, option, &buffer, &size) == 0 else {
            throw ZMQError("read socket option", "\(option)")
        }
        return String(decoding: buffer.prefix(size).prefix { $0 != 0 }, as: UTF8.self)
    }

    /// The largest message part accepted, in bytes; a connection that sends more is closed.
    func setMaximumMessageSize(_ bytes: Int) throws(ZMQError) {
        var value = Int64(bytes)
        guard zmq_setsockopt(raw, ZMQ_MAXMSGSIZE, &value, MemoryLayout<Int64>.size) == 0 else {
            throw ZMQError("limit the message size")
        }
    }

    /// How many messages may wait for each peer in either direction; 0 for any number.
    func setHighWaterMarks(sending: Int, receiving: Int) throws(ZMQError) {
        try set(ZMQ_SNDHWM, to: Int32(clamping: sending))
        try set(ZMQ_RCVHWM, to: Int32(clamping: receiving))
    }

    /// What every connection that may leave the machine needs: a limit on how long a silent stranger may hold a
    /// descriptor, probes that notice a vanished host within half a minute, and quick reconnection. Whoever connects
    /// allows `ipv6` beside IPv4; a listener only where it is asked for, as its address is written differently then.
    func setConnectionHabits(ipv6: Bool) throws(ZMQError) {
        try set(ZMQ_IPV6, to: ipv6 ? 1 : 0)
        try set(ZMQ_HANDSHAKE_IVL, to: 5_000)
        try set(ZMQ_TCP_KEEPALIVE, to: 1)
        try set(ZMQ_TCP_KEEPALIVE_IDLE, to: 10)
        try set(ZMQ_TCP_KEEPALIVE_INTVL, to: 5)
        try set(ZMQ_TCP_KEEPALIVE_CNT, to: 4)
        try set(ZMQ_RECONNECT_IVL, to: 100)
        try set(ZMQ_RECONNECT_IVL_MAX, to: 1_000)
    }
}
