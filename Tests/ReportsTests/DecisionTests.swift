// Decisions explained: what was seen, the rule, what else it would have cost, each from the journal's own figures. Refuses
// to repeat the control plane's tests: whether a decision is right is theirs.

import Foundation
import Primitives
import Reports
import Testing

@Suite("A decision explained")
struct DecisionTests {
    private func lines(_ source: RunSource, _ subject: DecisionSubject) throws -> String {
        decisionLines(try source.decision(on: subject)).joined(separator: "\n")
    }

    @Test func `an incident names what was known, the rule, and what else it would have cost`() throws {
        let source = Rehearsal.twiceKilled().source
        let document = try source.decision(on: .incident(2))
        #expect(document.schema == .decision && document.subject == "I-0002")
        #expect(document.decided == "generation 3 restored step 20")
        #expect(document.inputs.contains { $0.name == "newest checkpoint" && $0.value == "step 20" })
        #expect(document.inputs.contains { $0.name == "survivors with the last state" && $0.value == "1" })
        let cost = try #require(document.cost_ns)
        #expect(cost == source.history.incidents[1].cost.total.nanoseconds)
        let peers = try #require(document.alternatives.first { $0.what.hasPrefix("Take the state") })
        // The five steps behind the checkpoint, the first of which waits for a snapshot.
        #expect(cost - (peers.cost_ns ?? 0) == 495_000_000)
        #expect(try lines(source, .incident(2)).contains("What else could have been done"))
    }

    @Test func `a segment says what called for it and whose state it took`() throws {
        let source = Rehearsal.twiceKilled().source
        #expect(try source.decision(on: .segment(1)).inputs[0].value == "the run began")
        let second = try source.decision(on: .segment(2))
        #expect(second.decided == "generation 2 with 2 workers from the checkpoint of step 10")
        #expect(second.inputs[0].value.hasPrefix("I-0001: rank 1 (laptop/1)"))
        #expect(try source.decision(on: .segment(nil)).subject == "segment@3")
    }

    @Test func `a placement lists the ranks and why others were left out`() throws {
        let document = try Rehearsal.twiceKilled().source.decision(on: .placement(1))
        #expect(document.decided == "2 ranks on 1 node: 0 laptop/0, 1 laptop/1")
        #expect(document.inputs.contains { $0.name == "arithmetic of the run" && $0.value == "avx512" })
        #expect(document.alternatives.isEmpty)
    }

    @Test(arguments: Rehearsal.plays)
    func `every incident and segment of every run can be explained`(play: @Sendable () -> Rehearsal) throws {
        let source = play().source
        for incident in source.history.incidents {
            let document = try source.decision(on: .incident(incident.number))
            #expect(!document.decided.isEmpty && !document.rule.isEmpty && !document.inputs.isEmpty)
            #expect(document.alternatives.allSatisfy { ($0.cost_ns ?? 0) >= 0 && !$0.because.isEmpty })
            #expect(
                try JSONDecoder().decode(DecisionDocument.self, from: Data(encodeJSON(document).utf8)) == document)
        }
        for segment in source.history.segments {
            #expect(try !lines(source, .segment(segment.index + 1)).isEmpty)
            #expect(try !lines(source, .placement(segment.index + 1)).isEmpty)
        }
    }

    @Test func `what cannot be asked about is no subject, and what is not there is said`() {
        #expect(DecisionSubject("I-0007") == .incident(7) && DecisionSubject("i-7") == .incident(7))
        #expect(DecisionSubject("segment@3") == .segment(3) && DecisionSubject("placement") == .placement(nil))
        for text in ["", "I-", "I-x", "segment@", "segment@x", "E0104", "quickstart-0001", "I-7@2"] {
            #expect(DecisionSubject(text) == nil, "\(text)")
        }
        let source = Rehearsal.twiceKilled().source
        for subject in [DecisionSubject.incident(0), .incident(3), .segment(4), .placement(0)] {
            #expect(throws: NoSuchDecision.self) { try source.decision(on: subject) }
        }
    }
}
