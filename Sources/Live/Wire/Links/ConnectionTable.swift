// Which peer speaks through which descriptor, so that a closed connection is known as a lost peer at once. The library
// tells of accepted and closed connections by descriptor and of messages by peer and descriptor, in two queues; the
// order across the queues is lost, and a descriptor is reused as soon as it is closed. Refuses to guess: where two peers
// claim one descriptor it asks for a probe.

/// The open connections of a port and the peers that were heard through them.
package struct ConnectionTable {
    /// What the arrival of a message tells about its connection.
    package enum Claim: Equatable {
        /// The sender was known to speak through this descriptor, or is now.
        case settled
        /// The sender's connection is closed already; its message is older than that.
        case senderIsGone
        /// The descriptor was claimed by `rival` before. Only one of the two can be open: probe.
        case contested(rival: PeerID)
    }

    /// For each open connection the peer heard through it; nil while it has not spoken.
    private var speakers: [Int32: PeerID?] = [:]

    /// No connections.
    package init() {}

    /// A connection was accepted. Returns the peer that spoke through the descriptor before, which must be gone.
    package mutating func accepted(_ descriptor: Int32) -> PeerID? {
        let before = speakers[descriptor] ?? nil
        speakers[descriptor] = .some(nil)
        return before
    }

    /// A connection was closed. Returns the peer that spoke through it.
    package mutating func closed(_ descriptor: Int32) -> PeerID? {
        speakers.removeValue(forKey: descriptor) ?? nil
    }

    /// A message of `peer` came through `descriptor`. All events that the library told before belong in the table first.
    package mutating func heard(_ peer: PeerID, through descriptor: Int32) -> Claim {
        guard let speaker = speakers[descriptor] else { return .senderIsGone }
        guard let speaker else {
            speakers[descriptor] = peer
            return .settled
        }
        return speaker == peer ? .settled : .contested(rival: speaker)
    }

    /// A probe showed that `peer` is the one that speaks through `descriptor`.
    package mutating func settle(_ descriptor: Int32, on peer: PeerID) { speakers[descriptor] = peer }
}
