// Encryption of sockets with CURVE, and the gatekeeper that admits members only: a thread that answers the library's
// authentication requests (ZAP 1.0, https://rfc.zeromq.org/spec/27/). The library admits anybody where nobody answers,
// so a context that has a key always has its gatekeeper, and its sockets take the key from the context and nowhere else.
// Refuses other mechanisms: a keyed listener speaks to no plain peer.

import CZeroMQ
import Glibc

/// What encryption adds to a message part at most, in bytes: CURVE wraps it in a command of its own (33 bytes); the
/// limit on message sizes counts them.
let encryptionOverhead = 64

extension ZMQSocket {
    /// Makes a socket that will listen one that proves the server's key and admits only the member's, if its context
    /// has a key.
    func requireMembership() throws(ZMQError) {
        guard let key = context.key else { return }
        try set(ZMQ_CURVE_SERVER, to: 1)
        try set(ZMQ_CURVE_SECRETKEY, to: key.server.secretKey)
        try set(ZMQ_ZAP_DOMAIN, to: "understudy")
    }

    /// Makes a socket that will connect one that proves the member's key and accepts only the server's, if its context
    /// has a key.
    func proveMembership() throws(ZMQError) {
        guard let key = context.key else { return }
        try set(ZMQ_CURVE_SERVERKEY, to: key.server.publicKey)
        try set(ZMQ_CURVE_PUBLICKEY, to: key.member.publicKey)
        try set(ZMQ_CURVE_SECRETKEY, to: key.member.secretKey)
    }
}

/// Starts the thread that admits members to the keyed listeners of a context. It ends with the context.
func startGatekeeper(in context: UnsafeMutableRawPointer, admitting key: KeyFile) throws(ZMQError) {
    guard let socket = zmq_socket(context, ZMQ_REP) else { throw ZMQError("open the gatekeeper's socket") }
    var linger: Int32 = 0
    zmq_setsockopt(socket, ZMQ_LINGER, &linger, MemoryLayout<Int32>.size)
    guard zmq_bind(socket, "inproc://zeromq.zap.01") == 0 else {
        let error = ZMQError("start the gatekeeper")
        zmq_close(socket)
        throw error
    }
    var admitted = [UInt8](repeating: 0, count: 32)
    precondition(zmq_z85_decode(&admitted, key.member.publicKey) != nil, "a key file holds valid keys")
    let gatekeeper = Unmanaged.passRetained(Gatekeeper(socket: socket, admitted: admitted))
    var thread = pthread_t()
    let code = pthread_create(&thread, nil, gatekeeperMain, gatekeeper.toOpaque())
    guard code == 0 else {
        gatekeeper.release()
        zmq_close(socket)
        throw ZMQError(code: code, "start the gatekeeper's thread")
    }
    pthread_detach(thread)
}

/// What the gatekeeper's thread needs. Created by one thread, handed whole to another; the library allows a socket to
/// move with a full memory barrier, which starting a thread is.
private final class Gatekeeper {
    private let socket: UnsafeMutableRawPointer
    private let admitted: [UInt8]

    init(socket: UnsafeMutableRawPointer, admitted: [UInt8]) {
        self.socket = socket
        self.admitted = admitted
    }

    /// Answers until the context ends.
    func run() {
        defer { zmq_close(socket) }
        while let request = receive() {
            let reply = reply(to: request)
            for k in reply.indices {
                zmq_send(socket, reply[k], reply[k].count, k + 1 < reply.count ? ZMQ_SNDMORE : 0)
            }
        }
    }

    /// The parts of the next request; nil when the context ends.
    private func receive() -> [[UInt8]]? {
        var parts: [[UInt8]] = []
        var message = zmq_msg_t()
        zmq_msg_init(&message)
        defer { zmq_msg_close(&message) }
        repeat {
            while zmq_msg_recv(&message, socket, 0) < 0 {
                guard zmq_errno() == EINTR else { return nil }
            }
            parts.append(Array(UnsafeRawBufferPointer(start: zmq_msg_data(&message), count: zmq_msg_size(&message))))
        } while zmq_msg_more(&message) == 1
        return parts
    }

    /// ZAP 1.0: version, request id, domain, address, identity, mechanism, credentials are answered with version,
    /// request id, status code, text, user id, metadata.
    private func reply(to request: [[UInt8]]) -> [[UInt8]] {
        guard request.count >= 6 else { return [Array("1.0".utf8), [], Array("500".utf8), [], [], []] }
        let isMember = request.count == 7 && request[5] == Array("CURVE".utf8) && request[6] == admitted
        let (code, text, user) = isMember ? ("200", "welcome", "member") : ("400", "not a member's key", "")
        return [Array("1.0".utf8), request[1], Array(code.utf8), Array(text.utf8), Array(user.utf8), []]
    }
}

private let gatekeeperMain: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
    if let argument { Unmanaged<Gatekeeper>.fromOpaque(argument).takeRetainedValue().run() }
    return nil
}
