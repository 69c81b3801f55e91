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

/// What could have been different.
public enum Alternative: Equatable, Sendable {
    /// The job asks for this many GPUs and runs the longer for it, as data-parallel jobs do.
    case gpus(Int)
    /// Another policy.
    case policy(String)
    /// This many more nodes in the first pool.
    case moreNodes(Int)
    /// The job is this much more important.
    case priority(Int)
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

/// Explains `job` of `trace`, an index, under `options`.
public func explain(_ job: Int, of trace: Trace, _ options: ReplayOptions) -> Explanation {
    var engine = ReplayEngine(trace, options)
    engine.watched = job
    let result = engine.run()
    let alternatives = alternatives(for: job, of: trace, options).map { alternative, changedTrace, changed in
        let other = replay(changedTrace, changed)
        return AlternativeOutcome(
            alternative: alternative, started: other.outcomes[job].started, ended: other.outcomes[job].ended,
            meanJCTOfOthers: differenceForOthers(than: job, trace, result, other))
    }
    return Explanation(
        job: job, outcome: result.outcomes[job], reasons: engine.reasons, alternatives: alternatives)
}

private func alternatives(
    for job: Int, of trace: Trace, _ options: ReplayOptions
) -> [(Alternative, Trace, ReplayOptions)] {
    var found: [(Alternative, Trace, ReplayOptions)] = []
    let asked = trace.jobs[job]
    if asked.gpus > 1 {
        let half = asked.gpus / 2
        let longer = TimeSpan.seconds(asked.duration.seconds * Double(asked.gpus) / Double(half))
        found.append((.gpus(half), trace.replacing(job) { ($0.gpus, $0.duration) = (half, longer) }, options))
    }
    if case .priority = options.policy.order {
        let raised = asked.priority + 1
        found.append((.priority(raised), trace.replacing(job) { $0.priority = raised }, options))
    }
    for name in ["easy", "srtf"] where name != options.policy.name {
        guard let policy = Policy.named(name) else { continue }
        var changed = options
        changed.policy = policy
        found.append((.policy(name), trace, changed))
    }
    var larger = options
    let pool = options.pools[0]
    let more = max(1, pool.nodeCount / 10)
    larger.pools[0] = pool.larger(by: more)
    found.append((.moreNodes(more), trace, larger))
    return found
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

extension Trace {
    /// The same jobs but for a change of one that leaves its submission as it is.
    func replacing(_ job: Int, _ change: (inout TraceJob) -> Void) -> Trace {
        var changed = jobs
        change(&changed[job])
        return Trace(jobs: changed, teams: teams)
    }
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
