// Journals for tests: a coordinator whose commands are obeyed by a few lines of world, at random instants and with random
// losses, recorded as a run would be. Refuses to check commands: ControlPlaneTests' mock world does.

import ControlPlane
import Jobs
import Journaling
import Messages
import Primitives

/// Writes records by telling a coordinator.
struct Chronicle {
    let run = RunID("chronicle-0001")
    private(set) var coordinator = Coordinator()
    private(set) var records: [Record] = []
    var now = Instant(nanoseconds: 1_000)
    /// What will happen by itself, in the order it was asked for.
    private(set) var pending: [Event] = []
    /// What the members of one step say that they saved of an interruption.
    var salvaged = (step: 0, what: Salvage())

    static let plan = RunPlan(
        steps: 10, workers: 2, microBatches: 4, checkpointInterval: 3, checkpointsKept: 2, evaluationInterval: 4,
        evaluationMicroBatches: 2, maximumRestarts: 4, formationLimit: .seconds(Int64(60)))

    /// Tells `event` after `span`.
    @discardableResult
    mutating func tell(_ event: Event, after span: TimeSpan = .seconds(Int64(1))) -> [Command] {
        now = now + span
        let commands = coordinator.handle(event, at: now)
        records.append(
            Record(
                sequence: records.count + 1, at: now, wallNanoseconds: 1_700_000_000_000_000_000 + now.nanoseconds,
                event: event, commands: commands))
        for command in commands { obey(command) }
        return commands
    }

    /// Tells the pending event at `index`.
    mutating func happen(_ index: Int = 0, after span: TimeSpan = .seconds(Int64(1))) {
        tell(pending.remove(at: index), after: span)
    }

    /// Tells pending events that `wanted` picks, until there is none or the condition holds.
    mutating func happen(
        after span: TimeSpan = .seconds(Int64(1)), until done: (Chronicle) -> Bool,
        where wanted: (Event) -> Bool = { _ in true }
    ) {
        while !done(self), let index = pending.firstIndex(where: wanted) { happen(index, after: span) }
    }

    mutating func begin(plan: RunPlan = Chronicle.plan) {
        tell(.jobSubmitted(run: run, plan: plan))
        tell(.slotsOffered(node: NodeID("a"), slots: plan.workers))
    }

    mutating func steps(through step: Int) {
        happen(until: { $0.coordinator.run!.committed >= step && !$0.waits }) { event in
            if case .checkpointWritten = event { false } else { true }
        }
    }

    /// A drill is carried out.
    mutating func inject(
        _ index: Int, _ what: String, _ worker: WorkerID?, _ incarnation: Incarnation?, _ effect: Infliction.Effect
    ) {
        tell(
            .faultInjected(
                run: run,
                Infliction(index: index, what: what, worker: worker, incarnation: incarnation, effect: effect)))
    }

    /// The process of `slot` dies; with `injection`, a drill killed it before.
    mutating func kill(_ slot: Int, injection: Int? = nil) {
        let worker = WorkerID(node: NodeID("a"), slot: slot)
        let incarnation = coordinator.pool[worker]!.newest
        if let injection {
            inject(injection, "kill", worker, incarnation, .ends)
        }
        tell(.workerLost(worker: worker, incarnation: incarnation, how: .signalled(9)))
    }

    private var waits: Bool { if case .waiting = coordinator.run?.phase { true } else { false } }

    /// The process of `slot` ends before it joins.
    mutating func failStart(_ slot: Int) {
        let worker = WorkerID(node: NodeID("a"), slot: slot)
        pending.removeAll { if case .workerJoined(worker, _, _, _) = $0 { true } else { false } }
        tell(.workerStartFailed(worker: worker, how: .exited(code: 2)))
    }

    mutating func resume() {
        pending = []
        tell(.runResumed(run: run), after: .seconds(Int64(100)))
        tell(.slotsOffered(node: NodeID("a"), slots: coordinator.run!.plan.workers))
    }

    /// The coordinator dies alone, and another one takes over; every process returns.
    mutating func restart(after span: TimeSpan) {
        let slots = coordinator.pool.slots.filter(\.isInhabited)
        tell(.coordinatorRestarted(run: run, living: slots.map(\.worker)), after: span)
        tell(.slotsOffered(node: NodeID("a"), slots: coordinator.run!.plan.workers))
        for slot in slots { tell(.workerReturned(worker: slot.worker, incarnation: slot.newest, processID: 40)) }
    }

    /// The checkpoint of `step` is not written after all.
    mutating func failCheckpoint(_ step: Int) {
        let generation = coordinator.run!.generation
        pending.removeAll { if case .checkpointWritten(_, _, step, _, _, _) = $0 { true } else { false } }
        tell(.checkpointFailed(run: run, generation: generation, step: step, reason: "disk full"))
    }

    private mutating func obey(_ command: Command) {
        switch command {
        case .startWorker(let worker):
            pending.append(.workerJoined(worker: worker, node: worker.node, processID: 40, numerics: "plain"))
        case .form(_, let generation, let members, _, _, _):
            for member in members {
                pending.append(
                    .memberFormed(worker: member.worker, incarnation: member.incarnation, generation: generation))
            }
        case .begin(_, let generation): contribute(generation)
        case .commit(_, let generation, _): contribute(generation)
        case .saveCheckpoint(_, let generation, let step):
            pending.append(
                .checkpointWritten(
                    run: run, generation: generation, step: step, weightsSHA256: "sha-\(step)", size: ByteCount(9),
                    took: .milliseconds(5)))
        case .evaluate(_, let generation, let step):
            pending.append(.evaluated(run: run, generation: generation, step: step, loss: 4 / Double(step)))
        case .abort, .regroup:
            pending.removeAll {
                switch $0 {
                case .memberFormed, .stepContributed, .evaluated: true
                default: false
                }
            }
        case .finish: pending = []
        case .evict, .welcome, .refuse, .wait, .compare, .deleteCheckpoint, .decide: break
        }
    }

    private mutating func contribute(_ generation: Generation) {
        guard let run = coordinator.run, run.phase == .running else { return }
        let step = run.committed + 1
        pending.append(
            .stepContributed(
                run: run.id, generation: generation,
                report: StepReport(
                    step: step, loss: 6 / Double(step), gradientNorm: 1, learningRate: 1e-3, tokens: 100,
                    profile: StepProfile(compute: .milliseconds(3), snapshot: .milliseconds(2)),
                    salvage: step == salvaged.step ? salvaged.what : Salvage())))
    }

    /// A random life: `length` records or a few more, any of them a loss, a resumption or a failed write.
    static func random(seed: UInt64, length: Int) -> Chronicle {
        var random = RandomStream(seed: seed, named: "chronicle")
        var chronicle = Chronicle()
        chronicle.begin()
        while chronicle.records.count < length {
            let span = TimeSpan(nanoseconds: Int64(random.integer(below: 3_000_000_000)))
            let living = chronicle.coordinator.pool.up
            switch random.integer(below: 24) {
            case 0 where !living.isEmpty:
                let victim = living[random.integer(below: living.count)]
                chronicle.kill(victim.worker.slot, injection: random.integer(below: 2) == 0 ? 7 : nil)
                chronicle.pending.removeAll {
                    if case .memberFormed(victim.worker, _, _) = $0 { true } else { false }
                }
            case 1 where random.integer(below: 3) == 0: chronicle.resume()
            case 2:
                if let saving = chronicle.coordinator.run?.saving { chronicle.failCheckpoint(saving) }
            case 3: chronicle.tell(chronicle.records[random.integer(below: chronicle.records.count)].stale, after: span)
            case 4 where random.integer(below: 4) == 0:
                chronicle.tell(.interruptRequested(run: chronicle.run, because: "Ctrl-C"), after: span)
            case _ where chronicle.pending.isEmpty: chronicle.resume()
            default: chronicle.happen(random.integer(below: chronicle.pending.count), after: span)
            }
        }
        return chronicle
    }
}

extension Record {
    /// A fact that may be told twice: this record's, else one that means nothing.
    fileprivate var stale: Event {
        switch event {
        case .memberFormed, .workerLost, .evaluated, .checkpointFailed, .stepContributed, .restoreFailed: event
        default: .deadlineReached
        }
    }
}
