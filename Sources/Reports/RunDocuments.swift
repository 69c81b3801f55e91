// The JSON documents that commands print, each with its schema; see Documents.swift for their entries.

import ControlPlane
import Jobs
import Journaling
import Primitives

/// The figures of one run: an entry of the list of runs, and the head of its own document.
public struct RunEntry: Equatable, Sendable, Codable {
    /// The run's name.
    public var name: String
    /// What it is doing: a `RunState`, or `unreadable`.
    public var state: String
    /// Why it is in that state.
    public var reason: String
    /// The last step that counts.
    public var step: Int?
    /// Steps until it is complete.
    public var steps: Int?
    /// Tokens of the steps that count.
    public var tokens: Int?
    /// The last training loss that counts.
    public var training_loss_nats: Double?
    /// The same in bits a byte, where a token is a byte.
    public var training_loss_bits_per_byte: Double?
    /// The last validation loss that counts.
    public var validation_loss_nats: Double?
    /// The same in bits a byte, where a token is a byte.
    public var validation_loss_bits_per_byte: Double?
    /// Tokens a second over productive time.
    public var tokens_per_second: Double?
    /// Effective training time ratio, queueing left out.
    public var ettr: Double?
    /// How many segments it has.
    public var segment_count: Int?
    /// How many incidents it had.
    public var incident_count: Int?
    /// When it was submitted, by its host's clock, in nanoseconds since 1970.
    public var submitted_unix_ns: Int64?
    /// From submission to the last record.
    public var elapsed_ns: Int64?

    /// The figures of `source`.
    public init(_ source: RunSource) {
        let history = source.history
        let vocabulary = source.job?.model.vocabularySize
        name = source.name
        state = source.state.rawValue
        reason = source.reason
        step = history.committed
        steps = history.plan?.steps
        tokens = history.tokens
        training_loss_nats = history.lastStep?.loss
        training_loss_bits_per_byte = training_loss_nats.flatMap { bitsPerByte(nats: $0, vocabulary: vocabulary) }
        validation_loss_nats = history.lastEvaluation?.loss
        validation_loss_bits_per_byte = validation_loss_nats.flatMap { bitsPerByte(nats: $0, vocabulary: vocabulary) }
        tokens_per_second = history.productiveTokensPerSecond
        ettr = history.ledger.effectiveTrainingTimeRatio
        segment_count = history.segments.count
        incident_count = history.incidents.count
        submitted_unix_ns = history.run == nil ? nil : history.submittedWall
        elapsed_ns = history.ledger.elapsed.nanoseconds
    }

    /// A run whose journal cannot be read.
    public init(unreadable name: String, reason: String) {
        self.name = name
        state = "unreadable"
        self.reason = reason
    }
}

/// The document of a list of runs.
public struct RunsDocument: Equatable, Sendable, Codable {
    /// `understudy/runs/v1`.
    public var schema = DocumentSchema.runs
    /// The runs.
    public var runs: [RunEntry]

    /// The document of `runs`, in the order given.
    public init(_ runs: [ListedRun]) {
        self.runs = runs.map(\.entry)
    }
}

/// The document of one run: everything but its steps.
public struct RunDocument: Equatable, Sendable, Codable {
    /// `understudy/run/v1`.
    public var schema = DocumentSchema.run
    /// Its figures.
    public var run: RunEntry
    /// The cluster's name.
    public var cluster: String?
    /// The job, as far as figures depend on it; the run's folder holds all of it.
    public var job: JobEntry?
    /// Where it lies on disk.
    public var folder: String?
    /// Where the newest checkpoint's weights lie.
    public var weights: String?
    /// The SHA-256 of those weights.
    public var weights_sha256: String?
    /// Where the time went.
    public var ledger: LedgerEntry
    /// Its segments.
    public var segments: [SegmentEntry]
    /// Its incidents.
    public var incidents: [IncidentEntry]
    /// Its checkpoints that became durable, also those that are gone.
    public var checkpoints: [CheckpointEntry]
    /// Its worker processes.
    public var workers: [WorkerEntry]

    /// The document of `source`.
    public init(_ source: RunSource) {
        let history = source.history
        let bySegment = SegmentSteps(history)
        run = RunEntry(source)
        cluster = source.cluster
        job = source.job.map { JobEntry($0) }
        folder = source.folder
        weights = source.weights
        weights_sha256 = history.coordinator.run?.checkpoints.last?.weightsSHA256
        ledger = LedgerEntry(history.ledger)
        segments = history.segments.map { SegmentEntry($0, history, bySegment) }
        incidents = history.incidents.map { IncidentEntry($0, history) }
        checkpoints = history.checkpoints.map { CheckpointEntry($0, history) }
        workers = history.processes.map { WorkerEntry($0, history) }
    }
}

/// The document of a run's incidents.
public struct IncidentsDocument: Equatable, Sendable, Codable {
    /// `understudy/incidents/v1`.
    public var schema = DocumentSchema.incidents
    /// The run's name.
    public var run: String
    /// The incidents.
    public var incidents: [IncidentEntry]

    /// The document of `source`'s incidents in `order`.
    public init(_ source: RunSource, by order: IncidentOrder = .time) {
        run = source.name
        incidents = source.history.incidents.ordered(by: order).map { IncidentEntry($0, source.history) }
    }
}

/// The document of a run's segments.
public struct SegmentsDocument: Equatable, Sendable, Codable {
    /// `understudy/segments/v1`.
    public var schema = DocumentSchema.segments
    /// The run's name.
    public var run: String
    /// The segments.
    public var segments: [SegmentEntry]

    /// The document of `source`'s segments.
    public init(_ source: RunSource) {
        run = source.name
        let bySegment = SegmentSteps(source.history)
        segments = source.history.segments.map { SegmentEntry($0, source.history, bySegment) }
    }
}

/// The document of a run's timeline.
public struct TimelineDocument: Equatable, Sendable, Codable {
    /// A stretch of one activity of one worker slot; an instant has equal ends.
    public struct Entry: Equatable, Sendable, Codable {
        /// The slot.
        public var worker: String
        /// What it was doing.
        public var activity: Activity
        /// From when.
        public var from_ns: Int64
        /// Until when.
        public var to_ns: Int64
        /// The segment it belongs to, from 1.
        public var segment: Int?
        /// The incident it belongs to.
        public var incident: String?
    }

    /// `understudy/timeline/v1`.
    public var schema = DocumentSchema.timeline
    /// The run's name.
    public var run: String
    /// The spans, by slot, then by begin.
    public var spans: [Entry]

    /// The document of `source`'s timeline, or of the spans of it that reach into a window.
    public init(_ source: RunSource, from: Instant? = nil, to: Instant? = nil) {
        let history = source.history
        run = source.name
        let shown = Timeline(history).spans.filter { $0.to >= from ?? $0.to && $0.from <= to ?? $0.from }
        spans = shown.map { span in
            Entry(
                worker: span.worker.description, activity: span.activity,
                from_ns: (span.from - history.start).nanoseconds, to_ns: (span.to - history.start).nanoseconds,
                segment: span.segment.map { $0 + 1 },
                incident: span.incident.flatMap { number in history.incidents.first { $0.number == number }?.name })
        }
    }
}
