// Members that are slow: who is told of, after how long, and when a spare takes their place. Refuses clocks.

import ControlPlane
import Jobs
import Primitives
import Testing

struct StragglerTests {
    private static func members(_ parts: [Range<Int>]) -> [Member] {
        parts.enumerated().map {
            Member(worker: worker($0.offset), incarnation: Incarnation(1), part: $0.element, evaluationPart: 0..<0)
        }
    }

    /// Ranks that are told of at each of `steps` steps of 100 ms, of members that take so many milliseconds a step.
    private func told(
        _ policy: StragglerSpec, _ parts: [Range<Int>], steps: Int, _ milliseconds: (Int) -> [Int64]
    ) -> [(step: Int, ranks: [Int])] {
        var watch = StragglerWatch(policy, StragglerTests.members(parts))
        return (1...steps).compactMap { step in
            let found = watch.observe(
                milliseconds(step).map { StepProfile(compute: .milliseconds($0)) }, step: step,
                at: .zero + .milliseconds(Int64(100 * step)))
            return found.isEmpty ? nil : (step, found.map(\.rank))
        }
    }

    private let three = [0..<1, 1..<2, 2..<3]

    @Test func `a member is told of after as many slow steps as the job allows, and again after as many`() {
        let found = told(StragglerSpec(patience: .steps(5)), three, steps: 12) { _ in [10, 16, 10] }
        #expect(found.map(\.step) == [5, 10] && found.allSatisfy { $0.ranks == [1] })
    }

    @Test func `a step at which it was not slow begins the count anew`() {
        let found = told(StragglerSpec(patience: .steps(5)), three, steps: 12) { [10, $0 == 4 ? 15 : 16, 10] }
        #expect(found.map(\.step) == [9])
    }

    @Test func `a patience in time is measured from the first slow step`() {
        let found = told(StragglerSpec(patience: .time(.milliseconds(300))), three, steps: 6) { _ in [10, 10, 30] }
        #expect(found.map(\.step) == [4])
    }

    @Test func `who has more micro-batches may take longer for them`() {
        let found = told(StragglerSpec(patience: .steps(1)), [0..<3, 3..<4, 4..<5], steps: 3) { _ in [30, 10, 10] }
        #expect(found.isEmpty)
    }

    @Test func `of two the slower one is told of, and where all are slow nobody is`() {
        let policy = StragglerSpec(patience: .steps(1))
        #expect(told(policy, [0..<1, 1..<2], steps: 1) { _ in [10, 40] }.first?.ranks == [1])
        #expect(told(policy, three, steps: 3) { _ in [40, 40, 40] }.isEmpty)
        #expect(told(StragglerSpec(action: .off, patience: .steps(1)), three, steps: 3) { _ in [10, 40, 10] }.isEmpty)
    }

    private func report(_ world: MockWorld, rank: Int) throws -> Event {
        let run = try #require(world.coordinator.run)
        return .stragglerFound(
            run: world.run, generation: run.generation,
            StragglerReport(
                worker: run.members[rank].worker, incarnation: run.members[rank].incarnation, rank: rank,
                step: run.committed, factor: 2, steps: 30, lasted: .seconds(Int64(3))))
    }

    private static func plan(_ action: StragglerSpec.Action) -> RunPlan {
        .small.with { ($0.recovery, $0.onWorkerLoss, $0.stragglers) = (.peer, .spare, action) }
    }

    @Test func `a straggler is replaced by a spare, and no step is done again`() throws {
        var world = MockWorld(plan: Self.plan(.swap))
        try world.submit()
        try world.offer(slots: 4)
        try world.joinAll()
        if world.gang?.hasBegun == false { try world.formAll() }
        try world.steps(through: 5)
        let commands = try world.tell(report(world, rank: 1))
        #expect(commands.first == .evict(worker(1), because: "it is slower than the others, and a spare is free"))
        guard case .form(_, _, let members, restore: 5, let transfers?, _) = commands.last else {
            Issue.record("the others do not go on: \(commands)")
            return
        }
        #expect(members.map(\.worker).sorted() == [worker(0), worker(2), worker(3)])
        #expect(transfers.count == 1)
        try world.formAll()
        try world.steps(through: 6)
        #expect(world.coordinator.run?.restarts == 0, "nothing is broken")
        try world.checkReplay()
    }

    @Test func `a straggler stays where no spare is free, and where the job only wants to know`() throws {
        for (action, slots) in [(StragglerSpec.Action.swap, 3), (.report, 4)] {
            var world = MockWorld(plan: Self.plan(action))
            try world.submit()
            try world.offer(slots: slots)
            try world.joinAll()
            if world.gang?.hasBegun == false { try world.formAll() }
            try world.steps(through: 5)
            #expect(try world.tell(report(world, rank: 1)).isEmpty)
        }
    }
}
