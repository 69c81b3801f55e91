// One seed, one schedule: everything that may happen in the mock world, in random order, first with faults and then
// without. Refuses to know what the coordinator should answer: the mock world's rules and the coordinator's own
// invariants are the judges.

import ControlPlane
import Primitives

/// A random life of a run.
struct RandomSchedule {
    /// Something that may happen now.
    enum Action {
        case join(WorkerID)
        case joinStranger(numerics: String)
        case replace(WorkerID)
        case hang(WorkerID)
        case kill(WorkerID)
        case form(Int)
        case failRestore(Int)
        case contribute(Int)
        case contributeLate(Int)
        case failTransfer(Int)
        case disagree
        case write(Int)
        case failWrite(Int)
        case loseWrite(Int)
        case damage(Int)
        case evaluate
        case retell
        case retellOldest
        case interrupt
        case deadline
        case resume
        case restart
        case comeBack(WorkerID)
        case resize
    }

    let seed: UInt64
    var world: MockWorld
    private var random: RandomStream
    private(set) var actions = 0

    init(seed: UInt64) {
        self.seed = seed
        var random = RandomStream(seed: seed, named: "schedule")
        let workers = 1 + random.integer(below: 4)
        let plan = RunPlan(
            steps: 1 + random.integer(below: 16), workers: workers, microBatches: workers + random.integer(below: 6),
            checkpointInterval: 1 + random.integer(below: 5), checkpointsKept: 1 + random.integer(below: 3),
            evaluationInterval: random.integer(below: 5), evaluationMicroBatches: 1 + random.integer(below: 5),
            maximumRestarts: random.integer(below: 5), formationLimit: .seconds(Int64(120)),
            recovery: random.integer(below: 3) == 0 ? .checkpoint : .peer,
            onWorkerLoss: [.spare, .shrink, .wait, .fail][random.integer(below: 4)])
        world = MockWorld(plan: plan)
        self.random = random
    }

    /// Lives `faulty` actions with faults, then without until the run completes.
    /// - Throws: `IllegalCommand`, or `Refusal` when the run does not complete.
    mutating func live(faulty: Int) throws {
        try world.submit()
        try world.offer(slots: world.plan.workers + random.integer(below: 2))
        for _ in 0..<faulty { try act(withFaults: true) }
        while let silent = world.processes.first(where: \.hangs) {
            try world.kill(silent.worker, .silent(.seconds(Int64(5))))
        }
        var calm = 0
        while world.outcome != .completed {
            calm += 1
            guard calm < 2_000 else {
                throw IllegalCommand(command: "", reason: "the run does not complete", records: world.recordLines)
            }
            try act(withFaults: false)
        }
    }

    private mutating func act(withFaults faults: Bool) throws {
        actions += 1
        world.pass(TimeSpan(nanoseconds: Int64(random.integer(below: 2_000_000_000))))
        if let deadline = world.coordinator.nextDeadline, deadline <= world.now { try world.reachDeadline() }
        var choices = usual()
        if faults { choices += faulty() }
        if !faults, choices.isEmpty, world.coordinator.nextDeadline == nil {
            throw IllegalCommand(command: "", reason: "nothing can happen any more", records: world.recordLines)
        }
        if choices.isEmpty { choices = [(1, world.coordinator.nextDeadline == nil ? .resume : .deadline)] }
        var pick = random.integer(below: choices.reduce(0) { $0 + $1.weight })
        for (weight, action) in choices {
            pick -= weight
            guard pick < 0 else { continue }
            return try perform(action)
        }
    }

    /// What goes on by itself.
    private func usual() -> [(weight: Int, action: Action)] {
        if world.outcome != nil { return [(1, .resume)] }
        var choices: [(Int, Action)] = []
        for process in world.processes where process.isDead || process.isDismissed {
            choices.append((4, .kill(process.worker)))
        }
        for process in world.processes
        where process.incarnation == nil && !process.hangs && !process.isDead && !process.isDismissed {
            choices.append((4, .join(process.worker)))
        }
        for process in world.processes where process.isAway && !process.hangs {
            choices.append((4, .comeBack(process.worker)))
        }
        for write in world.writes { choices.append((3, .write(write.step))) }
        if !world.evaluations.isEmpty { choices.append((3, .evaluate)) }
        guard let gang = world.gang else { return choices }
        for (rank, member) in gang.members.enumerated() where world.process(member.worker)?.hangs == false {
            if !gang.hasBegun, !gang.formed.contains(rank) {
                let isDamaged = !gang.isFromPeers && world.damaged.contains(gang.committed)
                choices.append((4, isDamaged ? .failRestore(rank) : .form(rank)))
                if isOneOf(7), gang.transfers.contains(where: { $0.receiver == rank }) {
                    choices.append((1, .failTransfer(rank)))
                }
            }
            if gang.hasBegun, gang.committed < world.plan.steps, !gang.contributed.contains(rank) {
                choices += [(8, .contribute(rank)), (1, .contributeLate(rank))]
            }
        }
        return choices
    }

    private func faulty() -> [(weight: Int, action: Action)] {
        guard world.outcome == nil else { return [(1, .retell), (1, .retellOldest)] }
        var choices: [(Int, Action)] = [(1, .retell), (1, .retellOldest), (1, .resume), (1, .restart)]
        for process in world.processes {
            choices.append((1, .kill(process.worker)))
            if !process.hangs { choices.append((1, .hang(process.worker))) }
            if process.isDismissed, process.incarnation == nil { choices.append((1, .join(process.worker))) }
            if process.incarnation != nil { choices.append((1, .replace(process.worker))) }
        }
        for write in world.writes { choices += [(1, .failWrite(write.step)), (1, .loseWrite(write.step))] }
        if world.durable.count > world.damaged.count, isOneOf(5) { choices.append((1, .damage(world.durable.last!))) }
        if world.plan.workers > 1, world.processes.count < 7 {
            choices += [(1, .joinStranger(numerics: "plain"))]
            if !world.processes.contains(where: { $0.numerics == "other" }), world.numerics != nil {
                choices.append((1, .joinStranger(numerics: "other")))
            }
        }
        if let gang = world.gang, gang.hasBegun {
            choices += [(1, .disagree), (1, .interrupt)]
        }
        if isOneOf(40) { choices.append((1, .interrupt)) }
        if isOneOf(9) { choices.append((2, .resize)) }
        if world.coordinator.nextDeadline != nil, isOneOf(4) { choices.append((2, .deadline)) }
        return choices
    }

    /// Whether this is one of `n` moments.
    private func isOneOf(_ n: Int) -> Bool { world.entries.count % n == 0 }

    private mutating func perform(_ action: Action) throws {
        switch action {
        case .join(let worker): try world.join(worker)
        case .joinStranger(let numerics): try world.joinStranger("b", numerics: numerics)
        case .replace(let worker):
            try world.tell(
                .workerJoined(worker: worker, node: worker.node, processID: 300, numerics: "plain"))
        case .hang(let worker):
            world.processes[world.processes.firstIndex { $0.worker == worker }!].hangs = true
        case .kill(let worker):
            try world.kill(worker, random.integer(below: 2) == 0 ? .signalled(9) : .connectionClosed)
        case .form(let rank): try world.form(rank: rank)
        case .failTransfer(let rank): try world.failTransfer(rank: rank)
        case .failRestore(let rank): try world.failRestore(rank: rank)
        case .contribute(let rank): try world.contribute(rank: rank)
        case .contributeLate(let rank): world.contributeLate(rank: rank)
        case .disagree:
            let gang = world.gang!
            // Of a step that nobody computes it is not believed.
            if gang.committed < world.plan.steps {
                for index in world.processes.indices { world.processes[index].holds = nil }
            }
            try world.tell(
                .replicasDisagree(
                    run: world.run, generation: gang.generation, step: gang.committed + 1, norms: "rank 0: 1, rank 1: 2"
                ))
        case .write(let step): try world.write(step)
        case .failWrite(let step): try world.failWrite(step)
        case .loseWrite(let step): try loseWrite(step)
        case .damage(let step): if !world.damaged.contains(step) { world.damaged.append(step) }
        case .evaluate: try world.evaluate()
        case .retell:
            try retell(world.entries[world.entries.count - 1 - random.integer(below: min(5, world.entries.count))])
        case .retellOldest: try retell(world.entries[random.integer(below: world.entries.count)])
        case .interrupt: try world.interrupt()
        case .deadline: try world.reachDeadline()
        case .resume:
            try world.crashAndResume()
            try world.offer(slots: world.plan.workers + random.integer(below: 2))
        case .restart:
            let slots = world.supervised.count
            let dead = world.supervised.filter { _ in random.integer(below: 6) == 0 }
            world.writes.removeAll { _ in !dead.isEmpty }  // One of them may have been the writer.
            try world.restartCoordinator(dead: dead)
            if slots > 0 { try world.offer(slots: slots) }
        case .comeBack(let worker): try world.comeBack(worker)
        case .resize:
            // Of the slots that are always there enough stay.
            let workers = 1 + random.integer(below: world.plan.workers)
            let first = random.integer(below: 7)
            let count = random.integer(below: world.plan.workers - workers + 1)
            try world.resize(to: workers, leaving: (0..<count).map { worker((first + $0) % 7) })
        }
    }

    /// A write ends with the process that does it, rank 0 of its gang, and nobody tells.
    private mutating func loseWrite(_ step: Int) throws {
        let write = world.writes.first { $0.step == step }!
        world.writes.removeAll { $0 == write }
        guard let gang = world.gang, gang.generation == write.generation else { return }
        try world.kill(gang.members[0].worker)
    }

    /// A message comes twice, or late: nothing may follow from it.
    private mutating func retell(_ entry: MockWorld.Entry) throws {
        switch entry.event {
        case .memberFormed, .gangFormed, .stepContributed, .stepsCommitted, .workerLost, .restoreFailed, .stepNotFinite,
            .replicasDisagree, .statesDiffer, .statesAgree, .stragglerFound, .checkpointFailed, .evaluated:
            break
        case .checkpointWritten(_, _, let step, _, _, _):
            guard world.durable.contains(step) else { return }  // Of a deleted one nobody speaks again.
        case .jobSubmitted, .runResumed, .coordinatorRestarted, .workerReturned, .slotsOffered, .workerJoined,
            .nodesLost, .workerStartFailed, .faultInjected, .resized,
            .interruptRequested, .deadlineReached:
            return  // These are new facts each time.
        }
        let before = world.coordinator
        let commands = try world.tell(entry.event)
        guard commands.isEmpty, world.coordinator == before else {
            throw IllegalCommand(
                command: commands.map(\.line.text).joined(separator: "; "),
                reason: "a message told again changed something", records: world.recordLines)
        }
    }
}
