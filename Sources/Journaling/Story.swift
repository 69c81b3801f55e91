// The parts of a run's story. See RunHistory.swift, which tells them from the records.

import ControlPlane
import Primitives

/// A maximal stretch of a run with one gang: the unit that has one colour in the loss plot.
public struct Segment: Equatable, Sendable {
    /// Its place among the run's segments, from 0.
    public var index: Int
    /// The gang's generation.
    public var generation: Generation
    /// The gang, by rank.
    public var members: [Member]
    /// How many workers the gang was wanted to have when it was formed.
    public var wanted: Int
    /// The step whose state it started from; its first step is the one after.
    public var restored: Int
    /// Whether its state came from members of the gang before, and not from a checkpoint or the start.
    public var isFromMembers: Bool
    /// Which batches its steps took, and how its learning rate was scaled.
    public var course: Course
    /// When the gang was formed.
    public var formedAt: Instant
    /// When its members had restored and began to compute; nil when they never did.
    public var began: Instant?
    /// The last step it committed; nil when it committed none.
    public var lastStep: Int?
    /// When it ended, which for a lost coordinator is its last record; nil while it goes on.
    public var end: Instant?
    /// Whether it ended because a larger gang took its place.
    public var hasGrown = false
    /// The size of the gang that took its place because somebody asked for another size; nil where nobody did.
    public var resizedTo: Int?

    init(
        index: Int, generation: Generation, members: [Member], restored: Int, wanted: Int, isFromMembers: Bool,
        course: Course, formedAt: Instant
    ) {
        self.wanted = wanted
        self.index = index
        self.generation = generation
        self.members = members
        self.restored = restored
        self.isFromMembers = isFromMembers
        self.course = course
        self.formedAt = formedAt
    }
}

/// A committed step.
public struct StepPoint: Equatable, Sendable {
    /// The index of its segment.
    public var segment: Int
    /// The step's number.
    public var step: Int
    /// When it was committed.
    public var at: Instant
    /// The training loss, in nats a token.
    public var loss: Double
    /// The norm of the mean gradient before clipping.
    public var gradientNorm: Double
    /// The learning rate.
    public var learningRate: Double
    /// Tokens in the step.
    public var tokens: Int
    /// Where its time went.
    public var profile: StepProfile
    /// How many steps it stands for, itself and those before it that are not listed: 1 unless a world reported a range.
    public var stepsCovered = 1
}

/// A measured validation loss.
public struct EvaluationPoint: Equatable, Sendable {
    /// The index of its segment.
    public var segment: Int
    /// The step after which it was measured.
    public var step: Int
    /// When it was known.
    public var at: Instant
    /// The loss, in nats a token.
    public var loss: Double
}

/// A checkpoint that became durable.
public struct CheckpointPoint: Equatable, Sendable {
    /// The index of the segment that wrote it.
    public var segment: Int
    /// The steps whose effect it holds.
    public var step: Int
    /// When it was known to be durable.
    public var at: Instant
    /// The SHA-256 of its weights.
    public var weightsSHA256: String
    /// Its size on disk.
    public var size: ByteCount
    /// How long writing took, beside the training.
    public var took: TimeSpan
}

/// A worker process that joined.
public struct WorkerProcess: Equatable, Sendable {
    /// Its slot.
    public var worker: WorkerID
    /// Its incarnation.
    public var incarnation: Incarnation
    /// Its machine.
    public var node: NodeID
    /// Its process there.
    public var processID: Int
    /// What its arithmetic depends on.
    public var numerics: String
    /// When it joined.
    public var joinedAt: Instant
    /// When it was lost; nil while it lives.
    public var lostAt: Instant?
    /// How it was lost.
    public var lost: LossCause?

    init(
        worker: WorkerID, incarnation: Incarnation, node: NodeID, processID: Int, numerics: String, joinedAt: Instant
    ) {
        self.worker = worker
        self.incarnation = incarnation
        self.node = node
        self.processID = processID
        self.numerics = numerics
        self.joinedAt = joinedAt
    }
}

/// A span from an interruption to progress regained; or a failure that interrupted nothing.
public struct Incident: Equatable, Sendable {
    /// What went wrong.
    public enum Cause: Equatable, Sendable {
        /// A generation ended before its time.
        case interruption(InterruptionReason)
        /// A process ended before it joined.
        case startFailed(worker: WorkerID, how: LossCause)
        /// A checkpoint could not be written; training went on.
        case checkpointFailed(step: Int, reason: String)
        /// A drill that interrupted nothing, as far as is known yet: what was done, and to whom.
        case drill(what: String, worker: WorkerID?)
        /// A member is slow, and stays.
        case straggler(StragglerReport)
        /// The policy against loss spikes decided something.
        case lossSpike(SpikeDecision)
    }

    /// A member that was lost with the first one.
    public struct Loss: Equatable, Sendable {
        /// Its slot.
        public var worker: WorkerID
        /// Its rank in the gang that the incident ended.
        public var rank: Int
        /// How it was lost.
        public var how: LossCause
        /// The number of the run's drill that caused it; nil for an accident.
        public var injection: Int?
    }

    /// How long after the fault a further member may be lost by it, as far as anybody can tell: about what it takes to
    /// find out that a machine is gone.
    public static let window = TimeSpan.seconds(Int64(1))

    /// Its number in the run, from 1.
    public var number: Int
    /// When the fault struck, as far as is known: the instant of the drill, of the lost coordinator's last record, else
    /// of the detection.
    public var at: Instant
    /// When it was detected.
    public var detectedAt: Instant
    /// The last committed step before it.
    public var step: Int
    /// The index of the segment it ended; -1 when none had begun.
    public var segment: Int
    /// What went wrong.
    public var cause: Cause
    /// The number of the run's drill that caused it; nil for an accident.
    public var injection: Int?
    /// What was decided about the loss and ended the gang; nil where the loss was not the reason.
    public internal(set) var decision: SpikeDecision?
    /// The step whose state the next gang restored; nil before it was formed.
    public var restoredStep: Int?
    /// Committed steps that had to be done again.
    public var lostSteps = 0
    /// Micro-batches of the interrupted step that survivors had computed and did not compute again.
    public internal(set) var keptMicroBatches = 0
    /// When the next step of any number was committed.
    public var resumedAt: Instant?
    /// When a step beyond `step` was committed, or a further interruption cut the recovery short.
    public var regainedAt: Instant?
    /// What it cost the run, by item of the ledger: steps that it threw away are booked here when they are done again,
    /// and so is the restart of a gang that grows back to its size. The costs of all incidents and
    /// `RunHistory.outsideIncidents` add up to the ledger's losses.
    public internal(set) var cost = TimeByItem()
    /// The part of `cost` that was a step in the making, thrown away before it counted.
    public internal(set) var tornStep = TimeSpan.zero

    init(
        number: Int, at: Instant, detectedAt: Instant, step: Int, segment: Int, cause: Cause, injection: Int?,
        regainedAt: Instant?
    ) {
        self.number = number
        self.at = at
        self.detectedAt = detectedAt
        self.step = step
        self.segment = segment
        self.cause = cause
        self.injection = injection
        self.regainedAt = regainedAt
    }

    /// Members of the same gang that were lost within `window`: one incident, answered by one recovery.
    public internal(set) var alsoLost: [Loss] = []

    /// Whether progress has not been regained.
    public var isOpen: Bool { regainedAt == nil }
    /// Whether a member was lost.
    var isLoss: Bool { if case .interruption(.workerLost) = cause { true } else { false } }
    /// `I-0001`.
    public var name: String { "I-" + String(repeating: "0", count: max(0, 4 - String(number).count)) + String(number) }
    /// From the fault to progress regained; nil while it is open.
    public var downtime: TimeSpan? { regainedAt.map { $0 - at } }

    /// What was decided about the loss, whether it ended the gang or not; nil where the loss was not the reason.
    public var verdictOnLoss: SpikeDecision? {
        if case .lossSpike(let decision) = cause { decision } else { decision }
    }

    /// What happened, as a sentence.
    public var sentence: String {
        switch cause {
        case .interruption(let reason):
            ([decision?.sentence ?? reason.sentence]
                + alsoLost.map { "rank \($0.rank) (\($0.worker)) \($0.how.sentence)" }).joined(separator: "; ")
        case .startFailed(let worker, let how): "the worker process of \(worker) \(how.sentence) before it joined"
        case .drill(let what, _): what
        case .checkpointFailed(let step, let reason): "the checkpoint of step \(step) could not be written: \(reason)"
        case .straggler(let report): report.sentence
        case .lossSpike(let decision): decision.sentence
        }
    }
}
