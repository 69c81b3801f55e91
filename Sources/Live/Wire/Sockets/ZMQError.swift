// What ZeroMQ could not do, as a sentence for a person. Refuses to decide whose fault it is: an address in use is the
// user's to settle, an unroutable peer the coordinator's, and both are told apart by `code`.

import CZeroMQ

/// A failed call of the messaging library.
public struct ZMQError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The errno that the library gave.
    public var code: Int32
    /// What was attempted, completing "cannot …": `listen on`, `connect to`.
    public var operation: String
    /// The endpoint or option concerned; empty when there is none.
    public var subject: String

    /// The error of the call that just failed on this thread.
    init(_ operation: String, _ subject: String = "") {
        self.init(code: zmq_errno(), operation, subject)
    }

    init(code: Int32, _ operation: String, _ subject: String = "") {
        self.code = code
        self.operation = operation
        self.subject = subject
    }

    /// `cannot listen on tcp://127.0.0.1:5555: Address already in use`.
    public var description: String {
        "cannot \(operation)\(subject.isEmpty ? "" : " " + subject): \(String(cString: zmq_strerror(code)))"
    }
}
