// Words to other members that are held back for a time: how a drill parts two workers. A network that is cut for a while
// holds words back too, and delivers them when it is whole again. Refuses to lose any.

import Primitives
import Synchronization

/// Ranks that hear nothing until a given instant. Set from any thread.
public final class Embargo: Sendable {
    private let ranks = Mutex<[(rank: Int, until: Instant)]>([])

    /// Nobody is held back.
    public init() {}

    /// From now on until `instant` of the monotonic clock, nothing is sent to `rank`.
    public func hold(_ rank: Int, until instant: Instant) {
        ranks.withLock { ranks in
            ranks.removeAll { $0.rank == rank }
            ranks.append((rank, instant))
        }
    }

    /// Until when `rank` hears nothing; nil when it does hear.
    func end(for rank: Int, at now: Instant) -> Instant? {
        ranks.withLock { ranks in ranks.first { $0.rank == rank && $0.until > now }?.until }
    }
}

extension Exchange {
    /// A chunk that waits for the end of an embargo.
    struct Deferred {
        let rank: Int
        let header: ChunkHeader
        let floats: UnsafeBufferPointer<Float>
        let until: Instant
    }

    /// Sends `floats` to `rank` from where they lie, or when its embargo has ended.
    func send(_ header: ChunkHeader, _ floats: UnsafeBufferPointer<Float>, toRank rank: Int) throws(ZMQError) {
        if let until = embargo.end(for: rank, at: monotonicNow()) {
            waiting.append(Deferred(rank: rank, header: header, floats: floats, until: until))
        } else {
            try send(header, floats, to: gang?.connections[rank])
        }
    }

    /// Sends what waited for the end of an embargo.
    func sendDeferred() throws(ZMQError) {
        guard !waiting.isEmpty else { return }
        let now = monotonicNow()
        let due = waiting.filter { $0.until <= now }
        waiting.removeAll { $0.until <= now }
        for chunk in due { try send(chunk.header, chunk.floats, to: gang?.connections[chunk.rank]) }
    }

    /// Returns when all that waited is sent; false when `abort` was raised before.
    func sendAllDeferred(abort: WakeUp) throws(ZMQError) -> Bool {
        while let next = waiting.map(\.until).min() {
            if abort.isRaised { return false }
            _ = try waitUntilReadable([.descriptor(abort.descriptor)], timeout: max(.zero, next - monotonicNow()))
            try sendDeferred()
        }
        return true
    }
}
