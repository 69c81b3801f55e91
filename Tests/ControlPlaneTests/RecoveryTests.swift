// What happens when something breaks. Refuses interruptions by users.

import ControlPlane
import Primitives
import Testing

struct RecoveryTests {
    @Test
    func `a killed member ends the generation, its slot is restarted, and the next restores the newest checkpoint`()
        throws
    {
        var world = try MockWorld.running()
        try world.steps(through: 4)
        try world.write(4)
        try world.steps(through: 6)
        let loss = InterruptionReason.workerLost(worker: worker(1), rank: 1, how: .signalled(9))
        let commands = try world.kill(worker(1))
        #expect(
            commands.prefix(2) == [
                .abort(run: world.run, generation: Generation(1), because: loss), .startWorker(worker(1)),
            ])
        #expect(loss.sentence == "rank 1 (a/1) was ended by SIGKILL")
        let joined = try world.join(worker(1))
        guard case .form(_, Generation(2), let members, restore: 4, transfers: nil, _) = joined.last else {
            Issue.record("no gang was formed: \(joined)")
            return
        }
        #expect(members.map(\.incarnation.number) == [1, 2, 1])
        try world.formAll()
        try world.steps(through: 6)
        #expect(world.lineage.count == 6)
    }

    @Test func `without a checkpoint the next generation starts from the beginning`() throws {
        var world = try MockWorld.running()
        try world.steps(through: 3)
        try world.kill(worker(0))
        try world.recover()
        #expect(world.gang?.committed == 0)
    }

    @Test func `a second loss while the first is met costs no second restart`() throws {
        var world = try MockWorld.running()
        try world.kill(worker(0))
        try world.kill(worker(1))
        #expect(world.coordinator.run?.restarts == 1)
        try world.recover()
        #expect(world.gang?.generation == Generation(2))
    }

    @Test func `a damaged checkpoint is struck off and the one before is restored`() throws {
        var world = try MockWorld.running()
        try world.steps(through: 8)
        try world.write(4)
        try world.step()
        try world.write(9)
        try world.kill(worker(2))
        try world.joinAll()
        #expect(world.gang?.committed == 9)
        let commands = try world.failRestore(rank: 1)
        guard case .form(_, Generation(3), _, restore: 4, transfers: nil, _) = commands.last else {
            Issue.record("step 4 was not restored: \(commands)")
            return
        }
    }

    @Test func `when all checkpoints are damaged the run starts from the beginning`() throws {
        var world = try MockWorld.running()
        try world.steps(through: 8)
        try world.write(4)
        try world.step()
        try world.write(9)
        try world.kill(worker(2))
        try world.joinAll()
        try world.failRestore(rank: 0)
        try world.failRestore(rank: 2)
        #expect(world.gang?.committed == 0)
        #expect(world.coordinator.run?.checkpoints.isEmpty == true)
    }

    @Test func `a complaint about a checkpoint that the gang does not restore strikes nothing off`() throws {
        var world = try MockWorld.running()
        try world.steps(through: 8)
        try world.write(4)
        try world.kill(worker(2))
        try world.joinAll()
        let before = world.coordinator
        for (generation, step) in [(1, 4), (2, 3), (2, 0)] {
            let said = Event.restoreFailed(
                worker: worker(0), incarnation: Incarnation(1), generation: Generation(generation), step: step,
                reason: "late")
            #expect(try world.tell(said) == [])
        }
        #expect(world.coordinator == before)
    }

    @Test func `a checkpoint of an older generation counts`() throws {
        var world = try MockWorld.running()
        try world.steps(through: 6)
        try world.kill(worker(1))
        try world.write(4)
        try world.recover()
        #expect(world.gang?.committed == 4)
    }

    @Test func `a late checkpoint beyond the present step is not written over, and serves the next restore`() throws {
        var world = try MockWorld.running(plan: .small.with { $0.checkpointInterval = 6 })
        try world.steps(through: 8)
        try world.kill(worker(1))
        try world.recover()
        try world.steps(through: 3)
        try world.write(6)
        try world.steps(through: 5)
        #expect(
            try world.step() == [.commit(run: world.run, generation: Generation(2), step: 6)],
            "step 6 has its checkpoint")
        try world.kill(worker(2))
        try world.recover()
        #expect(world.gang?.committed == 6)
    }

    @Test func `replicas that disagree send all back to the newest checkpoint`() throws {
        var world = try MockWorld.running()
        try world.steps(through: 5)
        try world.write(4)
        let said = Event.replicasDisagree(
            run: world.run, generation: Generation(1), step: 6, norms: "rank 0: 1.0, rank 1: 2.0, rank 2: 1.0")
        let commands = try world.tell(said)
        #expect(
            commands.first
                == .abort(
                    run: world.run, generation: Generation(1),
                    because: .replicasDisagree(step: 6, norms: "rank 0: 1.0, rank 1: 2.0, rank 2: 1.0")))
        #expect(world.gang?.committed == 4)
        #expect(try world.tell(said) == [], "the second telling is of an older generation")
    }

    @Test func `the loss of a worker outside of the gang interrupts nothing`() throws {
        var world = try MockWorld.running()
        try world.joinStranger("b")
        let commands = try world.kill(WorkerID(node: NodeID("b"), slot: 0))
        #expect(commands == [])
        #expect(world.coordinator.run?.phase == .running)
    }

    @Test func `a run gives up after its restarts without progress, and says what was last`() throws {
        var world = try MockWorld.running()
        try world.steps(through: 2)
        for _ in 0..<3 {
            try world.kill(worker(1))
            try world.recover()
            try world.steps(through: 2)
        }
        #expect(
            try world.kill(worker(1), .exited(code: 1)).last
                == .finish(
                    run: world.run, outcome: .gaveUp(restarts: 3, last: "rank 1 (a/1) exited with code 1")))
    }

    @Test func `a newly reached step refills the budget of restarts`() throws {
        var world = try MockWorld.running()
        for step in 1...12 {
            try world.steps(through: step)
            if world.writes.contains(where: { $0.step == step }) { try world.write(step) }
            guard world.outcome == nil else { break }
            for _ in 0..<3 {
                try world.kill(worker(0))
                try world.recover()
            }
        }
        #expect(world.outcome == .completed)
    }

    @Test func `a program that cannot start ends the run with the reason`() throws {
        var world = MockWorld()
        try world.submit()
        try world.offer(slots: 3)
        try world.join(worker(0))
        #expect(try world.kill(worker(1), .exited(code: 127)) == [.startWorker(worker(1))], "at once after the first")
        for pause in [500, 1_000] {
            #expect(try world.kill(worker(1), .exited(code: 127)) == [])
            #expect(world.coordinator.nextDeadline == world.now + .milliseconds(Int64(pause)))
            #expect(try world.reachDeadline() == [.startWorker(worker(1))])
        }
        #expect(
            try world.kill(worker(1), .exited(code: 127)) == [
                .finish(
                    run: world.run,
                    outcome: .gaveUp(
                        restarts: 3, last: "the worker process of a/1 exited with code 127 before it joined"))
            ])
    }

    @Test func `a slot whose processes end before they join waits for twice as long each time, until one joins`() throws
    {
        var world = MockWorld(plan: .small.with { $0.maximumRestarts = 20 })
        try world.submit()
        try world.offer(slots: 3)
        var pauses: [TimeSpan] = []
        for _ in 0..<9 {
            let ended = world.now
            if try world.kill(worker(1), .exited(code: 1)).isEmpty { try world.reachDeadline() }
            pauses.append(world.now - ended)
        }
        #expect(pauses == [0, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000].map { .milliseconds($0) })
        try world.join(worker(1))
        try world.kill(worker(1))
        #expect(try world.kill(worker(1), .exited(code: 1)) == [.startWorker(worker(1))])
    }

    @Test func `a spare that cannot start does not end a run whose gang is whole, and is tried when it is needed`()
        throws
    {
        var world = MockWorld()
        try world.submit()
        try world.offer(slots: 4)
        for slot in 0..<3 { try world.join(worker(slot)) }
        try world.formAll()
        #expect(try world.kill(worker(3), .exited(code: 127)) == [], "nobody starts it again in a tight circle")
        #expect(world.coordinator.run?.restarts == 0)
        let commands = try world.kill(worker(0))
        #expect(commands.contains(.startWorker(worker(0))) && commands.contains(.startWorker(worker(3))))
    }

    @Test func `a replacement that comes when the last restart is used up is refused`() throws {
        var world = try MockWorld.running(plan: .small.with { $0.maximumRestarts = 0 })
        let joined = Event.workerJoined(worker: worker(1), node: NodeID("a"), processID: 300, numerics: "plain")
        #expect(
            try world.tell(joined).dropFirst() == [
                .finish(
                    run: world.run,
                    outcome: .gaveUp(restarts: 0, last: "rank 1 (a/1) was replaced by a newer process")),
                .refuse(because: "the run mock-0001 is over"),
            ])
    }
}
