// Steps, checkpoints and measurements while nothing breaks. Refuses losses of workers.

import ControlPlane
import Primitives
import Testing

struct SteppingTests {
    @Test func `a step commits only when all members have contributed`() throws {
        var world = try MockWorld.running()
        #expect(try world.contribute(rank: 2) == [])
        #expect(try world.contribute(rank: 0) == [])
        #expect(try world.contribute(rank: 0) == [], "a contribution told twice does not count twice")
        #expect(world.coordinator.run?.committed == 0)
        #expect(
            try world.contribute(rank: 1) == [.commit(run: world.run, generation: Generation(1), step: 1)])
        #expect(world.coordinator.run?.committed == 1)
    }

    @Test func `a contribution of an older generation or of the wrong step changes nothing`() throws {
        var world = try MockWorld.running()
        try world.steps(through: 2)
        try world.kill(worker(0))
        try world.recover()
        try world.steps(through: 3)
        let before = world.coordinator
        for (generation, step) in [(1, 4), (3, 4), (2, 3), (2, 5), (2, 0)] {
            let report = StepReport(
                step: step, loss: 1, gradientNorm: 1, learningRate: 1, tokens: 1, profile: StepProfile())
            let said = Event.stepContributed(run: world.run, generation: Generation(generation), report: report)
            #expect(try world.tell(said) == [])
        }
        #expect(world.coordinator == before)
    }

    @Test func `a run without faults commits every step once and completes with its last checkpoint`() throws {
        var world = try MockWorld.running()
        for step in 1...12 {
            try world.step()
            if step % 4 == 0 { try world.write(step) }
        }
        #expect(world.outcome == .completed)
        #expect(world.lineage.count == 12)
        #expect(world.durable == [8, 12])
    }

    @Test func `a checkpoint is asked for before the commit of its step, and one write is in flight`() throws {
        var world = try MockWorld.running()
        try world.steps(through: 3)
        #expect(
            try world.step() == [
                .saveCheckpoint(run: world.run, generation: Generation(1), step: 4),
                .commit(run: world.run, generation: Generation(1), step: 4),
            ])
        try world.steps(through: 7)
        #expect(
            try world.step() == [.commit(run: world.run, generation: Generation(1), step: 8)],
            "the write of step 4 goes on")
        try world.write(4)
        #expect(
            try world.step() == [
                .saveCheckpoint(run: world.run, generation: Generation(1), step: 9),
                .commit(run: world.run, generation: Generation(1), step: 9),
            ], "the overdue checkpoint follows at the next step")
    }

    @Test func `the last checkpoint is queued behind the one in flight`() throws {
        var world = try MockWorld.running()
        try world.steps(through: 12)
        #expect(world.writes.map(\.step) == [4, 12])
        #expect(try world.write(4) == [])
        #expect(try world.write(12).last == .finish(run: world.run, outcome: .completed))
    }

    @Test func `retention keeps the newest and deletes the oldest`() throws {
        var world = try MockWorld.running(plan: .small.with { $0.steps = 20 })
        try world.steps(through: 4)
        #expect(try world.write(4) == [])
        try world.steps(through: 8)
        #expect(try world.write(8) == [])
        try world.steps(through: 12)
        #expect(try world.write(12) == [.deleteCheckpoint(run: world.run, step: 4)])
        #expect(world.durable == [8, 12])
    }

    @Test func `with one checkpoint kept, the old one goes only when the new one is durable`() throws {
        var world = try MockWorld.running(plan: .small.with { $0.checkpointsKept = 1 })
        try world.steps(through: 4)
        try world.write(4)
        try world.steps(through: 8)
        #expect(world.durable == [4])
        #expect(try world.write(8) == [.deleteCheckpoint(run: world.run, step: 4)])
    }

    @Test func `after a failed write training goes on and the next interval tries again`() throws {
        var world = try MockWorld.running()
        try world.steps(through: 4)
        #expect(try world.failWrite(4) == [])
        #expect(try world.step() == [.commit(run: world.run, generation: Generation(1), step: 5)])
        try world.steps(through: 8)
        #expect(world.writes.map(\.step) == [8])
    }

    @Test func `a failed write of the last checkpoint ends the run unsaved`() throws {
        var world = try MockWorld.running()
        try world.steps(through: 8)
        try world.write(4)
        try world.steps(through: 12)
        try world.write(9)
        let reason = "no space left on the device"
        #expect(
            try world.failWrite(12) == [
                .finish(run: world.run, outcome: .unsaved(checkpoint: 9, reason: reason))
            ])
        try world.crashAndResume()
        try world.offer(slots: 3)
        try world.recover()
        try world.steps(through: 12)
        try world.write(12)
        #expect(world.outcome == .completed)
    }

    @Test func `the validation loss is measured at its interval, and the last one is awaited`() throws {
        var world = try MockWorld.running(plan: .small.with { $0.evaluationInterval = 5 })
        try world.steps(through: 4)
        #expect(
            try world.step() == [
                .evaluate(run: world.run, generation: Generation(1), step: 5),
                .commit(run: world.run, generation: Generation(1), step: 5),
            ])
        try world.write(4)
        try world.steps(through: 12)
        #expect(world.evaluations.map(\.step) == [5, 10, 12])
        try world.write(8)
        #expect(try world.write(12) == [.deleteCheckpoint(run: world.run, step: 4)])
        #expect(world.outcome == nil, "the checkpoint is durable, the measurement is not told")
        try world.evaluate()
        try world.evaluate()
        #expect(try world.evaluate() == [.finish(run: world.run, outcome: .completed)])
    }
}
