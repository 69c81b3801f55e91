// Replicas that hold different states: whose is wrong, who goes on from what, and which checkpoints nobody may use any
// more. Refuses hashes of real states; Training's tests have those.

import ControlPlane
import Primitives
import Testing

struct IntegrityTests {
    private static func plan(every interval: Int = 1, workers: Int = 3, saves: Int = 4) -> RunPlan {
        .small.with {
            ($0.recovery, $0.onWorkerLoss, $0.stateHashInterval) = (.peer, .spare, interval)
            ($0.workers, $0.checkpointInterval, $0.checkpointsKept) = (workers, saves, 1)
        }
    }

    private func dispute(_ commands: [Command]) -> StateDispute? {
        for case .abort(_, _, because: .statesDiffer(let dispute)) in commands { return dispute }
        return nil
    }

    @Test func `the rank that holds another state is replaced, and the others do the step again`() throws {
        var world = try MockWorld.running(plan: Self.plan())
        try world.steps(through: 5)
        world.flipped = [worker(1)]
        let commands = try world.step()
        #expect(
            commands.first == .evict(worker(1), because: "its state after step 5 is not what the others hold"))
        let found = try #require(dispute(commands))
        #expect(found.corrupt == [worker(1)] && found.restored == nil && found.agreed == 4)
        #expect(InterruptionReason.statesDiffer(found).sentence.hasPrefix("a/1 holds another state after step 5 than"))
        guard case .form(_, _, let members, restore: 5, transfers: [], _) = commands.last else {
            Issue.record("the others do not go on from what they hold: \(commands)")
            return
        }
        #expect(members.map(\.worker) == [worker(0), worker(2)])
        try world.formAll()
        try world.steps(through: 6)
        try world.checkReplay()
    }

    @Test func `of two nobody is right, and both go back to a checkpoint of a state they agreed on`() throws {
        var world = try MockWorld.running(plan: Self.plan(workers: 2, saves: 3))
        try world.steps(through: 3)
        try world.write(3)
        try world.steps(through: 6)
        try world.write(6)
        world.flipped = [worker(0)]
        let commands = try world.step()
        let found = try #require(dispute(commands))
        #expect(found.corrupt.isEmpty && found.agreed == 5 && found.restored == 3)
        #expect(commands.contains(.deleteCheckpoint(run: world.run, step: 6)))
        #expect(!commands.contains { if case .evict = $0 { true } else { false } })
        guard case .form(_, _, _, restore: 3, transfers: nil, _) = commands.last else {
            Issue.record("nobody goes back: \(commands)")
            return
        }
        try world.formAll()
        try world.steps(through: 6)
        #expect(world.coordinator.run?.agreed == 5)
        try world.checkReplay()
    }

    @Test func `with longer intervals everybody goes back behind the last agreement, and the corrupt one is replaced`()
        throws
    {
        var world = try MockWorld.running(plan: Self.plan(every: 4, saves: 2))
        for step in [2, 4, 6] {
            try world.steps(through: step)
            try world.write(step)
        }
        try world.steps(through: 8)
        try world.write(8)
        #expect(world.coordinator.run?.checkpoints.map(\.step) == [4, 8], "the agreed one stays beside the newest")
        world.flipped = [worker(2)]
        let commands = try world.step()
        let found = try #require(dispute(commands))
        #expect(found.corrupt == [worker(2)] && found.agreed == 4 && found.restored == 4)
        #expect(world.coordinator.run?.checkpoints.map(\.step) == [4])
        try world.kill(worker(2))
        try world.recover()
        #expect(world.coordinator.run?.committed == 4)
    }

    @Test func `who took the state from another has no voice of its own until all agree again`() throws {
        // Ranks 0 and 2 hold one state, of which 2 has its own from 0; rank 1 holds another. One flipped bit explains
        // either, so nobody is taken for corrupt.
        var world = try MockWorld.running(plan: Self.plan())
        try world.steps(through: 5)
        try world.kill(worker(2))
        try world.join(worker(2))
        try world.formAll()
        try world.steps(through: 6)  // By two; between two steps the third joins.
        let run = try #require(world.coordinator.run)
        #expect(run.members.count == 3 && run.transfers?.map(\.receiver) == [2] && run.transfers?.first?.source == 0)
        world.flipped = [worker(1)]
        try world.formAll()
        let found = try #require(dispute(try world.step()))
        #expect(found.corrupt.isEmpty && found.restored == 0)
    }

    @Test func `a copy stays a copy when the gang in which it was made ends before a comparison`() throws {
        var world = try MockWorld.running(plan: Self.plan(workers: 4))
        try world.steps(through: 5)
        try world.kill(worker(2))
        try world.join(worker(2))
        try world.formAll()
        try world.steps(through: 6)
        let run = try #require(world.coordinator.run)
        #expect(run.transfers?.map(\.receiver) == [2] && run.transfers?.first?.source == 0)
        try world.formAll()
        try world.kill(worker(3))
        world.flipped = [worker(1)]
        try world.formAll()
        #expect(world.coordinator.run?.transfers?.isEmpty == true)
        let found = try #require(dispute(try world.step()))
        #expect(found.corrupt.isEmpty && found.restored == 0)
    }

    @Test func `a checkpoint that the corrupt rank wrote is struck off, even when it comes late`() throws {
        var world = try MockWorld.running(plan: Self.plan())
        try world.steps(through: 4)
        world.flipped = [worker(0)]
        let commands = try world.step()
        #expect(dispute(commands)?.corrupt == [worker(0)])
        let late = try world.write(4)
        #expect(late.contains(.deleteCheckpoint(run: world.run, step: 4)))
        #expect(world.coordinator.run?.checkpoints.isEmpty == true)
    }

    @Test func `a late copy of a struck-off checkpoint's word does not cost the one that took its name`() throws {
        var world = try MockWorld.running(plan: Self.plan(workers: 2, saves: 3))
        try world.steps(through: 3)
        try world.write(3)
        try world.steps(through: 6)
        world.flipped = [worker(0)]
        #expect(dispute(try world.step())?.restored == 3)
        #expect(try world.write(6).contains(.deleteCheckpoint(run: world.run, step: 6)))
        try world.formAll()
        try world.steps(through: 7)  // The second gang's writer is at step 6.
        try world.kill(worker(1))
        try world.recover()
        let copy = Event.checkpointWritten(
            run: world.run, generation: Generation(1), step: 6, weightsSHA256: "sha-6", size: ByteCount(4096),
            took: .milliseconds(20))
        #expect(try world.tell(copy) == [])
        #expect(try world.write(6) == [.deleteCheckpoint(run: world.run, step: 3)])
        #expect(world.coordinator.run?.checkpoints.map(\.step) == [6])
        try world.checkReplay()
    }

    @Test func `the last state is compared before the run is complete`() throws {
        var world = try MockWorld.running(plan: Self.plan())
        try world.steps(through: 12)
        try world.write(12)
        #expect(world.outcome == nil)
        let commands = try world.compare()
        #expect(commands.last == .finish(run: world.run, outcome: .completed))
        #expect(world.coordinator.run?.agreed == 12 && world.coordinator.run?.checkpoints.map(\.step) == [12])
        try world.checkReplay()
    }

    @Test func `a last state that is corrupt is found, and saved anew by who is right`() throws {
        var world = try MockWorld.running(plan: Self.plan())
        try world.steps(through: 12)
        try world.write(12)
        world.flipped = [worker(0)]
        #expect(dispute(try world.compare())?.corrupt == [worker(0)])
        try world.formAll()
        #expect(world.coordinator.run?.saving == 12)
        try world.write(12)
        try world.compare()
        #expect(world.outcome == .completed)
    }
}
