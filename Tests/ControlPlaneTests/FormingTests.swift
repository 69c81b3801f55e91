// How a gang comes together. Refuses to look at steps.

import ControlPlane
import Primitives
import Scheduling
import Testing

struct FormingTests {
    @Test func `the first gang forms only when all workers are there, and the reason says how many are missing`() throws
    {
        var world = MockWorld()
        #expect(try world.submit() == [.wait(run: world.run, because: .workersMissing(free: 0, needed: 3))])
        #expect(try world.offer(slots: 3) == (0..<3).map { .startWorker(worker($0)) })
        #expect(
            try world.join(worker(1)) == [
                .welcome(worker: worker(1), incarnation: Incarnation(1)),
                .wait(run: world.run, because: .workersMissing(free: 1, needed: 3)),
            ])
        try world.join(worker(0))
        let commands = try world.join(worker(2))
        guard case .form(_, Generation(1), let members, restore: 0, transfers: nil, _) = commands.last else {
            Issue.record("no gang was formed: \(commands)")
            return
        }
        #expect(members.map(\.worker) == [worker(0), worker(1), worker(2)])
        #expect(members.map(\.part) == [0..<3, 3..<6, 6..<8])
        #expect(members.map(\.evaluationPart) == [0..<1, 1..<2, 2..<4])
    }

    @Test func `a gang begins only when all of its members have formed`() throws {
        var world = MockWorld()
        try world.submit()
        try world.offer(slots: 3)
        try world.joinAll()
        #expect(try world.form(rank: 2) == [])
        #expect(try world.form(rank: 2) == [])
        #expect(try world.form(rank: 0) == [])
        #expect(try world.form(rank: 1) == [.begin(run: world.run, generation: Generation(1))])
        #expect(world.coordinator.run?.phase == .running)
    }

    @Test func `a member's word about another generation or by another process is not heard`() throws {
        var world = MockWorld()
        try world.submit()
        try world.offer(slots: 3)
        try world.joinAll()
        let before = world.coordinator
        for (incarnation, generation) in [(1, 0), (1, 2), (0, 1), (2, 1)] {
            let said = Event.memberFormed(
                worker: worker(0), incarnation: Incarnation(incarnation), generation: Generation(generation))
            #expect(try world.tell(said) == [])
        }
        #expect(world.coordinator == before)
    }

    @Test func `a worker with different numerics is not mixed in, and the reason says so`() throws {
        var world = MockWorld()
        try world.submit()
        try world.offer(slots: 2)
        try world.joinAll()
        let commands = try world.joinStranger("b", numerics: "other")
        let reason = WaitReason.numericsDiffer(fitting: 2, needed: 3, numerics: "plain")
        #expect(commands.last == .wait(run: world.run, because: reason))
        #expect(
            reason.sentence == "2 of 3 workers compute with plain, and others would not give the same bits")
        try world.joinStranger("b")
        #expect(world.gang?.members.map(\.worker.description) == ["a/0", "a/1", "b/1"])
    }

    @Test func `a run keeps the numerics of its first gang even when others are more`() throws {
        var world = try MockWorld.running()
        for _ in 0..<4 { try world.joinStranger("b", numerics: "other") }
        let commands = try world.kill(worker(0))
        #expect(commands.contains(.startWorker(worker(0))))
        #expect(
            commands.last == .wait(run: world.run, because: .numericsDiffer(fitting: 2, needed: 3, numerics: "plain")))
        try world.joinAll()
        #expect(world.gang?.generation == Generation(2))
    }

    @Test func `a process that never joins is evicted at the deadline, and its slot is started again`() throws {
        var world = MockWorld()
        try world.submit()
        try world.offer(slots: 3)
        try world.join(worker(0))
        try world.join(worker(2))
        world.processes[1].hangs = true
        let commands = try world.reachDeadline()
        #expect(world.now == .zero + .seconds(Int64(120)))
        #expect(commands == [.evict(worker(1), because: "its process did not join within 2m00s")])
        #expect(try world.kill(worker(1)).contains(.startWorker(worker(1))))
        try world.recover()
        #expect(world.coordinator.run?.phase == .running)
    }

    @Test func `a process that joins after it was evicted is refused, and its end frees the slot`() throws {
        var world = MockWorld()
        try world.submit()
        try world.offer(slots: 3)
        try world.join(worker(0))
        try world.join(worker(2))
        try world.reachDeadline()
        #expect(try world.join(worker(1)) == [.refuse(because: "the process for a/1 did not join in time")])
        #expect(world.gang == nil)
        #expect(try world.kill(worker(1)).contains(.startWorker(worker(1))))
    }

    @Test func `a deadline that comes too early changes nothing`() throws {
        var world = MockWorld()
        try world.submit()
        try world.offer(slots: 3)
        world.pass(.seconds(Int64(119)))
        #expect(try world.tell(.deadlineReached) == [])
    }

    @Test func `members that do not form in time are evicted and are not in the next gang`() throws {
        var world = MockWorld()
        try world.submit()
        try world.offer(slots: 3)
        try world.joinAll()
        try world.form(rank: 0)
        let commands = try world.reachDeadline()
        #expect(
            commands == [
                .evict(worker(1), because: "it did not restore its state within 2m00s"),
                .evict(worker(2), because: "it did not restore its state within 2m00s"),
                .abort(
                    run: world.run, generation: Generation(1),
                    because: .formationOverdue(missing: [worker(1), worker(2)])),
                .wait(run: world.run, because: .workersMissing(free: 1, needed: 3)),
            ])
        try world.kill(worker(1))
        try world.kill(worker(2))
        #expect(world.coordinator.run?.restarts == 1, "one hang is one restart, however many members hung")
        try world.recover()
        #expect(world.coordinator.run?.phase == .running)
    }

    @Test func `a new process at the address of one whose end was not noticed replaces it`() throws {
        var world = try MockWorld.running()
        let joined = Event.workerJoined(worker: worker(1), node: NodeID("a"), processID: 300, numerics: "plain")
        let commands = try world.tell(joined)
        #expect(
            commands.prefix(2) == [
                .abort(
                    run: world.run, generation: Generation(1),
                    because: .workerLost(worker: worker(1), rank: 1, how: .replaced)),
                .welcome(worker: worker(1), incarnation: Incarnation(2)),
            ])
        #expect(world.gang?.members.map(\.incarnation.number) == [1, 2, 1])
        let before = world.coordinator
        #expect(
            try world.tell(.workerLost(worker: worker(1), incarnation: Incarnation(1), how: .connectionClosed)) == [])
        #expect(world.coordinator == before, "the end of the old process is no loss any more")
    }

    @Test func `a process whose node has no proper name is refused`() throws {
        var world = MockWorld()
        try world.submit()
        for name in ["", "a,b", "a b", "n\u{e9}", "x\n"] {
            let commands = try world.joinStranger(name)
            guard case .refuse = commands.first else {
                Issue.record("'\(name)' joined: \(commands)")
                continue
            }
        }
        #expect(world.coordinator.pool.slots.isEmpty)
    }

    @Test func `joiners are refused once the run is over`() throws {
        var world = MockWorld()
        try world.submit()
        try world.interrupt()
        #expect(try world.joinStranger("b") == [.refuse(because: "the run mock-0001 is over")])
    }
}
