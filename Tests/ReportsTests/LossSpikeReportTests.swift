// A run whose loss rises for good at batch 300, as it is reported: the excursion, the decision, what was left, what was
// left out. Refuses to test the policy; ControlPlaneTests does.

import ControlPlane
import Jobs
import Journaling
import Primitives
import Reports
import Testing

struct LossSpikeReportTests {
    private static func rolledBack() -> Rehearsal {
        var rehearsal = Rehearsal(steps: 400, interval: 20, evaluation: 0, lossSpike: LossSpikeSpec(wait: 10))
        rehearsal.loss = { batch in
            3 + 0.1 * Double((batch * 37) % 101 - 50) / 50 + ((300..<400).contains(batch) ? 3 : 0)
        }
        rehearsal.start()
        rehearsal.train(to: 400)
        return rehearsal
    }

    @Test func `each decision is an incident with its reasons, and says what else could have been done`() throws {
        let history = Self.rolledBack().history
        #expect(history.incidents.map { $0.verdictOnLoss?.word } == ["recompute", "wait", "rollback to 200"])
        #expect(history.incidents.map(\.isInterruption) == [true, false, true])
        let last = try #require(history.incidents.last)
        #expect(last.sentence.contains("back to step 200, leaving out batches 201 to 404"), "\(last.sentence)")
        #expect(history.action(on: last).hasPrefix("back to step 200"))
        #expect(last.restoredStep == 200 && last.lostSteps == 113)
        let entry = IncidentsDocument(RunSource(history: history), by: .time).incidents[2]
        #expect(entry.alternatives == last.verdictOnLoss?.alternatives && entry.alternatives?.isEmpty == false)
    }

    @Test func `steps that a rollback left do not count, and the run is whole`() {
        let history = Self.rolledBack().history
        #expect(history.outcome == .completed && history.committed == 400)
        let kept = history.steps.filter(history.survives)
        #expect(kept.map(\.step).sorted() == Array(1...400))
        #expect(kept.allSatisfy { $0.loss < 3.2 })
        #expect(history.segments.last?.course.skipped == [201..<405])
    }

    @Test func `the plot shows the excursion, what was left as a thin line, and what was left out`() {
        let plot = lossPlot(RunSource(history: Self.rolledBack().history))
        #expect(plot.contains("class=\"left\"") && !plot.contains("class=\"discarded\""))
        #expect(plot.contains("batches 201 to 404 are left out"))
        #expect(plot.contains("class=\"spikes\"") && plot.contains("rolled back, data left out"))
        #expect(!plot.contains("thrown away, done again"))
        #expect(plot.contains("back to 200"))
    }

    @Test func `a policy that only reports changes nothing but what is reported`() {
        var rehearsal = Rehearsal(
            steps: 400, interval: 20, evaluation: 0, lossSpike: LossSpikeSpec(action: .report, wait: 10))
        rehearsal.loss = { batch in 3 + 0.1 * Double((batch * 37) % 101 - 50) / 50 + (batch >= 300 ? 3 : 0) }
        rehearsal.start()
        rehearsal.train(to: 400)
        #expect(rehearsal.history.segments.count == 1)
        #expect(rehearsal.history.incidents.map { $0.verdictOnLoss?.word } == ["wait", "would go back to 200"])
        #expect(rehearsal.history.incidents.allSatisfy { !$0.isInterruption })
    }
}
