// What happens to a socket's connections, as values: accepted, handshake done or failed, disconnected. Refuses to guess
// which peer a connection belongs to; CoordinatorPort works that out from the descriptor.

import CZeroMQ
import Primitives

/// Why a connection never came to speak.
public enum HandshakeFailure: Error, Hashable, Sendable {
    /// The other side refused this side's key.
    case keyRefused
    /// One side encrypts and the other does not.
    case mechanismMismatch
    /// The other side did not keep to the handshake; the messaging library's number for what it did.
    case protocolError(Int)
    /// The other side closed the connection during the handshake, as a listener does that cannot decrypt its visitor.
    case closed
}

extension HandshakeFailure: CustomStringConvertible {
    /// The reason as a clause.
    public var description: String {
        switch self {
        case .keyRefused: "the other side refuses this key"
        case .mechanismMismatch: "one side uses a key and the other does not"
        case .protocolError(let code): "the other side broke the handshake (code \(code))"
        case .closed: "the other side closed the connection during the handshake"
        }
    }
}

/// The events of one socket's connections, in order. Owned by the socket's thread.
package final class ZMQMonitor {
    /// Something that happened to a connection, with its descriptor where the library tells it.
    package enum Event: Equatable {
        /// A listener took a connection.
        case accepted(descriptor: Int32)
        /// Both sides may now speak.
        case handshakeSucceeded
        /// A connection ends before it could speak.
        case handshakeFailed(HandshakeFailure)
        /// A connection ended; its descriptor is about to be closed and may then name another.
        case disconnected(descriptor: Int32)
    }

    /// Readable when there are events.
    let socket: ZMQSocket
    private let part = ZMQMessage()
    private let watched: ZMQSocket

    /// Watches `watched`.
    package init(of watched: ZMQSocket) throws(ZMQError) {
        let endpoint = "inproc://monitor/\(UInt(bitPattern: watched.raw))"
        let events =
            ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED
            | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL
            | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH
        guard zmq_socket_monitor(watched.raw, endpoint, events) == 0 else { throw ZMQError("watch a socket") }
        socket = try ZMQSocket(.pair, in: watched.context)
        // The I/O thread waits while this queue is full, so it may not be.
        try socket.setHighWaterMarks(sending: 0, receiving: 0)
        try socket.connect(endpoint)
        self.watched = watched
    }

    /// The watching ends before its queue does: the I/O thread would wait for ever to hand an event to nobody.
    deinit { zmq_socket_monitor(watched.raw, nil, 0) }

    /// The next event without waiting; nil when there is none.
    package func next() throws(ZMQError) -> Event? {
        while try socket.receive(into: part) {
            let number = Int32(part.bytes.loadUnaligned(as: UInt16.self))
            let value = Int32(bitPattern: part.bytes.loadUnaligned(fromByteOffset: 2, as: UInt32.self))
            try socket.skipRest(of: part)
            if let event = ZMQMonitor.event(number, value) { return event }
        }
        return nil
    }

    /// A listener that cannot decrypt its visitor just closes; so does one that is being restarted. After this many in
    /// a row, a third of a second in all, it is the key.
    private static let refusalsBelieved = 6

    /// How a connecting socket's wait for its first handshake ends; nil when `timeout` has passed.
    func firstHandshake(timeout: TimeSpan) throws(ZMQError) -> Result<Void, HandshakeFailure>? {
        let deadline = monotonicNow() + timeout
        var closures = 0
        while case let left = deadline - monotonicNow(), left > .zero {
            _ = try waitUntilReadable([.socket(socket)], timeout: left)
            while let event = try next() {
                switch event {
                case .handshakeSucceeded: return .success(())
                case .handshakeFailed(.closed):
                    closures += 1
                    if closures == ZMQMonitor.refusalsBelieved { return .failure(.closed) }
                case .handshakeFailed(let failure): return .failure(failure)
                case .accepted, .disconnected: break
                }
            }
        }
        return nil
    }

    private static func event(_ number: Int32, _ value: Int32) -> Event? {
        switch number {
        case ZMQ_EVENT_ACCEPTED: .accepted(descriptor: value)
        case ZMQ_EVENT_DISCONNECTED: .disconnected(descriptor: value)
        case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: .handshakeSucceeded
        case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: .handshakeFailed(.keyRefused)
        case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL: .handshakeFailed(.closed)
        case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL where value == ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH:
            .handshakeFailed(.mechanismMismatch)
        case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL: .handshakeFailed(.protocolError(Int(value)))
        default: nil
        }
    }
}
