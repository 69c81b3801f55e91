// Runs whose gang is asked to have another size while they go on: between two steps, without a step done again, whatever
// the job says about losses. Refuses sockets; the live tests have those.

import ControlPlane
import Messages
import Primitives
import Testing

struct ResizeTests {
    private static let policies: [RunPlan] = [
        .small.with { ($0.recovery, $0.onWorkerLoss) = (.peer, .spare) },
        .small.with { ($0.recovery, $0.onWorkerLoss) = (.peer, .shrink) },
        .small.with { ($0.recovery, $0.onWorkerLoss) = (.peer, .wait) },
        .small.with { ($0.recovery, $0.onWorkerLoss) = (.peer, .fail) },
        .small.with { ($0.recovery, $0.onWorkerLoss) = (.checkpoint, .wait) },
    ]

    private func form(in commands: [Command]) -> (members: [WorkerID], restore: Int, transfers: [StateTransfer]?)? {
        for case .form(_, _, let members, let restore, let transfers, _) in commands {
            return (members.map(\.worker), restore, transfers)
        }
        return nil
    }

    @Test(arguments: policies)
    func `a gang shrinks between two steps, and who left may end without an incident`(_ plan: RunPlan) throws {
        var world = try MockWorld.running(plan: plan)
        try world.steps(through: 5)
        #expect(try world.resize(to: 2, leaving: [worker(1)]).isEmpty, "the step goes on")
        #expect(world.coordinator.run?.hasResized == false)
        let commands = try world.step()
        #expect(commands.contains(.regroup(run: world.run, generation: Generation(1), size: 3, resizedTo: 2)))
        let smaller = try #require(form(in: commands))
        #expect(smaller.members == [worker(0), worker(2)])
        #expect(smaller.restore == 6 && smaller.transfers == [], "everybody keeps what it holds")
        try world.formAll()
        #expect(world.coordinator.run?.hasResized == true)
        #expect(try !world.kill(worker(1)).contains { if case .abort = $0 { true } else { false } })
        try world.joinAll()
        try world.steps(through: 12)
        #expect(world.gang?.members.map(\.worker) == [worker(0), worker(2)], "a new process there is not taken either")
        #expect(world.lineage.count == 12 && world.coordinator.run?.restarts == 0)
        try world.checkReplay()
    }

    @Test(arguments: policies)
    func `a gang grows when enough workers are up, with the state from its members`(_ plan: RunPlan) throws {
        var world = try MockWorld.running(plan: plan)
        try world.steps(through: 2)
        try world.resize(to: 5)
        try world.step()
        #expect(world.gang?.members.count == 3, "it goes on as it is")
        try world.offer(slots: 5)
        try world.joinAll()
        let larger = try #require(form(in: try world.step()))
        #expect(larger.members.count == 5 && larger.restore == 4)
        #expect(larger.transfers == [StateTransfer(to: 3, from: 0), StateTransfer(to: 4, from: 1)])
        try world.formAll()
        try world.steps(through: 12)
        #expect(world.lineage.count == 12 && world.lastGeneration == Generation(2))
        try world.checkReplay()
    }

    @Test func `a gang that shrinks at losses grows to what was asked, and shrinks at the next loss again`() throws {
        var world = try MockWorld.running(plan: ResizeTests.policies[1])
        try world.steps(through: 2)
        try world.resize(to: 4)
        try world.offer(slots: 4)
        try world.joinAll()
        try world.step()
        try world.formAll()
        #expect(world.gang?.members.count == 4)
        try world.kill(worker(3))
        try world.recover()
        try world.steps(through: 12)
        #expect(world.gang?.members.count == 3)
    }

    @Test func `a stint may begin smaller than the job, and the next one is the job's size again`() throws {
        var world = MockWorld(plan: ResizeTests.policies[2])
        try world.submit()
        try world.resize(to: 2)
        try world.offer(slots: 2)
        try world.joinAll()
        #expect(world.gang?.members.count == 2)
        try world.formAll()
        try world.steps(through: 4)
        try world.crashAndResume()
        try world.offer(slots: 2)
        try world.joinAll()
        #expect(world.gang == nil && world.lastWait == .workersMissing(free: 2, needed: 3))
    }

    @Test func `who is to leave gives its state to those that come, when nobody else holds it`() throws {
        var world = try MockWorld.running(plan: ResizeTests.policies[0].with { $0.workers = 1 })
        try world.steps(through: 3)
        try world.resize(to: 1, leaving: [worker(0)])
        try world.step()
        #expect(world.gang?.members.map(\.worker) == [worker(0)], "there is nobody else")
        try world.offer(slots: 2)
        try world.joinAll()
        let both = try #require(form(in: try world.step()))
        #expect(both.members == [worker(0), worker(1)] && both.restore == 5)
        try world.formAll()
        #expect(world.coordinator.run?.hasResized == false)
        let last = try #require(form(in: try world.step()))
        #expect(last.members == [worker(1)] && last.restore == 6)
    }

    @Test func `who has left is back for a step when whoever stayed is lost before it has begun`() throws {
        var world = try MockWorld.running(plan: ResizeTests.policies[2])
        try world.steps(through: 3)
        try world.resize(to: 1, leaving: [worker(1), worker(2)])
        #expect(form(in: try world.step())?.members == [worker(0)])
        let both = try #require(form(in: try world.kill(worker(0))) ?? form(in: try world.join(worker(0))))
        #expect(both.members == [worker(0), worker(1)] && both.restore == 4)
        #expect(both.transfers == [StateTransfer(to: 0, from: 1)])
        try world.formAll()
        let alone = try #require(form(in: try world.step()))
        #expect(alone.members == [worker(0)] && alone.restore == 5)
    }

    @Test func `a loss while a resize is due goes by what was asked`() throws {
        var world = try MockWorld.running(plan: ResizeTests.policies[0])
        try world.steps(through: 3)
        try world.resize(to: 2, leaving: [worker(2)])
        let next = try #require(form(in: try world.kill(worker(0))))
        #expect(next.members == [worker(1)] && next.restore == 3 && next.transfers == [])
        try world.formAll()
        try world.joinAll()
        let whole = try #require(form(in: try world.step()))
        #expect(whole.members == [worker(0), worker(1)])
    }

    @Test func `a wish that comes while workers return gives nothing up, even where lost states come from checkpoints`()
        throws
    {
        var world = try MockWorld.running(plan: ResizeTests.policies[4])
        try world.steps(through: 6)
        try world.restartCoordinator()
        try world.offer(slots: 4)
        try world.resize(to: 3, leaving: [worker(0)])
        try world.join(worker(3))
        for slot in 0..<3 { try world.comeBack(worker(slot)) }
        #expect(world.gang?.members.map(\.worker) == [worker(3), worker(1), worker(2)], "who stays keeps its rank")
        #expect(world.gang?.restored == 6)
    }

    @Test func `the wish survives a coordinator that is started again`() throws {
        var world = try MockWorld.running(plan: ResizeTests.policies[0])
        try world.steps(through: 3)
        try world.resize(to: 2, leaving: [worker(2)])
        try world.restartCoordinator()
        for slot in 0..<3 { try world.comeBack(worker(slot)) }
        #expect(world.gang?.members.map(\.worker) == [worker(0), worker(1)])
        #expect(world.gang?.restored == 3)
        try world.checkReplay()
    }
}
