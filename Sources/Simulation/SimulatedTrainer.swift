// The training thread of a simulated worker: what the live trainer does with the coordinator's orders, with a number in
// place of parameters and a duration in place of arithmetic. While it is at work orders wait, as they do for a thread.
// Refuses connections, leases and clocks: the process around it has them.

import Messages
import Primitives

/// What one worker's training thread holds and does.
struct SimulatedTrainer {
    /// Something that leaves the training thread.
    enum Effect {
        /// Tell the coordinator.
        case say(WorkerMessage)
        /// Tell the other members this member's sum.
        case share(generation: Generation, step: Int, sum: UInt64)
        /// Call `workEnds` when this much is done.
        case work(Work)
        /// `step` is applied; the state is now `state`.
        case applied(generation: Generation, step: Int, state: UInt64)
        /// Hand a snapshot to the checkpoint writer.
        case save(generation: Generation, step: Int, state: UInt64)
    }

    /// What takes time.
    enum Work { case restore, compute(microBatches: Int) }

    struct Membership {
        var generation: Generation
        var rank: Int
        var members: [MemberAddress]
        /// The oldest generation whose terms of the next step still count.
        var trusted: Generation
        var part: Range<Int> { members[rank].part }
    }

    private enum Activity {
        /// Waits for orders.
        case idle
        /// Comes by the state after `step`: has it, reads it, or takes it from the member of rank `source`.
        case restoring(Membership, step: Int, source: Source)
        /// Computes `missing` micro-batches of its part of `step`; the others are there from before.
        case computing(step: Int, missing: [Int])
        /// Waits for the sums of the other members.
        case exchanging(step: Int)
        /// Waits until the checkpoint writer has room for the state after `step`, whose commit may have been told again.
        case waitingForWriter(step: Int, isRepeated: Bool)
    }

    /// Where a member's state comes from.
    private enum Source: Equatable {
        /// It holds it.
        case own
        /// The checkpoint; at step 0 the first values.
        case checkpoint
        /// The member of this rank.
        case member(Int)
    }

    private struct Sum {
        var step: Int
        var rank: Int
        var value: UInt64
    }

    let steps: Int
    let promises: Promises
    /// Steps between two comparisons of the members' states.
    let stateHashInterval: Int
    private(set) var membership: Membership?
    private(set) var applied: Int?
    private(set) var state: UInt64 = 0
    /// Flips bits of the next sum that it completes.
    var corruption: UInt64 = 0
    /// Whether its own next sum is no number.
    var isNotANumber = false
    /// The state that it computed what it last contributed from.
    private(set) var computedFrom: UInt64 = 0
    /// The batches that went into what it last contributed, one bit each.
    private(set) var consumed: UInt64 = 0

    private var activity = Activity.idle
    private var orders: [CoordinatorMessage] = []
    private var newestAborted = Generation(0)
    private var sums: [Sum] = []
    private var terms = SimulatedTerms()
    /// What it saved of an interruption for what it last contributed.
    private var salvage = Salvage()
    private var pending: (generation: Generation, step: Int, sum: UInt64)?
    private var saveAfter: Int?
    private var evaluateAfter: Int?
    /// What was told of the checkpoint that it loads when that was written.
    private var digest: String?
    private var compareAfter: Int?
    private var evaluated = 0

    init(steps: Int, stateHashInterval: Int, promises: Promises) {
        self.steps = steps
        self.stateHashInterval = stateHashInterval
        self.promises = promises
    }

    /// A bit of its state flips.
    mutating func flip(_ bit: UInt64) { state ^= 1 << (bit % 64) }

    /// The state after its next step, where it holds all that this is made of.
    var prospect: (step: Int, state: UInt64)? {
        guard let pending, let applied, pending.step == applied + 1 else { return nil }
        return (pending.step, Chain.next(state, sum: pending.sum))
    }

    /// The step whose state it is reading from the disk; nil when it reads nothing.
    var reading: Int? {
        if case .restoring(_, let step, .checkpoint) = activity, step > 0 { step } else { nil }
    }

    /// The member it takes a state from, and which state; nil when it takes none.
    var fetching: (source: MemberAddress, generation: Generation, step: Int)? {
        guard case .restoring(let membership, let step, .member(let source)) = activity else { return nil }
        return (membership.members[source], membership.generation, step)
    }

    /// Whether it is in the middle of a restore.
    var isRestoring: Bool { if case .restoring = activity { true } else { false } }

    /// The membership it works for without having been told of its end.
    var membershipAtWork: Membership? {
        switch activity {
        case .computing, .exchanging: isAborted ? nil : membership
        case .idle, .restoring, .waitingForWriter: nil
        }
    }

    /// What it is at, for a heartbeat; nil while it is in no gang. `done` micro-batches are computed.
    func progress(done: Int) -> WorkerProgress? {
        guard let membership, !isAborted else { return nil }
        func at(_ activity: WorkerProgress.Activity, _ step: Int, _ done: Int = 0, _ missing: [Int] = [])
            -> WorkerProgress
        {
            WorkerProgress(
                generation: membership.generation, step: step, activity: activity, done: done, missing: missing)
        }
        switch activity {
        case .idle, .restoring: return at(.waiting, applied ?? 0)
        case .computing(let step, _): return at(.computing, step, done)
        case .exchanging(let step):
            let come = sums.filter { $0.step == step }.map(\.rank)
            return at(.exchanging, step, come.count, membership.members.indices.filter { !come.contains($0) })
        case .waitingForWriter(let step, _): return at(.saving, step + 1)
        }
    }

    /// An order arrives. The end of a generation is noticed at once, everything else when its
    /// turn comes.
    mutating func take(_ order: CoordinatorMessage, _ effects: inout [Effect]) {
        orders.append(order)
        switch order {
        case .abort(let generation, _): newestAborted = max(newestAborted, generation)
        // Whoever was welcomed anew was not told of the end of what it did before.
        case .form(let generation, _, _, _, _, _, _, _):
            newestAborted = max(newestAborted, Generation(generation.number - 1))
        default: break
        }
        if case .exchanging = activity, isAborted { activity = .idle }
        followOrders(&effects)
    }

    /// The sum of another member arrives. Those of other generations are refused.
    mutating func receive(
        _ generation: Generation, step: Int, rank: Int, _ value: UInt64, _ effects: inout [Effect]
    ) {
        guard generation == membership?.generation, !sums.contains(where: { $0.step == step && $0.rank == rank })
        else { return }
        sums.append(Sum(step: step, rank: rank, value: value))
        completeExchange(&effects)
        followOrders(&effects)
    }

    /// The work of the last `work` effect is done. `found` is what the disk holds of `reading`.
    mutating func workEnds(_ found: SimulatedDisk.Reading?, _ effects: inout [Effect]) {
        switch activity {
        case .restoring(let membership, let step, let source):
            restored(membership, step, source, found, &effects)
        case .computing(let step, let missing):
            activity = .idle
            computed(step, missing, &effects)
        case .idle, .exchanging, .waitingForWriter: break
        }
        followOrders(&effects)
    }

    /// The checkpoint writer has room again.
    mutating func writerIsFree(_ effects: inout [Effect]) {
        guard case .waitingForWriter(let step, let isRepeated) = activity else { return }
        activity = .idle
        handOver(step, isRepeated, &effects)
        followOrders(&effects)
    }

    private var isAborted: Bool { membership.map { $0.generation <= newestAborted } ?? true }

    private mutating func followOrders(_ effects: inout [Effect]) {
        while case .idle = activity, !orders.isEmpty { follow(orders.removeFirst(), &effects) }
    }

    private mutating func follow(_ order: CoordinatorMessage, _ effects: inout [Effect]) {
        switch order {
        case .form(let generation, let rank, let members, let restore, let transfers, _, let digest, let trusted):
            self.digest = digest
            (membership, saveAfter, evaluateAfter, compareAfter) = (nil, nil, nil, nil)
            activity = .restoring(
                Membership(generation: generation, rank: rank, members: members, trusted: trusted), step: restore,
                source: transfers.map { $0.first { $0.receiver == rank }.map { .member($0.source) } ?? .own }
                    ?? .checkpoint)
            effects.append(.work(.restore))
        case .begin(let generation):
            guard generation == membership?.generation, let applied else { break }
            compute(applied + 1, &effects)
        case .saveCheckpoint(let generation, let step):
            if generation == membership?.generation { saveAfter = step }
        case .evaluate(let generation, let step):
            if generation == membership?.generation { evaluateAfter = step }
        case .compare(let generation, let step):
            if generation == membership?.generation { compareAfter = step }
        case .commit(let generation, let step):
            if generation == membership?.generation { commit(step, &effects) }
        case .abort(let generation, _):
            guard let current = membership?.generation, generation >= current else { break }
            membership = nil
        case .welcome, .refuse, .exit, .heartbeat, .suffer: break
        }
    }

    /// The one place where a member comes by its state.
    private mutating func restored(
        _ membership: Membership, _ step: Int, _ source: Source, _ found: SimulatedDisk.Reading?,
        _ effects: inout [Effect]
    ) {
        activity = .idle
        switch source {
        case .member:
            guard membership.generation > newestAborted else { return }
            guard case .state = found else {
                // The source has not come to it yet, or never will: then the end of the generation is told.
                activity = .restoring(membership, step: step, source: source)
                return effects.append(.work(.restore))
            }
            applied = nil
            if promises.keptSumsAreSound { terms.forget() }
        case .own:
            if let pending, pending.step == step, applied == step - 1 {
                // Its commit came after its gang had ended.
                state = Chain.next(state, sum: pending.sum)
                applied = step
                terms.applied()
                effects.append(.applied(generation: pending.generation, step: step, state: state))
            }
        case .checkpoint:
            applied = nil
            if promises.keptSumsAreSound { terms.forget() }
        }
        pending = nil
        if source == .own, applied != step {
            effects.append(
                .say(.restoreFailed(generation: membership.generation, step: step, reason: "it does not hold it")))
            return
        }
        if applied != step {
            switch found {
            case nil: state = Chain.start
            case .state(let read)
            where source == .checkpoint && promises.readersVerify
                && digest.map { $0 != String(read, radix: 16) } ?? false:
                (applied, self.membership) = (nil, nil)
                let reason = "it is not the checkpoint that was told of when it was written"
                effects.append(.say(.restoreFailed(generation: membership.generation, step: step, reason: reason)))
                return
            case .state(let read): state = read
            case .damaged(let reason):
                (applied, self.membership) = (nil, nil)
                effects.append(
                    .say(.restoreFailed(generation: membership.generation, step: step, reason: reason)))
                return
            }
            applied = step
        }
        self.membership = membership
        sums.removeAll(keepingCapacity: true)
        effects.append(.say(.formed(generation: membership.generation)))
    }

    // MARK: Steps

    private func batch(_ microBatch: Int) -> Int {
        // An order that depends on how often the run was restarted is the classic mistake.
        promises.dataOrderIsPure ? microBatch : (microBatch + (membership?.generation.number ?? 1) - 1) % 64
    }

    private mutating func compute(_ step: Int, _ effects: inout [Effect]) {
        guard let membership, step <= steps, !isAborted else { return }
        let trusted = promises.keptSumsAreSound ? membership.trusted : Generation(0)
        let missing = terms.missing(membership.part, of: step, trusted: trusted)
        activity = .computing(step: step, missing: missing)
        effects.append(.work(.compute(microBatches: missing.count + evaluated)))
        evaluated = 0
    }

    /// Its time is over. Who was told meanwhile that its gang has ended stopped somewhere on the way.
    private mutating func computed(_ step: Int, _ missing: [Int], _ effects: inout [Effect]) {
        guard let membership else { return }
        let done = isAborted ? Int(Chain.mix(state, UInt64(step)) % UInt64(missing.count + 1)) : missing.count
        let batches = missing.prefix(done).map { (microBatch: $0, batch: batch($0)) }
        terms.compute(batches, from: state, for: membership.generation)
        guard !isAborted else { return }
        if isNotANumber {
            terms.spoil(membership.part)
            isNotANumber = false
        }
        salvage = terms.salvage(membership.part, fresh: missing.count)
        share(step, membership, &effects)
    }

    private mutating func share(_ step: Int, _ membership: Membership, _ effects: inout [Effect]) {
        let (sum, batches, _) = terms.sum(over: membership.part)
        consumed = batches
        computedFrom = state
        sums.removeAll { $0.step < step }
        sums.append(Sum(step: step, rank: membership.rank, value: sum))
        activity = .exchanging(step: step)
        effects.append(.share(generation: membership.generation, step: step, sum: sum))
        completeExchange(&effects)
    }

    private mutating func completeExchange(_ effects: inout [Effect]) {
        guard case .exchanging(let step) = activity, let membership else { return }
        var total: UInt64 = 0
        var count = 0
        for sum in sums where sum.step == step {
            total = Chain.add(total, sum.value)
            count += 1
        }
        guard count == membership.members.count else { return }
        if membership.members.count > 1, total != Chain.notANumber { total ^= corruption }
        corruption = 0
        pending = (membership.generation, step, total)
        activity = .idle
        let losses = terms.sum(over: membership.part).losses
        let own = sums.first { $0.step == step && $0.rank == membership.rank }?.value
        if own == Chain.notANumber {
            effects.append(.say(.partNotFinite(generation: membership.generation, step: step)))
        }
        effects.append(
            .say(
                .contributed(
                    generation: membership.generation, step: step, losses: losses, gradientNorm: Chain.norm(total),
                    times: StepTimes(
                        compute: .zero, exchange: .zero, update: .zero, snapshot: .zero, evaluation: .zero),
                    stateHash: comparesStates(before: step, membership) ? StateHash(computedFrom) : nil,
                    salvage: salvage)))
        if !promises.workersAwaitCommit { commit(step, &effects) }
    }

    private func comparesStates(before step: Int, _ membership: Membership) -> Bool {
        stateHashInterval > 0 && membership.members.count > 1 && (step - 1) % stateHashInterval == 0
    }

    private mutating func commit(_ step: Int, _ effects: inout [Effect]) {
        guard let membership else { return }
        let isRepeated = applied == step
        if !isRepeated {
            guard let pending, pending.step == step, applied == step - 1 else { return }
            state = Chain.next(state, sum: pending.sum)
            applied = step
            self.pending = nil
            terms.applied()
            effects.append(.applied(generation: membership.generation, step: step, state: state))
        }
        if saveAfter == step {
            saveAfter = nil
            // The process hands it over at once when the writer is free, which ends the wait within this call's effects.
            activity = .waitingForWriter(step: step, isRepeated: isRepeated)
            return
        }
        afterSaving(step, isRepeated, &effects)
    }

    /// Whether it stands still until the checkpoint writer has room.
    var needsWriter: Bool { if case .waitingForWriter = activity { true } else { false } }

    private mutating func handOver(_ step: Int, _ isRepeated: Bool, _ effects: inout [Effect]) {
        if let membership {
            effects.append(.save(generation: membership.generation, step: step, state: state))
        }
        afterSaving(step, isRepeated, &effects)
    }

    private mutating func afterSaving(_ step: Int, _ isRepeated: Bool, _ effects: inout [Effect]) {
        if evaluateAfter == step, let membership {
            evaluateAfter = nil
            let part = membership.members[membership.rank].evaluationPart
            evaluated = part.count
            let losses = part.map { Chain.evaluationLoss(state: state, batch: $0) }
            effects.append(.say(.evaluated(generation: membership.generation, step: step, losses: losses)))
        }
        if compareAfter == step, let membership {
            compareAfter = nil
            effects.append(.say(.hashed(generation: membership.generation, step: step, hash: StateHash(state))))
        }
        if !isRepeated { compute(step + 1, &effects) }
    }
}
