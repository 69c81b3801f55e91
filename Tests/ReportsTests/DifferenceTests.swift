// Two runs held against each other, and several set beside each other.

import ControlPlane
import Journaling
import Primitives
import Testing

@testable import Reports

@Suite struct DifferenceTests {
    private func difference(
        _ a: Rehearsal, _ b: Rehearsal, _ parts: [RunDifference.Part], _ texts: (String, String)? = nil
    ) -> RunDifference {
        RunDifference(a.source, b.source, configurations: texts, parts: parts)
    }

    @Test func `a run does not differ from itself`() {
        let run = Rehearsal.twiceKilled()
        let found = difference(run, run, RunDifference.Part.allCases, ("a: 1\n", "a: 1\n"))
        #expect(found.isNone && found.steps_compared == 40)
        #expect(differenceLines(found).count == 1)
    }

    @Test func `kills change what happened and not what was computed`() {
        var quiet = Rehearsal("quiet-0001")
        quiet.start()
        quiet.train(to: 40)
        let killed = Rehearsal.twiceKilled()
        #expect(difference(quiet, killed, [.metrics]).findings.filter { $0.place.hasPrefix("step") }.isEmpty)
        let events = difference(quiet, killed, [.events]).findings
        #expect(events.count == 1 && events[0].first == nil)
        #expect(events[0].second?.contains("SIGKILL") == true)
    }

    @Test func `the first step with other bits is named`() {
        var other = Rehearsal("other-0001")
        let usual = other.loss
        other.loss = { step in step == 17 ? usual(step).nextUp : usual(step) }
        other.start()
        other.train(to: 40)
        let found = difference(Rehearsal.twiceKilled(), other, [.metrics]).findings
        #expect(found.first?.place == "step 17")
    }

    @Test func `keys are compared by their path, lists by their place`() {
        let a = "name: \"x\"  # line 1\ntrain:\n  lr: 0.1  # default\n  seed: 1\ninject:\n  - {at: step=1}\n"
        let b = "name: \"x\"  # elsewhere\ntrain:\n  lr: 0.2\n  seed: 1\ninject:\n  - {at: step=1}\n  - {at: step=2}\n"
        let run = Rehearsal.running()
        let found = difference(run, run, [.config], (a, b)).findings
        #expect(found.map(\.place) == ["train.lr", "inject[1]"])
        #expect(found[0].first == "0.1" && found[0].second == "0.2" && found[1].first == nil)
    }

    @Test func `a comparison has a row a run`() {
        let document = ComparisonDocument([Rehearsal.twiceKilled().source, Rehearsal.exhausted().source])
        #expect(document.runs.map(\.step) == [40, 0])
        #expect(document.runs.map(\.incidents)[0] == 2)
        #expect(comparisonLines(document).count == 3)
    }
}
