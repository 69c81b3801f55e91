// The JSON documents of a run. Field names are their contract: stable, spelled out, units last (`_ns` are nanoseconds,
// `at_ns` since the run was submitted, losses in nats a token), and the properties bear them as they are written, so
// that this file is the description. Refuses to hold what can be computed from its own fields.

import ControlPlane
import Jobs
import Journaling
import Primitives

/// A job: the sizes of its model and gang.
public struct JobEntry: Equatable, Sendable, Codable {
    /// Its name.
    public var name: String
    /// Nodes its gang spans.
    public var nodes: Int
    /// Workers on each node.
    public var workers_per_node: Int
    /// Trained numbers of its model.
    public var parameters: Int
    /// Transformer blocks.
    public var layers: Int
    /// The width of the residual stream.
    public var width: Int
    /// Attention heads in a block.
    public var heads: Int
    /// The length of a training sequence.
    public var context_tokens: Int
    /// Distinct tokens.
    public var vocabulary_size: Int
    /// Tokens in a step.
    public var tokens_per_step: Int

    init(_ job: JobSpec) {
        name = job.name
        nodes = job.nodes
        workers_per_node = job.workersPerNode
        parameters = job.model.parameterCount
        layers = job.model.layers
        width = job.model.width
        heads = job.model.heads
        context_tokens = job.model.contextLength
        vocabulary_size = job.model.vocabularySize
        tokens_per_step = job.tokensPerStep
    }
}

/// One segment.
public struct SegmentEntry: Equatable, Sendable, Codable {
    /// Its number, from 1.
    public var segment: Int
    /// Its gang's generation.
    public var generation: Int
    /// The step whose state it started from.
    public var restored_step: Int
    /// Its first and last committed steps; left out when it committed none.
    public var first_step: Int?
    /// See `first_step`.
    public var last_step: Int?
    /// The last of its steps that was not done again; left out when it committed none or all were.
    public var last_kept_step: Int?
    /// When the gang was formed.
    public var at_ns: Int64
    /// When it began to compute.
    public var began_at_ns: Int64?
    /// When it ended.
    public var ended_at_ns: Int64?
    /// Tokens a second from its begin to its last step.
    public var tokens_per_second: Double?
    /// Why it ended.
    public var ended_because: String?
    /// The gang by rank, as worker addresses.
    public var workers: [String]

    init(_ segment: Segment, _ history: RunHistory, _ bySegment: SegmentSteps) {
        self.segment = segment.index + 1
        generation = segment.generation.number
        restored_step = segment.restored
        first_step = segment.lastStep.map { _ in segment.restored + 1 }
        last_step = segment.lastStep
        last_kept_step = segment.lastStep.map { min($0, bySegment.limits[segment.index]) }
            .flatMap { $0 > segment.restored ? $0 : nil }
        at_ns = (segment.formedAt - history.start).nanoseconds
        began_at_ns = segment.began.map { ($0 - history.start).nanoseconds }
        ended_at_ns = segment.end.map { ($0 - history.start).nanoseconds }
        tokens_per_second = history.tokensPerSecond(of: bySegment.ranges[segment.index], since: segment.began)
        ended_because = history.endText(segment, atLength: true)
        workers = segment.members.map(\.worker.description)
    }
}

/// One incident.
public struct IncidentEntry: Equatable, Sendable, Codable {
    /// `I-0001`.
    public var id: String
    /// When the fault struck; for an accident, when it was detected.
    public var at_ns: Int64
    /// When it was detected.
    public var detected_at_ns: Int64
    /// The last committed step before it.
    public var step: Int
    /// The segment it ended, from 1; left out when none had begun.
    public var segment: Int?
    /// Where it struck: `rank 2 laptop/2`; left out when it struck no worker in particular.
    public var place: String?
    /// Ranks of the same gang that were lost with it; left out where there are none.
    public var also_lost_ranks: [Int]?
    /// What happened, as a sentence.
    public var cause: String
    /// Whether it was a drill.
    public var is_injected: Bool
    /// What was done about it.
    public var action: String
    /// What else could have been done, and why it was not; left out where nothing was decided about the loss.
    public var alternatives: [String]?
    /// The step whose state the next gang restored.
    public var restored_step: Int?
    /// Committed steps that had to be done again.
    public var lost_steps: Int
    /// Micro-batches of the interrupted step that survivors had computed and did not compute again; left out where it is 0.
    public var kept_micro_batches: Int?
    /// When the next step of any number was committed.
    public var resumed_at_ns: Int64?
    /// When progress was regained; left out while it is not.
    public var regained_at_ns: Int64?
    /// From the fault to progress regained.
    public var downtime_ns: Int64?
    /// What it cost, by item of the ledger; left out where it cost no time.
    public var cost: CostEntry?

    init(_ incident: Incident, _ history: RunHistory) {
        id = incident.name
        at_ns = (incident.at - history.start).nanoseconds
        detected_at_ns = (incident.detectedAt - history.start).nanoseconds
        step = incident.step
        segment = incident.segment < 0 ? nil : incident.segment + 1
        place = incident.place == "-" ? nil : incident.place
        also_lost_ranks = incident.alsoLost.isEmpty ? nil : incident.alsoLost.map(\.rank)
        cause = incident.sentence
        is_injected = incident.injection != nil
        action = history.action(on: incident)
        alternatives = incident.verdictOnLoss?.alternatives
        restored_step = incident.restoredStep
        lost_steps = incident.lostSteps
        kept_micro_batches = incident.keptMicroBatches == 0 ? nil : incident.keptMicroBatches
        resumed_at_ns = incident.resumedAt.map { ($0 - history.start).nanoseconds }
        regained_at_ns = incident.regainedAt.map { ($0 - history.start).nanoseconds }
        downtime_ns = incident.downtime?.nanoseconds
        cost = incident.cost.total > .zero ? CostEntry(incident.cost) : nil
    }
}

/// Time that was lost, by item of the ledger; an item of no time is left out. The costs of all incidents and what
/// was lost outside of incidents add up to the ledger, item by item.
public struct CostEntry: Equatable, Sendable, Codable {
    /// The sum of the items.
    public var total_ns: Int64
    /// From a fault to its detection; from the last commit, where nobody knows when the fault struck.
    public var detection_ns: Int64?
    /// Starting processes and restoring state, also that of a gang which grew back to its size.
    public var restart_ns: Int64?
    /// Steps done again, whenever that was, and the part of a step that was thrown away.
    public var replayed_ns: Int64?
    /// Snapshots and last saves.
    public var checkpoint_ns: Int64?
    /// No coordinator.
    public var stalled_ns: Int64?
    /// No gang yet, or the run had ended.
    public var queued_ns: Int64?

    init(_ time: TimeByItem) {
        func part(_ item: LedgerItem) -> Int64? { time[item] > .zero ? time[item].nanoseconds : nil }
        total_ns = time.total.nanoseconds
        detection_ns = part(.detection)
        restart_ns = part(.restart)
        replayed_ns = part(.replayed)
        checkpoint_ns = part(.checkpoint)
        stalled_ns = part(.stalled)
        queued_ns = part(.queued)
    }
}

/// One durable checkpoint.
public struct CheckpointEntry: Equatable, Sendable, Codable {
    /// The steps whose effect it holds.
    public var step: Int
    /// The segment that wrote it, from 1.
    public var segment: Int
    /// When it was known to be durable.
    public var at_ns: Int64
    /// Its size on disk.
    public var size_bytes: Int64
    /// How long writing took, beside the training.
    public var write_ns: Int64
    /// The SHA-256 of its weights.
    public var weights_sha256: String

    init(_ point: CheckpointPoint, _ history: RunHistory) {
        step = point.step
        segment = point.segment + 1
        at_ns = (point.at - history.start).nanoseconds
        size_bytes = point.size.bytes
        write_ns = point.took.nanoseconds
        weights_sha256 = point.weightsSHA256
    }
}

/// One worker process.
public struct WorkerEntry: Equatable, Sendable, Codable {
    /// Its slot.
    public var worker: String
    /// Its node.
    public var node: String
    /// Its incarnation.
    public var incarnation: Int
    /// Its process on its node.
    public var pid: Int
    /// What its arithmetic depends on.
    public var numerics: String
    /// The rank it had last; left out when it never had one.
    public var rank: Int?
    /// When it joined.
    public var joined_at_ns: Int64
    /// When it was lost.
    public var lost_at_ns: Int64?
    /// How it was lost.
    public var lost_because: String?

    init(_ process: WorkerProcess, _ history: RunHistory) {
        worker = process.worker.description
        node = process.node.name
        incarnation = process.incarnation.number
        pid = process.processID
        numerics = process.numerics
        rank = history.rank(of: process)
        joined_at_ns = (process.joinedAt - history.start).nanoseconds
        lost_at_ns = process.lostAt.map { ($0 - history.start).nanoseconds }
        lost_because = process.lost?.sentence
    }
}

/// Where a run's time went, in nanoseconds; the items add up to `elapsed_ns`. The items are LedgerItem's.
public struct LedgerEntry: Equatable, Sendable, Codable {
    /// All of the time.
    public var elapsed_ns: Int64
    /// Steps that raised the highest committed step.
    public var productive_ns: Int64
    /// Steps done again, and parts of steps thrown away.
    public var replayed_ns: Int64
    /// No coordinator.
    public var stalled_ns: Int64
    /// From a fault to its detection.
    public var detection_ns: Int64
    /// Starting processes and restoring state.
    public var restart_ns: Int64
    /// Snapshots that training waited for.
    public var checkpoint_ns: Int64
    /// No gang yet, or the run had ended.
    public var queued_ns: Int64

    init(_ ledger: Ledger) {
        elapsed_ns = ledger.elapsed.nanoseconds
        productive_ns = ledger[.productive].nanoseconds
        replayed_ns = ledger[.replayed].nanoseconds
        stalled_ns = ledger[.stalled].nanoseconds
        detection_ns = ledger[.detection].nanoseconds
        restart_ns = ledger[.restart].nanoseconds
        checkpoint_ns = ledger[.checkpoint].nanoseconds
        queued_ns = ledger[.queued].nanoseconds
    }
}
