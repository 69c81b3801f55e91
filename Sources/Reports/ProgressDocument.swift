// How a run that goes on stands at an instant, as a document: the figures of the live view. Refuses the curve and what is
// over; the documents of the run and of its incidents have those.

import ControlPlane
import Journaling
import Primitives

/// How a run stands.
public struct ProgressDocument: Equatable, Sendable, Codable {
    /// What a step's time went to: for each part the mean of what the slowest member took, so that parts may add up to more
    /// than the step.
    public struct Parts: Equatable, Sendable, Codable {
        /// Forward and backward passes.
        public var compute_ns: Int64
        /// Adding up gradients among the members.
        public var exchange_ns: Int64
        /// The optimizer.
        public var update_ns: Int64
        /// Copying the state for a checkpoint.
        public var snapshot_ns: Int64
        /// Evaluating.
        public var evaluation_ns: Int64

        init(_ profile: StepProfile) {
            compute_ns = profile.compute.nanoseconds
            exchange_ns = profile.exchange.nanoseconds
            update_ns = profile.update.nanoseconds
            snapshot_ns = profile.snapshot.nanoseconds
            evaluation_ns = profile.evaluation.nanoseconds
        }
    }

    /// A worker slot, and who is in it.
    public struct Slot: Equatable, Sendable, Codable {
        /// Its address.
        public var worker: String
        /// Its rank in the gang; left out when it has none.
        public var rank: Int?
        /// Its process on its node; left out when none has joined.
        public var pid: Int?
        /// How it stands, as words.
        public var state: String
    }

    /// `understudy/progress/v1`.
    public var schema = DocumentSchema.progress
    /// The run's name.
    public var run: String
    /// What it is doing.
    public var state: RunState
    /// Why it is in that state.
    public var reason: String
    /// The newest segment, from 1; 0 before the first.
    public var segment: Int
    /// From submission to the instant that the document is of.
    public var elapsed_ns: Int64
    /// The last step that counts.
    public var step: Int
    /// Steps until the run is complete; 0 when no job was submitted.
    public var steps: Int
    /// Until the last step at the present pace; left out when nothing computes.
    public var remaining_ns: Int64?
    /// The same with the interruptions that are to be expected: 19 of 20 runs as this one has been so far end sooner.
    public var remaining_p95_ns: Int64?
    /// The last training loss that counts.
    public var training_loss_nats: Double?
    /// The exponential mean of the last losses that count, 5 % a step.
    public var mean_training_loss_nats: Double?
    /// The last learning rate.
    public var learning_rate: Double?
    /// The last norm of the gradient before clipping.
    public var gradient_norm: Double?
    /// Tokens of the steps that count.
    public var tokens: Int
    /// Tokens a second over the last steps of the current segment.
    public var tokens_per_second: Double?
    /// The mean time of those steps, from commit to commit.
    public var step_ns: Int64?
    /// What that time went to.
    public var step_parts: Parts?
    /// Effective training time ratio so far, queueing left out.
    public var ettr: Double?
    /// Where the time went.
    public var ledger: LedgerEntry
    /// How many incidents it had.
    public var incident_count: Int
    /// The last of them, newest first; three at most.
    public var last_incidents: [IncidentEntry]
    /// Its worker slots: first the gang by rank, then the others; none when the run is over.
    public var workers: [Slot]

    /// How `source` stands at `now`, the instant of the reader and not of the last record.
    public init(_ source: RunSource, now: Instant) {
        let history = source.history
        let figures = LiveFigures(history, at: now)
        run = source.name
        state = source.state
        reason = source.reason
        segment = figures.segment
        elapsed_ns = figures.elapsed.nanoseconds
        step = figures.step
        steps = figures.steps
        remaining_ns = figures.remaining?.nanoseconds
        remaining_p95_ns = figures.remainingP95?.nanoseconds
        training_loss_nats = figures.loss
        mean_training_loss_nats = figures.meanLoss
        learning_rate = figures.learningRate
        gradient_norm = figures.gradientNorm
        tokens = figures.tokens
        tokens_per_second = figures.tokensPerSecond
        step_ns = figures.stepTime?.nanoseconds
        step_parts = figures.profile.map(Parts.init)
        ettr = figures.effectiveTrainingTimeRatio
        ledger = LedgerEntry(history.ledger)
        incident_count = history.incidents.count
        last_incidents = history.lastIncidents.map { IncidentEntry($0, history) }
        workers = history.slotStates(limit: .max).map {
            Slot(worker: $0.worker.description, rank: $0.rank, pid: $0.process?.processID, state: $0.text)
        }
    }
}
