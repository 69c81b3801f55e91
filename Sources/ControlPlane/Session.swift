// Which process speaks through which connection: the fence between the network and the control plane. A message of a
// process that has been replaced, or that never introduced itself, is no fact. Refuses to decide what to do about
// anybody.

import Primitives

/// A connection as its world numbers them: never used twice.
public struct ConnectionID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The number.
    public var number: Int
    /// Connection `number`.
    public init(_ number: Int) { self.number = number }
    /// The number.
    public var description: String { "\(number)" }
    /// The older connection sorts first.
    public static func < (a: ConnectionID, b: ConnectionID) -> Bool { a.number < b.number }
}

/// A worker process that has been welcomed.
public struct Session: Equatable, Sendable {
    /// Its connection.
    public var connection: ConnectionID
    /// Its slot.
    public var worker: WorkerID
    /// Its incarnation.
    public var incarnation: Incarnation
    /// Its process on its machine.
    public var processID: Int
    /// Where other workers reach it.
    public var exchangeEndpoint: String
}

/// The welcomed processes, in the order they were welcomed.
struct Sessions: Equatable, Sendable {
    private(set) var all: [Session] = []

    subscript(connection: ConnectionID) -> Session? { all.first { $0.connection == connection } }
    subscript(worker: WorkerID) -> Session? { all.first { $0.worker == worker } }

    /// Adds `session`; a session of before at the same slot or connection is dropped.
    mutating func add(_ session: Session) {
        all.removeAll { $0.worker == session.worker || $0.connection == session.connection }
        all.append(session)
    }

    mutating func remove(_ worker: WorkerID, _ incarnation: Incarnation) {
        all.removeAll { $0.worker == worker && $0.incarnation == incarnation }
    }
}
