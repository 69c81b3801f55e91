// The live view and its plain line: snapshots at an instant, and that no history and no width breaks them. Refuses a
// terminal: the view is text.

import ControlPlane
import Journaling
import Primitives
import Reports
import Testing

private let reader = Instant(nanoseconds: 5_000_000_000)

@Test func `the live view shows a run that computes`() {
    let source = RunSource(history: Rehearsal.running().history, isCoordinated: true)
    #expect(
        progressLines(source, now: reader, width: 100).joined(separator: "\n") == """
            tiny-0001  running  segment 2  up 5.0s
            step   33 / 40  [#################################.......]  82.5%  ETA 728.0ms (P95 1.4s)
            loss   2.8140 (ema 3.6041)  lr 3.0e-04  |g| 1.03  tokens 16.9k
            speed  4.9k tok/s  step 104.0ms = compute 80.0ms + exchange 12.0ms + update 3.0ms + snapshot 500.0u…
            ETTR   80.4%  lost 827.0ms: replayed 405.0ms, detection 2.0ms, restart 400.0ms, checkpoint 20.0ms
              5.182|''...
                   |     '''...
                   |           ''......
                   |                   ''''''.....
                   |                              '''''''''...........
              2.814|                                                  ''''''''''''''''..........................
                   +1--------------------------2-----------!----------------------------------------------------
            last incidents
            I-0001  1.9s  rank 1 laptop/1 SIGKILL (drill): generation 2 restored step 10, lost 4 steps, down 80…
            RANK  WORKER     PID  STATE
               0  laptop/0  4001  computes
               1  laptop/1  4003  computes
            """)
}

@Test func `the live view says why nothing computes`() {
    let source = RunSource(history: Rehearsal.recovering().history, isCoordinated: true)
    #expect(
        progressLines(source, now: reader, width: 80).joined(separator: "\n") == """
            tiny-0001  recovering  segment 1  up 5.0s
            step   14 / 40  [##############..........................]  35.0%  ETA -
            loss   3.4583 (ema 4.5840)  lr 3.0e-04  |g| 1.07  tokens 7.2k
            speed  -
            ETTR   92.4%  lost 117.0ms: replayed 10.0ms, detection 2.0ms, restart 100.0ms, …
            why    1 of 2 workers are free
              5.182|'''''.....
                   |          .....
                   |               '''''.....
                   |                         '''''......
                   |                                    '''''..........
              3.458|                                                   '''''................
                   +1----------------------------------------------------------------------!
            last incidents
            I-0001  1.9s  rank 1 laptop/1 SIGKILL (drill): the next gang is awaited, lost 0…
            RANK  WORKER     PID  STATE
               -  laptop/0  4001  waits for a gang
               -  laptop/1     -  is started
            """)
}

@Test func `the line for a pipe has one field a figure`() {
    #expect(
        progressLine(Rehearsal.running().history, now: reader)
            == "t=5s step=33/40 loss=2.8140 tok_s=4923 ettr=0.804 segment=2 eta_s=1 eta_p95_s=1")
    #expect(
        progressLine(Rehearsal.recovering().history, now: reader)
            == "t=5s step=14/40 loss=3.4583 tok_s=- ettr=0.924 segment=1 eta_s=- eta_p95_s=-")
    #expect(
        progressLine(RunHistory(), now: reader) == "t=5s step=0/0 loss=- tok_s=- ettr=- segment=0 eta_s=- eta_p95_s=-")
}

@Test func `the document of progress has the figures of the live view`() {
    let document = ProgressDocument(
        RunSource(history: Rehearsal.running().history, isCoordinated: true), now: reader)
    #expect(document.state == .running && document.segment == 2 && document.elapsed_ns == 5_000_000_000)
    #expect(document.step == 33 && document.steps == 40 && document.step_ns == 104_000_000)
    #expect(document.remaining_ns == 728_000_000 && document.step_parts?.exchange_ns == 12_000_000)
    #expect(document.incident_count == 1 && document.last_incidents.map(\.id) == ["I-0001"])
    #expect(document.workers.map(\.pid) == [4001, 4003] && document.workers.map(\.rank) == [0, 1])
    let waiting = ProgressDocument(
        RunSource(history: Rehearsal.recovering().history, isCoordinated: true), now: reader)
    #expect(waiting.reason == "1 of 2 workers are free" && waiting.remaining_ns == nil && waiting.step_ns == nil)
    #expect(waiting.workers.map(\.pid) == [4001, nil] && waiting.workers.map(\.state).last == "is started")
}

@Test func `no width and no record of a run breaks the live view`() {
    var rehearsal = Rehearsal.twiceKilled()
    rehearsal.tell(.interruptRequested(run: rehearsal.id, because: "SIGINT"))
    var history = RunHistory()
    for record in [nil] + rehearsal.records.map(Optional.some) {
        if let record { history.add(record) }
        for width in [0, 40, 63, 120] {
            let lines = progressLines(RunSource(history: history), now: history.now, width: width)
            #expect(lines.allSatisfy { $0.count <= max(40, width) }, "\(lines)")
        }
    }
}

@Test func `the pace is that of the last twenty steps of the current segment`() throws {
    var rehearsal = Rehearsal(steps: 200, interval: 100, evaluation: 0)
    rehearsal.start()
    rehearsal.train(to: 30)
    rehearsal.stepTime = .milliseconds(50)
    rehearsal.train(to: 50)
    let figures = LiveFigures(rehearsal.history, at: rehearsal.history.now)
    #expect(figures.stepTime == .milliseconds(50))
    #expect(figures.remaining == .milliseconds(50 * 150))
    #expect(figures.tokensPerSecond == 512 / 0.05)
    rehearsal.fulfil(rehearsal.kill(rank: 0))
    #expect(LiveFigures(rehearsal.history, at: rehearsal.history.now).stepTime == nil)
    rehearsal.stepTime = .milliseconds(80)
    rehearsal.train(to: 1)
    #expect(LiveFigures(rehearsal.history, at: rehearsal.history.now).stepTime == .milliseconds(80))
}
