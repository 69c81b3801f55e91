// A queue's words on the wire: they survive the trip, many are cut into frames, and no bytes make the decoder trap.
// Refuses to know what a controller makes of them.

import Messages
import Primitives
import Testing
import Wire

@Suite("Queue words")
struct QueueWordsTests {
    private func lines(_ count: Int) -> [Line] {
        (0..<count).map { Line("job").with("job", $0).with("name", "größer\nals \"eins\" \($0)") }
    }

    @Test func `lines survive the trip and many go in several frames`() throws {
        for count in [0, 1, 40_000] {
            let frames = QueueWords.frames(lines(count))
            let read = try frames.map { try Frame<QueueWords>(bytes: $0).message }
            #expect(read.flatMap(\.lines) == lines(count))
            #expect(read.map(\.isLast) == read.indices.map { $0 == read.count - 1 })
            #expect(frames.allSatisfy { $0.count < controlFrameLimit })
            #expect((frames.count > 1) == (count > 1))
        }
    }

    @Test func `bytes that are no words are refused`() {
        let whole = QueueWords.frames(lines(3))[0]
        for count in 0..<15 {
            #expect(throws: FrameError.self) { try Frame<QueueWords>(bytes: Array(whole.prefix(count))) }
        }
        #expect(throws: FrameError.malformed(field: "line")) {
            try Frame<QueueWords>(bytes: whole + Array("\nno field".utf8))
        }
        #expect(throws: FrameError.malformed(field: "text")) { try Frame<QueueWords>(bytes: whole + [0xff]) }
        #expect(throws: FrameError.self) {
            try Frame<QueueWords>(bytes: Frame(WorkerMessage.heartbeat, incarnation: Incarnation(0)).bytes)
        }
    }

    @Test func `reports and orders read back`() throws {
        let report = AgentReport(session: "1-2", node: NodeID("left"), slots: 4, heard: 7, taken: [0, 3])
        #expect(try AgentReport(Line(parsing: report.line.text)) == report)
        let order = SlotOrder(slot: 1, job: 3, stint: 2, endpoint: "ipc:///s/job-3-2", folder: "/a run/x")
        #expect(try SlotOrder(Line(parsing: order.line.text)) == order)
        #expect(throws: LineError.self) {
            try AgentReport(
                Line("report").with("session", "s").with("node", "n").with("slots", 1).with("heard", 0)
                    .with("taken", "0,x"))
        }
    }

    @Test func `a question is answered, also in many frames, and silence is told as such`() throws {
        let context = try ZMQContext()
        let port = try QueuePort(listeningOn: Endpoint("tcp://127.0.0.1:*"), in: context)
        let link = try QueueLink(to: Endpoint(port.lastEndpoint), in: context, timeout: patience)
        let flag = WakeUp()
        try link.send([Line("jobs")])
        let asked = try #require(try port.wait(timeout: patience, watching: flag.descriptor).first)
        #expect(try asked.words.get().lines == [Line("jobs")])
        try port.send(lines(40_000), to: asked.peer)
        var answer: [QueueWords] = []
        let deadline = monotonicTime() + patience
        while answer.last?.isLast != true, monotonicTime() < deadline {
            answer += try link.wait(timeout: .milliseconds(100))
        }
        #expect(answer.flatMap(\.lines) == lines(40_000))
        #expect(throws: LinkError.noAnswer(endpoint: port.lastEndpoint, within: .milliseconds(50))) {
            try link.ask([Line("hello")], patience: .milliseconds(50))
        }
    }

    @Test func `a queue with a key answers who has it, and turns everybody else away with the reason`() throws {
        let key = try KeyFile.generate()
        let context = try ZMQContext(key: key)
        let port = try QueuePort(listeningOn: Endpoint("tcp://127.0.0.1:*"), in: context)
        let place = try Endpoint(port.lastEndpoint)
        let link = try QueueLink(to: place, in: ZMQContext(key: key), timeout: patience)
        try link.send([Line("jobs")])
        let flag = WakeUp()
        let asked = try #require(try port.wait(timeout: patience, watching: flag.descriptor).first)
        #expect(try asked.words.get().lines == [Line("jobs")])
        for stranger in [nil, try KeyFile.generate()] {
            do {
                _ = try QueueLink(to: place, in: ZMQContext(key: stranger), timeout: patience)
                Issue.record("a stranger was let in")
            } catch LinkError.refused(let endpoint, _, let hasKey) {
                #expect(endpoint == port.lastEndpoint)
                #expect(hasKey == (stranger != nil))
            }
        }
    }

    @Test func `nobody at all is told apart from somebody who refuses`() throws {
        let nowhere = try Endpoint("ipc:///nobody/listens")
        #expect(throws: LinkError.noAnswer(endpoint: "\(nowhere)", within: .milliseconds(50))) {
            try QueueLink(to: nowhere, in: ZMQContext(), timeout: .milliseconds(50))
        }
    }

    @Test func `a place is named by the host at which its machine was reached`() throws {
        let controller = try Endpoint("tcp://head:7641")
        #expect(try "\(Endpoint("tcp://0.0.0.0:7650").seen(from: controller))" == "tcp://head:7650")
        #expect(try "\(Endpoint("ipc:///s/job-1-1").seen(from: controller))" == "ipc:///s/job-1-1")
        let local = try Endpoint("ipc:///s/queue")
        #expect(try "\(Endpoint("tcp://127.0.0.1:7650").seen(from: local))" == "tcp://127.0.0.1:7650")
        #expect(local.port(7_650) == nil)
    }
}
