// A world in memory: supervisors, worker processes and a checkpoint writer that do what they are told, when the test lets
// them, and throw at every command that no world could carry out or that would lose somebody's work. It holds what is
// true; the coordinator only knows what it was told. Refuses to repeat the coordinator's logic: it has rules, no policy.

import ControlPlane
import Messages
import Primitives
import Scheduling

/// A command that a world must not be given, with the records that led to it.
struct IllegalCommand: Error, CustomStringConvertible {
    var command: String
    var reason: String
    var records: [String]

    var description: String { "\(command): \(reason)\n" + records.joined(separator: "\n") }
}

struct MockWorld {
    /// A worker process, from its start until the coordinator is told of its end.
    struct Process: Equatable {
        var worker: WorkerID
        /// Nil until it has joined.
        var incarnation: Incarnation?
        var numerics: String
        /// The step whose state it holds, once it has restored one.
        var holds: Int?
        /// It was told to end.
        var isDismissed = false
        /// It does nothing any more, and has not ended.
        var hangs = false
        /// It has ended, and nobody has told.
        var isDead = false
        /// Its coordinator was started again, and it has not come back to it.
        var isAway = false
    }

    /// The gang that was formed last, until it is aborted.
    struct Gang {
        var generation: Generation
        var members: [Member]
        var restored: Int
        var formed: [Int] = []
        var hasBegun = false
        var committed: Int
        var contributed: [Int] = []
        var barrier: StepBarrier
        var transfers: [StateTransfer] = []
        /// Whether its state comes from members of the gang before.
        var isFromPeers = false
        /// Which batches its steps take.
        var course = Course()
    }

    /// A checkpoint that is being written.
    struct Write: Equatable {
        var generation: Generation
        var step: Int
    }

    struct Entry: Equatable {
        var event: Event
        var at: Instant
        var commands: [Command]
    }

    let run = RunID("mock-0001")
    let plan: RunPlan
    var coordinator = Coordinator()
    var now = Instant.zero
    var entries: [Entry] = []

    var supervised: [WorkerID] = []
    var processes: [Process] = []
    var gang: Gang?
    var writes: [Write] = []
    /// Measurements that were asked for and have not been told.
    var evaluations: [Write] = []
    /// Checkpoints on disk that the coordinator was told of and has not struck off, oldest first.
    var durable: [Int] = []
    /// Those of them that cannot be restored.
    var damaged: [Int] = []
    var outcome: Outcome?
    /// Ranks that could not take over a state, in order.
    var doubts: [Int] = []

    /// The losses of the committed history that leads to the present state, step 1 first.
    var lineage: [Double] = []
    /// The loss of every step that was ever committed.
    var everCommitted: [Double] = []
    var newestIncarnations: [(worker: WorkerID, incarnation: Incarnation)] = []
    var lastGeneration = Generation(0)
    var numerics: String?
    var lastWait: WaitReason?
    /// Whether the coordinator was started again and no gang has been formed since.
    var hasRestarted = false
    /// The size that was asked for, and the slots to be given up.
    var wish: (workers: Int, leaving: [WorkerID])?
    /// Whether the gang was ended to have another size.
    var isResizing = false
    /// What the loss of a micro-batch is, by the batch's number and who computes it; nil for the usual course.
    var curve: (@Sendable (_ batch: Int, _ microBatch: Int, _ worker: WorkerID) -> Double)?
    /// The norm of a batch's gradient, where it is not the usual one.
    var norm: (@Sendable (_ batch: Int) -> Double)?
    /// Whose state has a flipped bit.
    var flipped: [WorkerID] = []
    /// Whether the states after the last step are to be compared.
    var isCompared = false
    /// Whether the newest durable checkpoint may go, because the history it is of was left.
    var mayDeleteBehind: Int?
    /// The last generation of the newest history that was left, and the last step it shares with this one.
    var left: (generation: Generation, step: Int)?

    init(plan: RunPlan = .small) { self.plan = plan }

    /// The records so far as text.
    var recordLines: [String] {
        entries.map { entry in
            "\(entry.at.lineText) \(entry.event.line.text) => "
                + entry.commands.map(\.line.text).joined(separator: "; ")
        }
    }

    /// Tells the coordinator what happened, and carries out what it asks for.
    @discardableResult
    mutating func tell(_ event: Event) throws -> [Command] {
        let commands = coordinator.handle(event, at: now)
        entries.append(Entry(event: event, at: now, commands: commands))
        for command in commands {
            do {
                try carryOut(command, because: event)
            } catch let refusal as Refusal {
                throw IllegalCommand(command: command.line.text, reason: refusal.reason, records: recordLines)
            }
        }
        return commands
    }

    /// Lets time pass.
    mutating func pass(_ span: TimeSpan) { now = now + span }

    // MARK: What people and supervisors do

    @discardableResult
    mutating func submit() throws -> [Command] { try tell(.jobSubmitted(run: run, plan: plan)) }

    @discardableResult
    mutating func offer(_ node: String = "a", slots: Int) throws -> [Command] {
        for slot in 0..<slots where !supervised.contains(WorkerID(node: NodeID(node), slot: slot)) {
            supervised.append(WorkerID(node: NodeID(node), slot: slot))
        }
        return try tell(.slotsOffered(node: NodeID(node), slots: slots))
    }

    @discardableResult
    mutating func interrupt() throws -> [Command] { try tell(.interruptRequested(run: run, because: "Ctrl-C")) }

    /// Whoever places the run wants `workers` members, and the slots `leaving` back.
    @discardableResult
    mutating func resize(to workers: Int, leaving: [WorkerID] = []) throws -> [Command] {
        wish = (workers, leaving)
        return try tell(.resized(run: run, workers: workers, leaving: leaving))
    }

    /// The deadline that the coordinator asked for comes.
    @discardableResult
    mutating func reachDeadline() throws -> [Command] {
        guard let deadline = coordinator.nextDeadline else { throw Refusal("there is no deadline") }
        now = max(now, deadline)
        return try tell(.deadlineReached)
    }

    /// Everything dies; a new coordinator takes the state that its journal leads to (`checkReplay`), and the run is
    /// resumed.
    @discardableResult
    mutating func crashAndResume() throws -> [Command] {
        (supervised, processes, writes, evaluations, outcome, lastWait) = ([], [], [], [], nil, nil)
        wish = nil
        return try tell(.runResumed(run: run))
    }

    /// The coordinator dies alone and is started again. Who was told to end did, and so did the supervised processes in
    /// `dead`; who had joined comes back later.
    @discardableResult
    mutating func restartCoordinator(dead: [WorkerID] = []) throws -> [Command] {
        processes.removeAll { $0.isDismissed || $0.isDead || dead.contains($0.worker) }
        for index in processes.indices where processes[index].incarnation != nil { processes[index].isAway = true }
        let living = processes.map(\.worker).filter(supervised.contains).sorted()
        (supervised, lastWait) = ([], nil)
        hasRestarted = true
        return try tell(.coordinatorRestarted(run: run, living: living))
    }

    /// The process at `worker` finds the new coordinator.
    @discardableResult
    mutating func comeBack(_ worker: WorkerID) throws -> [Command] {
        let index = try index(worker)
        guard let incarnation = processes[index].incarnation, processes[index].isAway else {
            throw Refusal("\(worker) is not away")
        }
        return try tell(.workerReturned(worker: worker, incarnation: incarnation, processID: 100))
    }

    /// Folds the journal, read from its text, over a new coordinator: the commands and the state must be the same.
    func checkReplay() throws {
        var replayed = Coordinator()
        for entry in entries {
            let commands = replayed.handle(try Event(Line(parsing: entry.event.line.text)), at: entry.at)
            guard commands == entry.commands else {
                throw IllegalCommand(
                    command: commands.map(\.line.text).joined(separator: "; "), reason: "the replay differs",
                    records: recordLines)
            }
        }
        guard replayed == coordinator else {
            throw IllegalCommand(command: "", reason: "the replayed state differs", records: recordLines)
        }
    }

    // MARK: What processes do

    func process(_ worker: WorkerID) -> Process? { processes.first { $0.worker == worker } }

    private func index(_ worker: WorkerID) throws -> Int {
        guard let index = processes.firstIndex(where: { $0.worker == worker }) else {
            throw Refusal("\(worker) has no process")
        }
        return index
    }

    /// The process that was started in `worker` introduces itself.
    @discardableResult
    mutating func join(_ worker: WorkerID) throws -> [Command] {
        let numerics = processes[try index(worker)].numerics
        return try tell(.workerJoined(worker: worker, node: worker.node, processID: 100, numerics: numerics))
    }

    mutating func joinAll() throws {
        for process in processes where process.incarnation == nil { try join(process.worker) }
    }

    /// A process that no supervisor started introduces itself.
    @discardableResult
    mutating func joinStranger(_ node: String, numerics: String = "plain") throws -> [Command] {
        try tell(.workerJoined(worker: nil, node: NodeID(node), processID: 200, numerics: numerics))
    }

    /// The process at `worker` ends, and the coordinator is told.
    @discardableResult
    mutating func kill(_ worker: WorkerID, _ how: LossCause = .signalled(9)) throws -> [Command] {
        let process = processes.remove(at: try index(worker))
        guard let incarnation = process.incarnation else {
            return try tell(.workerStartFailed(worker: worker, how: how))
        }
        return try tell(.workerLost(worker: worker, incarnation: incarnation, how: how))
    }

    /// The member of `rank` has restored.
    @discardableResult
    mutating func form(rank: Int) throws -> [Command] {
        guard let gang, gang.members.indices.contains(rank) else { throw Refusal("there is no rank \(rank)") }
        let member = gang.members[rank]
        if !gang.formed.contains(rank) { self.gang!.formed.append(rank) }
        processes[try index(member.worker)].holds = gang.restored
        return try tell(
            .memberFormed(worker: member.worker, incarnation: member.incarnation, generation: gang.generation))
    }

    mutating func formAll() throws {
        for rank in gang?.members.indices ?? 0..<0 where gang?.formed.contains(rank) == false { try form(rank: rank) }
    }

    /// The member of `rank` finds the checkpoint it shall restore unusable.
    @discardableResult
    mutating func failRestore(rank: Int) throws -> [Command] {
        guard let gang else { throw Refusal("there is no gang") }
        let (member, step) = (gang.members[rank], gang.committed)
        durable.removeAll { $0 == step }
        return try tell(
            .restoreFailed(
                worker: member.worker, incarnation: member.incarnation, generation: gang.generation, step: step,
                reason: "its checksum is wrong"))
    }

    /// The member of `rank` cannot take over the state.
    @discardableResult
    mutating func failTransfer(rank: Int) throws -> [Command] {
        guard let gang, gang.transfers.contains(where: { $0.receiver == rank }) else {
            throw Refusal("rank \(rank) takes no state")
        }
        let member = gang.members[rank]
        doubts.append(rank)
        return try tell(
            .restoreFailed(
                worker: member.worker, incarnation: member.incarnation, generation: gang.generation,
                step: gang.restored, reason: "a chunk arrived damaged"))
    }

    /// The loss of one micro-batch of a step: the same whoever computes it.
    static func loss(step: Int, microBatch: Int) -> Double {
        8 / Double(step) + 0.1 * portableLogarithm(Double(microBatch + 1) + Double(step) / 7)
    }

    /// The member of `rank` contributes to the next step; the coordinator hears of it when it was the last.
    @discardableResult
    mutating func contribute(rank: Int) throws -> [Command] {
        guard var gang, gang.hasBegun else { throw Refusal("nobody computes") }
        let step = gang.committed + 1
        if !gang.contributed.contains(rank) { gang.contributed.append(rank) }
        let (member, batch) = (gang.members[rank], gang.course.batch(of: step))
        let verdict = gang.barrier.contribute(
            rank: rank, step: step,
            .init(
                losses: member.part.map { curve?(batch, $0, member.worker) ?? Self.loss(step: step, microBatch: $0) },
                gradientNorm: norm?(batch) ?? 1 / Double(step),
                profile: StepProfile(compute: .milliseconds(Int64(3 + rank))),
                stateHash: hash(of: member.worker, before: step)))
        self.gang = gang
        if case .statesDiffer(let hashes) = verdict {
            return try tell(.statesDiffer(run: run, generation: gang.generation, step: step - 1, hashes: hashes))
        }
        guard case .complete(let loss, let norm, let profile) = verdict else { return [] }
        let isUnusual = coordinator.run?.spikes.wantsMicroBatches(for: loss) ?? false
        let report = StepReport(
            step: step, loss: loss, gradientNorm: norm, learningRate: 1e-3, tokens: 512, profile: profile,
            microBatchLosses: isUnusual ? gang.barrier.losses : [], stateHash: gang.barrier.stateHash)
        return try tell(.stepContributed(run: run, generation: gang.generation, report: report))
    }

    /// The hash of what `worker` holds before `step`; nil where the job compares no states then.
    private func hash(of worker: WorkerID, before step: Int) -> StateHash? {
        guard plan.stateHashInterval > 0, (step - 1) % plan.stateHashInterval == 0 else { return nil }
        let place = flipped.firstIndex(of: worker)
        return StateHash(UInt64(step - 1) << 8 | UInt64(place.map { $0 + 1 } ?? 0))
    }

    /// The members tell their states after the last step.
    @discardableResult
    mutating func compare() throws -> [Command] {
        guard let gang, isCompared else { throw Refusal("nobody asked for a comparison") }
        isCompared = false
        let hashes = gang.members.compactMap { hash(of: $0.worker, before: gang.committed + 1) }
        return try hashes.allSatisfy { $0 == hashes[0] }
            ? tell(.statesAgree(run: run, generation: gang.generation, step: gang.committed, hash: hashes[0]))
            : tell(.statesDiffer(run: run, generation: gang.generation, step: gang.committed, hashes: hashes))
    }

    /// The member of `rank` says once more what it said of the step that is complete.
    mutating func contributeLate(rank: Int) {
        guard let gang, gang.committed > gang.restored else { return }
        _ = self.gang!.barrier.contribute(
            rank: rank, step: gang.committed,
            .init(
                losses: gang.members[rank].part.map { Self.loss(step: gang.committed, microBatch: $0) },
                gradientNorm: 1 / Double(gang.committed)))
    }

    /// All members contribute to the next step.
    @discardableResult
    mutating func step() throws -> [Command] {
        var commands: [Command] = []
        for rank in gang?.members.indices ?? 0..<0 { commands = try contribute(rank: rank) }
        return commands
    }

    mutating func steps(through last: Int) throws {
        while let gang, gang.committed < last { try step() }
    }

    // MARK: What the writer does

    /// The oldest write of `step` ends well.
    @discardableResult
    mutating func write(_ step: Int) throws -> [Command] {
        guard let index = writes.firstIndex(where: { $0.step == step }) else { throw Refusal("\(step) is not written") }
        let write = writes.remove(at: index)
        if let left, write.generation <= left.generation, step > left.step { mayDeleteBehind = left.step }
        if !durable.contains(step) { durable = (durable + [step]).sorted() }
        damaged.removeAll { $0 == step }
        return try tell(
            .checkpointWritten(
                run: run, generation: write.generation, step: step, weightsSHA256: "sha-\(step)", size: ByteCount(4096),
                took: .milliseconds(20)))
    }

    /// The oldest write of `step` fails.
    @discardableResult
    mutating func failWrite(_ step: Int) throws -> [Command] {
        guard let index = writes.firstIndex(where: { $0.step == step }) else { throw Refusal("\(step) is not written") }
        let write = writes.remove(at: index)
        return try tell(
            .checkpointFailed(
                run: run, generation: write.generation, step: step, reason: "no space left on the device"))
    }

    /// The oldest measurement that was asked for is done.
    @discardableResult
    mutating func evaluate() throws -> [Command] {
        guard !evaluations.isEmpty else { throw Refusal("nothing is measured") }
        let evaluation = evaluations.removeFirst()
        return try tell(
            .evaluated(
                run: run, generation: evaluation.generation, step: evaluation.step,
                loss: 9 / Double(evaluation.step)))
    }

    /// A whole gang has joined, restored and begun.
    static func running(plan: RunPlan = .small) throws -> MockWorld {
        var world = MockWorld(plan: plan)
        try world.submit()
        try world.offer(slots: plan.workers)
        try world.joinAll()
        try world.formAll()
        return world
    }

    /// The lost slots are refilled and a new gang computes.
    mutating func recover() throws {
        try joinAll()
        try formAll()
    }
}

/// Why the mock world refuses.
struct Refusal: Error {
    var reason: String
    init(_ reason: String) { self.reason = reason }
}

extension RunPlan {
    /// Twelve steps by three workers, a checkpoint every fourth, two of them kept.
    static let small = RunPlan(
        steps: 12, workers: 3, microBatches: 8, checkpointInterval: 4, checkpointsKept: 2, evaluationInterval: 0,
        evaluationMicroBatches: 4, maximumRestarts: 3, formationLimit: .seconds(Int64(120)))

    /// This plan with one thing changed.
    func with(_ change: (inout RunPlan) -> Void) -> RunPlan {
        var plan = self
        change(&plan)
        return plan
    }
}

/// Slot `slot` of node a.
func worker(_ slot: Int) -> WorkerID { WorkerID(node: NodeID("a"), slot: slot) }
