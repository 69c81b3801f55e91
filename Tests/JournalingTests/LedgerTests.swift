// Where the time went, to the nanosecond. Refuses rounding.

import ControlPlane
import Journaling
import Primitives
import Testing

struct LedgerTests {
    private func spans(_ history: RunHistory) -> [LedgerItem: Int64] {
        var spans: [LedgerItem: Int64] = [:]
        for item in LedgerItem.allCases where history.ledger[item] != .zero {
            spans[item] = history.ledger[item].nanoseconds / 1_000_000
        }
        return spans
    }

    @Test func `each second of a run with a drill is in its item`() {
        var chronicle = Chronicle()
        chronicle.begin()  // Submitted, offered: a second each, the first before the submission.
        chronicle.happen(until: { $0.coordinator.run!.phase == .running })  // Two joins, two members formed.
        chronicle.steps(through: 2)  // Two seconds, 2 ms of each in a snapshot.
        chronicle.kill(1, injection: 0)  // A second until the drill, a second until it is noticed.
        chronicle.happen(until: { $0.coordinator.run!.phase == .running })  // A join, two members formed.
        chronicle.steps(through: 3)  // Two replayed, one new, 2 ms of each in a snapshot.
        let history = RunHistory(chronicle.records)
        let expected: [LedgerItem: Int64] = [
            .queued: 3_000, .restart: 5_000, .productive: 2_994, .replayed: 2_996, .detection: 1_000, .checkpoint: 10,
        ]
        #expect(spans(history) == expected)
        #expect(history.ledger.elapsed == chronicle.now - chronicle.records[0].at)
        let ratio = 2.994 / (history.ledger.elapsed.seconds - 3)
        print("ETTR differs by \(abs(history.ledger.effectiveTrainingTimeRatio! - ratio))")
        #expect(abs(history.ledger.effectiveTrainingTimeRatio! - ratio) < 1e-15)
    }

    @Test func `time without a coordinator is stalled, time after the end is queued, the rest of a step is lost`() {
        var chronicle = Chronicle()
        chronicle.begin()
        chronicle.happen(until: { $0.coordinator.run!.committed == 1 })
        chronicle.tell(.interruptRequested(run: chronicle.run, because: "Ctrl-C"))  // A second into step 2.
        chronicle.resume()
        let stalled = RunHistory(chronicle.records)
        #expect(stalled.ledger[.stalled] == .seconds(Int64(100)))
        #expect(stalled.ledger[.replayed] == .seconds(Int64(1)))
        chronicle.tell(.interruptRequested(run: chronicle.run, because: "Ctrl-C"))
        chronicle.resume()
        #expect(RunHistory(chronicle.records).ledger[.queued] == stalled.ledger[.queued] + .seconds(Int64(100)))
    }

    @Test func `the wait for the last checkpoint is a checkpoint's time, also when a drill cuts it short`() {
        var chronicle = Chronicle()
        chronicle.begin(plan: Chronicle.plan)
        chronicle.steps(through: 10)
        let before = RunHistory(chronicle.records)
        guard case .stopping = chronicle.coordinator.run?.phase else {
            Issue.record("the run is \(String(describing: chronicle.coordinator.run?.phase))")
            return
        }
        chronicle.kill(0, injection: 3)
        let after = RunHistory(chronicle.records)
        #expect(after.ledger[.checkpoint] - before.ledger[.checkpoint] == .seconds(Int64(1)))
        #expect(after.ledger[.detection] - before.ledger[.detection] == .seconds(Int64(1)))
    }

    @Test func `time before the submission is nobody's`() {
        var chronicle = Chronicle()
        chronicle.tell(.slotsOffered(node: NodeID("a"), slots: 2))
        #expect(RunHistory(chronicle.records).ledger.elapsed == .zero)
        chronicle.tell(.jobSubmitted(run: chronicle.run, plan: Chronicle.plan), after: .seconds(Int64(50)))
        #expect(RunHistory(chronicle.records).ledger.elapsed == .zero)
    }

    @Test func `on every prefix of any journal the items add up to the time that has passed`() {
        for seed in UInt64(1)...400 {
            let records = Chronicle.random(seed: seed, length: 120).records
            var history = RunHistory()
            for record in records {
                history.add(record)
                let sum = LedgerItem.allCases.reduce(TimeSpan.zero) { $0 + history.ledger[$1] }
                #expect(sum == history.ledger.elapsed, "seed \(seed), \(record)")
                guard let mark = history.ledger.mark else { continue }
                #expect(mark - records[0].at == sum, "seed \(seed), \(record)")
                let phase = history.coordinator.run?.phase
                if phase == .running {
                    #expect(mark <= record.at, "seed \(seed), \(record)")
                } else {
                    #expect(mark == record.at, "seed \(seed), \(record)")
                }
            }
        }
    }
}
