// Incidents and the timeline: snapshots, and what must hold of any history: no failure is lost, no stretch of time is
// drawn twice or not at all. Refuses to judge the figures themselves.

import Journaling
import Primitives
import Reports
import Testing

@Test func `incidents are listed as they happened`() {
    let text = incidentLines(Rehearsal.troubled().history, width: 106).joined(separator: "\n")
    #expect(
        text == """
            ID        AT  STEP  WHERE            CAUSE          INJECTED  DETECTED  ACTION         LOST  DOWN     COST
            I-0001  1.5s    10  -                checkpoint o…  accident         -  training wen…     0     -        -
            I-0002  1.9s    14  -                coordinator …  accident         -  generation 2…    14  6.0s     5.9s
            I-0003  8.0s    16  rank 1 laptop/1  SIGKILL        drill        2.0ms  generation 3…     6  1.0s  907.0ms
            3 incidents: 1 drill, 2 accidents. 20 steps lost, at a cost of 6.8s; lost outside of incidents: restart 601.0ms, checkpoint 100.0ms.
            """)
}

@Test func `incidents sorted by cost begin with the costliest`() {
    let history = Rehearsal.troubled().history
    #expect(history.incidents.ordered(by: .cost).map(\.number) == [2, 3, 1])
    let costs = history.incidents.ordered(by: .cost).map(\.cost.total)
    #expect(costs == costs.sorted(by: >))
    let fitted = incidentLines(history, by: .cost, width: 100)
    #expect(fitted.dropLast().allSatisfy { $0.count <= 100 })
}

@Test func `an incident without recovery says what it waits for`() {
    let open = Rehearsal.recovering().history
    #expect(open.action(on: open.incidents[0]) == "the next gang is awaited")
    #expect(incidentLines(open)[1].hasSuffix("open  12.0ms"))
    let over = Rehearsal.exhausted().history
    #expect(over.action(on: over.incidents[1]) == "none: the run is over")
    #expect(incidentLines(over)[2].hasSuffix("for good     5.0s"))
}

@Test func `the timeline shows who trained, who failed and who came back`() {
    let text = timelineLines(Rehearsal.twiceKilled().history, width: 100).joined(separator: "\n")
    #expect(
        text == """
                      |0s             |1.1s           |2.2s           |3.3s           |4.4s           |5.5s
            laptop/0  ...~~rrr==============c=====~~~rr==============c=======x..rr==============c==============c
            laptop/1  .....rrr==============c=====x..rr==============c=======~~~rr==============c==============c
            segment        1                         2                          3
            loss            4.69  4.06  3.67  3.46  3.59  3.35  3.17  3.03  3.00  3.03  2.92  2.83  2.76  2.70
            = train  ~ idle  . down or starting  r restore  c checkpoint  x failure
            """)
}

@Test func `a window of the timeline is finer`() {
    let lines = timelineLines(
        Rehearsal.twiceKilled().history, from: Instant(nanoseconds: 1_800_000_000),
        to: Instant(nanoseconds: 2_500_000_000), width: 70)
    #expect(
        lines.joined(separator: "\n") == """
                      |1.800s         |1.987s         |2.173s         |2.360s
            laptop/0  ============~~~~~~~~~~~~~~~~~rrrrrrrrr======================
            laptop/1  ============x................rrrrrrrrr======================
            segment                                2
            loss      3.52  3.46                                3.67        3.59
            = train  ~ idle  . down or starting  r restore  c checkpoint  x failure
            """)
}

@Test func `workers of a vanished coordinator are not drawn as alive until the resumption`() {
    let text = timelineLines(Rehearsal.troubled().history, width: 100).joined(separator: "\n")
    #expect(
        text == """
                      |0s             |2.5s           |5.0s           |7.5s           |9.9s           |12.4s
            laptop/0  ..rr========x...........................rr=====c===~~r======cc....................~r=====c
            laptop/1  ..rr========x...........................rr=====c===x.r======cc.....................r=====c
            segment     1                                     2            3                             4
            loss      4.50  3.52  3.46                    5.18  3.75  3.35  3.21  3.13                    2.88
            = train  ~ idle  . down or starting  r restore  c checkpoint  x failure
            """)
}

@Test func `no failure is lost however narrow the timeline is`() {
    #expect(timelineLines(RunHistory()) == ["no worker has joined"])
    for width in [1, 30, 47, 300] {
        let lines = timelineLines(Rehearsal.twiceKilled().history, width: width)
        #expect(lines[1].hasPrefix("laptop/0") && lines[1].contains("x"))
        #expect(lines[2].hasPrefix("laptop/1") && lines[2].contains("x"))
    }
}

@Test func `the spans of a slot cover the run without a gap`() {
    for rehearsal in [Rehearsal.twiceKilled(), .troubled(), .exhausted(), .recovering()] {
        let history = rehearsal.history
        let timeline = Timeline(history)
        for worker in timeline.workers {
            let row = timeline.spans.filter { $0.worker == worker && $0.from < $0.to }
            #expect(row.first?.from == history.start && row.last?.to == history.now)
            #expect(zip(row, row.dropFirst()).allSatisfy { $0.to == $1.from }, "\(row)")
        }
    }
}
