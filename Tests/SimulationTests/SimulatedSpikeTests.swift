// Loss spikes at the grain of steps: what the coordinator's own policy makes of an excursion, that the books still add up,
// that the journal replays, and that ranges nobody judges change no decision. Refuses the detector's statistics; see
// DetectionTests.

import ControlPlane
import Failures
import Hardware
import Jobs
import Journaling
import Messages
import Primitives
import Simulation
import SpecFiles
import Testing

struct SimulatedSpikeTests {
    private static let second = TimeSpan.seconds(Int64(1))

    /// Four nodes, steps of ten seconds, a checkpoint every 50th, and what `spikes` says at 20,000 s: near step 2,000.
    private static func scenario(
        _ spikes: [FailureEffect], steps: Int = 4_000, policy: LossSpikeSpec = LossSpikeSpec()
    ) -> Scenario {
        Scenario(
            run: RunID("spiked"),
            plan: RunPlan(
                steps: steps, workers: 4, microBatches: 16, checkpointInterval: 50, checkpointsKept: 2,
                evaluationInterval: 0, evaluationMicroBatches: 1, maximumRestarts: 5,
                formationLimit: second * 86_400, recovery: .peer, onWorkerLoss: .spare, lossSpike: policy),
            cost: StepCost(
                step: second * 10, snapshot: .zero, write: second * 5, checkpointSize: ByteCount(1),
                regroup: second * 60, restore: second * 40, peerTransfer: second),
            loss: LossCurve(parameters: 1e9, tokensPerStep: 500_000, seed: 7),
            nodes: (0..<4).map { NodeID("n\($0)") }, swapIn: second * 200, failures: nil,
            script: FailureScript(
                spikes.enumerated().map {
                    Breakdown(
                        at: .zero + second * Int64(20_000 + 9_000 * $0.offset), cause: "spike", nodes: 0..<0,
                        effect: $0.element, detect: .zero, repair: .zero)
                }),
            seed: 7, horizon: .zero + second * Int64(steps * 30), curvePoints: 50)
    }

    private static func decisions(_ records: [Record]) -> [SpikeDecision] {
        records.flatMap(\.commands).compactMap { if case .decide(_, let decision) = $0 { decision } else { nil } }
    }

    @Test func `an excursion that stays is computed again, waited for, gone back from, and its batches are left out`()
        throws
    {
        let (records, tally) = try StepWorldTests.records(Self.scenario([.spike(rise: 1.5, healing: nil)]))
        let decisions = Self.decisions(records)
        #expect(decisions.map { String($0.word.prefix(8)) } == ["recomput", "wait", "rollback"])
        let history = RunHistory(records)
        let alarm = try #require(decisions.last).alarm
        #expect(history.segments.last?.course.skipped.contains { $0.contains(alarm.onset) } == true)
        #expect(tally.outcome == .completed && tally.count(of: "spike") == 1)
        // Told of the recomputation and of the way back; nobody was lost.
        #expect(tally.interruptions == 2 && history.committed == 4_000)
        #expect(history.steps.filter { history.survives($0) && $0.step > 1_000 }.allSatisfy { $0.loss < 4 })
        #expect(try replay(records).run?.isOver == true)
        let items = LedgerItem.allCases.reduce(TimeSpan.zero) { $0 + history.ledger[$1] }
        #expect(items == history.ledger.elapsed && tally.productive == history.ledger[.productive])
    }

    @Test func `an excursion that heals like BLOOM's is waited for, and no step is lost`() throws {
        let (records, tally) = try StepWorldTests.records(Self.scenario([.spike(rise: 2.9, healing: 30)]))
        #expect(Self.decisions(records).map(\.word) == ["recompute", "wait", "healed"])
        let history = RunHistory(records)
        #expect(history.segments.allSatisfy { $0.course.isStraight } && tally.outcome == .completed)
        #expect(history.steps.count { !history.survives($0) } == 0)
    }

    @Test func `excursions that follow one another are answered from further back, and at a lower rate`() throws {
        let policy = LossSpikeSpec(againWithin: 2_000, rateScales: [0.9, 0.67])
        let spike = FailureEffect.spike(rise: 1.5, healing: nil)
        let (records, tally) = try StepWorldTests.records(
            Self.scenario([spike, spike, spike], steps: 5_000, policy: policy))
        let scales = Self.decisions(records).compactMap { decision -> Double? in
            if case .rollBack(_, _, let scale, _) = decision.verdict { scale ?? 1 } else { nil }
        }
        #expect(scales == [1, 0.9, 0.67] && tally.outcome == .completed)
        #expect(RunHistory(records).segments.last?.course.rateScales.map(\.factor).last == 0.67)
    }

    @Test func `a run whose policy is off lives through an excursion with the loss that it has`() throws {
        let (records, tally) = try StepWorldTests.records(
            Self.scenario([.spike(rise: 1.5, healing: nil)], policy: LossSpikeSpec(action: .off)))
        #expect(Self.decisions(records).isEmpty && tally.interruptions == 0)
        let losses = RunHistory(records).steps
        let before = try #require(losses.last { $0.step < 1_900 }), after = try #require(losses.last)
        #expect(after.loss > before.loss + 1)
    }

    @Test func `a million quiet steps cost no more records than their checkpoints`() throws {
        var scenario = Self.scenario([.spike(rise: 1.5, healing: nil)], steps: 1_000_000)
        scenario.plan.checkpointInterval = 5_000
        let (records, tally) = try StepWorldTests.records(scenario)
        #expect(tally.outcome == .completed && tally.committed == 1_000_000)
        // Two a checkpoint; around the excursion its lead, the wait, and the steps since the checkpoint of before.
        #expect(records.count < 2 * 200 + 800, "\(records.count)")
    }

    @Test func `quiet ranges change no decision: a detector that sees every step decides the same`() throws {
        let spike = FailureEffect.spike(rise: 0.8, healing: nil)
        let scenario = Self.scenario([spike])
        let (records, _) = try StepWorldTests.records(scenario)
        let told = Self.decisions(records)
        let onset = try #require(told.first).alarm.onset
        var watch = SpikeWatch(scenario.plan.lossSpike)
        var seen: [SpikeDecision] = []
        let checkpoints = Array(stride(from: 50, through: 4_000, by: 50))
        // One member, so that nothing is computed twice.
        let member = Member(
            worker: WorkerID(node: NodeID("n0"), slot: 0), incarnation: Incarnation(1), part: 0..<16,
            evaluationPart: 0..<1)
        for step in 1...4_000 where seen.last?.word.hasPrefix("rollback") != true {
            let report = StepReport(
                step: step, loss: scenario.loss.loss(of: step) + (step >= onset ? 0.8 : 0), gradientNorm: 1,
                learningRate: 0, tokens: 1, profile: StepProfile())
            let held = checkpoints.filter { $0 < step }
            seen += watch.judge(report, of: [member], Generation(1), checkpoints: held).1
        }
        #expect(seen.map(\.verdict) == told.filter { $0.word != "recompute" }.map(\.verdict))
        #expect(seen.map(\.alarm.step) == told.filter { $0.word != "recompute" }.map(\.alarm.step))
        #expect(seen.map(\.alarm.onset) == told.filter { $0.word != "recompute" }.map(\.alarm.onset))
    }

    @Test func `the words of a spike are read, and wrong ones are not`() {
        #expect(FailureEffect(inWords: "spike=2.9") == .spike(rise: 2.9, healing: nil))
        #expect(FailureEffect(inWords: "spike=2.9 for 30 steps") == .spike(rise: 2.9, healing: 30))
        for wrong in ["spike", "spike=-1", "spike=x", "spike=1 for 30", "spike=1 for 0 steps", "spike=1 for 30 days"] {
            #expect(FailureEffect(inWords: wrong) == nil, "\(wrong)")
        }
    }
}
