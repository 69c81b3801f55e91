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
    /// Processes that joined, in order.
    public private(set) var processes: [WorkerProcess] = []
    /// Where the time went.
    public private(set) var ledger = Ledger()
    /// How the run ended; nil while it goes on.
    public private(set) var outcome: Outcome?
    /// When it was submitted, in wall nanoseconds since 1970.
    public private(set) var submittedWall: Int64 = 0
    /// The instant of the last record.
    public private(set) var now = Instant.zero

    private var reached = 0
    private var drill: (at: Instant, index: Int, worker: WorkerID, incarnation: Incarnation)?

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

    /// Whether the step at `index` of `steps` still counts: no later segment began at or before it.
    public func survives(_ point: StepPoint) -> Bool {
        !segments[(point.segment + 1)...].contains { $0.restored < point.step }
    }

    /// Tells the next record.
    public mutating func add(_ record: Record) {
        now = record.at
        if ledger.mark == nil { ledger.open(at: now) }
        let before = coordinator.run
        _ = coordinator.handle(record.event, at: record.at)
        tell(record, before: before)
        for command in record.commands { tell(command, record, before: before) }
        if !record.commands.contains(where: { if case .abort = $0 { true } else { false } }) { settle(before: before) }
    }

    private mutating func tell(_ record: Record, before: Run?) {
        switch record.event {
        case .jobSubmitted(let id, let plan):
            (run, self.plan, submittedWall) = (id, plan, record.wallNanoseconds)
        case .runResumed:
            ledger.book(before?.isOver ?? true ? .queued : .stalled, until: now)
            outcome = nil
            for index in processes.indices where processes[index].lostAt == nil {
                processes[index].lostAt = now
                processes[index].lost = .coordinatorEnded
            }
        case .workerJoined(_, let node, let processID, let numerics):
            for case .welcome(let worker, let incarnation) in record.commands {
                processes.append(
                    WorkerProcess(
                        worker: worker, incarnation: incarnation, node: node, processID: processID,
                        numerics: numerics, joinedAt: now))
            }
        case .workerLost(let worker, let incarnation, let how):
            if let index = processes.lastIndex(where: { $0.worker == worker && $0.incarnation == incarnation }) {
                processes[index].lostAt = now
                processes[index].lost = how
            }
        case .workerStartFailed(let worker, let how):
            note(.startFailed(worker: worker, how: how), before)
        case .faultInjected(_, let index, let worker, let incarnation, _):
            drill = (now, index, worker, incarnation)
        case .evaluated(_, _, let step, let loss):
            evaluations.append(EvaluationPoint(segment: segments.count - 1, step: step, at: now, loss: loss))
        case .checkpointWritten(_, _, let step, let digest, let size, let took):
            checkpoints.append(
                CheckpointPoint(
                    segment: segments.count - 1, step: step, at: now, weightsSHA256: digest, size: size, took: took))
        case .checkpointFailed(_, _, let step, let reason):
            note(.checkpointFailed(step: step, reason: reason), before)
        case .stepContributed, .slotsOffered, .memberFormed, .restoreFailed, .replicasDisagree, .interruptRequested,
            .deadlineReached:
            break
        }
    }

    private mutating func tell(_ command: Command, _ record: Record, before: Run?) {
        switch command {
        case .form(_, let generation, let members, let restore):
            ledger.book(segments.isEmpty && incidents.isEmpty ? .queued : .restart, until: now)
            if let open = incidents.lastIndex(where: { $0.isOpen }) {
                incidents[open].restoredStep = restore
                incidents[open].lostSteps = max(0, (incidents[open].step) - restore)
            }
            segments.append(
                Segment(
                    index: segments.count, generation: generation, members: members, restored: restore, formedAt: now))
        case .begin:
            ledger.book(.restart, until: now)
            if !segments.isEmpty { segments[segments.count - 1].began = now }
        case .commit(_, _, let step):
            if case .stepContributed(_, _, let report) = record.event { commit(step, report) }
        case .abort(_, _, let reason): interrupt(reason, before)
        case .finish(_, let outcome):
            self.outcome = outcome
            if !segments.isEmpty, segments[segments.count - 1].end == nil { segments[segments.count - 1].end = now }
        case .startWorker, .evict, .welcome, .refuse, .wait, .saveCheckpoint, .evaluate, .deleteCheckpoint: break
        }
    }

    private mutating func commit(_ step: Int, _ report: StepReport) {
        ledger.book(.checkpoint, atMost: report.profile.snapshot, until: now)
        ledger.book(step > reached ? .productive : .replayed, until: now)
        reached = max(reached, step)
        let segment = segments.count - 1
        segments[segment].lastStep = step
        steps.append(
            StepPoint(
                segment: segment, step: step, at: now, loss: report.loss, gradientNorm: report.gradientNorm,
                learningRate: report.learningRate, tokens: report.tokens, profile: report.profile))
        if let open = incidents.lastIndex(where: { $0.isOpen }), step > incidents[open].step {
            incidents[open].regainedAt = now
        }
        if let open = incidents.lastIndex(where: { $0.isOpen }), incidents[open].resumedAt == nil {
            incidents[open].resumedAt = now
        }
    }

    private mutating func interrupt(_ reason: InterruptionReason, _ before: Run?) {
        var injected: Int?
        var struckAt: Instant?
        if case .workerLost(let worker, _, _) = reason, let drill, drill.worker == worker {
            (injected, struckAt) = (drill.index, drill.at)
            self.drill = nil
        }
        switch before?.phase {
        case .running, .stopping:
            if let struckAt { ledger.book(.replayed, until: struckAt) }
            ledger.book(reason == .coordinatorLost ? .stalled : .detection, until: now)
        default: ledger.book(.restart, until: now)
        }
        if !segments.isEmpty { segments[segments.count - 1].end = now }
        // An interruption before progress was regained belongs to the same trouble, but is an incident of its own.
        for index in incidents.indices where incidents[index].isOpen { incidents[index].regainedAt = now }
        note(.interruption(reason), before, struckAt: struckAt, injection: injected, open: true)
    }

    private mutating func note(
        _ cause: Incident.Cause, _ before: Run?, struckAt: Instant? = nil, injection: Int? = nil, open: Bool = false
    ) {
        incidents.append(
            Incident(
                number: incidents.count + 1, at: struckAt ?? now, detectedAt: now, step: before?.committed ?? 0,
                segment: segments.count - 1, cause: cause, injection: injection, regainedAt: open ? nil : now))
    }

    /// Books the time of events that end no stretch by themselves, so that the mark keeps up with the records.
    private mutating func settle(before: Run?) {
        switch coordinator.run?.phase {
        case .waiting: ledger.book(segments.isEmpty ? .queued : .restart, until: now)
        case .forming: ledger.book(.restart, until: now)
        case .stopping:
            if case .stopping = before?.phase { ledger.book(.checkpoint, until: now) }
        case .over:
            switch before?.phase {
            case .stopping: ledger.book(.checkpoint, until: now)
            case .over, nil: ledger.book(.queued, until: now)
            case .waiting: ledger.book(segments.isEmpty ? .queued : .restart, until: now)
            case .forming, .running: ledger.book(.restart, until: now)
            }
        case .running, nil: break
        }
    }

    /// Equal when the same records were told.
    public static func == (a: RunHistory, b: RunHistory) -> Bool {
        a.coordinator == b.coordinator && a.segments == b.segments && a.steps == b.steps
            && a.evaluations == b.evaluations && a.incidents == b.incidents && a.checkpoints == b.checkpoints
            && a.processes == b.processes && a.ledger == b.ledger && a.outcome == b.outcome && a.now == b.now
    }
}
