// A worker's end of the control protocol: one connection to the coordinator that comes back by itself; what was said
// meanwhile is lost, as a coordinator that comes back must be greeted first. Refuses to decide how long silence may last
// once it has been let in: that is the worker's lease.

import CZeroMQ
import Messages
import Primitives

/// Something that happened at a CoordinatorLink.
public enum LinkEvent: Equatable, Sendable {
    /// The coordinator said something; the frame carries the incarnation that it speaks to.
    case message(Frame<CoordinatorMessage>)
    /// What came is no message of this protocol.
    case dropped(FrameError)
    /// The connection is open again: say hello.
    case connected
    /// The connection is gone; the link tries to bring it back.
    case disconnected
    /// The connection was refused before it could open; the link tries again.
    case refused(HandshakeFailure)
    /// A descriptor among those watched can be read.
    case readable(descriptor: Int32)
}

/// Why a process cannot reach its coordinator.
public enum LinkError: Error, Equatable, Sendable {
    /// Nobody answered at the endpoint within the time.
    case noAnswer(endpoint: String, within: TimeSpan)
    /// Whoever listens there refuses this process, or is not who it should be.
    case refused(endpoint: String, because: HandshakeFailure, hasKey: Bool)
    /// The messaging library failed.
    case messaging(ZMQError)
}

extension LinkError: CustomStringConvertible {
    /// What is wrong and what to do.
    public var description: String {
        switch self {
        case .noAnswer(let endpoint, let span):
            "no coordinator answers at \(endpoint) within \(span); is it running, and is the address right?"
        case .refused(let endpoint, let failure, true):
            "the coordinator at \(endpoint) and this process do not share a key (\(failure)); give both the same key file"
        case .refused(let endpoint, let failure, false):
            "the coordinator at \(endpoint) demands a key or is none (\(failure)); give this process the key file "
                + "that the coordinator was started with"
        case .messaging(let error): error.description
        }
    }
}

/// A connection to the coordinator. Owned by one thread.
public final class CoordinatorLink {
    private let socket: ZMQSocket
    private let monitor: ZMQMonitor
    private let content = ZMQMessage()
    /// As far as the events handed out tell.
    private var isUp = true
    private static let batch = 64

    /// Connects to the coordinator at `endpoint`, and waits until it has let this worker in; gives up after `timeout`
    /// or when it is clear that it never will.
    public init(to endpoint: Endpoint, in context: ZMQContext, timeout: TimeSpan) throws(LinkError) {
        let hasKey = context.key != nil
        let outcome: Result<Void, HandshakeFailure>?
        do throws(ZMQError) {
            socket = try ZMQSocket(.dealer, in: context)
            try socket.setConnectionHabits(ipv6: true)
            // A coordinator that was started again is found within a hundredth of a second, and one that stays away costs
            // five attempts a second.
            try socket.set(ZMQ_RECONNECT_IVL, to: 10)
            try socket.set(ZMQ_RECONNECT_IVL_MAX, to: 200)
            try socket.setMaximumMessageSize(controlFrameLimit + encryptionOverhead)
            try socket.proveMembership()
            // What was said to a coordinator that is gone must not reach the next one ahead of the greeting.
            try socket.set(ZMQ_IMMEDIATE, to: 1)
            monitor = try ZMQMonitor(of: socket)
            try socket.connect(endpoint.description)
            outcome = try monitor.firstHandshake(timeout: timeout)
        } catch {
            throw .messaging(error)
        }
        switch outcome {
        case .success: break
        case .failure(let failure): throw .refused(endpoint: endpoint.description, because: failure, hasKey: hasKey)
        case nil: throw .noAnswer(endpoint: endpoint.description, within: timeout)
        }
    }

    /// Waits until something happens, a descriptor of `watching` can be read, or `timeout` has passed (nil: for ever).
    /// Returns what happened, in order; nothing when the time passed or a signal came.
    public func wait(timeout: TimeSpan?, watching descriptors: [Int32] = []) throws(ZMQError) -> [LinkEvent] {
        let watched: [Pollable] = [.socket(socket), .socket(monitor.socket)] + descriptors.map { .descriptor($0) }
        let readable = try waitUntilReadable(watched, timeout: timeout)
        var events: [LinkEvent] = []
        for _ in 0..<CoordinatorLink.batch {
            guard try socket.receive(into: content) else { break }
            events.append(try decode())
        }
        while let event = try monitor.next() {
            switch event {
            case .handshakeSucceeded:
                isUp = true
                events.append(.connected)
            case .handshakeFailed(let failure): events.append(.refused(failure))
            case .disconnected:
                isUp = false
                events.append(.disconnected)
            case .accepted: break
            }
        }
        for (descriptor, isReadable) in zip(descriptors, readable.dropFirst(2)) where isReadable {
            events.append(.readable(descriptor: descriptor))
        }
        return events
    }

    /// Says `message` as the process `incarnation` (0 before the welcome), without waiting; false when the connection is
    /// down or more than a thousand messages wait already.
    @discardableResult
    public func send(_ message: WorkerMessage, incarnation: Incarnation) throws(ZMQError) -> Bool {
        // The library tells of a lost connection a little before it stops taking messages for it.
        guard isUp else { return false }
        let bytes = Frame(message, incarnation: incarnation).bytes
        if try socket.send(bytes) == .queued { return true }
        // A sender learns of a connection that has just opened at its own pace; polling makes it look.
        _ = try waitUntilReadable([.socket(socket)], timeout: .zero)
        return try socket.send(bytes) == .queued
    }

    private func decode() throws(ZMQError) -> LinkEvent {
        let isWhole = !content.hasMore
        let bytes = Array(content.bytes)
        try socket.skipRest(of: content)
        do throws(FrameError) {
            guard isWhole else { throw .multipart }
            return .message(try Frame(bytes: bytes))
        } catch {
            return .dropped(error)
        }
    }
}
