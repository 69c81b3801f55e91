// Logs of several processes as one: their order, what a look at logs that grow hands out, and who failed first. Refuses
// files: logs are text here.

import Foundation
import Journaling
import Primitives
import Reports
import Testing

@Suite("Logs")
struct LogTests {
    private func log(_ worker: String, _ incarnation: Int, _ lines: [String]) -> ProcessLog {
        let welcome = "2026-01-01T00:00:01+0000 info: incarnation=\(incarnation) worker=\(worker) welcomed"
        return ProcessLog(name: worker, launch: incarnation, text: ([welcome] + lines).joined(separator: "\n") + "\n")
    }

    private func merged(_ logs: [ProcessLog], _ history: RunHistory, ranks: [Int] = []) -> [LogLine] {
        var reader = LogReader()
        return reader.next(logs, history, ranks: ranks)
    }

    @Test func `lines are merged by their second, and one without a date follows its own`() {
        let history = Rehearsal.twiceKilled().history
        let logs = [
            log("laptop/0", 1, ["2026-01-01T00:00:05+0000 info: late", "  and more"]),
            log("laptop/1", 1, ["2026-01-01T00:00:03+0000 info: early"]),
        ]
        let lines = logText(merged(logs, history), of: logs, history)
        #expect(
            lines.map { $0.split(separator: "|")[1].split(separator: " ").last! } == [
                "welcomed", "welcomed", "early", "late", "more",
            ])
        #expect(lines.allSatisfy { $0.hasPrefix("rank ") })
        #expect(merged(logs, history, ranks: [1]).allSatisfy { $0.process == "laptop/1" && $0.rank == 1 })
    }

    @Test func `hosts in different zones are merged by the same clock`() {
        let logs = [
            ProcessLog(name: "coordinator", text: "2026-03-01T00:30:02Z info second\n"),
            ProcessLog(
                name: "east/0", launch: 1,
                text: "2026-03-01T02:30:01+0200 info first\n2026-03-01T02:30:04+02:00 info fourth\n"),
            ProcessLog(name: "west/0", launch: 1, text: "2026-02-28T19:00:03-0530 info third\n"),
        ]
        let lines = merged(logs, RunHistory())
        #expect(lines.map { $0.text.split(separator: " ").last! } == ["first", "second", "third", "fourth"])
        #expect(lines.map(\.unixSeconds) == [1_772_325_001, 1_772_325_002, 1_772_325_003, 1_772_325_004])
    }

    @Test func `what begins like a date and is none continues the line before`() {
        for text in ["2026-13-01T00:00:00Z x", "2026-01-01T00:00:00 x", "2026-01-01T00:00:00+2 x", "2026-01-01Tx"] {
            let log = ProcessLog(name: "coordinator", text: "2026-01-01T00:00:07Z info a\n\(text)\n")
            #expect(merged([log], RunHistory()).map(\.unixSeconds) == [1_767_225_607, 1_767_225_607], "\(text)")
        }
    }

    @Test func `a line that is written late is handed out once, as every other`() {
        var (first, second) = ("2026-01-01T00:00:02Z info a\n", "")
        func logs() -> [ProcessLog] {
            [ProcessLog(name: "n/0", launch: 1, text: second), ProcessLog(name: "n/1", launch: 1, text: first)]
        }
        var reader = LogReader()
        var seen = reader.next(logs(), RunHistory(), isLast: false).map(\.text)
        second = "2026-01-01T00:00:01Z info b\n"
        first += "2026-01-01T00:00:02Z info c\n"
        seen += reader.next(logs(), RunHistory(), isLast: false).map(\.text)
        seen += reader.next(logs(), RunHistory(), isLast: true).map(\.text)
        #expect(seen.map { $0.last! } == ["a", "b", "c"])
    }

    @Test func `a line is handed out when it is whole, or when nothing will be added to it`() {
        var reader = LogReader()
        func next(_ text: String, isLast: Bool) -> [String] {
            reader.next([ProcessLog(name: "coordinator", text: text)], RunHistory(), isLast: isLast).map(\.text)
        }
        #expect(next("one\ntw", isLast: false) == ["one"])
        #expect(next("one\ntwo", isLast: false) == [])
        #expect(next("one\ntwo\nthree", isLast: true) == ["two", "three"])
    }

    @Test func `the document of a line has who wrote it, when, and its level`() {
        let line = LogLine(
            unixSeconds: 1_767_225_607, process: "host-7/3", launch: 2, rank: 1,
            text: "2026-01-01T00:00:07+0000 warning worker: a \"word\"\tand\u{1B}[0m")
        let text = encodeJSON(LogLineDocument(line, run: "tiny-0001"), isCompact: true)
        #expect(
            text == #"{"launch":2,"level":"warning","node":"host-7","process":"host-7/3","rank":1,"run":"tiny-0001","#
                + #""schema":"understudy/log-line/v1","#
                + #""text":"2026-01-01T00:00:07+0000 warning worker: a \"word\"\tand\u001b[0m","unix_s":1767225607}"#)
        let bare = LogLineDocument(LogLine(process: "coordinator", text: "warning of nothing"), run: "tiny-0001")
        #expect(bare.level == nil && bare.node == nil && bare.unix_s == nil)
    }

    @Test func `the first failure is that of the rank that failed first, with its last lines`() {
        let history = Rehearsal.twiceKilled().history
        let logs = [log("laptop/0", 1, ["alive"]), log("laptop/1", 1, ["one", "last words"])]
        let lines = firstFailure(logs, history)
        #expect(lines?[0].contains("rank 1") == true && lines?[0].contains("a drill") == true)
        #expect(lines?.last?.contains("last words") == true)
        let document = FirstFailureDocument(logs, history, run: "tiny-0001", lines: 2)
        #expect(document.incident?.id == "I-0001" && document.rank == 1 && document.worker == "laptop/1")
        #expect(document.last_lines == ["one", "last words"])
    }

    @Test func `where nothing failed there is no first failure, and who left no log has no lines`() {
        #expect(firstFailure([], Rehearsal().history) == nil)
        #expect(FirstFailureDocument([], Rehearsal().history, run: "tiny-0001").incident == nil)
        let history = Rehearsal.twiceKilled().history
        #expect(firstFailure([], history)?.last == "rank 1 (laptop/1) left no log")
        let document = FirstFailureDocument([], history, run: "tiny-0001")
        #expect(document.rank == 1 && document.last_lines == nil)
    }
}
