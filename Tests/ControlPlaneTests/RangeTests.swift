// Steps by the range, gangs formed at once and machines lost together: each is held to the single events it stands for.
// Refuses worlds; the events are told to a coordinator directly.

import ControlPlane
import Primitives
import Testing

struct RangeTests {
    private let run = RunID("r")

    private func coordinator(_ plan: RunPlan, nodes: Int? = nil) -> Coordinator {
        var coordinator = Coordinator()
        _ = coordinator.handle(.jobSubmitted(run: run, plan: plan), at: .zero)
        for index in 0..<(nodes ?? plan.workers) {
            let node = NodeID("n\(index)")
            _ = coordinator.handle(
                .workerJoined(worker: WorkerID(node: node, slot: 0), node: node, processID: index, numerics: "x"),
                at: .zero)
        }
        return coordinator
    }

    private func report(_ step: Int) -> StepReport {
        StepReport(step: step, loss: 1, gradientNorm: 1, learningRate: 1, tokens: 8, profile: StepProfile())
    }

    private func range(_ first: Int, _ last: Int, _ generation: Generation) -> Event {
        .stepsCommitted(
            run: run, generation: generation,
            report: StepsReport(first: first, last: report(last), pace: .seconds(Int64(1))))
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func `the state after a range is the state after its steps one by one`(seed: UInt64) {
        var stream = RandomStream(seed: seed, named: "ranges")
        let plan = RunPlan(
            steps: 40 + stream.integer(below: 30), workers: 3, microBatches: 6,
            checkpointInterval: 1 + stream.integer(below: 12), checkpointsKept: 2,
            evaluationInterval: stream.integer(below: 10), evaluationMicroBatches: 3, maximumRestarts: 50,
            formationLimit: .seconds(Int64(100)))
        var ranged = coordinator(plan)
        var single = ranged
        func both(_ event: Event) {
            #expect(ranged.handle(event, at: .zero) == single.handle(event, at: .zero))
            #expect(ranged == single)
        }
        both(.gangFormed(run: run, generation: Generation(1)))
        while let now = ranged.run, now.phase == .running {
            let most = now.nextDecision - now.committed
            let last = now.committed + 1 + stream.integer(below: max(1, most))
            let told = ranged.handle(range(now.committed + 1, last, now.generation), at: .zero)
            var said: [Command] = []
            for step in now.committed + 1...last {
                said += single.handle(
                    .stepContributed(run: run, generation: now.generation, report: report(step)), at: .zero)
            }
            #expect(told == said.filter { $0.isNoCommit(below: last) })
            #expect(ranged == single)
            if let saving = ranged.run?.saving, stream.integer(below: 3) > 0 {
                both(
                    .checkpointWritten(
                        run: run, generation: now.generation, step: saving, weightsSHA256: "a", size: ByteCount(1),
                        took: .zero))
            } else if stream.integer(below: 6) == 0, ranged.run?.phase == .running {
                let member = ranged.run!.members[stream.integer(below: 3)]
                both(.nodesLost(nodes: [member.worker.node], how: .broke("x", ago: .zero)))
                both(
                    .workerJoined(worker: member.worker, node: member.worker.node, processID: 1, numerics: "x"))
                both(.gangFormed(run: run, generation: ranged.run!.generation))
            }
        }
    }

    @Test func `a gang formed at once is a gang whose members formed one by one`() {
        var plan = RunPlan.small
        plan.recovery = .peer
        var atOnce = coordinator(plan)
        var single = atOnce
        let told = atOnce.handle(.gangFormed(run: run, generation: Generation(1)), at: .zero)
        var said: [Command] = []
        for member in single.run!.members {
            said += single.handle(
                .memberFormed(worker: member.worker, incarnation: member.incarnation, generation: Generation(1)),
                at: .zero)
        }
        #expect(told == said)
        #expect(atOnce == single)
    }

    @Test func `machines that are lost together are one interruption, named by the lowest rank`() {
        var coordinator = coordinator(.small)
        _ = coordinator.handle(.gangFormed(run: run, generation: Generation(1)), at: .zero)
        let how = LossCause.broke("leaf", ago: .seconds(Int64(3)))
        let commands = coordinator.handle(.nodesLost(nodes: [NodeID("n2"), NodeID("n1")], how: how), at: .zero)
        let worker = WorkerID(node: NodeID("n1"), slot: 0)
        #expect(
            commands.first
                == .abort(
                    run: run, generation: Generation(1), because: .workerLost(worker: worker, rank: 1, how: how)))
        #expect(commands.count == 2, "one abort, one wait: \(commands)")
        #expect(coordinator.run?.restarts == 1)
        #expect(coordinator.handle(.nodesLost(nodes: [NodeID("n1")], how: how), at: .zero) == [], "told twice")
    }

    @Test func `an old gang's range changes nothing`() {
        var coordinator = coordinator(.small)
        _ = coordinator.handle(.gangFormed(run: run, generation: Generation(1)), at: .zero)
        let before = coordinator
        #expect(coordinator.handle(range(1, 2, Generation(0)), at: .zero) == [])
        #expect(coordinator.handle(range(2, 3, Generation(1)), at: .zero) == [])
        #expect(coordinator == before)
    }

    @Test func `ranges and faults are read as they are written`() throws {
        let sampled = StepsReport(
            first: 3, last: report(9), pace: .seconds(Int64(2)),
            samples: [StepSample(step: 4, loss: 2.5), StepSample(step: 6, loss: .nan)])
        let events: [Event] = [
            .gangFormed(run: run, generation: Generation(4)), range(1, 7, Generation(2)),
            .nodesLost(nodes: [NodeID("a"), NodeID("b-1")], how: .broke("GPU: HBM, 3", ago: .seconds(Int64(30)))),
        ]
        for event in events { #expect(try Event(Line(parsing: event.line.text)) == event) }
        let line = Event.stepsCommitted(run: run, generation: Generation(1), report: sampled).line.text
        #expect(try Event(Line(parsing: line)).line.text == line)
    }
}

extension Command {
    /// Whether it is no commit of a step below `step`: those go without saying when a range is told.
    fileprivate func isNoCommit(below step: Int) -> Bool {
        if case .commit(_, _, let committed) = self { committed >= step } else { true }
    }
}
