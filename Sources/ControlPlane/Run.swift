// One job's life: the phase it is in, the gang that carries it out, the steps that count and the checkpoints that hold
// them. Each fact has a method that changes the state and says what to do. Refuses to know which workers exist beside
// its gang (Pool) and which of them suit it (Scheduling).

import Messages
import Primitives
import Scheduling

/// A checkpoint that can be restored.
public struct Checkpoint: Equatable, Sendable {
    /// The steps whose effect it holds.
    public var step: Int
    /// The SHA-256 of its weights.
    public var weightsSHA256: String
}

/// A process that holds the state of the last committed step.
public struct Holder: Equatable, Sendable {
    /// Its slot.
    public var worker: WorkerID
    /// Its incarnation.
    public var incarnation: Incarnation
}

/// That a gang was asked to save its state.
struct SaveRequest: Equatable, Sendable {
    /// The step whose effect the state holds.
    var step: Int
    /// The gang.
    var generation: Generation
}

/// The state of one run.
public struct Run: Equatable, Sendable {
    /// What a run is doing; each case says where it may go.
    public enum Phase: Equatable, Sendable {
        /// No gang: it was just submitted, resumed or interrupted. May become `forming` or `over`.
        case waiting(because: WaitReason?)
        /// Its members restore; `missing` have not said that they are done. May become `running`, `waiting`, `over`.
        case forming(missing: [WorkerID], since: Instant)
        /// Its members compute steps. May become `stopping`, `waiting`, `over`.
        case running
        /// Its last step is committed; what is listed is still awaited. May become `over`, or `waiting` on a loss.
        case stopping(LastThings)
        /// It has ended. A resumption makes it `waiting`.
        case over(Outcome)
    }

    /// What a run that stops still waits for.
    public struct LastThings: Equatable, Sendable {
        /// The checkpoint of the last step.
        public var checkpoint: Bool
        /// The validation loss of the last step.
        public var evaluation: Bool
        /// That the members hold the same state after it.
        public var agreement = false
    }

    /// A step whose loss or gradient was not finite.
    public struct NotFinite: Equatable, Sendable {
        /// The step.
        public var step: Int
        /// The processes whose own sums were not finite.
        public var suspects: [Holder]
    }

    /// Its name.
    public let id: RunID
    /// The numbers of its job.
    public let plan: RunPlan
    /// What it is doing.
    public internal(set) var phase: Phase = .waiting(because: nil)
    /// The newest gang's number; 0 before the first.
    public internal(set) var generation = Generation(0)
    /// The gang, by rank; empty while there is none.
    public internal(set) var members: [Member] = []
    /// The newest gang and the order of its workers' addresses: kept beyond its end, for the next one's ranks follow it.
    var seating = Seating()
    /// The oldest generation whose sums of the next step still count: members that keep their state need not compute again
    /// what the gang's end interrupted.
    public internal(set) var trusted = Generation(1)
    /// The last step that counts.
    public internal(set) var committed = 0
    /// The highest step that ever counted; above `committed` while lost work is done again.
    public internal(set) var reached = 0
    /// Checkpoints that can be restored, oldest first.
    public internal(set) var checkpoints: [Checkpoint] = []
    /// The step whose checkpoint is being written.
    public internal(set) var saving: Int?
    /// Which gang was last asked to save a step, for every step that is not older than all checkpoints: its writer may be at
    /// it after the gang's end.
    var saveRequests: [SaveRequest] = []
    /// The step whose validation loss is being measured.
    public internal(set) var evaluating: Int?
    /// Whether a checkpoint is overdue because one was still being written when it was due.
    public internal(set) var saveOverdue = false
    /// Whether its coordinator was started again and no gang has been formed since: who holds its state is waited for.
    public internal(set) var isReturning = false
    /// Processes that hold the state after `committed` steps, by address: the gang's members while it computes, and
    /// those of them that survived its end.
    public internal(set) var holders: [Holder] = []
    /// Who takes the state from whom while the gang forms; nil when all load a checkpoint.
    public internal(set) var transfers: [StateTransfer]?
    /// Holders from whom somebody could not take the state.
    public internal(set) var doubted: [Holder] = []
    /// The last step after which all members held the same state, as far as they compared.
    public internal(set) var agreed = 0
    /// The last step whose sums are known to come from equal states. A comparison is made by who has computed its part of the
    /// next step; equal bytes that were loaded say nothing of what a part was computed from afterwards.
    var intact = 0
    /// Who took the state from another since then, over any number of gangs.
    var copies: [StateCopy] = []
    /// Checkpoints of which a dispute about the state says that they may be corrupt.
    var disowned: [DisownedCheckpoints] = []
    /// The step that gave no finite number, and whose sums were at fault then; it is done again with other parts.
    public internal(set) var notFinite: NotFinite?
    /// Restarts since the highest step last rose.
    public internal(set) var restarts = 0
    /// The arithmetic its steps are computed with, once there was a gang.
    public internal(set) var numerics: InternedText?
    /// Whether a user asked it to save and end.
    public internal(set) var interrupted = false
    /// The size that somebody asked for since it was last resumed; nil while it is the job's.
    public internal(set) var resize: Resize?
    /// Whether the gang that is to be formed takes the place of one that nothing befell.
    var isHandingOver = false
    /// What it knows of its loss, and the course that came of it.
    public internal(set) var spikes: SpikeWatch

    /// A run that waits for its first gang.
    public init(id: RunID, plan: RunPlan) {
        self.id = id
        self.plan = plan
        spikes = SpikeWatch(plan.lossSpike, skipping: plan.skipped)
    }

    /// Whether it has ended.
    @inlinable
    public var isOver: Bool { if case .over = phase { true } else { false } }

    /// Whether its members compute steps. Inlinable like its like, because worlds ask at every event, and a run is copied for
    /// a question that is answered in another module.
    @inlinable
    public var isRunning: Bool { if case .running = phase { true } else { false } }

    /// Since when its members have been restoring, if they are.
    var formingSince: Instant? { if case .forming(_, let since) = phase { since } else { nil } }

    /// The rank of a process in the gang.
    public func rank(of worker: WorkerID, _ incarnation: Incarnation) -> Int? {
        members.firstIndex { $0.worker == worker && $0.incarnation == incarnation }
    }

    // MARK: Forming

    /// Takes a gang from the pool if the run has none and the pool has one.
    mutating func formIfPossible(from pool: inout Pool, at now: Instant) -> Command? {
        guard case .waiting(let because) = phase else { return nil }
        if takesAllThatAreUp(on: pool), let numerics, seating.replace(from: pool, numerics: numerics) {
            return form(from: &pool, at: now)
        }
        switch placement(on: pool) {
        case .wait(let reason):
            guard reason != because else { return nil }
            phase = .waiting(because: reason)
            return .wait(run: id, because: reason)
        case .placed(let workers):
            seat(workers, from: pool)
            return form(from: &pool, at: now)
        }
    }

    /// Forms the gang that is seated.
    private mutating func form(from pool: inout Pool, at now: Instant) -> Command {
        pool.noteTaken()
        members = seating.members
        numerics = pool.numerics(of: members[0].worker)
        generation = generation.next
        transfers = peerTransfers(to: members)
        if transfers == nil {
            holders = []
            committed = checkpoints.last?.step ?? 0
            agreed = committed  // All load the same bytes.
            intact = committed
        }
        noteCopies()
        saving = nil
        saveOverdue = false
        isReturning = false
        isHandingOver = false
        noteResized()
        phase = .forming(missing: seating.byRank, since: now)
        return .form(
            run: id, generation: generation, members: members, restore: committed, transfers: transfers,
            course: spikes.course)
    }

    /// A member has restored.
    mutating func formed(_ worker: WorkerID, _ incarnation: Incarnation, _ generation: Generation) -> [Command] {
        guard generation == self.generation, rank(of: worker, incarnation) != nil,
            case .forming(var missing, let since) = phase
        else { return [] }
        missing.removeAll { $0 == worker }
        if !holds(worker, incarnation) { holders.append(Holder(worker: worker, incarnation: incarnation)) }
        guard missing.isEmpty else {
            phase = .forming(missing: missing, since: since)
            return []
        }
        return beginSteps()
    }

    /// All members have restored.
    mutating func formed(_ generation: Generation) -> [Command] {
        guard generation == self.generation, case .forming = phase else { return [] }
        return beginSteps()
    }

    private mutating func beginSteps() -> [Command] {
        phase = .running
        doubted = []
        holders = members.map { Holder(worker: $0.worker, incarnation: $0.incarnation) }
        let owed = owedAgain()
        let begin = Command.begin(run: id, generation: generation)
        return owed + [begin] + (committed == plan.steps ? stop(evaluation: evaluating != nil) : [])
    }

    /// What the gang before was asked to do with the state that this one holds, and took with it into its end: the last
    /// checkpoint, a measurement. The commit that goes with it is told again, and changes nothing.
    private mutating func owedAgain() -> [Command] {
        var commands: [Command] = []
        if committed == plan.steps, !isSaved {
            commands.append(save(committed))
        }
        if evaluating == committed {
            commands.append(.evaluate(run: id, generation: generation, step: committed))
        } else {
            evaluating = nil
        }
        if committed == plan.steps, comparesLastState {
            commands.append(.compare(run: id, generation: generation, step: committed))
        }
        return commands.isEmpty ? [] : commands + [.commit(run: id, generation: generation, step: committed)]
    }

    // MARK: Steps

    /// Every member holds the summed gradient of a step: it counts from here on, unless its loss says otherwise.
    mutating func contributed(_ generation: Generation, _ report: StepReport) -> [Command] {
        guard generation == self.generation, isRunning, report.step == committed + 1 else { return [] }
        if report.stateHash != nil || members.count == 1 { agree(on: committed) }
        // Who is asked to end does so with what there is; and where nobody judges, nobody needs to know the checkpoints.
        let (action, decisions) =
            interrupted || plan.lossSpike.action == .off
            ? (.commit, [])
            : spikes.judge(report, of: members, generation, checkpoints: checkpoints.map(\.step))
        let commands = action == .commit ? count(report.step) : act(action, on: report.step, decisions)
        return decisions.isEmpty ? commands : decisions.map { .decide(run: id, $0) } + commands
    }

    /// `step` counts.
    mutating func count(_ step: Int) -> [Command] {
        committed = step
        if let notFinite, notFinite.step <= step { self.notFinite = nil }
        if step > reached {
            reached = step
            restarts = 0
        }
        let last = step == plan.steps || interrupted
        var commands: [Command] = []
        commands.reserveCapacity(2)  // A checkpoint and the commit; few steps ask for more.
        // A step that is done again may have its checkpoint already, which nothing should touch.
        let isKept = checkpoints.contains { $0.step == step }
        let isDue = step % plan.checkpointInterval == 0 || saveOverdue
        if isDue && !isKept || last && !isSaved {
            // One at a time: the writer holds one snapshot. The last is queued behind whatever is being written.
            if saving == nil || last {
                saveOverdue = false
                commands.append(save(step))
            } else {
                saveOverdue = true
            }
        }
        let evaluates = plan.evaluationInterval > 0 && (step % plan.evaluationInterval == 0 || step == plan.steps)
        evaluating = evaluates ? step : nil
        if evaluates { commands.append(.evaluate(run: id, generation: generation, step: step)) }
        if last, comparesLastState { commands.append(.compare(run: id, generation: generation, step: step)) }
        commands.append(.commit(run: id, generation: generation, step: step))
        if last { commands += stop(evaluation: evaluates) }
        return commands
    }

    /// The validation loss of a step is known.
    mutating func evaluated(_ generation: Generation, step: Int) -> [Command] {
        guard generation == self.generation, step == committed else { return [] }
        evaluating = nil
        guard case .stopping(var last) = phase else { return [] }
        last.evaluation = false
        return settle(last)
    }

    // MARK: Checkpoints

    /// The gang is asked to save the state after `step`.
    private mutating func save(_ step: Int) -> Command {
        saving = step
        let oldest = checkpoints.first?.step ?? 0
        saveRequests.removeAll { $0.step == step || $0.step < oldest }
        saveRequests.append(SaveRequest(step: step, generation: generation))
        return .saveCheckpoint(run: id, generation: generation, step: step)
    }

    /// A checkpoint is durable. One of an older generation counts too, if its step is part of the committed history:
    /// the bits of a step do not depend on who computed it.
    mutating func checkpointWritten(_ generation: Generation, step: Int, weightsSHA256: String) -> [Command] {
        if generation == self.generation, saving == step { saving = nil }
        guard step <= reached, !checkpoints.contains(where: { $0.step == step }) else { return settleIfSaved() }
        if spikes.hasLeft(step, of: generation) || isDisowned(step, of: generation) {
            // The name is needed for the checkpoint of the history that counts, which may be in the making, or be made and
            // not told of yet; this word of the other may be a late copy.
            let isNeeded = saveRequests.contains { $0.step == step && $0.generation > generation }
            return isNeeded ? [] : [.deleteCheckpoint(run: id, step: step)] + settleIfSaved()
        }
        let place = checkpoints.firstIndex { $0.step > step } ?? checkpoints.endIndex
        checkpoints.insert(Checkpoint(step: step, weightsSHA256: weightsSHA256), at: place)
        var commands = prune()
        commands += settleIfSaved()
        return commands
    }

    /// A checkpoint could not be written. Training goes on, and the next step that is due tries again.
    mutating func checkpointFailed(_ generation: Generation, step: Int, _ reason: String) -> [Command] {
        guard generation == self.generation, saving == step else { return [] }
        saving = nil
        guard case .stopping = phase, step == committed else { return [] }
        return end(.unsaved(checkpoint: checkpoints.last?.step ?? 0, reason: reason))
    }

    // MARK: Ending

    private mutating func stop(evaluation: Bool) -> [Command] {
        settle(LastThings(checkpoint: !isSaved, evaluation: evaluation, agreement: comparesLastState))
    }

    private mutating func settleIfSaved() -> [Command] {
        guard case .stopping(var last) = phase, isSaved else { return [] }
        last.checkpoint = false
        return settle(last)
    }

    /// Whether a checkpoint holds the last committed step, or a later one of the history that is being done again.
    var isSaved: Bool { checkpoints.last.map { $0.step >= committed } ?? false }

    mutating func settle(_ last: LastThings) -> [Command] {
        phase = .stopping(last)
        guard !last.checkpoint, !last.evaluation, !last.agreement else { return [] }
        let saved = checkpoints.last?.step ?? 0
        committed = max(committed, saved)  // A late checkpoint of an older gang brings its steps back.
        return end(saved == plan.steps ? .completed : .interrupted(checkpoint: saved))
    }

    /// Ends the run.
    mutating func end(_ outcome: Outcome) -> [Command] {
        phase = .over(outcome)
        members = []
        saving = nil
        return [.finish(run: id, outcome: outcome)]
    }

    /// A user wants the run to save its state and end: at once when nothing new is to be saved or nobody is about to go on
    /// from it, else after the next commit.
    mutating func interrupt() -> [Command] {
        switch phase {
        case .running:
            interrupted = true
            return []
        case .stopping:
            interrupted = true  // Nothing changes, unless a member is lost before the end: then there is no next gang.
            return []
        case .over:
            return []
        case .waiting, .forming:
            guard !holdsUnsaved else {
                interrupted = true
                return []
            }
            return end(.interrupted(checkpoint: checkpoints.last?.step ?? 0))
        }
    }
}
