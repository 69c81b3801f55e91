// The server over a real socket: what it answers, to whom, and that a page is told of a new record. Refuses to look at
// the page itself: a browser's tests do.

import ControlPlane
import Dashboard
import Foundation
import FoundationNetworking
import Jobs
import Journaling
import Primitives
import Reports
import Testing

/// A folder with one run, `tiny-0001`, whose journal can grow; and a server of it.
private final class Served: Sendable {
    let folder: String
    let journal: JournalStore
    private let task: Task<Void, any Error>
    let address: URL

    init(token: String? = nil) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "served-\(UUID())").path()
        try FileManager.default.createDirectory(
            atPath: "\(folder)/tiny-0001", withIntermediateDirectories: true)
        let run = RunFolder("\(folder)/tiny-0001")
        journal = try JournalStore.create(at: run.journal, meta: [("run", "tiny-0001")])
        self.folder = folder
        let options = try #require(DashboardOptions(listen: "127.0.0.1:0", token: token))
        let provider = RunProvider(folders: { [run] }, source: { _, _, history in RunSource(history: history) })
        let (announced, announce) = AsyncStream.makeStream(of: String.self)
        task = Task { try await serveDashboard(provider, options) { announce.yield($0) } }
        var addresses = announced.makeAsyncIterator()
        let text = try #require(await addresses.next())
        address = try #require(URL(string: text.split(separator: "?").first.map(String.init) ?? ""))
        try append(.jobSubmitted(run: RunID("tiny-0001"), plan: Served.plan), sequence: 1)
    }

    deinit {
        task.cancel()
        try? FileManager.default.removeItem(atPath: folder)
    }

    private static let plan = RunPlan(
        steps: 10, workers: 2, microBatches: 2, checkpointInterval: 5, checkpointsKept: 1, evaluationInterval: 0,
        evaluationMicroBatches: 0, maximumRestarts: 1, formationLimit: .seconds(Int64(60)))

    func append(_ event: Event, sequence: Int) throws {
        var coordinator = try replay(journal.records())
        let at = Instant(nanoseconds: Int64(sequence) * 1_000_000)
        try journal.append(
            Record(
                sequence: sequence, at: at, wallNanoseconds: at.nanoseconds, event: event,
                commands: coordinator.handle(event, at: at)))
    }

    func get(_ path: String, headers: [(String, String)] = []) async throws -> (status: Int, type: String, text: String)
    {
        var request = URLRequest(url: try #require(URL(string: path, relativeTo: address)))
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        let (data, response) = try await URLSession.shared.data(for: request)
        let answer = try #require(response as? HTTPURLResponse)
        return (
            answer.statusCode, answer.value(forHTTPHeaderField: "Content-Type") ?? "",
            String(decoding: data, as: UTF8.self)
        )
    }
}

@Suite("The dashboard's server", .serialized)
struct ServerTests {
    @Test func `pages, documents and figures are served from the journal`() async throws {
        let served = try await Served()
        let all = try await served.get("/")
        #expect(all.status == 200 && all.type.hasPrefix("text/html") && all.text.contains("\"server\":true"))
        #expect(try await served.get("/run/tiny-0001").text.contains("\"name\":\"tiny-0001\""))
        for (path, schema) in [
            ("runs", "runs/v1"), ("runs/tiny-0001", "run/v1"), ("runs/tiny-0001/page", "page/v2"),
            ("runs/tiny-0001/incidents", "incidents/v1"), ("runs/tiny-0001/segments", "segments/v1"),
            ("runs/tiny-0001/timeline", "timeline/v1"),
        ] {
            let document = try await served.get("/api/v1/\(path)")
            #expect(
                document.type == "application/json" && document.text.contains("\"schema\":\"understudy/\(schema)\""))
        }
        let curve = try await served.get("/api/v1/runs/tiny-0001/curve?from=1&to=9&points=10")
        #expect(curve.text == "{\"segments\":[],\"steps_per_pair\":1}")
        #expect(try await served.get("/api/v1/runs/tiny-0001/curve?from=9&to=1").status == 400)
        #expect(try await served.get("/run/another").status == 404)
        let metrics = try await served.get("/metrics")
        #expect(metrics.type.hasPrefix("text/plain; version=0.0.4"))
        #expect(metrics.text.contains("understudy_run_planned_steps{run=\"tiny-0001\"} 10.0\n"))
    }

    @Test func `a page is told when its run has a new record`() async throws {
        let served = try await Served()
        let url = try #require(URL(string: "/events?run=tiny-0001", relativeTo: served.address))
        let seen = Task { () -> String in
            let delegate = Stream()
            let session = URLSession(configuration: .ephemeral, delegate: delegate, delegateQueue: nil)
            session.dataTask(with: url).resume()
            defer { session.invalidateAndCancel() }
            var text = ""
            for await part in delegate.parts {
                text += part
                // The first words say that it listens; what happens from now on must be told.
                if part.contains("retry") { try served.append(.slotsOffered(node: NodeID("a"), slots: 2), sequence: 2) }
                if text.contains("event: changed") { break }
            }
            return text
        }
        #expect(try await seen.value.contains("event: changed\ndata: {}\n\n"))
        let figures = try await served.get("/api/v1/runs/tiny-0001")
        #expect(figures.text.contains("\"elapsed_ns\":1000000"))
    }

    @Test func `a server with a token answers to nobody without it`() async throws {
        let token = "0123456789abcdef"
        let served = try await Served(token: token)
        for path in ["/", "/metrics", "/api/v1/runs", "/events", "/?token=wrong", "/run/tiny-0001"] {
            let refused = try await served.get(path)
            #expect(refused.status == 401 && !refused.text.contains("tiny-0001"), "\(path)")
        }
        #expect(try await served.get("/metrics", headers: [("Authorization", "Bearer " + token)]).status == 200)
        #expect(try await served.get("/metrics", headers: [("Authorization", "Bearer wrong")]).status == 401)
        #expect(try await served.get("/metrics", headers: [("Cookie", "a=b; understudy=" + token)]).status == 200)
    }

    @Test func `an address that others can reach gets a token, one of this machine none`() throws {
        for listen in ["127.0.0.1:8642", "localhost:0", "[::1]:8642"] {
            #expect(try #require(DashboardOptions(listen: listen, token: nil)).token == nil, "\(listen)")
        }
        let open = try #require(DashboardOptions(listen: "0.0.0.0:8642", token: nil))
        let again = try #require(DashboardOptions(listen: "0.0.0.0:8642", token: nil))
        #expect(open.token?.count == 32 && open.token != again.token && open.port == 8642)
        #expect(try #require(DashboardOptions(listen: "example.org:80", token: "given")).token == "given")
        for wrong in ["", "8642", ":8642", "localhost", "localhost:", "localhost:99999", "[::1]", "a:b"] {
            #expect(DashboardOptions(listen: wrong, token: nil) == nil, "\(wrong)")
        }
    }
}

/// The body of an answer as it comes in.
private final class Stream: NSObject, URLSessionDataDelegate, Sendable {
    let parts: AsyncStream<String>
    private let into: AsyncStream<String>.Continuation

    override init() {
        (parts, into) = AsyncStream.makeStream(of: String.self)
        super.init()
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        into.yield(String(decoding: data, as: UTF8.self))
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        into.finish()
    }
}
