// The port's peers under the numbers that the control plane knows them by. Refuses to reuse a number.

import ControlPlane
import Primitives
import Wire

/// The connections that have spoken and are not closed.
struct Connections {
    struct Connection {
        let number: ConnectionID
        let peer: PeerID
        /// What was last said to it was said to this process.
        var incarnation = Incarnation(0)
    }

    private(set) var open: [Connection] = []
    private var newest = 0

    /// The number of `peer`; a new one for a peer that had not spoken.
    mutating func number(of peer: PeerID) -> ConnectionID {
        if let known = open.first(where: { $0.peer == peer }) { return known.number }
        newest += 1
        open.append(Connection(number: ConnectionID(newest), peer: peer))
        return ConnectionID(newest)
    }

    /// The peer behind `number`, which will be told something as `incarnation`; nil when it is closed.
    mutating func peer(_ number: ConnectionID, speaksAs incarnation: Incarnation) -> PeerID? {
        guard let known = open.firstIndex(where: { $0.number == number }) else { return nil }
        open[known].incarnation = incarnation
        return open[known].peer
    }

    /// Forgets `peer`; returns the number it had.
    mutating func close(_ peer: PeerID) -> ConnectionID? {
        guard let known = open.firstIndex(where: { $0.peer == peer }) else { return nil }
        return open.remove(at: known).number
    }
}
