// What a world may be asked, rule by rule: each command is checked against what is true, then carried out. Refuses to
// let anything pass because "it would probably work".

import ControlPlane
import Messages
import Primitives
import Scheduling

extension MockWorld {
    mutating func carryOut(_ command: Command, because event: Event) throws {
        if outcome != nil {
            switch command {
            case .refuse, .deleteCheckpoint: break
            default: throw Refusal("the run is over")
            }
        }
        switch command {
        case .startWorker(let worker): try start(worker)
        case .evict(let worker, _):
            guard let index = processes.firstIndex(where: { $0.worker == worker }) else {
                throw Refusal("there is no process to evict")
            }
            processes[index].isDismissed = true
        case .welcome(let worker, let incarnation): try welcome(worker, incarnation, event)
        case .refuse:
            guard case .workerJoined(let worker, _, _, _) = event else { throw Refusal("nobody asked to join") }
            if let index = processes.firstIndex(where: { $0.worker == worker && $0.incarnation == nil }) {
                processes[index].isDead = true
            }
        case .wait(_, let reason):
            guard gang == nil else { throw Refusal("a run with a gang waits for none") }
            guard reason != lastWait else { throw Refusal("the reason is not new") }
            lastWait = reason
        case .form(_, let generation, let members, let restore, let transfers, let course):
            try form(generation, members, restore: restore, transfers)
            gang!.course = course
            mayDeleteBehind = nil
        case .begin(_, let generation): try begin(generation)
        case .saveCheckpoint(_, let generation, let step): try save(generation, step)
        case .evaluate(_, let generation, let step):
            try checkBeforeCommit(generation, step)
            evaluations.append(Write(generation: generation, step: step))
        case .compare(_, let generation, let step):
            try checkBeforeCommit(generation, step)
            isCompared = true
        case .commit(_, let generation, let step): try commit(generation, step, event)
        case .abort(_, let generation, _):
            guard gang?.generation == generation else { throw Refusal("that gang does not exist") }
            gang = nil
            evaluations = []
            if case .abort(_, _, .diverged(_, let to?)) = command { goBack(to: to) }
            if case .abort(_, _, .statesDiffer(let dispute)) = command { settle(dispute) }
        case .regroup(_, let generation, let size, let resized):
            guard gang?.generation == generation, gang?.members.count == size else {
                throw Refusal("that gang does not exist")
            }
            guard resized != nil || size < wish?.workers ?? plan.workers else { throw Refusal("the gang is whole") }
            guard resized == nil || wish != nil else { throw Refusal("nobody asked for another size") }
            gang = nil
            isResizing = resized != nil
            evaluations = []
        case .deleteCheckpoint(_, let step):
            guard let index = durable.firstIndex(of: step) else { throw Refusal("there is no such checkpoint") }
            var isDisputed = false
            if case .statesDiffer = event { isDisputed = true }
            guard isDisputed || step != durable.last || mayDeleteBehind.map({ step > $0 }) ?? false else {
                throw Refusal("the newest good checkpoint must stay")
            }
            durable.remove(at: index)
        case .decide: break
        case .finish(_, let outcome): try finish(outcome)
        }
    }

    /// What was committed behind `step` is of a history that is left; nobody's memory is of any other.
    private mutating func goBack(to step: Int) {
        everCommitted.removeLast(everCommitted.count - step)
        lineage = everCommitted
        for index in processes.indices { processes[index].holds = nil }
        mayDeleteBehind = step
        left = (lastGeneration, step)
    }

    /// The corrupt hold nothing that counts; where all go back, nobody does.
    private mutating func settle(_ dispute: StateDispute) {
        for index in processes.indices
        where dispute.restored != nil || dispute.corrupt.contains(processes[index].worker) {
            processes[index].holds = nil
        }
        flipped = []
        left = (lastGeneration, dispute.agreed)
    }

    private mutating func start(_ worker: WorkerID) throws {
        guard supervised.contains(worker) else { throw Refusal("no supervisor looks after the slot") }
        guard process(worker) == nil else { throw Refusal("the slot is occupied") }
        processes.append(Process(worker: worker, incarnation: nil, numerics: "plain"))
    }

    private mutating func welcome(_ worker: WorkerID, _ incarnation: Incarnation, _ event: Event) throws {
        if case .workerReturned(worker, incarnation, _) = event {
            guard let index = processes.firstIndex(where: { $0.worker == worker && $0.isAway }) else {
                throw Refusal("nobody came back")
            }
            processes[index].isAway = false
            return
        }
        guard case .workerJoined(let wanted, let node, _, let numerics) = event else {
            throw Refusal("nobody introduced himself")
        }
        guard wanted == nil || wanted == worker, worker.node == node else { throw Refusal("it asked for another slot") }
        let newest = newestIncarnations.firstIndex { $0.worker == worker }
        if let newest {
            guard newestIncarnations[newest].incarnation < incarnation else { throw Refusal("the incarnation is old") }
            newestIncarnations[newest].incarnation = incarnation
        } else {
            newestIncarnations.append((worker, incarnation))
        }
        if let index = processes.firstIndex(where: { $0.worker == worker }) {
            // The process that was started here, or a newer one at the address of one whose end nobody told.
            guard wanted == worker else { throw Refusal("the slot is occupied") }
            processes[index] = Process(worker: worker, incarnation: incarnation, numerics: numerics)
        } else {
            processes.append(Process(worker: worker, incarnation: incarnation, numerics: numerics))
        }
    }

    private mutating func form(
        _ generation: Generation, _ members: [Member], restore: Int, _ transfers: [StateTransfer]?
    ) throws {
        guard gang == nil else { throw Refusal("there is a gang already") }
        guard generation == lastGeneration.next else { throw Refusal("the generation is not the next") }
        let mayShrink = plan.recovery == .peer && (plan.onWorkerLoss == .spare || plan.onWorkerLoss == .shrink)
        let leaving = members.count { member in wish?.leaving.contains(member.worker) ?? false }
        let wanted = (wish?.workers ?? plan.workers) + leaving
        guard members.count == wanted || mayShrink && !members.isEmpty && members.count <= wanted else {
            throw Refusal("the gang is not whole")
        }
        guard leaving == 0 || leaving == 1 && members.count == 1 + (transfers?.count ?? 0) else {
            throw Refusal("a member was to leave")
        }
        if hasRestarted, wish != nil { isResizing = true }
        defer { isResizing = false }
        for (rank, member) in members.enumerated() {
            guard !members[..<rank].contains(where: { $0.worker == member.worker }) else {
                throw Refusal("\(member.worker) is placed twice")
            }
            guard let process = process(member.worker), let incarnation = process.incarnation else {
                throw Refusal("\(member.worker) is down")
            }
            guard incarnation == member.incarnation else { throw Refusal("\(member.worker) is another process now") }
            guard !process.isDismissed else { throw Refusal("\(member.worker) was told to end") }
            guard !process.isAway else { throw Refusal("\(member.worker) has not come back") }
            guard process.numerics == numerics ?? process.numerics else { throw Refusal("the bits would differ") }
            numerics = process.numerics
        }
        try checkParts(members.map(\.part), cover: plan.microBatches)
        try checkParts(members.map(\.evaluationPart), cover: plan.evaluationMicroBatches)
        let isFromPeers = try checkRestore(members, restore: restore, transfers)
        lineage = Array(everCommitted.prefix(restore))
        lastGeneration = generation
        hasRestarted = false
        lastWait = nil
        gang = Gang(
            generation: generation, members: members, restored: restore, committed: restore,
            barrier: StepBarrier(parts: members.map(\.part)), transfers: transfers ?? [], isFromPeers: isFromPeers)
    }

    /// Whether everybody can get at the state after `restore` steps, and no committed step is given up that a survivor
    /// holds; returns whether it comes from members.
    private func checkRestore(_ members: [Member], restore: Int, _ transfers: [StateTransfer]?) throws -> Bool {
        func holds(_ rank: Int) -> Bool { process(members[rank].worker)?.holds == restore }
        if let transfers {
            guard plan.recovery == .peer || hasRestarted && transfers.isEmpty || isResizing else {
                throw Refusal("the job wants checkpoints")
            }
            for transfer in transfers {
                guard holds(transfer.source) else {
                    throw Refusal("rank \(transfer.source) does not hold step \(restore)")
                }
                guard !holds(transfer.receiver) || !doubts.isEmpty else {
                    throw Refusal("rank \(transfer.receiver) needs no transfer")
                }
            }
            for rank in members.indices where !transfers.contains(where: { $0.receiver == rank }) {
                guard holds(rank) else { throw Refusal("rank \(rank) does not hold step \(restore)") }
            }
            return true
        }
        guard restore == durable.last ?? 0 else { throw Refusal("the newest checkpoint is \(durable)") }
        let survivor = processes.first { $0.holds == lineage.count && $0.incarnation != nil && !$0.isDismissed }
        guard
            plan.recovery == .checkpoint && (!isResizing || hasRestarted) || survivor == nil || !doubts.isEmpty
                || lineage.count == restore
        else {
            throw Refusal("step \(lineage.count) is given up although \(survivor!.worker) holds it")
        }
        return false
    }

    private func checkParts(_ parts: [Range<Int>], cover count: Int) throws {
        guard parts.first?.lowerBound == 0, parts.last?.upperBound == count,
            zip(parts, parts.dropFirst()).allSatisfy({ $0.upperBound == $1.lowerBound })
        else { throw Refusal("the parts \(parts) do not cover 0..<\(count)") }
    }

    private mutating func begin(_ generation: Generation) throws {
        guard let gang, gang.generation == generation else { throw Refusal("that gang does not exist") }
        guard !gang.hasBegun else { throw Refusal("it has begun") }
        guard gang.formed.count == gang.members.count else { throw Refusal("not all have restored") }
        self.gang!.hasBegun = true
    }

    private func checkBeforeCommit(_ generation: Generation, _ step: Int) throws {
        guard let gang, gang.generation == generation else { throw Refusal("that gang does not exist") }
        let isRepeated = step == gang.committed && !gang.hasBegun
        guard step == gang.committed + 1 || isRepeated else {
            throw Refusal("it must come before the commit of its step")
        }
    }

    private mutating func save(_ generation: Generation, _ step: Int) throws {
        try checkBeforeCommit(generation, step)
        guard !durable.contains(step) else { throw Refusal("that checkpoint is durable already") }
        let isLast = step == plan.steps || coordinator.run!.interrupted
        guard isLast || !writes.contains(where: { $0.generation == generation }) else {
            throw Refusal("the writer is still busy")
        }
        writes.append(Write(generation: generation, step: step))
    }

    private mutating func commit(_ generation: Generation, _ step: Int, _ event: Event) throws {
        guard let gang, gang.generation == generation else { throw Refusal("that gang does not exist") }
        if step == gang.committed, gang.formed.count == gang.members.count, !gang.hasBegun { return }
        guard gang.hasBegun else { throw Refusal("that gang does not compute") }
        guard step == gang.committed + 1 else { throw Refusal("step \(gang.committed + 1) is next") }
        guard gang.contributed.count == gang.members.count else { throw Refusal("not all have contributed") }
        guard lineage.count == step - 1 else { throw Refusal("the history is at \(lineage.count)") }
        guard case .stepContributed(_, _, let report) = event else { throw Refusal("nothing was contributed") }
        lineage.append(report.loss)
        if step > everCommitted.count { everCommitted.append(report.loss) }
        guard everCommitted[step - 1].bitPattern == report.loss.bitPattern else { throw Refusal("the bits differ") }
        for member in gang.members {
            if let index = processes.firstIndex(where: { $0.worker == member.worker }) { processes[index].holds = step }
        }
        self.gang!.committed = step
        self.gang!.contributed = []
    }

    private mutating func finish(_ outcome: Outcome) throws {
        switch outcome {
        case .completed:
            guard durable.last == plan.steps else { throw Refusal("the last checkpoint is not durable") }
            lineage = everCommitted  // An older gang's last checkpoint may have become durable late.
        case .interrupted(let checkpoint), .unsaved(let checkpoint, _), .memberLost(let checkpoint, _),
            .diverged(let checkpoint, _):
            guard checkpoint == durable.last ?? 0 else { throw Refusal("the newest checkpoint is \(durable)") }
        case .gaveUp(let restarts, _):
            guard restarts == plan.maximumRestarts else { throw Refusal("the budget is \(plan.maximumRestarts)") }
        }
        self.outcome = outcome
        gang = nil
        processes = []
    }
}
