// Recovery from members that survived: no committed step is done again. Refuses checkpoints, but where the ladder falls
// through to them.

import ControlPlane
import Messages
import Primitives
import Testing

struct PeerRecoveryTests {
    private let plan = RunPlan.small.with {
        $0.recovery = .peer
        $0.onWorkerLoss = .spare
    }

    private func form(in commands: [Command]) -> (members: [Member], restore: Int, transfers: [StateTransfer]?)? {
        for case .form(_, _, let members, let restore, let transfers, _) in commands {
            return (members, restore, transfers)
        }
        return nil
    }

    @Test func `a spare takes the lost member's place at once and its state from a survivor`() throws {
        var world = MockWorld(plan: plan)
        try world.submit()
        try world.offer(slots: 4)
        try world.joinAll()
        try world.formAll()
        try world.steps(through: 6)
        let next = try #require(form(in: try world.kill(worker(1))))
        #expect(next.members.map(\.worker) == [worker(0), worker(3), worker(2)], "who stays keeps its rank")
        #expect(next.restore == 6)
        #expect(next.transfers == [StateTransfer(to: 1, from: 0)])
        try world.formAll()
        try world.steps(through: 12)
        #expect(world.lineage.count == 12)
    }

    @Test func `without a spare the survivors go on, and the gang grows when the process is back`() throws {
        var world = try MockWorld.running(plan: plan)
        try world.steps(through: 5)
        let smaller = try #require(form(in: try world.kill(worker(0))))
        #expect(smaller.members.map(\.worker) == [worker(1), worker(2)])
        #expect(smaller.members.map(\.part) == [0..<4, 4..<8])
        #expect(smaller.restore == 5 && smaller.transfers == [])
        try world.formAll()
        try world.step()
        try world.joinAll()
        #expect(world.gang?.members.count == 2, "a gang grows between two steps only")
        let commands = try world.step()
        let commit = try #require(commands.firstIndex { if case .commit = $0 { true } else { false } })
        let regroup = try #require(commands.firstIndex { if case .regroup = $0 { true } else { false } })
        #expect(commit < regroup)
        let whole = try #require(form(in: commands))
        #expect(whole.restore == 7)
        #expect(whole.transfers == [StateTransfer(to: 0, from: 1)])
        #expect(world.coordinator.run?.restarts == 0)
    }

    @Test func `a gang that shrinks stays small, and one that waits stays whole`() throws {
        var shrinking = try MockWorld.running(plan: plan.with { $0.onWorkerLoss = .shrink })
        try shrinking.steps(through: 2)
        try shrinking.kill(worker(2))
        try shrinking.recover()
        try shrinking.steps(through: 12)
        #expect(shrinking.gang?.members.count == 2)
        var waiting = try MockWorld.running(plan: plan.with { $0.onWorkerLoss = .wait })
        try waiting.steps(through: 2)
        #expect(form(in: try waiting.kill(worker(2))) == nil)
        let whole = try #require(form(in: try waiting.join(worker(2))))
        #expect(whole.restore == 2 && whole.transfers == [StateTransfer(to: 2, from: 0)])
    }

    @Test func `a job that asks to fail ends at the first loss and can be resumed`() throws {
        var world = try MockWorld.running(plan: plan.with { $0.onWorkerLoss = .fail })
        try world.steps(through: 4)
        try world.write(4)
        try world.kill(worker(1))
        #expect(
            world.outcome == .memberLost(checkpoint: 4, last: "rank 1 (a/1) was ended by SIGKILL"))
    }

    @Test func `when nobody survives, the newest checkpoint is the next rung`() throws {
        var world = try MockWorld.running(plan: plan)
        try world.steps(through: 4)
        try world.write(4)
        try world.steps(through: 6)
        for slot in 0..<3 { try world.kill(worker(slot)) }
        try world.joinAll()
        #expect(world.gang?.restored == 4)
        #expect(world.gang?.isFromPeers == false)
    }

    @Test func `a survivor that is lost while it gives its state leaves the rest to the others`() throws {
        var world = try MockWorld.running(plan: plan)
        try world.steps(through: 3)
        try world.kill(worker(1))
        try world.formAll()
        try world.joinAll()
        try world.step()
        #expect(world.gang?.transfers == [StateTransfer(to: 1, from: 0)])
        let next = try #require(form(in: try world.kill(worker(0))))
        #expect(next.members.map(\.worker) == [worker(1), worker(2)])
        #expect(next.restore == 4 && next.transfers == [StateTransfer(to: 0, from: 1)])
    }

    @Test func `a member that cannot take the state is replaced, and a source that fails twice is not asked again`()
        throws
    {
        var world = MockWorld(plan: plan)
        try world.submit()
        try world.offer(slots: 5)
        try world.joinAll()
        try world.formAll()
        try world.steps(through: 4)
        try world.kill(worker(2))
        #expect(world.gang?.transfers == [StateTransfer(to: 2, from: 0)])
        let first = try world.failTransfer(rank: 2)
        #expect(
            first.first
                == .evict(worker(3), because: "it could not take the state from rank 0: a chunk arrived damaged"))
        #expect(world.gang?.members.map(\.worker) == [worker(0), worker(1), worker(4)])
        try world.failTransfer(rank: 2)
        #expect(world.coordinator.run?.holders.map(\.worker) == [worker(1)])
        #expect(world.coordinator.run?.committed == 4)
    }
}
