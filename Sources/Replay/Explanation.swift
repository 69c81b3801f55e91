// Why a job of a replay waited, and what would have helped: the reasons that the scheduler gave at each decision, and
// the replay done again with one thing changed at a time. Refuses to estimate; each answer is a whole replay.

import Primitives
import Scheduling

/// A reason and since when it held.
public struct TimedReason: Equatable, Sendable {
    /// Since when.
    public var at: Instant
    /// The reason.
    public var reason: PendingReason
}

/// What came of an alternative.
public struct AlternativeOutcome: Equatable, Sendable {
    /// The alternative.
    public var alternative: Alternative
    /// When the job would have started; nil for never.
    public var started: Instant?
    /// When it would have ended; nil for never.
    public var ended: Instant?
    /// The mean completion time of all other jobs that ended both ways, minus what it was, in seconds.
    public var meanJCTOfOthers: Double
}

/// Why a job waited.
public struct Explanation: Equatable, Sendable {
    /// The job, an index into the trace.
    public var job: Int
    /// What became of it.
    public var outcome: JobOutcome
    /// The reasons while it waited, each from the decision at which it became another; figures inside one may change.
    public var reasons: [TimedReason]
    /// What would have helped or not, in the order tried.
    public var alternatives: [AlternativeOutcome]
}

/// Explains `job` of `trace`, an index, under `options`: why it waited, and what would have come of each of
/// `alternatives`, of those that `usualAlternatives` gives when there are none.
public func explain(
    _ job: Int, of trace: Trace, _ options: ReplayOptions, alternatives: [Alternative] = []
) -> Explanation {
    var engine = ReplayEngine(trace, options)
    engine.watched = job
    let result = engine.run()
    let tried = alternatives.isEmpty ? usualAlternatives(for: job, of: trace, options) : alternatives
    let outcomes = tried.map { alternative in
        let (changedTrace, changed) = alternative.applied(to: job, of: trace, options)
        let other = replay(changedTrace, changed)
        return AlternativeOutcome(
            alternative: alternative, started: other.outcomes[job].started, ended: other.outcomes[job].ended,
            meanJCTOfOthers: differenceForOthers(than: job, trace, result, other))
    }
    return Explanation(job: job, outcome: result.outcomes[job], reasons: engine.reasons, alternatives: outcomes)
}

private func differenceForOthers(than job: Int, _ trace: Trace, _ a: ReplayResult, _ b: ReplayResult) -> Double {
    var (sum, count) = (0.0, 0)
    for other in trace.jobs.indices where other != job {
        guard let before = a.outcomes[other].ended, let after = b.outcomes[other].ended else { continue }
        sum += (after - before).seconds
        count += 1
    }
    return count == 0 ? 0 : sum / Double(count)
}

extension PendingReason {
    /// Whether `other` is the same kind of reason about the same job: free GPUs may come and go meanwhile.
    func isLike(_ other: PendingReason) -> Bool {
        switch (self, other) {
        case (.behind(let a), .behind(let b)), (.reserved(let a, _), .reserved(let b, _)): a == b
        case (.reservation, .reservation): self == other
        default: word == other.word
        }
    }
}
