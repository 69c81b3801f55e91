// Which sums of an interrupted step still count, and who has which part of it in the next gang. Refuses the workers' half,
// how sums are kept.

import Primitives
import Testing

@testable import ControlPlane

struct KeptSumsTests {
    private let plan = RunPlan.small.with {
        $0.recovery = .peer
        $0.onWorkerLoss = .spare
    }

    /// A gang of three that computes, and a spare.
    private func worldWithSpare() throws -> MockWorld {
        var world = MockWorld(plan: plan)
        try world.submit()
        try world.offer(slots: 4)
        try world.joinAll()
        try world.formAll()
        return world
    }

    private func slots(_ numbers: [Int]) -> [WorkerID] { numbers.map { WorkerID(node: NodeID("a"), slot: $0) } }

    @Test func `who stays keeps its rank, and the others take the ranks of those that left`() {
        var seating = Seating()
        seating.seat(slots([0, 1, 2, 3]))
        #expect(seating.byRank == slots([0, 1, 2, 3]))
        seating.seat(slots([0, 2, 3, 7]))
        #expect(seating.byRank == slots([0, 7, 2, 3]))
        seating.seat(slots([0, 2, 5, 7]))
        #expect(seating.byRank == slots([0, 7, 2, 5]))
        seating.seat(slots([0, 1, 2, 4]))
        #expect(
            seating.byRank == slots([0, 4, 2, 1]), "lost in the order of addresses, filled in the order of addresses")
        seating.seat(slots([0, 1, 2, 4]))
        #expect(seating.byRank == slots([0, 4, 2, 1]))
    }

    @Test func `a gang of another size is seated in the order of addresses`() {
        var seating = Seating()
        seating.seat(slots([0, 1, 2]))
        seating.seat(slots([1, 2, 3]))
        #expect(seating.byRank == slots([3, 1, 2]))
        seating.seat(slots([1, 3]))
        #expect(seating.byRank == slots([1, 3]))
        seating.seat(slots([0, 1, 3]))
        #expect(seating.byRank == slots([0, 1, 3]))
    }

    @Test func `a loss leaves the others' sums as good as they were`() throws {
        var world = try worldWithSpare()
        try world.steps(through: 2)
        let before = try #require(world.coordinator.run?.members)
        try world.kill(worker(0))
        let after = try #require(world.coordinator.run)
        #expect(after.trusted == Generation(1) && after.generation == Generation(2))
        for member in before.dropFirst() {
            #expect(after.members.first { $0.worker == member.worker }?.part == member.part)
        }
    }

    @Test func `sums of a step that gave no finite number are not used again, whatever happens next`() throws {
        var world = try worldWithSpare()
        try world.steps(through: 3)
        let doubtful = try #require(world.coordinator.run?.members)
        try world.tell(
            .stepNotFinite(run: world.run, generation: Generation(1), step: 4, suspects: [worker(1)]))
        #expect(world.coordinator.run?.trusted == Generation(2))
        // A loss while it is done again: still nobody has the part that it had, and the second attempt's sums count.
        try world.formAll()
        try world.kill(worker(0))
        let again = try #require(world.coordinator.run)
        #expect(again.trusted == Generation(2) && again.generation == Generation(3))
        for member in again.members {
            #expect(doubtful.first { $0.worker == member.worker }?.part != member.part)
        }
    }

    @Test func `a gang that shrinks while a step is in doubt does not give anybody its part again`() throws {
        var world = try MockWorld.running(plan: plan)
        try world.steps(through: 3)
        let doubtful = try #require(world.coordinator.run?.members)
        try world.tell(
            .stepNotFinite(run: world.run, generation: Generation(1), step: 4, suspects: [worker(1)]))
        try world.kill(worker(1))
        let again = try #require(world.coordinator.run)
        #expect(again.members.map(\.worker) == [worker(2), worker(0)] && again.trusted == Generation(2))
        for member in again.members {
            let before = try #require(doubtful.first { $0.worker == member.worker })
            #expect(!before.part.overlaps(member.part), "\(member)")
        }
    }

    @Test(arguments: [
        (InterruptionReason.coordinatorLost, false), (.formationOverdue(missing: []), false),
        (.replicasDisagree(step: 3, norms: ""), true), (.stepDoubted(step: 3), true), (.diverged(step: 3, to: 1), true),
    ])
    func `only what says that numbers may be wrong casts doubt on sums`(reason: InterruptionReason, isDoubt: Bool) {
        #expect(reason.castsDoubt == isDoubt)
    }
}
