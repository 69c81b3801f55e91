// Somebody who sees everything and believes nobody: holds what the journal says against what the processes really did.
// It is told of every durable record and of every change of a worker's state, and throws at the first thing that may
// not be. It knows the truth from the processes, never from the control plane. Refuses to act.

import ControlPlane
import Journaling
import Messages
import Primitives

/// What must hold and does not; the world adds seed and instant.
struct Broken: Error {
    var invariant: Invariant
    var what: String

    init(_ invariant: Invariant, _ what: @autoclosure () -> String) {
        self.invariant = invariant
        self.what = what()
    }
}

/// The truth about one run.
struct Witness {
    private struct Rank {
        var worker: WorkerID
        var process: Int
        var isFormed = false
        /// The step it last contributed to in this generation, the batches that went into it, and the state it came from.
        var contributed: (step: Int, batches: UInt64, state: UInt64)?
    }

    private struct Resident {
        var worker: WorkerID
        var newest: Incarnation
        /// The process behind it. A process may not know yet who it is, when its welcome was lost.
        var process: Int
    }

    let plan: RunPlan
    let history: FaultFreeHistory
    private let allBatches: UInt64
    private(set) var generation = Generation(0)
    private(set) var committed = 0
    private var gang: [Rank] = []
    private var isGangWhole = false
    private var hasBegun = false
    /// The highest step whose commit is in the journal, by generation from 1.
    private var commits: [Int] = [0]
    private var residents: [Resident] = []
    private var lastInstant = Instant.zero
    private(set) var isOver = false
    /// What the last resize asked for: how many workers, and who shall be in no gang any more.
    private var wish: (workers: Int, leaving: [WorkerID])?
    /// The last committed step and the processes of its gang, while only their coordinator was lost, or nobody was and the
    /// gang is resized.
    private var held: (step: Int, by: [Int])?
    /// The process whose message the coordinator hears; 0 for a stranger.
    var speaker = 0
    /// Whether a bit has flipped in somebody's state, and nobody has been told. Until then wrong states and sums are no
    /// violation; that they are not compared is.
    var isTainted = false
    private(set) var figures = Figures()

    init(plan: RunPlan, history: FaultFreeHistory) {
        self.plan = plan
        self.history = history
        allBatches = plan.microBatches == 64 ? .max : (1 << UInt64(plan.microBatches)) - 1
    }

    // MARK: What processes really did

    /// A member really has the state that `generation` restores, and says so.
    mutating func formed(_ process: Int, _ generation: Generation, state: UInt64, step: Int) throws(Broken) {
        guard generation == self.generation, let rank = rank(of: process) else { return }
        guard step < history.states.count, isTainted || state == history.states[step] else {
            throw Broken(.bitIdentity, "\(gang[rank].worker) restored a state that step \(step) never had")
        }
        gang[rank].isFormed = true
    }

    /// A member really has contributed.
    mutating func contributed(
        _ process: Int, _ generation: Generation, step: Int, batches: UInt64, state: UInt64
    ) {
        guard generation == self.generation, let rank = rank(of: process) else { return }
        gang[rank].contributed = (step, batches, state)
    }

    /// A worker has changed its state.
    func applied(_ worker: WorkerID, _ generation: Generation, step: Int, state: UInt64) throws(Broken) {
        guard commits.indices.contains(generation.number), commits[generation.number] >= step else {
            throw Broken(
                .journal, "\(worker) applied step \(step) of generation \(generation), which is not in the journal")
        }
        guard isTainted || state == history.states[step] else {
            throw Broken(.bitIdentity, "\(worker) holds another state after step \(step) than a run without faults")
        }
    }

    /// A coordinator takes over from one that died alone: if all of a gang that computed live, its last step is held.
    mutating func coordinatorIsBack(whoLives lives: (_ process: Int) -> Bool) {
        if isGangWhole, hasBegun { held = (committed, gang.map(\.process)) }
        if let held, !held.by.allSatisfy(lives) { self.held = nil }
    }

    // MARK: What the journal says

    /// A record is durable.
    mutating func recorded(_ record: Record, disk: SimulatedDisk) throws(Broken) {
        guard record.at >= lastInstant else {
            throw Broken(.journal, "record \(record.sequence) is older than the one before")
        }
        lastInstant = record.at
        try take(record.event, disk)
        for command in record.commands { try take(command, because: record.event, disk) }
    }

    private mutating func take(_ event: Event, _ disk: SimulatedDisk) throws(Broken) {
        switch event {
        case .memberFormed(let worker, let incarnation, let generation):
            try checkSpeaker(worker, incarnation)
            guard generation == self.generation, let rank = gang.firstIndex(where: { $0.worker == worker })
            else { break }
            guard gang[rank].isFormed else {
                throw Broken(.fencing, "\(worker)#\(incarnation) counts as formed and has not restored")
            }
        case .restoreFailed(let worker, let incarnation, _, _, _): try checkSpeaker(worker, incarnation)
        case .checkpointWritten(_, let generation, let step, _, _, _):
            // Deleted since, or lost with the power, or damaged and written anew since, where it is heard late or twice: a
            // reader will say.
            guard let entry = disk[step], entry.generation == generation else { break }
            guard entry.isSynced else {
                throw Broken(.checkpoints, "the checkpoint of step \(step) is told of and not synced")
            }
        // From here on everybody knows: nothing that is corrupt may be used any more.
        case .statesDiffer: isTainted = false
        case .resized(_, let workers, let leaving): wish = (workers, leaving)
        case .runResumed:
            wish = nil
            (gang, isGangWhole, hasBegun, isOver) = ([], false, false, false)
            figures.resumptions += 1
        case .coordinatorRestarted:
            (gang, isGangWhole, hasBegun) = ([], false, false)
            figures.resumptions += 1
        case .workerReturned(let worker, let incarnation, _):
            try checkSpeaker(worker, incarnation)
            guard residents.contains(where: { $0.worker == worker && $0.process == speaker }) else {
                throw Broken(.fencing, "process \(speaker) returns as \(worker)#\(incarnation), which it never was")
            }
        case .workerLost: held = nil
        default: break
        }
    }

    private func checkSpeaker(_ worker: WorkerID, _ incarnation: Incarnation) throws(Broken) {
        guard residents.contains(where: { $0.worker == worker && $0.newest == incarnation }) else {
            throw Broken(.fencing, "\(worker)#\(incarnation) is heard, and has been replaced")
        }
    }

    private mutating func take(
        _ command: Command, because event: Event, _ disk: SimulatedDisk
    ) throws(Broken) {
        switch command {
        case .welcome(let worker, let incarnation):
            if case .workerReturned(worker, incarnation, _) = event { break }
            guard case .workerJoined(_, _, let process, _) = event else {
                throw Broken(.fencing, "\(worker)#\(incarnation) is welcomed, and nobody has introduced himself")
            }
            try welcome(worker, incarnation, process)
        case .form(_, let generation, let members, let restore, let transfers, _):
            try checkWish(members, transfers)
            try form(generation, members, restore: restore)
        case .begin(_, let generation):
            guard generation == self.generation, isGangWhole, gang.allSatisfy(\.isFormed) else {
                throw Broken(.commit, "generation \(generation) begins, and not all of its members have restored")
            }
            hasBegun = true
        case .commit(_, let generation, let step): try commit(generation, step, because: event)
        case .regroup:
            held = (committed, gang.map(\.process))
            (gang, isGangWhole, hasBegun) = ([], false, false)
        case .abort: (gang, isGangWhole, hasBegun) = ([], false, false)
        case .deleteCheckpoint(_, let step):
            guard !isStruckOff(step, because: event) else { break }
            guard disk.entries.contains(where: { $0.step > step && $0.isSynced && $0.damage != .torn }) else {
                throw Broken(.checkpoints, "the checkpoint of step \(step) is deleted, and there is no newer one")
            }
        case .finish(_, let outcome): try finish(outcome, disk)
        case .evict(let worker, _): try evict(worker, because: event)
        case .startWorker, .refuse, .wait, .saveCheckpoint, .evaluate, .compare, .decide: break
        }
    }

    /// Whether a checkpoint goes because its state is in doubt, whatever else there is: at the dispute, or when a gang of
    /// before it tells of it late.
    private func isStruckOff(_ step: Int, because event: Event) -> Bool {
        switch event {
        case .statesDiffer: true
        case .checkpointWritten(_, let generation, step, _, _, _): !isGangWhole || generation < self.generation
        default: false
        }
    }

    /// Nobody is evicted for a state that is right.
    private func evict(_ worker: WorkerID, because event: Event) throws(Broken) {
        guard case .statesDiffer(_, _, let step, _) = event,
            let rank = gang.first(where: { $0.worker == worker }), let contribution = rank.contributed,
            contribution.step == step + 1
        else { return }
        guard contribution.state != history.states[step] else {
            throw Broken(.replicasAgree, "\(worker) is evicted for its state after step \(step), which is right")
        }
    }

    /// Members that differ do not commit the next step, where states are compared.
    private func checkCompared(_ step: Int) throws(Broken) {
        guard plan.stateHashInterval > 0, (step - 1) % plan.stateHashInterval == 0,
            let first = gang.first?.contributed?.state
        else { return }
        guard gang.allSatisfy({ $0.contributed?.state == first }) else {
            throw Broken(.replicasAgree, "step \(step) is committed, and its members computed it from different states")
        }
    }

    private mutating func welcome(
        _ worker: WorkerID, _ incarnation: Incarnation, _ process: Int
    ) throws(Broken) {
        guard let known = residents.firstIndex(where: { $0.worker == worker }) else {
            residents.append(Resident(worker: worker, newest: incarnation, process: process))
            return
        }
        guard incarnation > residents[known].newest else {
            throw Broken(.fencing, "\(worker) has incarnation \(incarnation) twice")
        }
        residents[known].newest = incarnation
        residents[known].process = process
    }

    /// A gang has nobody whose slot was to be given up, but for one who alone could give it its state; it is then one
    /// larger at most than was asked for.
    private func checkWish(_ members: [Member], _ transfers: [StateTransfer]?) throws(Broken) {
        guard let wish else { return }
        let leaving = members.indices.filter { wish.leaving.contains(members[$0].worker) }
        let sources = members.indices.filter { rank in transfers?.contains { $0.receiver == rank } == false }
        guard leaving.isEmpty || leaving == sources && leaving.count == 1 else {
            throw Broken(
                .placement, "\(members[leaving[0]].worker) was to leave, and is in a gang that was formed later")
        }
        guard members.count <= wish.workers + leaving.count else {
            throw Broken(.placement, "a gang of \(wish.workers) was asked for, and one of \(members.count) is formed")
        }
    }

    private mutating func form(_ generation: Generation, _ members: [Member], restore: Int) throws(Broken) {
        guard generation > self.generation else {
            throw Broken(.fencing, "generation \(generation) is formed after generation \(self.generation)")
        }
        guard !isGangWhole else { throw Broken(.placement, "generation \(generation) is formed beside another") }
        if let held, restore < held.step {
            throw Broken(.commit, "step \(held.step) is given up, and no worker was lost")
        }
        held = nil
        for (index, member) in members.enumerated() {
            try checkSpeaker(member.worker, member.incarnation)
            if members[..<index].contains(where: { $0.worker == member.worker }) {
                throw Broken(.placement, "\(member.worker) has two ranks in generation \(generation)")
            }
        }
        self.generation = generation
        committed = restore
        gang = members.map { member in
            Rank(worker: member.worker, process: residents.first { $0.worker == member.worker }?.process ?? 0)
        }
        for (index, rank) in gang.enumerated() {
            if let other = gang[..<index].first(where: { $0.process == rank.process }) {
                throw Broken(
                    .placement,
                    "process \(rank.process) is \(other.worker) and \(rank.worker) in generation \(generation)")
            }
        }
        (isGangWhole, hasBegun) = (true, false)
        while commits.count <= generation.number { commits.append(0) }
        figures.generations += 1
    }

    private mutating func commit(_ generation: Generation, _ step: Int, because event: Event) throws(Broken) {
        // What the gang before was asked to do with the last step is asked for again, and its commit with it.
        if case .memberFormed = event, generation == self.generation, step == committed, !hasBegun { return }
        guard generation == self.generation, hasBegun else {
            throw Broken(.fencing, "step \(step) is committed by generation \(generation), which does not go on")
        }
        guard step == committed + 1 else {
            throw Broken(.commit, "step \(step) is committed after step \(committed)")
        }
        var batches: UInt64 = 0
        for rank in gang {
            guard let contribution = rank.contributed, contribution.step == step else {
                throw Broken(.commit, "step \(step) is committed, and \(rank.worker) has not contributed")
            }
            guard batches & contribution.batches == 0 else {
                throw Broken(.exactlyOnce, "step \(step) is committed, and a micro-batch is in it twice")
            }
            batches |= contribution.batches
        }
        guard batches == allBatches else {
            throw Broken(.exactlyOnce, "step \(step) is committed, and not all of its micro-batches are in it")
        }
        try checkCompared(step)
        guard case .stepContributed(_, _, let report) = event else {
            throw Broken(.commit, "step \(step) is committed because of something else than contributions")
        }
        guard isTainted || report.gradientNorm.bitPattern == history.norms[step - 1].bitPattern else {
            throw Broken(.replicasAgree, "step \(step) is committed with a gradient that is not the sum of its batches")
        }
        guard isTainted || report.loss.bitPattern == history.losses[step - 1].bitPattern else {
            throw Broken(.bitIdentity, "the loss of step \(step) is not that of a run without faults")
        }
        committed = step
        commits[generation.number] = step
        figures.commits += 1
    }

    private mutating func finish(_ outcome: Outcome, _ disk: SimulatedDisk) throws(Broken) {
        isOver = true
        guard outcome == .completed else { return }
        guard let last = disk[plan.steps] else {
            throw Broken(.checkpoints, "the run is complete, and its last checkpoint is not there")
        }
        guard isTainted || last.state == history.states[plan.steps] else {
            throw Broken(.bitIdentity, "the final state is not that of a run without faults")
        }
    }

    private func rank(of process: Int) -> Int? { gang.firstIndex { $0.process == process } }
}
