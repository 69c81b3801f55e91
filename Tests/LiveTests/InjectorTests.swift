// When faults strike: after their step, at their time, once in a run's life, and at random moments that a seed decides.
// Refuses processes; what a strike does is DrillTests' matter.

import ControlPlane
import Journaling
import Jobs
import Primitives
import Testing

@testable import LiveCoordinator

struct InjectorTests {
    private func job(_ injections: [Injection], _ processes: [InjectionProcess] = []) -> JobSpec {
        JobSpec(
            name: "test", nodes: 1, workersPerNode: 4,
            model: ModelShape(layers: 1, width: 8, heads: 1, contextLength: 8, vocabularySize: 256),
            training: TrainingSpec(
                microBatch: 1, globalBatch: 4, steps: 1_000_000,
                learningRate: LearningRateSpec(decay: .constant, peak: 1e-3, minimum: 0, warmupSteps: 0, decaySteps: 0),
                beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, clip: 1, seed: 1, evaluationInterval: 0,
                evaluationMicroBatches: 1),
            data: DataSpec(source: .text, globs: [], validationShare: 0.1),
            checkpoint: CheckpointSpec(interval: 10, keep: 1),
            faultTolerance: FaultToleranceSpec(
                maximumRestarts: 3, heartbeatInterval: .milliseconds(100), heartbeatTimeout: .milliseconds(1_000),
                lease: .milliseconds(2_000)),
            injections: injections, injectionProcesses: processes)
    }

    private func inflicted(_ index: Int, at step: Int) -> [Record] {
        let run = RunID("test-0001")
        let fault = Event.faultInjected(
            run: run, Infliction(index: index, what: "kill rank 1", worker: nil, incarnation: nil, effect: .ends))
        let commit = [Command.commit(run: run, generation: Generation(1), step: step)]
        return [
            Record(
                sequence: 1, at: Instant(nanoseconds: 1), wallNanoseconds: 1, event: .deadlineReached, commands: commit),
            Record(sequence: 2, at: Instant(nanoseconds: 2), wallNanoseconds: 2, event: fault, commands: []),
        ]
    }

    @Test func `a fault strikes once, right after its step, and not when that step is done again`() {
        var injector = Injector(job([Injection(.step(3), .rank(1), .kill)]), after: [])
        #expect(injector.due(committed: 2, elapsed: .zero, workers: 4).isEmpty)
        #expect(injector.due(committed: nil, elapsed: .seconds(Int64(9)), workers: 4).isEmpty)
        #expect(injector.due(committed: 3, elapsed: .zero, workers: 4).map(\.number) == [0])
        #expect(injector.due(committed: 3, elapsed: .zero, workers: 4).isEmpty)
    }

    @Test func `a fault of a rank that a shrunken gang lacks waits for the rank`() {
        var injector = Injector(job([Injection(.step(3), .rank(3), .kill)]), after: [])
        #expect(injector.due(committed: 3, elapsed: .zero, workers: 3).isEmpty)
        #expect(injector.due(committed: 4, elapsed: .zero, workers: 4).count == 1)
    }

    @Test func `what the journal tells of is not inflicted again, and later numbers follow it`() {
        let faults = [Injection(.step(3), .rank(1), .kill), Injection(.step(5), .rank(1), .kill)]
        var injector = Injector(job(faults), after: inflicted(0, at: 3))
        #expect(injector.due(committed: 4, elapsed: .zero, workers: 4).isEmpty)
        #expect(injector.add(Injection(.elapsed(.zero), .rank(0), .kill)) == 2)
        #expect(injector.due(committed: 5, elapsed: .zero, workers: 4).map(\.number) == [1, 2])
        var resumed = Injector(job(faults), after: inflicted(7, at: 3))
        #expect(resumed.add(Injection(.elapsed(.zero), .rank(0), .kill)) == 8)
    }

    @Test func `a fault at a time strikes when it has come, and says when that is`() {
        var injector = Injector(job([Injection(.elapsed(.milliseconds(50)), .gang, .kill)]), after: [])
        #expect(injector.next(after: .zero) == .milliseconds(50))
        #expect(injector.due(committed: 1, elapsed: .milliseconds(49), workers: 4).isEmpty)
        #expect(injector.due(committed: nil, elapsed: .milliseconds(50), workers: 4).count == 1)
        #expect(injector.next(after: .zero) == nil)
    }

    @Test func `random faults have their mean distance, and are the same for the same seed`() {
        let process = InjectionProcess(mean: .steps(20), faults: [.kill, .stop], duration: .seconds(Int64(1)), seed: 7)
        func steps(_ seed: UInt64) -> [[Injector.Strike]] {
            var changed = process
            changed.seed = seed
            var injector = Injector(job([], [changed]), after: [])
            return (1...20_000).map { injector.due(committed: $0, elapsed: .zero, workers: 4) }
        }
        let strikes = steps(7).joined()
        // 1,000 expected; a binomial's standard deviation is 31.
        #expect((880...1_120).contains(strikes.count), "\(strikes.count)")
        #expect(strikes.count { $0.injection.fault == .kill } > strikes.count / 3)
        #expect(strikes.allSatisfy { $0.injection.objection(workers: 4) == nil })
        #expect(steps(7).map { $0.map(\.injection) } == steps(7).map { $0.map(\.injection) })
        #expect(steps(7) != steps(8))
    }

    @Test func `a resumed run draws the faults that it would have drawn`() {
        let process = InjectionProcess(mean: .steps(5), faults: [.kill], duration: .zero, seed: 3)
        var whole = Injector(job([], [process]), after: [])
        let all = (1...400).map { whole.due(committed: $0, elapsed: .zero, workers: 4) }
        var resumed = Injector(job([], [process]), after: inflicted(30, at: 200))
        let rest = (201...400).map { resumed.due(committed: $0, elapsed: .zero, workers: 4) }
        #expect(rest.map { $0.map(\.injection.moment) } == all[200...].map { $0.map(\.injection.moment) })
    }
}
