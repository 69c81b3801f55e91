// Why a job of a trace waited, as a JSON document and as text. Times are seconds of the trace's clock. Refuses to
// advise beyond what was replayed.

import Primitives
import Replay
import Scheduling

/// Why a job waited.
public struct ExplanationDocument: Equatable, Sendable, Codable {
    /// A reason and since when it held.
    public struct Reason: Equatable, Sendable, Codable {
        /// Since when.
        public var at_s: Double
        /// One word, as squeue has it.
        public var word: String
        /// A sentence.
        public var text: String
    }

    /// Something that could have been different.
    public struct Alternative: Equatable, Sendable, Codable {
        /// What.
        public var change: String
        /// When the job would have started; left out for never.
        public var started_s: Double?
        /// By how much earlier it would have ended; negative for later, left out for never.
        public var earlier_by_s: Double?
        /// How much longer the other jobs would have taken in the mean; negative for shorter.
        public var others_longer_by_s: Double
    }

    /// Names the kind of document and its version.
    public var schema = DocumentSchema.explanation
    /// The job's name.
    public var job: String
    /// The policy.
    public var policy: String
    /// GPUs that it asks for.
    public var gpus: Int
    /// When it was submitted, started and ended; the latter two left out where that never was.
    public var submitted_s: Double
    /// See `submitted_s`.
    public var started_s: Double?
    /// See `submitted_s`.
    public var ended_s: Double?
    /// How long it was queued in all.
    public var queued_s: Double
    /// Why, one after the other.
    public var reasons: [Reason]
    /// What would have helped, and what would not.
    public var alternatives: [Alternative]

    /// The document of `explanation`.
    public init(_ explanation: Explanation, _ trace: Trace, policy: String) {
        let job = trace.jobs[explanation.job]
        self.job = job.name
        self.policy = policy
        gpus = job.gpus
        submitted_s = (job.submitted - .zero).seconds
        started_s = explanation.outcome.started.map { ($0 - .zero).seconds }
        ended_s = explanation.outcome.ended.map { ($0 - .zero).seconds }
        queued_s = explanation.outcome.queued.seconds
        reasons = explanation.reasons.map {
            Reason(at_s: ($0.at - .zero).seconds, word: $0.reason.word, text: sentence($0.reason, trace))
        }
        alternatives = explanation.alternatives.map { other in
            Alternative(
                change: sentence(other.alternative, trace), started_s: other.started.map { ($0 - .zero).seconds },
                earlier_by_s: explanation.outcome.ended.flatMap { end in other.ended.map { (end - $0).seconds } },
                others_longer_by_s: other.meanJCTOfOthers)
        }
    }
}

/// `document` as text.
public func explanationLines(_ document: ExplanationDocument) -> [String] {
    func span(_ seconds: Double) -> String { TimeSpan.seconds(seconds).description }
    let state =
        document.started_s.map { "started after \(span($0 - document.submitted_s))" } ?? "never started"
    var lines = [
        "job \(document.job), \(counted(document.gpus, "GPU")), under \(document.policy): \(state), "
            + "queued \(span(document.queued_s)) in all"
    ]
    for reason in document.reasons.prefix(20) {
        lines.append("  after \(span(reason.at_s - document.submitted_s))  \(reason.word): \(reason.text)")
    }
    if document.reasons.count > 20 { lines.append("  and \(document.reasons.count - 20) more") }
    guard document.queued_s > 0 || document.started_s == nil else { return lines + ["  it did not wait"] }
    lines.append("what would have helped:")
    for other in document.alternatives {
        let effect =
            other.earlier_by_s.map {
                $0 == 0 ? "ends as it did" : "ends \(span($0.magnitude)) \($0 > 0 ? "earlier" : "later")"
            }
            ?? "never ends"
        let others = other.others_longer_by_s
        let cost =
            others == 0
            ? "others as they were"
            : "others \(span(others.magnitude)) \(others > 0 ? "longer" : "shorter") in the mean"
        lines.append("  \(other.change): \(effect); \(cost)")
    }
    return lines
}

private func sentence(_ alternative: Replay.Alternative, _ trace: Trace) -> String {
    switch alternative {
    case .gpus(let count): "\(counted(count, "GPU")) and a run time to match"
    case .policy(let policy): "the policy \(policy.name)"
    case .moreNodes(let count): "\(counted(abs(count), "node")) \(count < 0 ? "fewer" : "more")"
    case .priority(let priority): "priority \(priority)"
    case .topology(.preferred): "nearness preferred, not required"
    case .topology(.required(let level)): "all within one \(level) required"
    case .team(let team): "in the queue of \(trace.teams[team])"
    case .anyAccelerator: "any kind of GPU"
    }
}

private func sentence(_ reason: PendingReason, _ trace: Trace) -> String {
    func name(_ job: Int) -> String { "job \(trace.jobs[job].name), \(counted(trace.jobs[job].gpus, "GPU"))," }
    func clock(_ instant: Instant) -> String { "\(TimeSpan.seconds((instant - .zero).seconds)) of the trace" }
    switch reason {
    case .gpusMissing(let free, let needed): return "needs \(needed) GPUs, \(free) free"
    case .fragmented(let free, let largest, let needed):
        return "needs \(needed) GPUs, \(free) free but scattered: the largest gang that fits has \(largest)"
    case .tooFarApart(let level, let needed): return "needs \(needed) GPUs within one \(level)"
    case .behind(let job): return "\(name(job)) stands before it and does not fit"
    case .reserved(let job, let start): return "it would delay \(name(job)) which is to start at \(clock(start))"
    case .reservation(let start): return "is to start at \(clock(start))"
    case .quota(let held, let quota): return "its team holds \(held) GPUs of its quota of \(quota)"
    case .outranked(let before): return "jobs before it in the order have \(before) GPUs"
    case .nextDecision(let instant): return "the policy decides again at \(clock(instant))"
    }
}
