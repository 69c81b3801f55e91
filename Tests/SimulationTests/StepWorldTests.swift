// Runs at the grain of steps: the books are exact, the journal replays, equal seeds give equal bytes, and nothing depends
// on whether anybody writes it down. Random small clusters, fixed seeds. Refuses published figures; see HistoryTests.

import ControlPlane
import Failures
import Hardware
import Journaling
import Primitives
import Simulation
import Testing

struct StepWorldTests {
    static func scenario(seed: UInt64) -> Scenario {
        var stream = RandomStream(seed: seed, named: "step-world-tests")
        let workers = 2 + stream.integer(below: 12)
        let spares = stream.integer(below: 3)
        let isPeer = stream.integer(below: 2) == 0
        let plan = RunPlan(
            steps: 500 + stream.integer(below: 3_000), workers: workers, microBatches: 16,
            checkpointInterval: 5 + stream.integer(below: 100), checkpointsKept: 2,
            evaluationInterval: stream.integer(below: 2) * 130, evaluationMicroBatches: 4, maximumRestarts: 1_000,
            formationLimit: .seconds(Int64(86_400 * 30)), recovery: isPeer ? .peer : .checkpoint,
            onWorkerLoss: isPeer ? [.spare, .wait][stream.integer(below: 2)] : .wait)
        let cost = StepCost(
            step: .seconds(1 + 30 * stream.uniform()), snapshot: .seconds(Int64(stream.integer(below: 20))),
            write: .seconds(Int64(stream.integer(below: 900))), checkpointSize: ByteCount(1_000_000),
            regroup: .seconds(Int64(1 + stream.integer(below: 100))),
            restore: .seconds(Int64(stream.integer(below: 99))),
            peerTransfer: .seconds(Int64(10)), evaluation: .seconds(Int64(stream.integer(below: 60))),
            diurnalSwing: stream.integer(below: 2) == 0 ? 0 : 0.02)
        func mode(
            _ cause: String, _ component: FailureComponent, days: Double, _ effect: FailureEffect
        ) -> FailureMode {
            FailureMode(
                cause: cause, component: component, mtbf: .seconds(days * 86_400), effect: effect,
                detect: .seconds(Int64(stream.integer(below: 300))),
                repair: .seconds(Int64(60 + stream.integer(below: 20_000))), source: "a test")
        }
        let modes = [
            mode("gpu", .gpu, days: 20, .killNode), mode("software", .node, days: 4, .killJob),
            mode("leaf", .leaf, days: 6, .killNode),
            mode("flap", .node, days: 2, .slow(factor: 0.4, for: .seconds(600.0))),
            mode("corrupt", .job, days: 3, .corrupt),
        ]
        return Scenario(
            run: RunID("s-\(seed)"), plan: plan, cost: cost,
            loss: LossCurve(parameters: 1e9, tokensPerStep: 500_000, seed: seed),
            nodes: (0..<workers + spares).map { NodeID("n\($0)") }, swapIn: .seconds(Int64(120)),
            failures: FailureModel(
                modes: modes, nodes: workers + spares, acceleratorsPerNode: 8,
                domains: FailureDomains(nodesPerLeaf: 4)),
            seed: seed, horizon: .zero + .seconds(Int64(20 * 86_400)), curvePoints: 50)
    }

    static func records(_ scenario: Scenario) throws -> ([Record], RunTally) {
        var records: [Record] = []
        let tally = try simulate(scenario) { records.append($0) }
        return (records, tally)
    }

    @Test(arguments: 1...60 as ClosedRange<UInt64>)
    func `the books of a simulated run add up to the nanosecond, and its journal replays`(seed: UInt64) throws {
        let scenario = StepWorldTests.scenario(seed: seed)
        let (records, tally) = try StepWorldTests.records(scenario)
        #expect(zip(records, records.dropFirst()).allSatisfy { $0.at <= $1.at }, "the records are out of order")
        let coordinator = try replay(records)
        let history = RunHistory(records)
        #expect(history.accountingFault == nil)
        #expect(history.ledger.elapsed == records.last!.at - records[0].at)
        #expect(coordinator.run?.isOver == true)
        #expect(tally.elapsed == history.ledger.elapsed)
        #expect(tally.productive == history.ledger[.productive])
        let endings = history.incidents.count { if case .interruption = $0.cause { true } else { false } }
        #expect(tally.interruptions == endings)
        #expect(tally.outcome == history.outcome)
        #expect(history.steps.reduce(0) { $0 + $1.stepsCovered } >= history.committed)
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `a run that nobody records is the run that is recorded`(seed: UInt64) throws {
        let scenario = StepWorldTests.scenario(seed: seed)
        #expect(try StepWorldTests.records(scenario).1 == tally(scenario))
    }

    @Test func `without failures a run takes its steps, its snapshots and its beginning and end`() throws {
        var scenario = StepWorldTests.scenario(seed: 3)
        scenario.failures = nil
        scenario.cost.diurnalSwing = 0
        scenario.cost.write = .zero
        scenario.plan.evaluationInterval = 0
        let (records, tally) = try StepWorldTests.records(scenario)
        let (plan, cost) = (scenario.plan, scenario.cost)
        let saves = (plan.steps + plan.checkpointInterval - 1) / plan.checkpointInterval
        #expect(tally.outcome == .completed)
        #expect(tally.checkpoints == saves)
        #expect(tally.elapsed == cost.regroup + scenario.idealTime + cost.snapshot * Int64(saves))
        #expect(tally.productive == scenario.idealTime)
        #expect(records.count < 3 * saves + 3 * plan.workers + 10, "the journal grows with checkpoints, not with steps")
    }

    @Test func `a spare takes the place of a lost node after the swap, and the work since the save is done again`()
        throws
    {
        var scenario = StepWorldTests.scenario(seed: 3)
        let second = TimeSpan.seconds(Int64(1))
        scenario.plan = RunPlan(
            steps: 1_000, workers: 4, microBatches: 16, checkpointInterval: 100, checkpointsKept: 2,
            evaluationInterval: 0, evaluationMicroBatches: 1, maximumRestarts: 5, formationLimit: second * 86_400)
        scenario.nodes = (0..<5).map { NodeID("n\($0)") }
        scenario.cost = StepCost(
            step: second * 10, snapshot: .zero, write: .zero, checkpointSize: ByteCount(1), regroup: second * 60,
            restore: second * 40, peerTransfer: .zero)
        scenario.swapIn = second * 200
        scenario.failures = nil
        // Step 250 ends at 60 + 2,500 s; the fault strikes 3 s into the next.
        scenario.script = FailureScript([
            Breakdown(
                at: .zero + second * 2_563, cause: "gpu", nodes: 1..<2, effect: .killNode, detect: second * 30,
                repair: second * 7_200)
        ])
        let (records, tally) = try StepWorldTests.records(scenario)
        let ledger = RunHistory(records).ledger
        #expect(ledger[.detection] == second * 30)
        #expect(
            ledger[.restart] == second * (60 + 200 + 60 + 40), "the first formation, then swap, formation and restore")
        #expect(ledger[.replayed] == second * (50 * 10 + 3))
        #expect(ledger[.productive] == second * 10_000)
        #expect(ledger[.queued] == second * 0)
        #expect(tally.causes.map(\.cause) == ["gpu"])
        #expect(tally.outcome == .completed)
    }

    @Test func `a shrunken gang goes on at its own pace and grows again at a step's end`() throws {
        var scenario = StepWorldTests.scenario(seed: 3)
        let second = TimeSpan.seconds(Int64(1))
        scenario.plan = RunPlan(
            steps: 1_000, workers: 4, microBatches: 16, checkpointInterval: 10_000, checkpointsKept: 2,
            evaluationInterval: 0, evaluationMicroBatches: 1, maximumRestarts: 5, formationLimit: second * 86_400,
            recovery: .peer, onWorkerLoss: .spare)
        scenario.nodes = (0..<4).map { NodeID("n\($0)") }
        scenario.cost = StepCost(
            step: second * 30, snapshot: .zero, write: .zero, checkpointSize: ByteCount(1), regroup: second * 60,
            restore: second * 40, peerTransfer: second * 15)
        scenario.failures = nil
        scenario.script = FailureScript([
            Breakdown(
                at: .zero + second * 363, cause: "gpu", nodes: 1..<2, effect: .killNode, detect: .zero,
                repair: second * 4_000)
        ])
        let (records, tally) = try StepWorldTests.records(scenario)
        let history = RunHistory(records)
        #expect(history.segments.map { $0.members.count } == [4, 3, 4])
        #expect(history.incidents.map(\.lostSteps) == [0])
        // 60 s to regroup after 363 s, then steps of 40 s until the one that is under way when the node is back.
        #expect(history.segments[1].lastStep == 10 + 99)
        #expect(tally.interruptions == 1)
        #expect(tally.outcome == .completed)
    }
}
