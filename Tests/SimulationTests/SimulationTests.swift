// The real control plane in the simulated world: no invariant breaks, what was healed completes, and equal seeds give
// equal journals in any process. Few seeds; `understudy drill` has the many. Refuses timings.

import ControlPlane
import Journaling
import Primitives
import Simulation
import Testing

@Suite("Simulation")
struct SimulationTests {
    @Test(arguments: SimulationMode.allCases) func `no invariant breaks under faults`(_ mode: SimulationMode) {
        var figures = Figures()
        for seed in 1...150 as ClosedRange<UInt64> {
            let verdict = simulate(Schedule(seed: seed, mode: mode, steps: 24))
            figures.add(verdict.figures)
            #expect(verdict.violation == nil)
            if mode == .liveness { #expect(verdict.outcome == .completed, "seed \(seed)") }
        }
        print("\(mode.rawValue): \(figures)")
        let silent = zip(FaultKind.allCases, figures.struck).filter { $1 == 0 }.map(\.0)
        #expect(silent.allSatisfy { mode == .liveness && !$0.isRecoverable }, "\(silent) never struck")
    }

    @Test func `without faults nothing is done twice`() {
        for seed in 1...40 as ClosedRange<UInt64> {
            var schedule = Schedule(seed: seed, mode: .liveness, steps: 24)
            schedule.faults = []
            let verdict = simulate(schedule)
            #expect(verdict.violation == nil && verdict.outcome == .completed)
            #expect(verdict.figures.commits == 24 && verdict.figures.generations == 1, "seed \(seed)")
            #expect(RunHistory(verdict.records).incidents.isEmpty, "seed \(seed)")
        }
    }

    @Test func `equal seeds give equal records in every process`() {
        // FNV-1a over the text of every record. A change of any decision, duration or fault changes it: look at the
        // difference of the records before putting a new number here.
        var digest: UInt64 = 0xcbf2_9ce4_8422_2325
        var records = 0
        for seed in 1...20 as ClosedRange<UInt64> {
            let mode: SimulationMode = seed % 2 == 0 ? .liveness : .safety
            for record in simulate(Schedule(seed: seed, mode: mode, steps: 24)).records {
                records += 1
                let text = "\(record.at.nanoseconds) \(record.event.line.text) \(record.commands.map(\.line.text))\n"
                for byte in text.utf8 { digest = (digest ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
            }
        }
        print("\(records) records, digest \(String(digest, radix: 16))")
        #expect(String(digest, radix: 16) == "ca5688a33654ce1d")
    }

    @Test func `a story says what the records say`() {
        let schedule = Schedule(seed: 2, mode: .liveness, steps: 5)
        let told = simulate(schedule, tellsStory: true)
        let silent = simulate(schedule)
        #expect(silent.story.isEmpty && told.records == silent.records)
        let inStory = told.story.filter { $0.contains(" record ") }
        #expect(inStory.count == told.records.count)
    }
}
