// Coordinator and worker ends of the control protocol over real sockets: both ways, lost peers, garbage, keys.

import Glibc
import Messages
import Primitives
import Testing
import Wire

private let nobody = Incarnation(0)

private func connect(_ port: CoordinatorPort, _ context: ZMQContext) throws -> CoordinatorLink {
    try CoordinatorLink(to: try Endpoint(port.lastEndpoint), in: context, timeout: patience)
}

@Test(arguments: [true, false])
func `words pass both ways and a closed connection names its peer`(overTCP: Bool) throws {
    let directory = try TemporaryDirectory()
    let context = try ZMQContext()
    let port = try CoordinatorPort(
        listeningOn: overTCP ? .tcp(host: "127.0.0.1", port: nil) : directory.ipc("port"), in: context)
    var first: CoordinatorLink? = try connect(port, context)
    let second = try connect(port, context)
    try first?.send(.hello(greeting), incarnation: nobody)
    let (firstPeer, hello) = try port.nextMessage()
    #expect(hello.message == .hello(greeting))
    try second.send(.heartbeat, incarnation: Incarnation(2))
    let (secondPeer, beat) = try port.nextMessage()
    #expect(beat == Frame(.heartbeat, incarnation: Incarnation(2)))
    #expect(try port.send(.begin(generation: Generation(1)), to: secondPeer, incarnation: Incarnation(2)) == .sent)
    #expect(
        try second.nextMessage() == Frame(.begin(generation: Generation(1)), incarnation: Incarnation(2)))
    try first?.send(.goodbye(reason: "test"), incarnation: Incarnation(1))
    #expect(try port.nextMessage().0 == firstPeer)
    first = nil
    let closed: PeerID = try port.first { if case .closed(let peer) = $0 { peer } else { nil } }
    #expect(closed == firstPeer)
    #expect(try port.send(.heartbeat, to: firstPeer, incarnation: Incarnation(1)) == .gone)
    #expect(try port.send(.heartbeat, to: secondPeer, incarnation: Incarnation(2)) == .sent)
}

@Test func `of a hundred workers that come and go each is closed once, however descriptors are reused`() throws {
    let directory = try TemporaryDirectory()
    let context = try ZMQContext()
    let port = try CoordinatorPort(listeningOn: directory.ipc("port"), in: context)
    var heard: [PeerID: Int] = [:]
    var closed: [PeerID] = []
    func note(_ events: [PortEvent]) {
        for event in events {
            switch event {
            case .message(let peer, let frame): heard[peer] = frame.incarnation.number
            case .closed(let peer): closed.append(peer)
            case .dropped, .strangerTurnedAway, .readable: Issue.record("unexpected: \(event)")
            }
        }
    }
    for number in 1...100 {
        // Three workers come and go for each turn of the port, so that its two queues get out of step.
        let link = try connect(port, context)
        try link.send(.heartbeat, incarnation: Incarnation(number))
        if number % 2 == 0 { try link.send(.goodbye(reason: ""), incarnation: Incarnation(number)) }
        if number % 3 == 0 {
            while !heard.values.contains(number) { note(try port.wait(timeout: patience)) }
        }
    }
    let last = try connect(port, context)
    try last.send(.heartbeat, incarnation: Incarnation(101))
    let deadline = monotonicTime() + patience
    while closed.count < heard.count - 1 || !heard.values.contains(101), monotonicTime() < deadline {
        note(try port.wait(timeout: .milliseconds(100)))
    }
    print("heard \(heard.count) of 101 workers")
    #expect(heard.count >= 34)
    #expect(Set(closed).count == closed.count, "a worker was closed twice")
    #expect(Set(heard.keys).subtracting(closed).map { heard[$0] } == [101])
}

@Test func `other threads and descriptors wake the port`() throws {
    let directory = try TemporaryDirectory()
    let port = try CoordinatorPort(listeningOn: directory.ipc("port"), in: try ZMQContext())
    let mailbox = Mailbox<Int>()
    let thread = try TestThread { for value in 1...3 { mailbox.post(value) } }
    thread.join()
    let descriptor = mailbox.wakeUp.descriptor
    let readable: Int32 = try port.first(watching: [descriptor]) {
        if case .readable(let descriptor) = $0 { descriptor } else { nil }
    }
    #expect(readable == descriptor)
    #expect(mailbox.takeAll() == [1, 2, 3])
    #expect(try port.wait(timeout: .zero, watching: [descriptor]) == [])
}

@Test func `foreign frames are dropped with their cause`() throws {
    let context = try ZMQContext()
    let port = try CoordinatorPort(listeningOn: .tcp(host: "127.0.0.1", port: nil), in: context)
    let stranger = try ZMQSocket(.dealer, in: context)
    try stranger.connect(port.lastEndpoint)
    func cause() throws -> FrameError { try port.first { if case .dropped(_, let error) = $0 { error } else { nil } } }
    try stranger.send(Array("hello, who is there?".utf8))
    #expect(try cause() == .badMagic)
    try stranger.send([1], more: true)
    try stranger.send([2])
    #expect(try cause() == .multipart)
    try stranger.send([])
    #expect(try cause() == .tooShort)
    var hello = greeting
    hello.version = protocolVersion + 1
    try stranger.send(Frame(WorkerMessage.hello(hello), incarnation: nobody).bytes)
    #expect(try cause() == .version(protocolVersion + 1))
}

@Test func `an oversized frame and raw garbage close their connection and nothing else`() throws {
    let context = try ZMQContext()
    let port = try CoordinatorPort(listeningOn: .tcp(host: "127.0.0.1", port: nil), in: context)
    let worker = try connect(port, context)
    let stranger = try ZMQSocket(.dealer, in: context)
    try stranger.connect(port.lastEndpoint)
    try stranger.send([0])
    let rude: PeerID = try port.first { if case .dropped(let peer, .tooShort) = $0 { peer } else { nil } }
    try stranger.send([UInt8](repeating: 0, count: controlFrameLimit + 1))
    _ = try port.first { if case .dropped(rude, .tooLong) = $0 { true } else { nil } }
    try stranger.send([UInt8](repeating: 0, count: 2 * controlFrameLimit))
    #expect(try port.first { if case .closed(let peer) = $0 { peer } else { nil } } == rude)

    guard case .tcp(_, let number?) = try Endpoint(port.lastEndpoint) else { throw Impatience() }
    let raw = try rawConnection(toPort: number)
    var random = RandomStream(seed: 21, named: "tests/garbage")
    let garbage = (0..<4_096).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    #expect(Glibc.send(raw, garbage, garbage.count, Int32(MSG_NOSIGNAL)) > 0)
    close(raw)
    let failure: HandshakeFailure = try port.first { if case .strangerTurnedAway(let why) = $0 { why } else { nil } }
    print("garbage was turned away: \(failure)")
    try worker.send(.heartbeat, incarnation: Incarnation(1))
    #expect(try port.nextMessage().1.message == .heartbeat)
}

@Test func `a worker reconnects to a coordinator that comes back and is told so`() throws {
    let directory = try TemporaryDirectory()
    // The port alone holds its context, so that its end waits until the socket's file is gone.
    var port: CoordinatorPort? = try CoordinatorPort(listeningOn: directory.ipc("port"), in: try ZMQContext())
    let link = try connect(try #require(port), try ZMQContext())
    try link.send(.heartbeat, incarnation: Incarnation(1))
    _ = try port?.nextMessage()
    port = nil
    _ = try link.first { $0 == .disconnected ? true : nil }
    #expect(try link.send(.heartbeat, incarnation: Incarnation(1)) == false)
    let again = try CoordinatorPort(listeningOn: directory.ipc("port"), in: try ZMQContext())
    _ = try link.first { $0 == .connected ? true : nil }
    #expect(try link.send(.hello(greeting), incarnation: Incarnation(1)))
    #expect(try again.nextMessage().1.message == .hello(greeting))
}

@Test func `nobody at home is one clear sentence`() throws {
    let directory = try TemporaryDirectory()
    do throws(LinkError) {
        _ = try CoordinatorLink(to: directory.ipc("none"), in: try! ZMQContext(), timeout: .milliseconds(300))
        Issue.record("there was an answer")
    } catch {
        #expect("\(error)".hasPrefix("no coordinator answers at ipc://"))
    }
}

@Test func `an endpoint in use is one clear sentence`() throws {
    let context = try ZMQContext()
    let port = try CoordinatorPort(listeningOn: .tcp(host: "127.0.0.1", port: nil), in: context)
    do throws(ZMQError) {
        _ = try CoordinatorPort(listeningOn: try! Endpoint(port.lastEndpoint), in: try ZMQContext())
        Issue.record("two ports listen on one endpoint")
    } catch {
        #expect("\(error)" == "cannot listen on \(port.lastEndpoint): Address already in use")
    }
}

/// A TCP connection that speaks no protocol.
private func rawConnection(toPort number: Int) throws -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(number).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let connected = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
    try #require(connected == 0)
    return descriptor
}
