// What several tests of the wire share: places to listen that no other test uses, and waiting by deadline. Refuses to
// sleep: a test waits for the thing it needs, and a deadline passed is a failure.

import Glibc
import Messages
import Primitives
import Testing
import Wire

/// A directory of its own under the system's temporary folder, removed at the end.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        var template = Array("\(P_tmpdir)/wire-test-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!) }
        path = String(cString: try #require(made))
    }

    deinit {
        if let directory = opendir(path) {
            while let entry = readdir(directory) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name != "." && name != ".." { unlink("\(path)/\(name)") }
            }
            closedir(directory)
        }
        rmdir(path)
    }

    func ipc(_ name: String) -> Endpoint { .ipc(path: "\(path)/\(name)") }
}

/// How long a test waits for what must come.
let patience = TimeSpan.seconds(Int64(20))

extension CoordinatorPort {
    /// Waits for the first event that `pick` makes something of, and returns that; forgets the events before it.
    func first<Found>(watching: [Int32] = [], _ pick: (PortEvent) -> Found?) throws -> Found {
        let deadline = monotonicTime() + patience
        while monotonicTime() < deadline {
            for event in try wait(timeout: .milliseconds(100), watching: watching) {
                if let found = pick(event) { return found }
            }
        }
        throw Impatience()
    }

    /// Waits for the next message.
    func nextMessage() throws -> (PeerID, Frame<WorkerMessage>) {
        try first { if case .message(let peer, let frame) = $0 { (peer, frame) } else { nil } }
    }
}

extension CoordinatorLink {
    /// Waits for the first event that `pick` makes something of.
    func first<Found>(_ pick: (LinkEvent) -> Found?) throws -> Found {
        let deadline = monotonicTime() + patience
        while monotonicTime() < deadline {
            for event in try wait(timeout: .milliseconds(100)) { if let found = pick(event) { return found } }
        }
        throw Impatience()
    }

    /// Waits for the next message.
    func nextMessage() throws -> Frame<CoordinatorMessage> {
        try first { if case .message(let frame) = $0 { frame } else { nil } }
    }
}

/// What a test waited for did not come.
struct Impatience: Error {}

let laptop = NodeID("laptop")

let greeting = Hello(
    version: protocolVersion, worker: WorkerID(node: laptop, slot: 2), node: laptop, processID: 4711,
    exchangeEndpoint: "ipc:///somewhere/exchange-2", numerics: "openblas 0.3.21 SkylakeX")

/// A thread that runs a closure; the exchange belongs to threads, and tasks have none.
struct TestThread {
    private var thread = pthread_t()

    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    init(_ body: @escaping @Sendable () -> Void) throws {
        let argument = Unmanaged.passRetained(Body(body)).toOpaque()
        let code = pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, argument)
        try #require(code == 0)
    }

    func join() { pthread_join(thread, nil) }
}
