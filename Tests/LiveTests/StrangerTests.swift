// Whoever finds the coordinator's port and is no worker: browsers, scanners, programs of other protocols that speak the
// same transport. They are counted and told of at the end, and the run never notices. Refuses well-formed messages: what
// a worker may say when is the control plane's own tests' business.

import Foundation
import Journaling
import Primitives
import ProcessHarness
import Testing
import Wire

extension Live {
    @Suite("Strangers")
    struct Strangers {
        /// Connects to a port of this machine and writes `bytes`; returns the open connection.
        private func knock(_ port: UInt16, _ bytes: [UInt8]) throws -> Int32 {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            let connected = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            guard connected == 0 else { throw HarnessError("cannot connect: \(String(cString: strerror(errno)))") }
            // A listener that has heard enough closes; that must not end the test.
            _ = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            return descriptor
        }

        private func bytes(_ count: Int, _ random: inout RandomStream) -> [UInt8] {
            (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        }

        @Test func `garbage and foreign peers are counted and disturb nobody`() async throws {
            try await Scenario.play { scenario in
                let coordinator = try scenario.start(
                    .understudy, ["coordinator", "job.yaml", "--run-id", "run", "--listen", "tcp://127.0.0.1:*"])
                let endpoint = try await coordinator.announcedEndpoint()
                let port = try #require(endpoint.split(separator: ":").last.flatMap { UInt16($0) })
                var random = RandomStream(seed: 7, named: "strangers")
                let greeting: [UInt8] = [0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0]
                var open = try [
                    knock(port, []), knock(port, Array("GET / HTTP/1.1\r\nHost: here\r\n\r\n".utf8)),
                    knock(port, greeting), knock(port, greeting + bytes(500, &random)),
                ]
                for _ in 0..<20 { open.append(try knock(port, bytes(1 + Int(random.next() % 4_000), &random))) }

                let workers = [try scenario.worker(at: endpoint), try scenario.worker(at: endpoint)]
                let foreign = try ZMQSocket(.dealer, in: ZMQContext())
                try foreign.connect(endpoint)
                var sent = 0
                _ = try await scenario.journal(of: "run", driver: coordinator, until: "step 120 is committed") {
                    if sent < 300 {
                        let isPart = sent % 5 == 0
                        _ = try foreign.send(bytes(Int(random.next() % 200), &random), more: isPart)
                        if isPart { _ = try foreign.send(bytes(3, &random)) }
                        sent += 1
                    }
                    return $0.committed >= 120 ? () : nil
                }
                for descriptor in open { close(descriptor) }
                #expect(try await coordinator.wait() == .exited(0), "\(coordinator.errors)")
                for worker in workers { #expect(try await worker.wait() == .exited(0), "\(worker.errors)") }
                let history = try scenario.history("run")
                #expect(sent > 0)
                #expect(history.incidents.isEmpty, "\(history.sentences)")
                #expect(history.processes.count == 2)
                let told = coordinator.errors.split(separator: "\n").filter { $0.hasPrefix("dropped ") }
                #expect(told.contains { $0.contains("the frame is not of this protocol") }, "\(coordinator.errors)")
                #expect(told.contains { $0.contains("has not exactly one part") }, "\(coordinator.errors)")
                #expect(told.contains { $0.contains("a stranger was turned away") }, "\(coordinator.errors)")
                try await Reference.check(history)
            }
        }
    }
}
