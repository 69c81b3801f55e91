// The pages and listings of runs, as snapshots of small histories that a real coordinator decided. A change of wording
// is a change here. Refuses to repeat what the journal's own tests check: that the histories are right.

import Journaling
import Primitives
import Reports
import Testing

@Test func `show tells all that is known of a run`() {
    let text = runLines(Rehearsal.twiceKilled().source, width: 100).joined(separator: "\n")
    #expect(
        text == """
            tiny-0001: all 40 steps are committed and saved
              state            completed
              job              tiny
              cluster          laptop
              gang             2 workers = 1 node x 2
              model            GPT-2, 120.6k parameters: 2 layers, width 64, 2 heads, context 64, vocabulary 256
              steps            40 of 40
              tokens           20.5k (512 a step)
              training loss    2.7000 nats a token, 3.8953 bits a byte, at step 40
              validation loss  2.8000 nats a token, 4.0395 bits a byte, at step 40
              speed            5.0k tokens/s over productive time
              ETTR             70.9% = 4.1s productive of 5.8s, queueing left out
              weights          runs/tiny-0001/checkpoints/step-00000040/model.safetensors (step 40)
              SHA-256          c0ffee4000000000000000000000000000000000000000000000000000000000
              run              runs/tiny-0001

            Where the time went
            TIME            SECONDS   SHARE  WHAT IT IS
            productive  4.095000000   66.3%  steps that raised the highest committed step
            replayed    0.900000000   14.6%  steps done again, and parts of steps thrown away
            stalled     0.000000000    0.0%  no coordinator
            detection   0.004000000    0.1%  from a fault to its detection
            restart     0.700000000   11.3%  starting processes and restoring state
            checkpoint  0.075000000    1.2%  snapshots that training waited for
            queued      0.401000000    6.5%  no gang yet, or the run had ended
            elapsed     6.175000000  100.0%  the sum

            Segments
            SEGMENT  GENERATION  STEPS  RESTORED       AT  DURATION  TOKENS/S  ENDED BECAUSE
                  1           1  1-14   start     401.0ms      1.5s      5.0k  I-0001 kill rank 1
                  2           2  11-25  step 10      2.1s      1.7s      5.0k  I-0002 kill rank 0
                  3           3  21-40  step 20      4.0s      2.2s      5.0k  completed

            Checkpoints
            STEP  SEGMENT    AT   SIZE  WRITTEN IN  STATE  WEIGHTS SHA-256
              10        1  1.5s  1.4MB      30.0ms  gone   c0ffee1000000000
              20        2  3.3s  1.4MB      30.0ms  gone   c0ffee2000000000
              30        3  5.1s  1.4MB      30.0ms  kept   c0ffee3000000000
              40        3  6.2s  1.4MB      30.0ms  kept   c0ffee4000000000

            Workers
            RANK  WORKER     PID  NODE    INCARNATION   JOINED  STATE
               0  laptop/0  4001  laptop            1  201.0ms  was ended by SIGKILL at 3.8s
               1  laptop/1  4002  laptop            1  401.0ms  was ended by SIGKILL at 1.9s
               1  laptop/1  4003  laptop            2     2.1s  the run is over
               0  laptop/0  4004  laptop            2     4.0s  the run is over

            Incidents
            ID        AT  STEP  WHERE            CAUSE    INJECTED  DETECTED  ACTION      LOST     DOWN     COST
            I-0001  1.9s    14  rank 1 laptop/1  SIGKILL  drill        2.0ms  generatio…     4  802.0ms  707.0ms
            I-0002  3.8s    25  rank 0 laptop/0  SIGKILL  accident         -  generatio…     5  900.0ms  797.0ms
            2 incidents: 1 drill, 1 accident. 9 steps lost, at a cost of 1.5s; lost outside of incidents: restart 100.0ms, checkpoint 75.0ms.
            """)
}

@Test func `launch ends with segments, incidents, figures and where the run lies`() {
    let text = closingLines(Rehearsal.twiceKilled().source, width: 100).joined(separator: "\n")
    #expect(
        text == """
            SEGMENT  GENERATION  STEPS  RESTORED       AT  DURATION  TOKENS/S  ENDED BECAUSE
                  1           1  1-14   start     401.0ms      1.5s      5.0k  I-0001 kill rank 1
                  2           2  11-25  step 10      2.1s      1.7s      5.0k  I-0002 kill rank 0
                  3           3  21-40  step 20      4.0s      2.2s      5.0k  completed

            ID        AT  STEP  WHERE            CAUSE    INJECTED  DETECTED  ACTION      LOST     DOWN     COST
            I-0001  1.9s    14  rank 1 laptop/1  SIGKILL  drill        2.0ms  generatio…     4  802.0ms  707.0ms
            I-0002  3.8s    25  rank 0 laptop/0  SIGKILL  accident         -  generatio…     5  900.0ms  797.0ms
            2 incidents: 1 drill, 1 accident. 9 steps lost, at a cost of 1.5s; lost outside of incidents: restart 100.0ms, checkpoint 75.0ms.

            tiny-0001: all 40 steps are committed and saved
              steps            40 of 40 in 6.2s
              training loss    2.7000 nats a token, 3.8953 bits a byte, at step 40
              validation loss  2.8000 nats a token, 4.0395 bits a byte, at step 40
              speed            5.0k tokens/s over productive time
              ETTR             70.9% = 4.1s productive of 5.8s, queueing left out
              weights          runs/tiny-0001/checkpoints/step-00000040/model.safetensors (step 40)
              SHA-256          c0ffee4000000000000000000000000000000000000000000000000000000000
              run              runs/tiny-0001
            """)
}

@Test func `the list of runs says why each is in its state`() {
    let text = runsLines(fourRuns(), width: 100).joined(separator: "\n")
    #expect(
        text == """
            NAME            STATE        STEP    LOSS  SEGMENTS  INCIDENTS   ETTR  TOKENS  REASON
            tiny-0001       completed   40/40  2.7000         3          2  70.9%   20.5k  all 40 steps are com…
            exhausted-0001  gave-up      0/40       -         2          2   5.3%       0  gave up after 1 rest…
            tiny-0001       halted      33/40  2.8140         2          1  80.4%   16.9k  no coordinator drive…
            broken-0001     unreadable      -       -         -          -      -       -  runs/broken-0001/run…
            """)
    #expect(runsLines([]) == ["no run"])
}

@Test func `the seconds of the ledger add up to the elapsed time to the nanosecond`() {
    for rehearsal in [Rehearsal.twiceKilled(), .troubled(), .exhausted(), .recovering()] {
        let rows = ledgerTable(rehearsal.history).lines(hasHeader: false).map {
            $0.split(separator: " ").map(String.init)
        }
        func nanoseconds(_ row: [String]) -> Int64? { Int64(row[1].replacing(".", with: "")) }
        let items = rows.dropLast().compactMap(nanoseconds).reduce(0, +)
        #expect(items == rehearsal.history.ledger.elapsed.nanoseconds)
        #expect(rows.last.flatMap(nanoseconds) == items)
    }
}

@Test func `a run without a record has a page`() {
    let nothing = RunSource(history: RunHistory())
    #expect(runLines(nothing, width: 80).first == "a run without a record: its journal holds no record")
    #expect(closingLines(nothing).count == 4)
    #expect(segmentTable(nothing.history).isEmpty)
    #expect(incidentLines(nothing.history) == ["no incident"])
}

@Test func `each phase has its state and its reason`() {
    func said(_ rehearsal: Rehearsal, isCoordinated: Bool = true) -> String {
        let source = RunSource(history: rehearsal.history, isCoordinated: isCoordinated)
        return "\(source.state.rawValue): \(source.reason)"
    }
    var queued = Rehearsal()
    _ = queued.submit()
    #expect(said(queued) == "queued: 0 of 2 workers are free")
    var forming = queued
    for slot in 0..<2 { _ = forming.join(WorkerID(node: NodeID("laptop"), slot: slot)) }
    #expect(said(forming) == "forming: 0 of 2 workers have restored step 0")
    #expect(said(.running()) == "running: 2 workers compute in generation 2")
    #expect(said(.recovering()) == "recovering: 1 of 2 workers are free")
    #expect(
        said(.recovering(), isCoordinated: false) == "halted: no coordinator drives it; it can be resumed from step 10")
    var stopping = Rehearsal(steps: 10)
    stopping.start()
    stopping.trainWithoutSaving(to: 10)
    #expect(said(stopping) == "stopping: its last checkpoint is awaited")
    #expect(said(.twiceKilled()) == "completed: all 40 steps are committed and saved")
    #expect(
        said(.exhausted())
            == "gave-up: gave up after 1 restarts without progress: rank 1 (laptop/1) was silent for 5.0s")
}
