// The all-reduce of a gang: every member hands in its partial sums of a vector and gets the sum over the whole reduction
// tree, with the same bits whatever the number of members. Each member sums one segment (reduce-scatter) and sends the
// finished chunks to all (all-gather), so that a vector crosses each wire about once each way. Refuses to notice dead
// members: it waits until the data is there or somebody raises the abort flag.

import CHost
import CZeroMQ
import Messages
import Primitives

/// Why a member has no sum.
public enum ExchangeInterrupted: Error, Equatable, Sendable {
    /// The abort flag was raised. The gang's other members may or may not have their sums.
    case aborted(generation: Generation, step: Int)
    /// The messaging library failed.
    case messaging(ZMQError)
}

extension ExchangeInterrupted: CustomStringConvertible {
    /// The reason as a clause.
    public var description: String {
        switch self {
        case .aborted(let generation, let step): "the exchange of step \(step) in generation \(generation) was aborted"
        case .messaging(let error): error.description
        }
    }
}

/// Frames that an exchange received and did not use, by cause.
public struct DroppedFrames: Equatable, Sendable {
    /// Of an older generation, or of a step that is done.
    public var stale = 0
    /// No chunk of this vector, or one that had come before.
    public var malformed = 0
    /// Of a state transfer, with a checksum that does not fit.
    public var damaged = 0
    /// Ahead of this member by more than it will keep.
    public var excess = 0

    /// None dropped.
    public init() {}
}

/// One member's end of the exchange. Owned by one thread.
public final class Exchange {
    /// Adds `count` floats, target = left + right, element by element. The target may be `left`; pointers are aligned to
    /// 4 bytes and no more.
    public typealias Add =
        @Sendable (
            _ target: UnsafeMutablePointer<Float>, _ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>,
            _ count: Int
        ) -> Void

    /// Where other members connect to: the endpoint in full, with the port that was chosen.
    public let endpoint: String
    /// What was received and not used since this exchange exists.
    public internal(set) var dropped = DroppedFrames()

    /// 512 KiB: with two members over a local socket 1 MiB is no faster, and 256 KiB is about a third slower.
    static let standardChunkFloats = 131_072
    /// Frames kept for later, in bytes; what a whole gang sends ahead of a slow member is far below.
    static let heldLimit = 4 << 30
    /// Chunks that may wait in the socket for each peer while this member computes; the rest waits at the sender,
    /// where it costs no memory.
    static let receiveQueue = 64

    /// A gang and the connections to its other members.
    struct Gang {
        let generation: Generation
        let rank: Int
        let members: [MemberAddress]
        /// By rank; nil for the own.
        let connections: [ZMQSocket?]
    }

    let context: ZMQContext
    let add: Add
    let chunkFloats: Int
    let embargo: Embargo
    let listener: ZMQSocket
    let header = ZMQMessage()
    let payload = ZMQMessage()
    let outgoingHeader = UnsafeMutableRawBufferPointer.allocate(byteCount: ChunkHeader.size, alignment: 8)
    let waited = UnsafeMutableBufferPointer<zmq_pollitem_t>.allocate(capacity: 2)
    /// Nil before the first gang and after an abort.
    var gang: Gang?
    private var newest: Generation?
    var table: ChunkTable?
    var held: [HeldFrame] = []
    var heldBytes = 0
    /// Chunks whose receivers are under an embargo.
    var waiting: [Deferred] = []

    /// Listens on `listening`, and will sum with `add`; with a key in the context only members get in. What `embargo`
    /// says is heeded from then on.
    public convenience init(
        listeningOn listening: Endpoint, in context: ZMQContext, embargo: Embargo = Embargo(), add: @escaping Add
    ) throws(ZMQError) {
        try self.init(
            listeningOn: listening, in: context, chunkFloats: Exchange.standardChunkFloats, embargo: embargo, add: add)
    }

    /// As above, with chunks of another size; it must be the same for all members.
    package init(
        listeningOn listening: Endpoint, in context: ZMQContext, chunkFloats: Int, embargo: Embargo = Embargo(),
        add: @escaping Add
    ) throws(ZMQError) {
        precondition(context.key != nil || listening.staysOnThisMachine, "\(listening) needs a key")
        self.context = context
        self.add = add
        self.chunkFloats = chunkFloats
        self.embargo = embargo
        listener = try ZMQSocket(.pull, in: context)
        try listener.setConnectionHabits(ipv6: listening.isIPv6)
        try listener.setMaximumMessageSize(chunkFloats * MemoryLayout<Float>.stride + encryptionOverhead)
        try listener.setHighWaterMarks(sending: 0, receiving: Exchange.receiveQueue)
        try listener.requireMembership()
        endpoint = try listener.bind(listening.description)
    }

    deinit {
        outgoingHeader.deallocate()
        waited.deallocate()
    }

    /// Becomes rank `rank` of a gang: closes the connections to the members before and opens those to the new ones.
    /// Returns at once; connections come up by themselves.
    /// - Precondition: `generation` is newer than the one before, and the members' parts follow each other by rank.
    public func reconfigure(generation: Generation, rank: Int, members: [MemberAddress]) throws(ZMQError) {
        precondition(members.indices.contains(rank), "there is no rank \(rank) among \(members.count) members")
        precondition(newest.map { $0 < generation } ?? true, "generation \(generation) is not new")
        newest = generation
        gang = nil
        table = nil
        waiting = []
        var connections: [ZMQSocket?] = []
        for (peer, member) in members.enumerated() {
            connections.append(peer == rank ? nil : try connect(to: member))
        }
        gang = Gang(generation: generation, rank: rank, members: members, connections: connections)
    }

    private func connect(to member: MemberAddress) throws(ZMQError) -> ZMQSocket {
        let socket = try ZMQSocket(.push, in: context)
        try socket.setConnectionHabits(ipv6: true)
        // A send never waits and never fails for want of room: its bytes stay where they lie, so a long queue is cheap.
        try socket.setHighWaterMarks(sending: 0, receiving: 0)
        try socket.proveMembership()
        try socket.connect(member.endpoint)
        return socket
    }

    /// Asks the C library to keep the memory of large messages for the next ones; call it once, early in a process that
    /// exchanges. Without it every large message maps and clears fresh pages.
    public static func keepMessageMemory() { _ = chost_keep_large_blocks() }
}
