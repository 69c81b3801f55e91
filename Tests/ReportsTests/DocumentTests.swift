// The JSON documents: their names are a contract, so one is pinned whole, and all read back to what they were. Refuses
// to know JSON's layout beyond that.

import Foundation
import Journaling
import Primitives
import Reports
import Testing

@Test func `the document of incidents has stable names with units`() {
    #expect(
        encodeJSON(IncidentsDocument(Rehearsal.twiceKilled().source)) == """
            {
              "incidents" : [
                {
                  "action" : "generation 2 restored step 10",
                  "at_ns" : 1941000000,
                  "cause" : "rank 1 (laptop/1) was ended by SIGKILL",
                  "cost" : {
                    "detection_ns" : 2000000,
                    "replayed_ns" : 405000000,
                    "restart_ns" : 300000000,
                    "total_ns" : 707000000
                  },
                  "detected_at_ns" : 1943000000,
                  "downtime_ns" : 802000000,
                  "id" : "I-0001",
                  "is_injected" : true,
                  "lost_steps" : 4,
                  "place" : "rank 1 laptop/1",
                  "regained_at_ns" : 2743000000,
                  "restored_step" : 10,
                  "resumed_at_ns" : 2343000000,
                  "segment" : 1,
                  "step" : 14
                },
                {
                  "action" : "generation 3 restored step 20",
                  "at_ns" : 3795000000,
                  "cause" : "rank 0 (laptop/0) was ended by SIGKILL",
                  "cost" : {
                    "detection_ns" : 2000000,
                    "replayed_ns" : 495000000,
                    "restart_ns" : 300000000,
                    "total_ns" : 797000000
                  },
                  "detected_at_ns" : 3795000000,
                  "downtime_ns" : 900000000,
                  "id" : "I-0002",
                  "is_injected" : false,
                  "lost_steps" : 5,
                  "place" : "rank 0 laptop/0",
                  "regained_at_ns" : 4695000000,
                  "restored_step" : 20,
                  "resumed_at_ns" : 4195000000,
                  "segment" : 2,
                  "step" : 25
                }
              ],
              "run" : "tiny-0001",
              "schema" : "understudy/incidents/v1"
            }

            """)
}

@Test func `every document names its schema and reads back to itself`() throws {
    func check<Document: Codable & Equatable>(_ document: Document, _ schema: DocumentSchema) throws {
        let text = encodeJSON(document)
        #expect(text.contains("\"schema\" : \"\(schema.rawValue)\"") && text.hasSuffix("}\n"))
        #expect(try JSONDecoder().decode(Document.self, from: Data(text.utf8)) == document)
    }
    for rehearsal in [Rehearsal.twiceKilled(), .troubled(), .exhausted(), .recovering()] {
        try check(RunDocument(rehearsal.source), .run)
        try check(IncidentsDocument(rehearsal.source, by: .cost), .incidents)
        try check(SegmentsDocument(rehearsal.source), .segments)
        try check(TimelineDocument(rehearsal.source), .timeline)
        try check(ProgressDocument(rehearsal.source, now: rehearsal.history.now), .progress)
        try check(FirstFailureDocument([], rehearsal.history, run: "tiny-0001"), .firstFailure)
    }
    let line = LogLine(unixSeconds: 1, process: "laptop/1", launch: 1, rank: 0, text: "1970-01-01T00:00:01Z info x")
    try check(LogLineDocument(line, run: "tiny-0001"), .logLine)
    try check(RunsDocument(fourRuns()), .runs)
    try check(RunDocument(RunSource(history: RunHistory())), .run)
}

@Test func `the ledger of the document adds up to the nanosecond`() {
    let ledger = RunDocument(Rehearsal.troubled().source).ledger
    #expect(
        ledger.elapsed_ns == ledger.productive_ns + ledger.replayed_ns + ledger.stalled_ns + ledger.detection_ns
            + ledger.restart_ns + ledger.checkpoint_ns + ledger.queued_ns)
}

@Test func `segments tell which of their steps were kept`() {
    let segments = SegmentsDocument(Rehearsal.twiceKilled().source).segments
    #expect(segments.map(\.first_step) == [1, 11, 21])
    #expect(segments.map(\.last_step) == [14, 25, 40])
    #expect(segments.map(\.last_kept_step) == [10, 20, 40])
    #expect(
        segments.map(\.ended_because) == [
            "I-0001: rank 1 (laptop/1) was ended by SIGKILL", "I-0002: rank 0 (laptop/0) was ended by SIGKILL",
            "completed",
        ])
}

@Test func `a loss that is no number is a string, and an unknown figure is left out`() {
    var rehearsal = Rehearsal()
    rehearsal.loss = { _ in .nan }
    rehearsal.start()
    let before = encodeJSON(RunsDocument([.read(rehearsal.source)]))
    #expect(!before.contains("training_loss_nats"))
    rehearsal.train(to: 2)
    let after = encodeJSON(RunsDocument([.read(rehearsal.source)]))
    #expect(after.contains("\"training_loss_nats\" : \"nan\""))
    #expect(encodeJSON([Double.infinity, -.infinity, 0.1]) == "[\n  \"inf\",\n  \"-inf\",\n  0.1\n]\n")
}
