// What other tools are handed: that it nests, adds up, and says the same in every form. Whether those tools read it is
// scripts/check-exports.py's business, which has them at hand.

import Exports
import Foundation
import Primitives
import Testing

@testable import Reports

@Suite struct ExportTests {
    static let plays = [Rehearsal.twiceKilled(), .troubled(), .running(), .recovering(), .exhausted()].map(\.history)

    @Test(arguments: plays.indices, TraceDetail.allCases)
    func `slices of a track nest or follow each other`(play: Int, detail: TraceDetail) {
        let trace = runTrace(ExportTests.plays[play], detail: detail)
        var open: [TraceSlice] = []
        for slice in trace.slices {
            while let last = open.last, last.track != slice.track || last.to <= slice.from { open.removeLast() }
            if let outer = open.last {
                #expect(outer.from <= slice.from && slice.to <= outer.to, "\(slice) crosses \(outer)")
            }
            if !slice.isInstant { open.append(slice) }
        }
        #expect(trace.tracks.allSatisfy { $0.parent.map { $0 < trace.tracks.count } ?? true })
    }

    @Test func `every commit is a slice on every member of its gang`() {
        let history = Rehearsal.twiceKilled().history
        let trace = runTrace(history, detail: .steps)
        let commits = history.steps.reduce(0) { $0 + history.segments[$1.segment].members.count }
        #expect(trace.slices.filter { $0.name.hasPrefix("step ") && $0.arguments.count == 2 }.count == commits)
        let losses = trace.tracks.first { $0.name == "loss" }!.index
        #expect(trace.samples.filter { $0.track == losses }.map(\.value) == history.steps.map(\.loss))
    }

    @Test func `flows lead from an incident to the next segment, and from a checkpoint to who restored it`() {
        let history = Rehearsal.troubled().history
        let trace = runTrace(history, detail: .segments)
        let out = trace.slices.flatMap { slice in slice.flowsOut.map { ($0, slice) } }
        let into = trace.slices.flatMap { slice in slice.flowsIn.map { ($0, slice) } }
        #expect(out.map(\.0).sorted() == into.map(\.0).sorted())
        let restores = out.filter { $0.1.name.hasPrefix("step ") }
        #expect(!restores.isEmpty)
        for (flow, checkpoint) in out {
            let segment = into.first { $0.0 == flow }!.1
            #expect(segment.name.hasPrefix("segment ") && segment.from >= checkpoint.from)
        }
    }

    @Test func `the parts of a step fill it`() {
        let trace = runTrace(Rehearsal.twiceKilled().history, detail: .parts)
        let parts: Set = ["optimizer", "snapshot", "evaluation", "forward+backward", "all-reduce", "wait"]
        var filled: [Int: TimeSpan] = [:]
        var steps: [Int: TimeSpan] = [:]
        for slice in trace.slices {
            if parts.contains(slice.name) { filled[slice.track, default: .zero] += slice.to - slice.from }
            let isStep = slice.name.hasPrefix("step ") && slice.arguments.contains { $0.name == "loss" }
            if isStep { steps[slice.track, default: .zero] += slice.to - slice.from }
        }
        #expect(filled == steps && !steps.isEmpty)
    }

    @Test func `a window keeps what touches it`() {
        let history = Rehearsal.twiceKilled().history
        let middle = Instant(nanoseconds: history.now.nanoseconds / 2)
        let trace = runTrace(history, detail: .steps, window: middle...middle)
        #expect(trace.slices.contains { $0.name.hasPrefix("segment ") })
        #expect(trace.slices.allSatisfy { $0.from <= middle && middle <= $0.to })
        #expect(perfettoFile(trace).count < perfettoFile(runTrace(history, detail: .steps)).count / 2)
    }

    @Test func `a Chrome duration is the difference of its ends to the nanosecond`() throws {
        let trace = runTrace(Rehearsal.troubled().history, detail: .parts)
        let document = try JSONSerialization.jsonObject(with: Data(chromeTrace(trace).utf8)) as? [String: Any]
        let events = try #require(document?["traceEvents"] as? [[String: Any]])
        let complete = events.filter { $0["ph"] as? String == "X" }
        let slices = trace.slices.filter { !$0.isInstant }
        #expect(complete.count == slices.count)
        for (event, slice) in zip(complete, slices) {
            func nanoseconds(_ key: String) -> Int64 { Int64(((event[key] as! Double) * 1_000).rounded()) }
            #expect(nanoseconds("ts") == slice.from.nanoseconds)
            #expect(nanoseconds("dur") == (slice.to - slice.from).nanoseconds)
        }
    }

    @Test func `equal runs give equal bytes`() {
        let trace = runTrace(Rehearsal.twiceKilled().history, detail: .parts)
        #expect(fingerprint(chromeTrace(trace)) == "4d3a277a822638af")
        #expect(fingerprint(perfettoFile(trace).map { String($0) }.joined(separator: " ")) == "2aa609ed39ce7145")
    }

    @Test func `the table of steps has a row for every commit and counts each step once`() {
        let history = Rehearsal.troubled().history
        let rows = stepsCSV(history).split(separator: "\n").map { $0.split(separator: ",").map(String.init) }
        let counts = rows[0].firstIndex(of: "counts")!
        #expect(rows.count == history.steps.count + 1)
        #expect(rows.allSatisfy { $0.count == rows[0].count })
        #expect(rows.dropFirst().filter { $0[counts] == "1" }.map { Int($0[0])! } == Array(1...history.committed))
        #expect(rows.dropFirst().contains { $0[counts] == "0" })
    }

    @Test func `a journal's line of JSON holds the record's fields`() throws {
        let records = Rehearsal.troubled().records
        for record in records {
            let object = try JSONSerialization.jsonObject(with: Data(recordLine(record).utf8)) as? [String: Any]
            #expect(object?["kind"] as? String == record.event.line.head)
            let fields = try #require(object?["fields"] as? [String: String])
            for (name, value) in record.event.line.fields { #expect(fields[name] == value) }
            #expect((object?["commands"] as? [Any])?.count == record.commands.count)
        }
    }

    @Test func `TensorBoard gets a run a segment, framed as records`() {
        let history = Rehearsal.twiceKilled().history
        let files = tensorBoardFiles(history)
        #expect(files.map { $0.path.split(separator: "/")[0] } == ["seg-0001", "seg-0002", "seg-0003", "incidents"])
        #expect(
            tensorBoardFiles(history, isMerged: true).map { $0.path.split(separator: "/")[0] } == ["run", "incidents"])
        var count = 0
        for file in files {
            var offset = 0
            while offset < file.bytes.count {
                let length = (0..<8).reduce(0) { $0 | Int(file.bytes[offset + $1]) << (8 * $1) }
                offset += 12 + length + 4
                count += 1
            }
            #expect(offset == file.bytes.count, "the last record of \(file.path) is cut off")
        }
        // A head each; four scalars a step; validation losses; incidents.
        #expect(count == 4 + 4 * history.steps.count + history.evaluations.count + history.incidents.count)
    }
}
