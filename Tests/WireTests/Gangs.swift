// What the tests of the exchange share: gangs whose members are threads, members that the test plays by hand, and the
// memory that both send from. Refuses to measure anything: one machine's threads say nothing of a cluster.

import Glibc
import Messages
import Primitives
import Synchronization
import Testing
import Wire

/// The plainest addition.
let plainAdd: Exchange.Add = { target, left, right, count in
    for k in 0..<count { target[k] = left[k] + right[k] }
}

/// Floats that live for the whole test process, as the exchange demands.
func immortal(_ values: [Float]) -> UnsafeMutablePointer<Float> {
    let floats = UnsafeMutablePointer<Float>.allocate(capacity: max(1, values.count))
    floats.update(from: values, count: values.count)
    return floats
}

/// The members of a gang: each runs on a thread of its own with an exchange of its own.
struct Gang {
    let directory: TemporaryDirectory
    let members: [MemberAddress]

    init(parts: [Range<Int>]) throws {
        let directory = try TemporaryDirectory()
        self.directory = directory
        members = parts.enumerated().map { rank, part in
            MemberAddress(
                worker: WorkerID(node: laptop, slot: rank), incarnation: Incarnation(rank + 1),
                endpoint: directory.ipc("exchange-\(rank)").description, part: part, evaluationPart: 0..<0)
        }
    }

    /// Runs `body` for each rank at once; returns what each returned.
    func run<Value: Sendable>(_ body: @escaping @Sendable (Int, [MemberAddress]) throws -> Value) throws -> [Value] {
        let outcomes = Mutex<[Result<Value, any Error>?]>(members.map { _ in nil })
        let members = members
        let threads = try members.indices.map { rank in
            try TestThread {
                let outcome = Result { try body(rank, members) }
                outcomes.withLock { $0[rank] = outcome }
            }
        }
        for thread in threads { thread.join() }
        return try outcomes.withLock { try $0.map { try #require($0).get() } }
    }

    /// As above, with an exchange for each member that lives until all are done: what one has left to say as it ends
    /// would be lost with its sockets.
    func exchange<Value: Sendable>(
        chunkFloats: Int, _ body: @escaping @Sendable (Int, [MemberAddress], Exchange) throws -> Value
    ) throws -> [Value] {
        let done = MeetingPoint(members.count)
        return try run { rank, members in
            let exchange = Result {
                try Exchange(
                    listeningOn: try Endpoint(members[rank].endpoint), in: try ZMQContext(), chunkFloats: chunkFloats,
                    add: plainAdd)
            }
            let outcome = Result { try body(rank, members, try exchange.get()) }
            done.meet()
            return try withExtendedLifetime(exchange) { try outcome.get() }
        }
    }
}

/// Where a number of threads wait for each other, once.
final class MeetingPoint: Sendable {
    private let missing: Mutex<Int>
    private let complete = WakeUp()

    init(_ threads: Int) { missing = Mutex(threads) }

    func meet() {
        let isLast = missing.withLock {
            $0 -= 1
            return $0 == 0
        }
        if isLast { complete.raise() }
        complete.wait()
    }
}

/// A member of a gang that says what the test wants when the test wants it. Owned by one thread.
struct PlayedMember {
    private let ear: ZMQSocket
    private let mouth: ZMQSocket
    private let message = ZMQMessage()

    /// Listens on `endpoint` and speaks to the exchange at `peer`.
    init(at endpoint: String, to peer: String) throws {
        let context = try ZMQContext()
        ear = try ZMQSocket(.pull, in: context)
        _ = try ear.bind(endpoint)
        mouth = try ZMQSocket(.push, in: context)
        try mouth.connect(peer)
    }

    /// Sends a frame of a state transfer; `damage` may change its bytes after the checksum was made.
    func say(
        _ header: StateHeader, _ floats: [Float] = [], damage: (inout [UInt8], inout [UInt8]) -> Void = { _, _ in }
    ) throws {
        var data = floats.withUnsafeBytes { Array($0) }
        var bytes = [UInt8](repeating: 0, count: StateHeader.size)
        let checksum = data.withUnsafeBytes { StateHeader.checksum(of: $0) }
        bytes.withUnsafeMutableBytes { header.write(to: $0, dataChecksum: checksum) }
        damage(&bytes, &data)
        try mouth.send(bytes, more: true)
        try mouth.send(data)
    }

    /// Waits for a frame of a state transfer.
    func hear() throws -> (header: StateHeader, data: [UInt8]) {
        guard try waitUntilReadable([.socket(ear)], timeout: patience) == [true], try ear.receive(into: message) else {
            throw Impatience()
        }
        let header = try #require(StateHeader(message.bytes))
        try #require(try ear.receive(into: message))
        return (header, Array(message.bytes))
    }
}
