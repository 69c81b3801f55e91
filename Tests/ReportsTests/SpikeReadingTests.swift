// A loss spike as a person reads it in a terminal: the row of the timeline, and the explanation of one excursion with what
// the other answers would have cost. Refuses the figure; LossSpikeReportTests has it.

import ControlPlane
import Jobs
import Journaling
import Primitives
import Reports
import Testing

struct SpikeReadingTests {
    /// Batches 300 to 399 are 3 nats higher; or `batches` are.
    private static func rehearsed(
        _ policy: LossSpikeSpec = LossSpikeSpec(wait: 10), batches: Range<Int> = 300..<400
    ) -> RunSource {
        var rehearsal = Rehearsal(steps: 400, interval: 20, evaluation: 0, lossSpike: policy)
        rehearsal.loss = { batch in
            3 + 0.1 * Double((batch * 37) % 101 - 50) / 50 + (batches.contains(batch) ? 3 : 0)
        }
        rehearsal.start()
        rehearsal.train(to: 400)
        return RunSource(history: rehearsal.history)
    }

    @Test
    func `the timeline marks the excursion, the alarm, what was left and the rollback, and names what is skipped`() {
        let lines = timelineLines(SpikeReadingTests.rehearsed().history, width: 120)
        let row = lines.first { $0.hasPrefix("spikes ") } ?? ""
        for mark in "-!<" { #expect(row.contains(mark), "\(mark) is not in \(row)") }
        #expect(row.firstIndex(of: "-")! < row.firstIndex(of: "<")!)
        #expect(
            lines.contains {
                $0.hasPrefix("skipped") && $0.hasSuffix("batches 201-404 left out from step 201 on (I-0003)")
            })
        #expect(lines.last == "spikes: - left by a rollback  ^ excursion  ! alarm  < rollback", "\(lines.last ?? "")")
    }

    @Test func `a run without spikes has no row for them`() {
        let lines = timelineLines(SpikeReadingTests.rehearsed(batches: 0..<0).history, width: 120)
        #expect(!lines.contains { $0.hasPrefix("spikes") || $0.hasPrefix("skipped") })
    }

    @Test func `the decisions about one excursion are one episode`() throws {
        let episodes = SpikeReadingTests.rehearsed().history.spikeEpisodes
        #expect(episodes.count == 1)
        let episode = try #require(episodes.first)
        #expect(episode.incidents.compactMap { $0.verdictOnLoss?.word } == ["recompute", "wait", "rollback to 200"])
        #expect(episode.alarm.onset == 300 && episode.alarm.step == 304)
    }

    @Test func `an explanation has the inputs, the rule, the decisions, and what else would have cost how much`() throws
    {
        let source = SpikeReadingTests.rehearsed()
        let document = try source.decision(on: .spike(302))
        #expect(document.subject == "spike@304" && document.decided.hasPrefix("back to step 200, leaving out batches"))
        func input(_ name: String) -> String { document.inputs.first { $0.name == name }?.value ?? "" }
        #expect(input("excursion") == "spike, steps 300 to 304" && input("step 302").hasPrefix("loss 6.0"))
        #expect(
            input("I-0001").contains("computed again") && input("I-0003").contains("leaving out batches 201 to 404"))
        #expect(document.rule.contains("alarm at S > 12.0") && document.rule.contains("up to 10 steps to heal"))
        #expect(
            document.alternatives.map(\.what) == [
                "go on with the loss as it is", "go back to step 200 at the alarm", "go back with the same data",
            ])
        #expect(document.alternatives[1].because.hasPrefix("103 steps would have been thrown away"))
        #expect(document.alternatives[2].because.hasPrefix("113 steps would have been thrown away"))
        let (atOnce, late) = (document.alternatives[1].cost_ns ?? 0, document.alternatives[2].cost_ns ?? 0)
        #expect(atOnce > 0 && atOnce < late)
        #expect(decisionLines(document, width: 120).contains { $0.contains("What else could have been done") })
    }

    @Test func `an excursion that healed says what going back at once would have cost`() throws {
        let source = SpikeReadingTests.rehearsed(LossSpikeSpec(wait: 20), batches: 300..<310)
        let document = try source.decision(on: .spike(304))
        #expect(document.decided.contains("healed by itself"), "\(document.decided)")
        #expect(document.alternatives.map(\.what) == ["go back to step 200 at the alarm"])
    }

    @Test func `a policy that only reports is explained as what it would do`() throws {
        let source = SpikeReadingTests.rehearsed(LossSpikeSpec(action: .report, wait: 10))
        #expect(try source.decision(on: .spike(304)).decided.hasPrefix("none; it would be: back to step"))
    }

    @Test func `a step that nobody decided about has no explanation, and the message names those that have`() {
        let source = SpikeReadingTests.rehearsed()
        #expect(DecisionSubject("spike@12") == .spike(12) && DecisionSubject("spike") == nil)
        #expect(throws: NoSuchDecision.self) { try source.decision(on: .spike(12)) }
        do { _ = try source.decision(on: .spike(12)) } catch {
            #expect("\(error)".hasSuffix("decided nothing about step 12; it has spike@304"), "\(error)")
        }
    }
}
