// The test of the test: one bug at a time is planted in the control plane or in what the world promises it, and the
// simulation must find it within a stated number of seeds, as a violation of an invariant that the bug breaks. Refuses a
// bug that is found for the wrong reason.

import Primitives
import Simulation
import Testing

/// A bug, and how it must be found.
struct PlantedBug: Sendable {
    var name: String
    var invariants: [Invariant]
    var seeds: UInt64 = 60  // Few of the schedules have the fault that a bug needs.
    var simulate: @Sendable (Schedule) -> Verdict

    init<Control: DecisionMaker & SendableMetatype>(
        _ control: Control.Type, _ invariants: [Invariant], seeds: UInt64 = 60
    ) {
        name = "\(control)"
        self.seeds = seeds
        self.invariants = invariants
        simulate = { Simulation.simulate($0, under: Control.self) }
    }

    init(
        _ name: String, _ invariants: [Invariant], seeds: UInt64 = 60,
        _ break: @escaping @Sendable (inout Promises) -> Void
    ) {
        self.name = name
        self.seeds = seeds
        self.invariants = invariants
        simulate = { schedule in
            var promises = Promises.kept
            `break`(&promises)
            return Simulation.simulate(schedule, promises: promises)
        }
    }

    /// The first violation, and the number of seeds it took.
    func find() -> (violation: Violation, seeds: UInt64)? {
        for seed in 1...seeds {
            let mode: SimulationMode = seed % 2 == 0 ? .liveness : .safety
            if let violation = simulate(Schedule(seed: seed, mode: mode, steps: 24)).violation {
                return (violation, seed)
            }
        }
        return nil
    }

    static let all = [
        PlantedBug(ForgetsAborts.self, [.fencing]),
        PlantedBug(CommitsWithOneMissing.self, [.commit]),
        PlantedBug(IgnoresGenerations.self, [.fencing], seeds: 600),
        PlantedBug(IgnoresIncarnations.self, [.fencing], seeds: 600),
        PlantedBug(DeletesTheNewest.self, [.checkpoints]),
        PlantedBug(CountsTwice.self, [.commit]),
        PlantedBug(PlacesTwice.self, [.placement]),
        PlantedBug(KeepsTheLeaving.self, [.placement], seeds: 600),
        PlantedBug(TakesOneForTwo.self, [.placement], seeds: 2_000),
        PlantedBug(ComparesNoSums.self, [.replicasAgree, .bitIdentity]),
        PlantedBug(ComparesNoStates.self, [.replicasAgree], seeds: 600),
        PlantedBug(BlamesTheMajority.self, [.replicasAgree], seeds: 600),
        PlantedBug(BlamesTheFast.self, [.detection], seeds: 600),
        PlantedBug(NeverMissesAnyone.self, [.detection]),
        PlantedBug(BelievesInProgress.self, [.progress], seeds: 600),
        PlantedBug(BlamesNobody.self, [.progress], seeds: 600),
        PlantedBug(IgnoresBadCheckpoints.self, [.progress], seeds: 600),
        PlantedBug(CompletesTooEarly.self, [.checkpoints, .bitIdentity]),
        PlantedBug(ForgetsFaces.self, [.commit], seeds: 600),
        PlantedBug(TakesAnyoneBack.self, [.fencing], seeds: 600),
        PlantedBug(ResumesInsteadOfReturning.self, [.commit], seeds: 600),
        PlantedBug(CommitsAgain.self, [.fencing], seeds: 600),
        PlantedBug("commands before records", [.journal], seeds: 600) { $0.journalComesFirst = false },
        PlantedBug("a record lost with the coordinator", [.journal]) { $0.journalKeeps = false },
        PlantedBug("damaged checkpoints are read", [.bitIdentity], seeds: 600) { $0.readersVerify = false },
        PlantedBug("half a checkpoint has its name", [.checkpoints]) { $0.writersPublishWhole = false },
        PlantedBug("a checkpoint is told of before it is synced", [.checkpoints]) { $0.writersSync = false },
        PlantedBug("data depend on the number of restarts", [.exactlyOnce]) { $0.dataOrderIsPure = false },
        PlantedBug("workers do not wait for the commit", [.journal]) { $0.workersAwaitCommit = false },
        PlantedBug("sums are kept whatever was found wrong", [.bitIdentity, .replicasAgree], seeds: 2_000) {
            $0.keptSumsAreSound = false
        },
        PlantedBug("workers do not end", [.placement]) { $0.workersEnd = false },
    ]
}

@Suite("Planted bugs")
struct PlantedBugTests {
    @Test func `the simulation finds every planted bug`() {
        var found = 0
        for bug in PlantedBug.all {
            guard let (violation, seeds) = bug.find() else {
                Issue.record("\(bug.name) was not found in \(bug.seeds) seeds")
                continue
            }
            print("\(bug.name): \(violation) (\(seeds) seeds)")
            #expect(bug.invariants.contains(violation.invariant), "\(bug.name): \(violation)")
            found += 1
        }
        print("mutation score: \(found) of \(PlantedBug.all.count)")
    }

    @Test func `every invariant of the control plane has a planted bug`() {
        let covered = Set(PlantedBug.all.flatMap(\.invariants).map(\.rawValue))
        // The ledger is arithmetic over the journal; its own tests bend it.
        let expected = Invariant.allCases.filter { $0 != .accounting }.map(\.rawValue)
        #expect(expected.allSatisfy(covered.contains))
    }

    @Test func `a schedule is made small without losing its violation`() throws {
        let bug = PlantedBug(ForgetsAborts.self, [.fencing])
        let found = try #require(bug.find()).violation
        let mode: SimulationMode = found.seed % 2 == 0 ? .liveness : .safety
        let schedule = Schedule(seed: found.seed, mode: mode, steps: 24)
        let smallest = minimised(schedule) { bug.simulate($0).violation?.invariant == found.invariant }
        print("\(schedule.faults.count) faults made \(smallest.faults.count)")
        #expect(smallest.faults.count < max(2, schedule.faults.count))
        #expect(bug.simulate(smallest).violation?.invariant == found.invariant)
    }
}
