// The coordinator's end of the control protocol: one router that every worker connects to. It turns bytes into messages
// and lost connections into lost peers, and it is where a thread of the coordinator waits for everything: messages,
// child processes, other threads. Refuses to judge what is said: generations, incarnations and leases are the
// coordinator's business.

import CZeroMQ
import Messages
import Primitives

/// A listening socket for workers. Owned by one thread.
public final class CoordinatorPort {
    /// What became of a message to a peer.
    public enum Delivery: Equatable, Sendable {
        /// It is on its way.
        case sent
        /// The peer does not read: more than a thousand messages wait for it.
        case congested
        /// The connection is gone; `.closed` follows if it had not been told yet.
        case gone
    }

    /// Where workers connect to: the endpoint in full, with the port that was chosen.
    public let lastEndpoint: String

    private let socket: ZMQSocket
    private let monitor: ZMQMonitor
    private var connections = ConnectionTable()
    /// Peers that spoke and are not known to be gone.
    private var open: Set<PeerID> = []
    /// Peers known to be gone whose `.closed` has not been handed out: what they said before may still be queued.
    private var closing: [PeerID] = []
    private let identity = ZMQMessage()
    private let content = ZMQMessage()

    /// At most this many messages are handed out at once, so that a flood cannot keep descriptors waiting.
    private static let batch = 64

    /// Listens on `endpoint`; with a key in the context only members get in.
    public init(listeningOn endpoint: Endpoint, in context: ZMQContext) throws(ZMQError) {
        precondition(context.key != nil || endpoint.staysOnThisMachine, "\(endpoint) needs a key")
        socket = try ZMQSocket(.router, in: context)
        try socket.setConnectionHabits(ipv6: endpoint.isIPv6)
        try socket.setMaximumMessageSize(controlFrameLimit + encryptionOverhead)
        try socket.set(ZMQ_ROUTER_MANDATORY, to: 1)
        try socket.requireMembership()
        monitor = try ZMQMonitor(of: socket)
        lastEndpoint = try socket.bind(endpoint.description)
    }

    /// Waits until something happens, a descriptor of `watching` can be read, or `timeout` has passed (nil: for ever).
    /// Returns what happened, in order; nothing when the time passed or a signal came. A descriptor stays readable
    /// until it is read.
    public func wait(timeout: TimeSpan?, watching descriptors: [Int32] = []) throws(ZMQError) -> [PortEvent] {
        let watched: [Pollable] = [.socket(socket), .socket(monitor.socket)] + descriptors.map { .descriptor($0) }
        let readable = try waitUntilReadable(watched, timeout: closing.isEmpty ? timeout : .zero)
        var events: [PortEvent] = []
        try drainMonitor(into: &events)
        var isDrained = false
        for _ in 0..<CoordinatorPort.batch where !isDrained { isDrained = try !receive(into: &events) }
        if isDrained {
            events += closing.map { .closed($0) }
            closing = []
        }
        for (descriptor, isReadable) in zip(descriptors, readable.dropFirst(2)) where isReadable {
            events.append(.readable(descriptor: descriptor))
        }
        return events
    }

    /// Sends `message` to the process `incarnation` behind `peer`, without waiting.
    @discardableResult
    public func send(
        _ message: CoordinatorMessage, to peer: PeerID, incarnation: Incarnation
    ) throws(ZMQError) -> Delivery {
        guard open.contains(peer) else { return .gone }
        switch try socket.send(peer.identity, more: true) {
        case .full: return .congested
        case .unroutable:
            close(peer)
            return .gone
        case .queued:
            // The router looked for room when it took the identity, so the content always follows.
            try socket.send(Frame(message, incarnation: incarnation).bytes)
            return .sent
        }
    }

    /// Receives one message, if there is one.
    private func receive(into events: inout [PortEvent]) throws(ZMQError) -> Bool {
        guard try socket.receive(into: identity) else { return false }
        let peer = PeerID(identity: Array(identity.bytes))
        let hasContent = identity.hasMore
        if hasContent { _ = try socket.receive(into: content) }
        let descriptor = hasContent ? content.sourceDescriptor : -1
        let isWhole = hasContent && !content.hasMore
        let bytes = isWhole ? Array(content.bytes) : []
        try socket.skipRest(of: hasContent ? content : identity)
        // Before the message counts, so that an older connection of the same descriptor is closed and forgotten.
        try drainMonitor(into: &events)
        if !closing.contains(peer) { open.insert(peer) }
        do throws(FrameError) {
            guard isWhole else { throw .multipart }
            events.append(.message(from: peer, try Frame(bytes: bytes)))
        } catch {
            events.append(.dropped(from: peer, error))
        }
        try claim(descriptor, for: peer)
        return true
    }

    /// Notes that `peer` speaks through `descriptor`.
    private func claim(_ descriptor: Int32, for peer: PeerID) throws(ZMQError) {
        switch connections.heard(peer, through: descriptor) {
        case .settled: break
        case .senderIsGone: close(peer)
        case .contested(let rival):
            // Two peers, one descriptor: one of them is gone, and sending to it tells. A heartbeat is always welcome.
            if try send(.heartbeat, to: peer, incarnation: Incarnation(0)) != .gone {
                close(rival)
                connections.settle(descriptor, on: peer)
            }
        }
    }

    private func drainMonitor(into events: inout [PortEvent]) throws(ZMQError) {
        while let event = try monitor.next() {
            switch event {
            case .accepted(let descriptor): if let peer = connections.accepted(descriptor) { close(peer) }
            case .disconnected(let descriptor): if let peer = connections.closed(descriptor) { close(peer) }
            case .handshakeFailed(let failure): events.append(.strangerTurnedAway(failure))
            case .handshakeSucceeded: break
            }
        }
    }

    private func close(_ peer: PeerID) {
        if open.remove(peer) != nil { closing.append(peer) }
    }
}
