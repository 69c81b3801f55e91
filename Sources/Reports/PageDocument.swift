// All that the page of a run shows, as one document: what the report file carries inside it and what the dashboard
// serves. It repeats entries of the other documents and adds the curve, the accounts of incidents and the rows of
// the Gantt chart. Refuses to grow with the number of steps: the curve is bounded, everything else grows with incidents.

import ControlPlane
import Journaling
import Primitives

/// A measured validation loss.
public struct EvaluationEntry: Equatable, Sendable, Codable {
    /// The segment that measured it, from 1.
    public var segment: Int
    /// The step after which it was measured.
    public var step: Int
    /// When it was known, in nanoseconds since the run was submitted.
    public var at_ns: Int64
    /// The loss, in nats a token.
    public var loss: Double
}

/// The document behind the page of one run.
public struct PageDocument: Equatable, Sendable, Codable {
    /// `understudy/page/v2`.
    public var schema = DocumentSchema.page
    /// Its figures.
    public var run: RunEntry
    /// The cluster's name.
    public var cluster: String?
    /// The job, as far as figures depend on it.
    public var job: JobEntry?
    /// Workers the run holds, one accelerator each: time multiplied by it is accelerator time.
    public var workers: Int
    /// What one worker costs, in US dollars an hour; left out when it is not known or nothing.
    public var usd_per_worker_hour: Double?
    /// Where the time went.
    public var ledger: LedgerEntry
    /// The part of it that was lost to no incident: coming up, snapshots, queueing, the last save.
    public var outside_incidents: CostEntry
    /// What the phrases of segments and incidents are made from; see `Phrases`: a phrase is the place of a pattern, from 0,
    /// and the words to put for its `#`, a space between any two.
    public var patterns: [String]
    /// Its segments, without the names of their workers, which are in `rows`.
    public var segments: PageSegments
    /// The training loss.
    public var curve: Curve
    /// The validation losses.
    public var evaluations: [EvaluationEntry]
    /// The steps of its durable checkpoints.
    public var checkpoint_steps: [Int]
    /// When each of them became durable.
    public var checkpoint_at_ns: [Int64]
    /// Its incidents.
    public var incidents: PageIncidents
    /// What every worker slot was doing when.
    public var rows: [TimelineRow]

    /// The points of a curve that are enough for a page: more than a screen has columns, few enough to be mailed.
    public static let points = 6_000

    /// The document of `source`.
    public init(_ source: RunSource, points: Int = PageDocument.points) {
        let history = source.history
        var phrases = Phrases()
        run = RunEntry(source)
        cluster = source.cluster
        job = source.job.map { JobEntry($0) }
        workers = history.plan?.workers ?? 0
        usd_per_worker_hour = source.dollarsPerWorkerHour.flatMap { $0 > 0 ? $0 : nil }
        ledger = LedgerEntry(history.ledger)
        outside_incidents = CostEntry(history.outsideIncidents)
        segments = PageSegments(history, &phrases)
        incidents = PageIncidents(history, &phrases)
        patterns = phrases.patterns
        curve = Curve(history, points: points)
        evaluations = history.evaluations.map {
            EvaluationEntry(
                segment: $0.segment + 1, step: $0.step, at_ns: ($0.at - history.start).nanoseconds, loss: $0.loss)
        }
        checkpoint_steps = history.checkpoints.map(\.step)
        checkpoint_at_ns = history.checkpoints.map { ($0.at - history.start).nanoseconds }
        rows = TimelineRow.rows(of: history)
    }
}
