// Interruptions by users and resumptions, in every phase. Refuses accidents, except where they meet an interruption.

import ControlPlane
import Primitives
import Testing

struct StoppingTests {
    @Test func `an interrupt while waiting or forming ends the run at once`() throws {
        var waiting = MockWorld()
        try waiting.submit()
        let outcome = Outcome.interrupted(checkpoint: 0)
        #expect(try waiting.interrupt() == [.finish(run: waiting.run, outcome: outcome)])

        var forming = try MockWorld.running()
        try forming.steps(through: 5)
        try forming.write(4)
        try forming.kill(worker(0))
        try forming.joinAll()
        #expect(
            try forming.interrupt() == [.finish(run: forming.run, outcome: .interrupted(checkpoint: 4))])
        #expect(try forming.interrupt() == [], "asking twice is asking once")
    }

    @Test func `an interrupt while running saves after the next commit and ends`() throws {
        var world = try MockWorld.running()
        try world.steps(through: 5)
        #expect(try world.interrupt() == [])
        #expect(
            try world.step() == [
                .saveCheckpoint(run: world.run, generation: Generation(1), step: 6),
                .commit(run: world.run, generation: Generation(1), step: 6),
            ])
        try world.write(4)
        #expect(try world.write(6) == [.finish(run: world.run, outcome: .interrupted(checkpoint: 6))])
    }

    @Test func `an interrupt during redone work ends at once when a later checkpoint is durable`() throws {
        var world = try MockWorld.running(plan: .small.with { $0.checkpointInterval = 6 })
        try world.steps(through: 8)
        try world.kill(worker(1))
        try world.recover()
        try world.steps(through: 2)
        try world.write(6)
        try world.interrupt()
        #expect(
            try world.step() == [
                .commit(run: world.run, generation: Generation(2), step: 3),
                .finish(run: world.run, outcome: .interrupted(checkpoint: 6)),
            ])
        #expect(world.coordinator.run?.committed == 6, "the checkpoint brings steps 4 to 6 back")
    }

    @Test func `a loss after an interrupt ends the run with what is saved`() throws {
        var world = try MockWorld.running()
        try world.steps(through: 5)
        try world.write(4)
        try world.interrupt()
        #expect(
            try world.kill(worker(2)).last == .finish(run: world.run, outcome: .interrupted(checkpoint: 4)))
    }

    @Test func `a loss before the last checkpoint is durable redoes the lost steps, unless a user wants to stop`()
        throws
    {
        var world = try MockWorld.running()
        try world.steps(through: 12)
        try world.write(4)
        var interrupted = world
        try world.kill(worker(0))
        try world.recover()
        #expect(world.gang?.committed == 4)
        #expect(try interrupted.interrupt() == [])
        #expect(
            try interrupted.kill(worker(0)).last
                == .finish(run: world.run, outcome: .interrupted(checkpoint: 4)))
    }

    @Test func `a run resumes after an interrupt from its checkpoint`() throws {
        var world = try MockWorld.running()
        try world.steps(through: 5)
        try world.interrupt()
        try world.step()
        try world.write(4)
        try world.write(6)
        #expect(
            try world.crashAndResume() == [
                .wait(run: world.run, because: .workersMissing(free: 0, needed: 3))
            ])
        try world.offer(slots: 3)
        try world.recover()
        #expect(world.gang?.committed == 6)
        #expect(world.gang?.generation == Generation(2))
    }

    @Test func `a run that is resumed after completion completes at once`() throws {
        var world = try MockWorld.running()
        try world.steps(through: 12)
        try world.write(12)
        try world.crashAndResume()
        try world.offer(slots: 3)
        try world.joinAll()
        try world.form(rank: 0)
        try world.form(rank: 1)
        #expect(
            try world.form(rank: 2) == [
                .begin(run: world.run, generation: Generation(2)),
                .finish(run: world.run, outcome: .completed),
            ])
    }

    @Test func `a run that gave up resumes with a full budget`() throws {
        var world = try MockWorld.running(plan: .small.with { $0.maximumRestarts = 0 })
        try world.kill(worker(0))
        #expect(world.coordinator.run?.isOver == true)
        try world.crashAndResume()
        try world.offer(slots: 3)
        try world.recover()
        try world.steps(through: 12)
        try world.write(4)
        try world.write(12)
        #expect(world.outcome == .completed)
    }

    /// A world for each phase that a coordinator may die in, with the steps that are durable then.
    private static func phases() throws -> [(name: String, world: MockWorld, saved: Int)] {
        var waiting = MockWorld(plan: .small.with { $0.maximumRestarts = 0 })
        try waiting.submit()
        try waiting.offer(slots: 3)
        var forming = waiting
        try forming.joinAll()
        try forming.form(rank: 1)
        var running = forming
        try running.formAll()
        try running.steps(through: 6)
        try running.write(4)
        try running.contribute(rank: 1)
        var stopping = running
        try stopping.steps(through: 12)
        var over = stopping
        try over.write(8)
        try over.failWrite(12)
        return [
            ("waiting", waiting, 0), ("forming", forming, 0), ("running", running, 4), ("stopping", stopping, 4),
            ("over", over, 8),
        ]
    }

    @Test func `a run resumes after its coordinator died in any phase, at no cost of a restart`() throws {
        for (name, before, saved) in try Self.phases() {
            var world = before
            let commands = try world.crashAndResume()
            let aborts = commands.contains { if case .abort(_, _, .coordinatorLost) = $0 { true } else { false } }
            #expect(aborts == (before.gang != nil), "\(name)")
            #expect(world.coordinator.run?.restarts == 0, "\(name)")
            #expect(world.coordinator.pool.up.isEmpty, "\(name)")
            try world.offer(slots: 3)
            try world.recover()
            #expect(world.gang?.committed == saved, "\(name)")
            try world.steps(through: 12)
            while let write = world.writes.first { try world.write(write.step) }
            #expect(world.outcome == .completed, "\(name)")
            #expect(world.lineage.count == 12, "\(name)")
            try world.checkReplay()
        }
    }
}
