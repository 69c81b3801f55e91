// Which connection a worker speaks through. Refuses to be a worker's name: a process that reconnects is another peer,
// and who it is stands in its messages.

import Messages

/// The address of one connection to a CoordinatorPort, given by the port and never reused while it is open.
public struct PeerID: Hashable, Sendable, CustomStringConvertible {
    /// The router's routing identity.
    let identity: [UInt8]

    package init(identity: [UInt8]) { self.identity = identity }

    /// The identity in hexadecimal.
    public var description: String {
        identity.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

/// Something that happened at a CoordinatorPort.
public enum PortEvent: Equatable, Sendable {
    /// A peer said something; the frame carries its incarnation.
    case message(from: PeerID, Frame<WorkerMessage>)
    /// A peer sent what is no message of this protocol. Nothing else came of it; `.version` deserves a refusal.
    case dropped(from: PeerID, FrameError)
    /// The connection of a peer that had spoken is gone. All it said came before.
    case closed(PeerID)
    /// Somebody connected and never came to speak.
    case strangerTurnedAway(HandshakeFailure)
    /// A descriptor among those watched can be read.
    case readable(descriptor: Int32)
}
