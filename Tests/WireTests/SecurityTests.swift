// Keys and endpoints: who gets in, who does not, and what they are told.

import Glibc
import Messages
import Primitives
import Testing
import Wire

@Test func `endpoints are read strictly`() throws {
    #expect(try Endpoint("tcp://127.0.0.1:5555") == .tcp(host: "127.0.0.1", port: 5_555))
    #expect(try Endpoint("tcp://*:*") == .tcp(host: "*", port: nil))
    #expect(try Endpoint("tcp://[::1]:0").description == "tcp://[::1]:*")
    #expect(try Endpoint("ipc:///run/x") == .ipc(path: "/run/x"))
    for text in [
        "", "tcp://", "tcp://:5", "tcp://host", "tcp://host:66000", "tcp://a b:1", "udp://h:1", "ipc://", "h:1",
    ] {
        #expect(throws: EndpointError.unreadable(text)) { try Endpoint(text) }
    }
    let long = String(repeating: "x", count: 108)
    #expect(throws: EndpointError.pathTooLong(long, limit: 107)) { try Endpoint("ipc://" + long) }
}

@Test func `only what stays on this machine goes without a key`() throws {
    for text in ["ipc:///x", "tcp://127.0.0.1:1", "tcp://127.8.0.9:*", "tcp://localhost:1", "tcp://[::1]:1"] {
        _ = try EndpointSecurity.check(text, key: nil)
    }
    for text in [
        "tcp://*:1", "tcp://0.0.0.0:1", "tcp://127.evil.org:1", "tcp://127.0.0.1.evil.org:1", "tcp://10.0.0.1:1",
    ] {
        #expect(throws: EndpointError.needsKey(text)) { try EndpointSecurity.check(text, key: nil) }
        _ = try EndpointSecurity.check(text, key: try KeyFile.generate())
    }
}

@Test func `a key file is private, never overwritten, and comes back as it was`() throws {
    let directory = try TemporaryDirectory()
    let path = "\(directory.path)/cluster.key"
    let key = try KeyFile.generate()
    try key.write(to: path)
    #expect(try KeyFile(readingFrom: path) == key)
    #expect(throws: KeyFileError.system(operation: "create", path: path, code: EEXIST)) { try key.write(to: path) }
    chmod(path, 0o640)
    #expect(throws: KeyFileError.tooOpen(path: path)) { try KeyFile(readingFrom: path) }
    #expect("\(KeyFileError.tooOpen(path: path))".hasSuffix("run: chmod 600 \(path)"))
}

@Test func `a damaged key file is refused by line`() throws {
    let directory = try TemporaryDirectory()
    let path = "\(directory.path)/cluster.key"
    func problem(_ text: String) throws -> KeyFileError? {
        unlink(path)
        let fd = open(path, O_WRONLY | O_CREAT, 0o600)
        _ = Array(text.utf8).withUnsafeBytes { write(fd, $0.baseAddress, $0.count) }
        close(fd)
        do throws(KeyFileError) { _ = try KeyFile(readingFrom: path) } catch { return error }
        return nil
    }
    let good = try KeyFile.generate().text
    #expect(try problem(good) == nil)
    #expect(try problem("") == .malformed(path: path, line: 1, what: "server-public is missing"))
    let lines = good.split(separator: "\n").map(String.init)
    #expect(
        try problem((lines + [lines[1]]).joined(separator: "\n"))
            == .malformed(path: path, line: 6, what: "server-public stands here a second time"))
    #expect(
        try problem(good.replacing("member-public = ", with: "member-public = \""))
            == .malformed(path: path, line: 4, what: "member-public is not a key of 40 characters"))
}

@Test func `members with the key talk, a wrong key and no key are each told so`() throws {
    let key = try KeyFile.generate()
    let port = try CoordinatorPort(
        listeningOn: .tcp(host: "127.0.0.1", port: nil), in: try ZMQContext(key: key))
    let endpoint = try Endpoint(port.lastEndpoint)
    let member = try CoordinatorLink(to: endpoint, in: try ZMQContext(key: key), timeout: patience)
    try member.send(.heartbeat, incarnation: Incarnation(1))
    let (peer, _) = try port.nextMessage()
    try port.send(.heartbeat, to: peer, incarnation: Incarnation(1))
    #expect(try member.nextMessage().message == .heartbeat)

    func refusal(of key: KeyFile?) throws -> LinkError? {
        let context = try ZMQContext(key: key)
        do throws(LinkError) {
            _ = try CoordinatorLink(to: endpoint, in: context, timeout: patience)
        } catch {
            return error
        }
        return nil
    }
    var impostor = try KeyFile.generate()
    let otherServer = try refusal(of: impostor)
    impostor.server = key.server
    let otherMember = try refusal(of: impostor)
    let plain = try refusal(of: nil)
    for (error, hasKey) in [(otherServer, true), (otherMember, true), (plain, false)] {
        guard case .refused(_, let why, hasKey)? = error else {
            Issue.record("not refused: \(String(describing: error))")
            continue
        }
        print("refused: \(why)")
    }
    #expect(otherMember == .refused(endpoint: endpoint.description, because: .keyRefused, hasKey: true))
}

@Test func `a stranger's words never reach a keyed port`() throws {
    let key = try KeyFile.generate()
    let port = try CoordinatorPort(listeningOn: .tcp(host: "127.0.0.1", port: nil), in: try ZMQContext(key: key))
    let context = try ZMQContext()
    let stranger = try ZMQSocket(.dealer, in: context)
    try stranger.connect(port.lastEndpoint)
    try stranger.send(Frame(WorkerMessage.hello(greeting), incarnation: Incarnation(0)).bytes)
    let turnedAway: Bool = try port.first {
        switch $0 {
        case .strangerTurnedAway: true
        case .message, .dropped: false
        case .closed, .readable: nil
        }
    }
    #expect(turnedAway)
    let member = try CoordinatorLink(
        to: try Endpoint(port.lastEndpoint), in: try ZMQContext(key: key), timeout: patience)
    try member.send(.heartbeat, incarnation: Incarnation(1))
    #expect(try port.nextMessage().1 == Frame(.heartbeat, incarnation: Incarnation(1)))
}
