// One messaging context: an I/O thread and what its sockets share. Bulk data and control messages get a context each,
// so that a heartbeat never waits behind a gradient. Refuses to be global: whoever opens sockets says in which context.

import CZeroMQ

/// A ZeroMQ context with one I/O thread. May be shared between threads; its sockets may not.
public final class ZMQContext: @unchecked Sendable {
    /// Thread-safe by the library's promise; the class is Sendable because of it.
    let raw: UnsafeMutableRawPointer
    /// What its listeners demand and its other sockets prove; nil for plain sockets.
    public let key: KeyFile?

    /// A new context, keyed or plain.
    public init(key: KeyFile? = nil) throws(ZMQError) {
        guard let raw = zmq_ctx_new() else { throw ZMQError("create a messaging context") }
        self.raw = raw
        self.key = key
        if let key { try startGatekeeper(in: raw, admitting: key) }
    }

    /// Sockets hold their context, so none is open here but the gatekeeper's, which closes when it hears of the end.
    deinit {
        zmq_ctx_shutdown(raw)
        while zmq_ctx_term(raw) != 0 && zmq_errno() == EINTR {}
    }
}
