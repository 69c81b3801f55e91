// Thousands of random lives: no rule of the world and no invariant of the coordinator may break, and every run completes
// once the faults stop. Refuses a schedule that cannot be repeated: the seed and the records are printed on failure.

import ControlPlane
import Foundation
import Primitives
import Testing

struct RandomScheduleTests {
    /// `UNDERSTUDY_SEEDS=100000` lives longer.
    private let seeds = UInt64(ProcessInfo.processInfo.environment["UNDERSTUDY_SEEDS"] ?? "") ?? 1_000

    @Test func `no random schedule breaks a rule, and every run completes and replays when the faults stop`() {
        var (actions, incidents, generations) = (0, 0, 0)
        for seed in UInt64(1)...seeds {
            var schedule = RandomSchedule(seed: seed)
            do {
                try schedule.live(faulty: 20 + Int(seed % 130))
                if seed % 4 == 0 { try schedule.world.checkReplay() }
                let steps = schedule.world.plan.steps
                let clean = (1...steps).map { step in cleanLoss(step: step, plan: schedule.world.plan) }
                guard schedule.world.lineage.map(\.bitPattern) == clean.map(\.bitPattern) else {
                    throw IllegalCommand(
                        command: "", reason: "the history is not each step once with the bits of a run without faults",
                        records: schedule.world.recordLines)
                }
            } catch {
                Issue.record("seed \(seed): \(error)")
                return
            }
            actions += schedule.actions
            generations += schedule.world.lastGeneration.number
            incidents += schedule.world.entries.count { entry in
                entry.commands.contains { if case .abort = $0 { true } else { false } }
            }
        }
        print("\(seeds) schedules: \(actions) actions, \(generations) generations, \(incidents) interruptions")
        #expect(incidents > 5 * Int(seeds), "the schedules must be wild enough to prove something")
    }

    /// The loss that a run of one worker without faults records.
    private func cleanLoss(step: Int, plan: RunPlan) -> Double {
        let losses = (0..<plan.microBatches).map { MockWorld.loss(step: step, microBatch: $0) }
        return ReductionTree(leaves: plan.microBatches).sum(losses) / Double(plan.microBatches)
    }

    /// Pinned: the order of a Dictionary or Set would change it from process to process.
    @Test func `the records of seed 1 are the same in every process`() throws {
        var schedule = RandomSchedule(seed: 1)
        try schedule.live(faulty: 100)
        #expect(fnv1a(schedule.world.recordLines.joined(separator: "\n")) == goldenDigest)
    }

    private let goldenDigest: UInt64 = 7_229_523_810_337_799_310

    private func fnv1a(_ text: String) -> UInt64 {
        text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
    }
}
