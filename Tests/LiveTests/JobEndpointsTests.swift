// Where coordinators of queued jobs are told to listen: files of a folder, or free ports of a range in turn. Refuses to
// start a coordinator.

import Glibc
import LiveQueue
import Testing
import Wire

@Suite("Job endpoints")
struct JobEndpointsTests {
    /// A loopback port that something listens at until the returned socket is gone.
    private func taken(in context: ZMQContext) throws -> (port: QueuePort, number: Int) {
        let port = try QueuePort(listeningOn: Endpoint("tcp://127.0.0.1:*"), in: context)
        return (port, try #require(Int(port.lastEndpoint.split(separator: ":").last ?? "")))
    }

    @Test func `a job that stays on the machine has a socket file for each stint`() {
        var endpoints = JobEndpoints(.sockets(folder: "/s"))
        #expect(endpoints[3, 2] == nil)
        #expect(endpoints.take(3, 2).map(\.description) == "ipc:///s/job-3-2")
        #expect(endpoints[3, 2].map(\.description) == "ipc:///s/job-3-2" && endpoints[3, 1] == nil)
        endpoints.giveBack(3)
        #expect(endpoints[3, 2] == nil)
    }

    @Test func `a port that somebody listens at is passed over, and with none left a job waits`() throws {
        let (port, number) = try taken(in: ZMQContext())
        let host = try Endpoint("tcp://127.0.0.1:7641")
        var only = JobEndpoints(.ports(number...number, of: host))
        withExtendedLifetime(port) { #expect(only.take(1, 1) == nil) }
    }

    @Test func `ports take turns, and one stint keeps its own`() throws {
        // Three ports in a row of which nobody listens at any; whoever takes one meanwhile makes the next three be tried.
        let host = try Endpoint("tcp://127.0.0.1:7641")
        for low in stride(from: 20_000, to: 30_000, by: 3) {
            var endpoints = JobEndpoints(.ports(low...low + 2, of: host))
            guard let first = endpoints.take(1, 1), let second = endpoints.take(2, 1), let third = endpoints.take(3, 1)
            else { continue }
            #expect([first, second, third] == (0..<3).map { host.port(low + $0) })
            #expect(endpoints.take(1, 1) == first, "asked again")
            #expect(endpoints.take(4, 1) == nil, "all are given")
            endpoints.giveBack(2)
            endpoints.giveBack(1)
            #expect(endpoints.take(4, 1) == first, "the turn is its")
            #expect(endpoints.take(1, 2) == second)
            return
        }
        Issue.record("no three ports in a row are free")
    }
}
