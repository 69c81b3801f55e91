// The controller's end of a queue's words: one router that agents and commands connect to. Refuses to know when a peer is
// gone: agents speak every half second, and who is silent is judged by that; commands ask once.

import CZeroMQ
import Messages
import Primitives

/// A listening socket for agents and commands. Owned by one thread.
public final class QueuePort {
    /// What was heard.
    public struct Heard: Sendable {
        /// Who said it.
        public var peer: PeerID
        /// What; an error where it is no word of this protocol.
        public var words: Result<QueueWords, FrameError>
    }

    /// Where to connect to: the endpoint in full, with the port that was chosen.
    public let lastEndpoint: String
    private let socket: ZMQSocket
    private let identity = ZMQMessage()
    private let content = ZMQMessage()
    /// At most this many messages are handed out at once, so that a flood cannot keep descriptors waiting.
    private static let batch = 64

    /// Listens on `endpoint`; with a key in the context only members get in.
    /// - Precondition: there is a key, or nobody outside of this machine can reach it.
    public init(listeningOn endpoint: Endpoint, in context: ZMQContext) throws(ZMQError) {
        precondition(context.key != nil || endpoint.staysOnThisMachine, "\(endpoint) needs a key")
        socket = try ZMQSocket(.router, in: context)
        try socket.setConnectionHabits(ipv6: endpoint.isIPv6)
        try socket.setMaximumMessageSize(controlFrameLimit + encryptionOverhead)
        try socket.set(ZMQ_ROUTER_MANDATORY, to: 1)
        try socket.requireMembership()
        lastEndpoint = try socket.bind(endpoint.description)
    }

    /// Waits until something is said, `descriptor` can be read, or `timeout` has passed. Returns what was said, in order.
    public func wait(timeout: TimeSpan, watching descriptor: Int32) throws(ZMQError) -> [Heard] {
        _ = try waitUntilReadable([.socket(socket), .descriptor(descriptor)], timeout: timeout)
        var heard: [Heard] = []
        while heard.count < QueuePort.batch, try socket.receive(into: identity) {
            let peer = PeerID(identity: Array(identity.bytes))
            let hasContent = identity.hasMore
            if hasContent { _ = try socket.receive(into: content) }
            let isWhole = hasContent && !content.hasMore
            let bytes = isWhole ? Array(content.bytes) : []
            try socket.skipRest(of: hasContent ? content : identity)
            heard.append(Heard(peer: peer, words: isWhole ? decode(bytes) : .failure(.multipart)))
        }
        return heard
    }

    /// Says `lines` to `peer`, without waiting. What a peer that is gone or does not read should hear is lost.
    public func send(_ lines: [Line], to peer: PeerID) throws(ZMQError) {
        for frame in QueueWords.frames(lines) {
            guard try socket.send(peer.identity, more: true) == .queued else { return }
            try socket.send(frame)
        }
    }
}

/// A connection to a controller. Owned by one thread.
public final class QueueLink {
    private let socket: ZMQSocket
    private let content = ZMQMessage()
    /// Where the controller should be.
    public let endpoint: Endpoint

    /// Connects to the controller at `endpoint`, and waits until it has let this process in; gives up after `timeout` or
    /// when it is clear that it never will. A connection that is lost later comes back by itself.
    public init(to endpoint: Endpoint, in context: ZMQContext, timeout: TimeSpan) throws(LinkError) {
        self.endpoint = endpoint
        let outcome: Result<Void, HandshakeFailure>?
        do throws(ZMQError) {
            socket = try ZMQSocket(.dealer, in: context)
            try socket.setConnectionHabits(ipv6: true)
            try socket.setMaximumMessageSize(controlFrameLimit + encryptionOverhead)
            try socket.proveMembership()
            let monitor = try ZMQMonitor(of: socket)
            try socket.connect(endpoint.description)
            outcome = try monitor.firstHandshake(timeout: timeout)
        } catch { throw .messaging(error) }
        switch outcome {
        case .success: break
        case .failure(let failure):
            throw .refused(endpoint: endpoint.description, because: failure, hasKey: context.key != nil)
        case nil: throw .noAnswer(endpoint: endpoint.description, within: timeout)
        }
    }

    /// Says `lines`, without waiting.
    public func send(_ lines: [Line]) throws(ZMQError) {
        for frame in QueueWords.frames(lines) { try socket.send(frame) }
    }

    /// Waits until something is said, `descriptor` can be read, or `timeout` has passed. Returns what was said, in order;
    /// frames that are no words of this protocol are left out.
    public func wait(timeout: TimeSpan, watching descriptor: Int32? = nil) throws(ZMQError) -> [QueueWords] {
        let descriptors = descriptor.map { [Pollable.descriptor($0)] } ?? []
        _ = try waitUntilReadable([.socket(socket)] + descriptors, timeout: timeout)
        var heard: [QueueWords] = []
        while try socket.receive(into: content) {
            let isWhole = !content.hasMore
            let bytes = isWhole ? Array(content.bytes) : []
            try socket.skipRest(of: content)
            if isWhole, case .success(let words) = decode(bytes) { heard.append(words) }
        }
        return heard
    }

    /// Asks `lines` and waits for the answer.
    /// - Throws: `LinkError.noAnswer` when there is none within `patience`.
    public func ask(_ lines: [Line], patience: TimeSpan) throws(LinkError) -> [Line] {
        do throws(ZMQError) {
            try send(lines)
            var answer: [Line] = []
            let deadline = monotonicNow() + patience
            while case let left = deadline - monotonicNow(), left > .zero {
                for words in try wait(timeout: left) {
                    answer += words.lines
                    if words.isLast { return answer }
                }
            }
        } catch { throw .messaging(error) }
        throw .noAnswer(endpoint: endpoint.description, within: patience)
    }
}

private func decode(_ bytes: [UInt8]) -> Result<QueueWords, FrameError> {
    do throws(FrameError) { return .success(try Frame<QueueWords>(bytes: bytes).message) } catch {
        return .failure(error)
    }
}
