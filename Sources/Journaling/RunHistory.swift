// A journal read as a story: segments, incidents, curves, checkpoints, and where the time went. Built one record at a
// time, so that a live view and a report of a finished run are the same code. Refuses to draw, and to know anything that
// the journal does not hold.

import ControlPlane
import Primitives

/// Everything a run's records tell.
public struct RunHistory: Equatable, Sendable {
    /// The run's name; nil before the first record.
    public private(set) var run: RunID?
    /// The numbers of its job.
    public private(set) var plan: RunPlan?
    /// The control plane's state after the last record.
    public private(set) var coordinator = Coordinator()
    /// Stretches between (re)starts, in order.
    public private(set) var segments: [Segment] = []
    /// Committed steps in the order they were committed; a step that was done again is there twice.
    public private(set) var steps: [StepPoint] = []
    /// Measurements of the validation loss, in order.
    public private(set) var evaluations: [EvaluationPoint] = []
    /// What interrupted the run or went wrong, in order.
    public private(set) var incidents: [Incident] = []
    /// Checkpoints that became durable, in order.
    public private(set) var checkpoints: [CheckpointPoint] = []
    /// What was decided about the loss, in order; all of it, also what is no incident.
    public private(set) var decisions: [SpikeDecision] = []
    /// Processes that joined, in order.
    public private(set) var processes: [WorkerProcess] = []
    /// Where the time went.
    public private(set) var ledger = Ledger()
    /// The time that was lost to no incident: coming up, snapshots, queueing, the last save.
    public private(set) var outsideIncidents = TimeByItem()
    /// How the run ended; nil while it goes on.
    public private(set) var outcome: Outcome?
    /// When it was submitted, in wall nanoseconds since 1970.
    public private(set) var submittedWall: Int64 = 0
    /// The instant of the last record.
    public private(set) var now = Instant.zero

    private var reached = 0
    /// The segment that committed each step last; step 1 first.
    private var newestSegment: [Int] = []
    /// Drills whose consequences may be still to come.
    private var drills = Drills()
    /// A decision whose record ends the gang: the incident that follows is its own.
    private var deciding: SpikeDecision?
    /// The steps that are to be done again, and whose doing that is.
    private var debts = Debts()
    /// The incident in whose aftermath gangs form; nil before the first, and behind an end of the run.
    private var trouble: Int?
    /// What the incident that this record tells of has cost before it is told of.
    private var untold = TimeByItem()
    /// Whether the loss of this record belongs to the incident that is open.
    private var hasJoined = false

    /// The story of no record.
    public init() {}

    /// The story that `records` tell.
    public init(_ records: some Sequence<Record>) {
        for record in records { add(record) }
    }

    /// The segment that goes on, if any.
    public var current: Segment? { segments.last.flatMap { $0.end == nil ? $0 : nil } }
    /// The last step that counts.
    public var committed: Int { coordinator.run?.committed ?? 0 }
    /// Tokens of the steps that count.
    public var tokens: Int { committed * (steps.last?.tokens ?? 0) }

    /// Whether `point`, one of `steps`, still counts: the run has not gone back before it, and has not done it again.
    /// (A checkpoint of an older gang may become durable late, and bring steps back that were being done again.)
    public func survives(_ point: StepPoint) -> Bool {
        point.step <= committed && newestSegment[point.step - 1] == point.segment
    }

    /// Tells the next record.
    public mutating func add(_ record: Record) {
        let previous = coordinator
        let silence = now
        now = record.at
        hasJoined = false
        _ = coordinator.handle(record.event, at: record.at)
        tell(record, previous, silentSince: silence)
        for command in record.commands { tell(command, record, before: previous.run, silentSince: silence) }
        if !record.commands.contains(where: { if case .abort = $0 { true } else { false } }) {
            settle(before: previous.run)
        }
    }

    private mutating func tell(_ record: Record, _ previous: Coordinator, silentSince silence: Instant) {
        switch record.event {
        case .jobSubmitted(let id, let plan):
            (run, self.plan, submittedWall) = (id, plan, record.wallNanoseconds)
            ledger.open(at: now)
        case .runResumed:
            resume(before: previous.run, silentSince: silence)
        case .coordinatorRestarted:
            restart(record, before: previous.run, silentSince: silence)
        case .workerJoined(_, let node, let processID, let numerics):
            for case .welcome(let worker, let incarnation) in record.commands {
                lose(worker, .replaced)
                processes.append(
                    WorkerProcess(
                        worker: worker, incarnation: incarnation, node: node, processID: processID,
                        numerics: numerics, joinedAt: now))
            }
        case .workerLost(let worker, let incarnation, let how):
            guard previous.pool.holds(worker, incarnation) else { break }
            lose(worker, how)
            joinOpenIncident(worker, incarnation, how, previous.run)
        case .nodesLost(let nodes, let how):
            for node in nodes {
                for slot in previous.pool.slots where slot.worker.node == node && slot.isInhabited {
                    lose(slot.worker, how)
                }
            }
        case .workerStartFailed(let worker, let how):
            guard case .starting = previous.pool[worker]?.occupant, previous.run?.isOver == false else { break }
            note(.startFailed(worker: worker, how: how), previous.run)
        case .faultInjected(_, let infliction): strike(infliction, previous.run)
        case .stragglerFound(_, _, let report):
            // Where it is replaced, that is the incident.
            guard !record.commands.contains(where: { if case .abort = $0 { true } else { false } }) else { break }
            let drill = drills.entry(slowing: report)
            note(.straggler(report), previous.run, injection: drill?.infliction.index, of: drill?.incident)
        case .evaluated(_, let generation, let step, let loss):
            tellEvaluation(generation, step: step, loss: loss)
        case .checkpointWritten(_, let generation, let step, let digest, let size, let took):
            tellCheckpoint(generation, step: step, digest, size, took)
        case .checkpointFailed(_, let generation, let step, let reason):
            guard let run = previous.run, run.generation == generation, run.saving == step else { break }
            let drill = drills.filled(disk: now)
            note(.checkpointFailed(step: step, reason: reason), run, injection: drill?.infliction.index)
        case .stepContributed, .stepsCommitted, .slotsOffered, .memberFormed, .gangFormed, .restoreFailed,
            .stepNotFinite, .replicasDisagree, .statesDiffer, .statesAgree, .workerReturned, .resized,
            .interruptRequested,
            .deadlineReached:
            break
        }
    }

    /// Nobody coordinated from `silence` until now. What the gang did meanwhile, and since the last commit, is lost.
    private mutating func resume(before: Run?, silentSince silence: Instant) {
        switch before?.phase {
        case .running:
            book(.replayed, until: silence, to: .untold)
            book(.stalled, until: now, to: .untold)
        case .stopping:
            book(.checkpoint, until: silence, to: .untold)
            book(.stalled, until: now, to: .untold)
        case .forming: book(.stalled, until: now, to: .untold)
        case .waiting: book(.stalled, until: now, to: .trouble)  // No gang was lost: the trouble is still the last.
        case .over, nil:
            book(.queued, until: now, to: .nobody)
            trouble = nil
        }
        outcome = nil
        for index in processes.indices where processes[index].lostAt == nil {
            processes[index].lostAt = now
            processes[index].lost = .coordinatorEnded
        }
    }

    /// A coordinator took over from one that died. Where there was a gang its end is the incident; where there was none,
    /// the restart is one by itself.
    private mutating func restart(_ record: Record, before: Run?, silentSince silence: Instant) {
        for index in processes.indices
        where processes[index].lostAt == nil
            && !coordinator.pool.holds(processes[index].worker, processes[index].incarnation)
        {
            processes[index].lostAt = now
            processes[index].lost = .coordinatorEnded
        }
        guard record.commands.allSatisfy({ if case .abort = $0 { false } else { true } }) else { return }
        interrupt(.coordinatorLost, before, silentSince: silence)
    }

    /// The process that lives at `worker`, if one does, is gone.
    private mutating func lose(_ worker: WorkerID, _ how: LossCause) {
        guard let index = processes.lastIndex(where: { $0.worker == worker && $0.lostAt == nil }) else { return }
        processes[index].lostAt = now
        processes[index].lost = how
    }

    /// The segment of `generation`; nil for a generation that never was.
    private func segment(of generation: Generation) -> Segment? {
        segments.last { $0.generation == generation }
    }

    private mutating func tellEvaluation(_ generation: Generation, step: Int, loss: Double) {
        guard let segment = segment(of: generation)?.index,
            !evaluations.contains(where: { $0.segment == segment && $0.step == step })
        else { return }
        evaluations.append(EvaluationPoint(segment: segment, step: step, at: now, loss: loss))
    }

    private mutating func tellCheckpoint(
        _ generation: Generation, step: Int, _ digest: String, _ size: ByteCount, _ took: TimeSpan
    ) {
        guard let segment = segment(of: generation)?.index, step <= reached,
            !checkpoints.contains(where: { $0.segment == segment && $0.step == step })
        else { return }
        checkpoints.append(
            CheckpointPoint(segment: segment, step: step, at: now, weightsSHA256: digest, size: size, took: took))
    }

    private mutating func tell(
        _ command: Command, _ record: Record, before: Run?, silentSince silence: Instant
    ) {
        switch command {
        case .form(_, let generation, let members, let restore, let transfers, let course):
            book(segments.isEmpty ? .queued : .restart, until: now, to: .trouble)
            if let open = incidents.lastIndex(where: { $0.isOpen }) {
                incidents[open].restoredStep = restore
                incidents[open].lostSteps = max(0, (incidents[open].step) - restore)
                debts.add(restored: restore, through: incidents[open].step, incident: open)
            }
            segments.append(
                Segment(
                    index: segments.count, generation: generation, members: members, restored: restore,
                    wanted: coordinator.run?.wanted ?? members.count, isFromMembers: transfers != nil, course: course,
                    formedAt: now))
        case .begin:
            book(.restart, until: now, to: .trouble)
            if !segments.isEmpty { segments[segments.count - 1].began = now }
        case .commit(_, _, let step):
            switch record.event {
            case .stepContributed(_, _, let report): commit(StepsReport(first: step, last: report, pace: .zero))
            case .stepsCommitted(_, _, let report): commit(report)
            default: break  // Told again to a new gang.
            }
        case .abort(_, _, let reason): interrupt(reason, before, silentSince: silence)
        case .regroup(_, _, _, let resized):
            // A commit stands in the same record: no time has passed, and nothing went wrong.
            segments[segments.count - 1].end = now
            segments[segments.count - 1].hasGrown = resized == nil
            segments[segments.count - 1].resizedTo = resized
        case .decide(_, let decision): decide(decision, before)
        case .finish(_, let outcome):
            self.outcome = outcome
            if !segments.isEmpty, segments[segments.count - 1].end == nil { segments[segments.count - 1].end = now }
        case .startWorker, .evict, .welcome, .refuse, .wait, .saveCheckpoint, .evaluate, .compare, .deleteCheckpoint:
            break
        }
    }

    /// A decision is an incident, or the reason of the one that it makes; only a checkpoint that is kept is none.
    private mutating func decide(_ decision: SpikeDecision, _ before: Run?) {
        decisions.append(decision)
        switch decision.verdict {
        case .pin: break
        case .recompute, .rollBack, .giveUp, .hardware(_?):
            if decision.isDry { note(.lossSpike(decision), before) } else { deciding = decision }
        case .outlier, .wait, .harmless, .hardware(nil): note(.lossSpike(decision), before)
        }
    }

    /// What a drill does is an incident at once, unless its victim ends by it: then the end is.
    private mutating func strike(_ infliction: Infliction, _ before: Run?) {
        var drill = Drills.Entry(at: now, infliction: infliction)
        if infliction.effect != .ends {
            // One that strikes several is told of once.
            drill.incident = incidents.lastIndex { $0.injection == infliction.index }
            if drill.incident == nil {
                note(.drill(what: infliction.what, worker: infliction.worker), before, injection: infliction.index)
                drill.incident = incidents.count - 1
            }
        }
        drills.add(drill)
    }

    private mutating func commit(_ report: StepsReport) {
        drills.committed(at: now)
        let (first, step) = (report.first, report.last.step)
        book(report)
        reached = max(reached, step)
        let segment = segments.count - 1
        for known in first...step {
            if known > newestSegment.count { newestSegment.append(segment) } else { newestSegment[known - 1] = segment }
        }
        segments[segment].lastStep = step
        var before = first - 1
        for sample in report.samples + [StepSample(step: step, loss: report.last.loss)] {
            steps.append(
                StepPoint(
                    segment: segment, step: sample.step, at: now - report.age(of: sample.step), loss: sample.loss,
                    gradientNorm: report.last.gradientNorm, learningRate: report.last.learningRate,
                    tokens: report.last.tokens, profile: report.last.profile, stepsCovered: sample.step - before))
            before = sample.step
        }
        if let open = incidents.lastIndex(where: { $0.isOpen }) {
            incidents[open].keptMicroBatches += report.last.salvage.kept
            if incidents[open].resumedAt == nil { incidents[open].resumedAt = now - report.age(of: first) }
            if step > incidents[open].step {
                incidents[open].regainedAt = now - report.age(of: max(first, incidents[open].step + 1))
            }
        }
    }

    /// Books the time of a commit: what the snapshot took, what was done again, each part to the incident whose doing it
    /// is, and what is new.
    private mutating func book(_ report: StepsReport) {
        let (first, step) = (report.first, report.last.step)
        if let mark = ledger.mark {
            book(.checkpoint, until: min(mark + report.last.profile.snapshot, now), to: .nobody)
        }
        for debt in debts.paid(before: step) where first <= debt.through {
            book(.replayed, until: now - report.age(of: debt.through), to: .incident(debt.incident))
        }
        let again = debts.current.map(Payer.incident) ?? .nobody
        if first <= reached, step > reached { book(.replayed, until: now - report.age(of: reached), to: again) }
        book(step > reached ? .productive : .replayed, until: now, to: again)
    }

    /// Who pays for a stretch of time.
    private enum Payer {
        case nobody, trouble, untold
        case incident(Int)
    }

    /// Books the time from the mark to `instant` under `item`, and what is lost by it to `payer`.
    private mutating func book(_ item: LedgerItem, until instant: Instant, to payer: Payer) {
        let span = ledger.book(item, until: instant)
        guard item != .productive, span > .zero else { return }
        switch payer {
        case .untold: untold[item] += span
        case .incident(let index): incidents[index].cost[item] += span
        case .trouble: if let trouble { incidents[trouble].cost[item] += span } else { outsideIncidents[item] += span }
        case .nobody: outsideIncidents[item] += span
        }
    }

    /// Adds the loss to the incident that is open, if no gang computes yet, it is of a member of the gang that the incident ended, and came
    /// soon enough after it. A drill that has an incident already keeps it.
    private mutating func joinOpenIncident(
        _ worker: WorkerID, _ incarnation: Incarnation, _ how: LossCause, _ before: Run?
    ) {
        switch before?.phase {
        case .waiting, .forming: break
        case .running, .stopping, .over, nil: return
        }
        guard let open = incidents.lastIndex(where: { $0.isOpen && $0.isLoss }),
            segments.indices.contains(incidents[open].segment), now - incidents[open].detectedAt <= Incident.window,
            let rank = segments[incidents[open].segment].members.firstIndex(where: {
                $0.worker == worker && $0.incarnation == incarnation
            })
        else { return }
        let drill = drills.take(ending: worker, incarnation)
        incidents[open].alsoLost.append(
            Incident.Loss(worker: worker, rank: rank, how: how, injection: drill?.infliction.index))
        hasJoined = true
    }

    private mutating func interrupt(_ reason: InterruptionReason, _ before: Run?, silentSince silence: Instant) {
        let drill = drills.take(causing: reason, before)
        var struckAt = drill?.at
        if reason == .coordinatorLost { struckAt = silence }
        if drill?.isDamage ?? false { struckAt = nil }  // Its damage was done long before it was met.
        if case .workerLost(_, _, .broke(_, let ago)) = reason { struckAt = now - ago }
        switch before?.phase {
        case .running, .stopping:
            let inStep = before?.phase == .running
            if let struckAt { book(inStep ? .replayed : .checkpoint, until: struckAt, to: .untold) }
            book(.detection, until: now, to: .untold)
        case .forming, .waiting, .over, nil:
            book(.restart, until: now, to: reason == .coordinatorLost ? .untold : .trouble)
        }
        if !segments.isEmpty, segments[segments.count - 1].end == nil {
            segments[segments.count - 1].end = reason == .coordinatorLost ? silence : now
        }
        guard !hasJoined else { return }
        // An interruption before progress was regained belongs to the same trouble, but is an incident of its own.
        for index in incidents.indices where incidents[index].isOpen { incidents[index].regainedAt = now }
        note(
            .interruption(reason), before, struckAt: struckAt, injection: drill?.infliction.index, open: true,
            of: drill?.incident)
        let index = drill?.incident ?? incidents.count - 1
        incidents[index].decision = deciding
        incidents[index].cost += untold
        incidents[index].tornStep += untold[.replayed]
        (deciding, untold, trouble) = (nil, TimeByItem(), index)
    }

    private mutating func note(
        _ cause: Incident.Cause, _ before: Run?, struckAt: Instant? = nil, injection: Int? = nil, open: Bool = false,
        of known: Int? = nil
    ) {
        let incident = Incident(
            number: (known ?? incidents.count) + 1, at: struckAt ?? now, detectedAt: now, step: before?.committed ?? 0,
            segment: segments.count - 1, cause: cause, injection: injection, regainedAt: open ? nil : now)
        // A drill that was told of already has had a consequence: the two are one incident.
        guard let known else { return incidents.append(incident) }
        let cost = incidents[known].cost
        incidents[known] = incident
        incidents[known].cost = cost
    }

    /// Books the time of events that end no stretch by themselves, so that the mark keeps up with the records.
    private mutating func settle(before: Run?) {
        switch coordinator.run?.phase {
        case .waiting: book(segments.isEmpty ? .queued : .restart, until: now, to: .trouble)
        case .forming: book(.restart, until: now, to: .trouble)
        case .stopping:
            if case .stopping = before?.phase { book(.checkpoint, until: now, to: .nobody) }
        case .over:
            switch before?.phase {
            case .stopping: book(.checkpoint, until: now, to: .nobody)
            case .over, nil: book(.queued, until: now, to: .nobody)
            case .waiting: book(segments.isEmpty ? .queued : .restart, until: now, to: .trouble)
            case .forming: book(.restart, until: now, to: .trouble)
            case .running: break  // Its last commit is this record.
            }
        case .running, nil: break
        }
    }
}
