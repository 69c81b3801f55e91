// The training thread's work: a replica of the model that computes its part of each step, exchanges sums with the other
// members, and changes its parameters only when the coordinator says that the step is committed. Refuses to talk to the
// coordinator itself, and to decide which step comes when.

import Foundation
import Jobs
import Logging
import Messages
import Primitives
import Training
import Wire

/// A replica and what it is doing.
final class Trainer {
    private struct Membership {
        var generation: Generation
        var members: [MemberAddress]
        var rank: Int
        var tree: GradientTree
        /// The oldest generation whose sums of the next step still count.
        var trusted: Generation
        var own: MemberAddress { members[rank] }
    }

    private struct Aborted: Error {}

    /// The coordinator believes that this member holds a state that it does not.
    private struct NotHeld: Error, CustomStringConvertible {
        var step: Int
        var applied: Int?
        var description: String { "it holds step \(applied.map(String.init) ?? "none") and not step \(step)" }
    }

    private let job: JobSpec
    private let run: RunID
    private let incarnation: Incarnation
    private let store: CheckpointStore
    private let sampler: Sampler
    private let exchange: Exchange
    private let interruption: Interruption
    private let replies: Mailbox<WorkerMessage>
    private let afflictions: Afflictions
    private let board: ProgressBoard
    private let log: Logger

    private let model: GPT
    private let optimizer: AdamW
    private let state: TrainingState
    private let gradient: FloatBuffer
    private let batch: TokenBatch
    private let reduction: ReductionTree
    private let sums: PartSums
    private var writing: CheckpointWriting?

    private var membership: Membership?
    /// Which batches its steps take. For steps up to the restored one the course of before said the same.
    private var course = Course()
    /// The last step that is applied to `state`; nil while `state` holds no step's result.
    private var applied: Int?
    /// Whether `state` is that of step 0 and has never been another.
    private var isPristine = false
    /// The step whose summed gradient is in `gradient`, with its scale.
    private var pending: (step: Int, scale: Double)?
    /// What has come of another member's state: a transfer that broke off goes on from there.
    private var receipt = StateReceipt()
    private var saveAfter: Int?
    private var evaluateAfter: Int?
    private var compareAfter: Int?
    private var times = StepTimes(compute: .zero, exchange: .zero, update: .zero, snapshot: .zero, evaluation: .zero)

    /// A replica for the job of `assignment`, with its data open and its memory allocated.
    /// - Throws: `CorpusError` when the run's data cannot be read here.
    init(
        _ assignment: Assignment, exchange: Exchange, interruption: Interruption, replies: Mailbox<WorkerMessage>,
        afflictions: Afflictions, board: ProgressBoard, log: Logger
    ) throws {
        job = assignment.job
        run = assignment.run
        incarnation = assignment.incarnation
        self.exchange = exchange
        self.interruption = interruption
        self.replies = replies
        self.afflictions = afflictions
        self.board = board
        self.log = log
        store = CheckpointStore(directory: assignment.folder + "/checkpoints", run: assignment.run)
        let training = job.training
        let corpus = try Corpus.open(directory: assignment.folder + "/data", verify: false)
        sampler = Sampler(
            corpus: corpus, seed: training.seed, microBatch: training.microBatch,
            contextLength: job.model.contextLength)
        model = GPT(shape: job.model, microBatch: training.microBatch)
        optimizer = AdamW(training)
        state = TrainingState(job.model)
        gradient = FloatBuffer(count: state.layout.count)
        batch = TokenBatch(count: training.microBatch * job.model.contextLength)
        reduction = ReductionTree(leaves: training.microBatches)
        sums = PartSums(reduction, count: state.layout.count)
    }

    /// Does once, on real data, what every step does, so that the first step of a member that was a spare finds its code
    /// in memory and its buffers touched. Leaves the state of step 0, which is what the first gang of a run starts from,
    /// and nothing else that a later result depends on. Stops between its parts when `isIdle` no longer holds: an order
    /// that waits is worth more.
    func warmUp(while isIdle: () -> Bool) {
        guard applied == nil, isIdle() else { return }
        let began = monotonicNow()
        state.initialise(job.model, seed: job.training.seed)
        applied = 0
        isPristine = true
        guard isIdle() else { return }
        sampler.fill(step: 1, microBatch: 0, tokens: batch.tokens, targets: batch.targets)
        _ = model.forwardBackward(
            parameters: state.parameters, tokens: batch.tokens, targets: batch.targets, gradient: gradient.base)
        guard isIdle() else { return }
        // The optimizer's code on a state of few numbers: the run's own state must stay what it is.
        let scratch = TrainingState(
            ModelShape(layers: 1, width: 16, heads: 1, contextLength: 1, vocabularySize: 1))
        let noGradient = FloatBuffer(count: scratch.layout.count)
        let clipping = optimizer.clipping(
            gradientSum: gradient.base, count: gradient.count, microBatches: job.training.microBatches)
        withExtendedLifetime(noGradient) {
            optimizer.update(
                scratch, gradient: noGradient.base, step: 1,
                learningRate: job.training.learningRate.rate(at: 1, of: job.training.steps),
                gradientScale: clipping.gradientScale)
        }
        log.info("warm", metadata: ["took": "\(monotonicNow() - began)"])
    }

    /// Follows one order of the coordinator. Orders of generations that are over change nothing.
    func follow(_ order: CoordinatorMessage) {
        switch order {
        case .form(
            let generation, let rank, let members, let restore, let transfers, let course, let digest, let trusted):
            self.course = course
            form(generation, rank: rank, members: members, restore: restore, transfers, digest, trusted)
        case .begin(let generation):
            guard generation == membership?.generation, let applied else { break }
            contribute(to: applied + 1)
        case .saveCheckpoint(let generation, let step):
            if generation == membership?.generation { saveAfter = step }
        case .evaluate(let generation, let step):
            if generation == membership?.generation { evaluateAfter = step }
        case .compare(let generation, let step):
            if generation == membership?.generation { compareAfter = step }
        case .commit(let generation, let step):
            guard generation == membership?.generation else { break }
            commit(step)
        case .abort(let generation, let reason):
            guard let current = membership?.generation, generation >= current else { break }
            log.info("aborted", metadata: ["generation": "\(generation)", "because": "\(reason)"])
            membership = nil
            board.clear()
        case .welcome, .refuse, .exit, .heartbeat, .suffer: break
        }
    }

    // MARK: Joining a gang

    private func form(
        _ generation: Generation, rank: Int, members: [MemberAddress], restore: Int, _ transfers: [StateTransfer]?,
        _ digest: String?, _ trusted: Generation
    ) {
        interruption.begin(generation)
        membership = nil
        board.clear()
        saveAfter = nil
        evaluateAfter = nil
        compareAfter = nil
        do {
            try exchange.reconfigure(generation: generation, rank: rank, members: members)
            if let transfers {
                if let transfer = transfers.first(where: { $0.receiver == rank }) {
                    try takeState(of: restore, from: transfer.source)
                } else {
                    try keepState(of: restore)
                }
                try serveState(of: restore, to: transfers.filter { $0.source == rank }.map(\.receiver))
            } else {
                try loadState(of: restore, digest)
            }
            membership = Membership(
                generation: generation, members: members, rank: rank, tree: sums.tree(over: members[rank].part),
                trusted: trusted)
            board.turn(to: .waiting, step: restore, of: generation)
            if rank == 0, writing == nil {
                writing = CheckpointWriting(
                    store: store, shape: job.model, incarnation: incarnation, replies: replies,
                    afflictions: afflictions)
            }
            log.info("formed", metadata: ["generation": "\(generation)", "rank": "\(rank)", "step": "\(restore)"])
            replies.post(.formed(generation: generation))
        } catch StateTransferError.interrupted(.aborted), ExchangeInterrupted.aborted {
            log.info("gave up forming", metadata: ["generation": "\(generation)"])
        } catch {
            log.error("cannot restore", metadata: ["step": "\(restore)", "reason": "\(error)"])
            replies.post(.restoreFailed(generation: generation, step: restore, reason: "\(error)"))
        }
    }

    /// Sees to it that `state` is that after `step`, which this member holds: as it is; or the step's gradient is here,
    /// and its commit came after its gang had ended.
    private func keepState(of step: Int) throws {
        if let pending, pending.step == step, applied == step - 1 { update(step, scale: pending.scale) }
        pending = nil
        guard applied == step else { throw NotHeld(step: step, applied: applied) }
    }

    /// Loads the state after `step` from its checkpoint, whatever is in memory: a gang may go back because nobody's
    /// memory is to be trusted.
    private func loadState(of step: Int, _ digest: String?) throws {
        writing?.waitUntilCopied()
        pending = nil
        sums.forget()
        receipt = StateReceipt()  // What had come of another member's state is overwritten.
        if step == 0, isPristine { return }
        applied = nil
        isPristine = false
        if step == 0 {
            state.initialise(job.model, seed: job.training.seed)
        } else {
            _ = try store.load(step: step, digest: digest, into: state, shape: job.model)
        }
        applied = step
    }

    /// Takes the state after `step` from the member `source`, beginning where an earlier attempt broke off.
    private func takeState(of step: Int, from source: Int) throws {
        writing?.waitUntilCopied()
        pending = nil
        sums.forget()
        applied = nil
        isPristine = false
        try exchange.fetch(
            into: [state.parameters.base, state.mean.base, state.square.base], count: state.layout.count, step: step,
            from: source, receipt: &receipt, abort: interruption.flag)
        receipt = StateReceipt()
        applied = step
    }

    private func serveState(of step: Int, to receivers: [Int]) throws {
        guard !receivers.isEmpty else { return }
        try exchange.serve(
            [state.parameters, state.mean, state.square].map { UnsafePointer($0.base) }, count: state.layout.count,
            step: step, to: receivers, abort: interruption.flag)
    }

    // MARK: Steps

    private func contribute(to step: Int) {
        guard let membership, step <= job.training.steps else { return }
        do {
            let began = monotonicNow()
            board.turn(to: .computing, step: step, of: membership.generation)
            let (losses, salvage) = try sums.compute(
                membership.own.part, of: step, batch: course.batch(of: step), for: membership.generation,
                trusted: membership.trusted
            ) { (index, leaf) throws(Aborted) -> Double in
                if interruption.isAborted(membership.generation) { throw Aborted() }
                defer { board.advance() }
                return gradient(of: step, microBatch: index, into: leaf)
            }
            for sum in membership.tree.sums.prefix(1) { afflictions.damage(sum.base, count: sum.count) }
            // After the last use of the parameters: what was flipped while they were in use is seen too.
            let isCompared =
                membership.members.count > 1 && job.faultTolerance.comparesStates(after: step - 1)
            let hash = isCompared ? state.hash : nil
            let computed = monotonicNow()
            board.turn(to: .exchanging, step: step, of: membership.generation)
            try exchange.reduce(
                zip(membership.tree.subtrees, membership.tree.sums).map { ($0, UnsafePointer($1.base)) },
                count: gradient.count, tree: reduction, step: step, into: gradient.base, abort: interruption.flag,
                progress: board.advance(missing:))
            times.compute = computed - began
            times.exchange = monotonicNow() - computed
            let clipping = optimizer.clipping(
                gradientSum: gradient.base, count: gradient.count, microBatches: job.training.microBatches)
            pending = (step, clipping.gradientScale)
            if !clipping.norm.isFinite, isPartNotFinite(membership.tree) {
                replies.post(.partNotFinite(generation: membership.generation, step: step))
            }
            replies.post(
                .contributed(
                    generation: membership.generation, step: step, losses: losses, gradientNorm: clipping.norm,
                    times: times, stateHash: hash, salvage: salvage))
        } catch {
            // The abort that interrupted it is the next order.
            log.info("gave up a step", metadata: ["step": "\(step)", "because": "\(error)"])
        }
    }

    /// Computes the gradient of a micro-batch, and returns its loss.
    private func gradient(of step: Int, microBatch index: Int, into leaf: UnsafeMutablePointer<Float>) -> Double {
        let started = monotonicNow()
        defer { afflictions.drag(after: monotonicNow() - started) }
        afflictions.damage(parameters: state.parameters.base, count: state.layout.count)
        sampler.fill(step: step, of: course, microBatch: index, tokens: batch.tokens, targets: batch.targets)
        afflictions.spoil(
            batch: course.batch(of: step), microBatch: index, tokens: batch.tokens, targets: batch.targets,
            count: job.training.microBatch * job.model.contextLength, vocabulary: job.model.vocabularySize)
        return model.forwardBackward(
            parameters: state.parameters, tokens: batch.tokens, targets: batch.targets, gradient: leaf)
    }

    /// Whether the sums of the own part alone are not finite: then the fault is here, or in what was computed from.
    private func isPartNotFinite(_ tree: GradientTree) -> Bool {
        tree.sums.contains { !VectorMath.norm($0.base, count: $0.count).isFinite }
    }

    private func commit(_ step: Int) {
        // Told again after a recovery: the state is there already, and what was asked to be done with it is not.
        let isRepeated = applied == step
        guard isRepeated || pending?.step == step && applied == step - 1 else { return }
        let began = monotonicNow()
        turn(to: .saving, step: step + 1)
        // Nearly always copied long ago: it had the whole of this step's computation for it.
        writing?.waitUntilCopied()
        let free = monotonicNow()
        turn(to: .computing, step: step + 1)
        if !isRepeated, let pending { update(step, scale: pending.scale) }
        let updated = monotonicNow()
        if saveAfter == step {
            turn(to: .saving, step: step + 1)
            save(step)
            turn(to: .computing, step: step + 1)
        }
        let saved = monotonicNow()
        if evaluateAfter == step { evaluate(step) }
        if compareAfter == step { compare(step) }
        times.update = updated - free
        times.snapshot = (free - began) + (saved - updated)
        times.evaluation = monotonicNow() - saved
        if !isRepeated { contribute(to: step + 1) }
    }

    private func turn(to activity: WorkerProgress.Activity, step: Int) {
        if let generation = membership?.generation { board.turn(to: activity, step: step, of: generation) }
    }

    private func update(_ step: Int, scale: Double) {
        writing?.waitUntilCopied()
        optimizer.update(
            state, gradient: gradient.base, step: step,
            learningRate: job.training.learningRate.rate(at: step, of: job.training.steps)
                * course.rateFactor(at: step) * afflictions.rateFactor(ofBatch: course.batch(of: step)),
            gradientScale: scale)
        applied = step
        isPristine = false
        pending = nil
        sums.applied()
    }

    private func save(_ step: Int) {
        saveAfter = nil
        guard let generation = membership?.generation, let writing else { return }
        writing.save(
            state,
            CheckpointProgress(
                run: run, generation: generation, step: step, seed: job.training.seed,
                microBatches: job.training.microBatches, numerics: BLASCore.numerics))
    }

    private func compare(_ step: Int) {
        compareAfter = nil
        guard let generation = membership?.generation else { return }
        replies.post(.hashed(generation: generation, step: step, hash: state.hash))
    }

    private func evaluate(_ step: Int) {
        evaluateAfter = nil
        guard let membership else { return }
        let losses = membership.own.evaluationPart.map { index in
            defer { board.advance() }
            sampler.fillValidation(microBatch: index, tokens: batch.tokens, targets: batch.targets)
            return model.loss(parameters: state.parameters, tokens: batch.tokens, targets: batch.targets)
        }
        replies.post(.evaluated(generation: membership.generation, step: step, losses: losses))
    }
}

/// Room for the tokens of a micro-batch and what follows each.
private final class TokenBatch {
    let tokens: UnsafeMutablePointer<Int32>
    let targets: UnsafeMutablePointer<Int32>

    init(count: Int) {
        tokens = .allocate(capacity: count)
        targets = .allocate(capacity: count)
        tokens.initialize(repeating: 0, count: count)
        targets.initialize(repeating: 0, count: count)
    }

    deinit {
        tokens.deallocate()
        targets.deallocate()
    }
}
