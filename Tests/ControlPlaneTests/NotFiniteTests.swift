// Steps that give no finite number: never committed, done once more in other hands, and whoever is at fault is named.
// Refuses the workers' half, how a sum is looked at.

import ControlPlane
import Primitives
import Testing

struct NotFiniteTests {
    private func notFinite(_ world: inout MockWorld, _ suspects: [WorkerID]) throws -> [Command] {
        let gang = try #require(world.coordinator.run)
        return try world.tell(
            .stepNotFinite(
                run: world.run, generation: gang.generation, step: gang.committed + 1, suspects: suspects))
    }

    @Test func `a step that is not finite is not committed, and is done again with the parts in other hands`() throws {
        var world = try MockWorld.running(plan: .small.with { $0.recovery = .peer })
        try world.steps(through: 3)
        let before = try #require(world.coordinator.run?.members)
        let commands = try notFinite(&world, [worker(1)])
        guard case .abort(_, _, because: let reason) = commands.first,
            case .form(_, Generation(2), let members, restore: 3, transfers: [], _) = commands.last
        else {
            Issue.record("it is not done again from memory: \(commands)")
            return
        }
        #expect(reason.sentence == "step 4 gave no finite number, for the sums of a/1")
        #expect(members.map(\.worker) == before.dropFirst().map(\.worker) + [before[0].worker])
        for member in members {
            #expect(before.first { $0.worker == member.worker }?.part != member.part)
        }
        try world.formAll()
        try world.steps(through: 4)
        #expect(world.coordinator.run?.notFinite == nil)
        #expect(world.coordinator.run?.committed == 4)
    }

    @Test func `a worker whose sums are not finite twice is replaced, and the others keep their state`() throws {
        var world = try MockWorld.running(plan: .small.with { $0.recovery = .peer })
        try world.steps(through: 3)
        _ = try notFinite(&world, [worker(1)])
        try world.formAll()
        let commands = try notFinite(&world, [worker(1)])
        #expect(
            commands.first == .evict(worker(1), because: "its sums are not finite, with other micro-batches too"))
        #expect(world.coordinator.run?.holders.map(\.worker).sorted() == [worker(0), worker(2)])
        try world.kill(worker(1), .exited(code: 0))
        try world.recover()
        #expect(world.coordinator.run?.committed == 3)
        try world.steps(through: 5)
    }

    @Test func `a step that is not finite whoever computes it ends the run with the reason`() throws {
        for second in [[worker(2)], [], [worker(0), worker(1), worker(2)]] {
            var world = try MockWorld.running(plan: .small.with { $0.recovery = .peer })
            try world.steps(through: 3)
            _ = try notFinite(&world, [worker(1)])
            try world.formAll()
            let commands = try notFinite(&world, second)
            guard case .finish(_, .diverged(checkpoint: 0, because: let reason)) = commands.last else {
                Issue.record("it goes on: \(commands)")
                return
            }
            #expect(reason.hasPrefix("step 4 gave no finite number"))
            #expect(reason.hasSuffix("whoever computes it: the data or the state are at fault"))
        }
    }

    @Test func `what an earlier gang says of a step changes nothing`() throws {
        var world = try MockWorld.running()
        try world.steps(through: 3)
        let before = world.coordinator
        let commands = try world.tell(
            .stepNotFinite(run: world.run, generation: Generation(0), step: 4, suspects: [worker(1)]))
        #expect(commands.isEmpty && world.coordinator == before)
    }

    @Test func `members that agree on no number agree`() {
        var barrier = StepBarrier(parts: [0..<1, 1..<2])
        let quiet = Double(nan: 1, signaling: false)
        #expect(
            barrier.contribute(rank: 0, step: 1, .init(losses: [1], gradientNorm: .nan)) == nil)
        let verdict = barrier.contribute(rank: 1, step: 1, .init(losses: [1], gradientNorm: quiet))
        guard case .complete(_, let norm, _) = verdict else {
            Issue.record("two NaNs are taken for corrupt replicas")
            return
        }
        #expect(norm.isNaN)
    }
}
