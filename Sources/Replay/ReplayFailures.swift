// What fails during a replay, one after the other: random lives of a failure model strung together, or a history that is
// lived through again. The same models and the same files as a simulated run's. Refuses failures of a job's own software:
// a trace's run times have those in them already.

import Failures
import Hardware
import Primitives

/// What fails during a replay. Nodes are numbered through all pools, in the pools' order.
public enum ReplayFailures: Equatable, Sendable {
    /// A model's random failures, in the life named by the seed.
    case random(FailureModel, seed: UInt64)
    /// A history, its instants counted from the trace's first submission.
    case history(FailureScript)

    /// Nodes that fail by themselves, each with `mtbf` between failures in the mean, and are away for `repair` in the
    /// mean, both without memory and noticed at once.
    public static func nodes(_ count: Int, mtbf: TimeSpan, repair: TimeSpan, seed: UInt64) -> ReplayFailures {
        let mode = FailureMode(
            cause: "node", component: .node, mtbf: mtbf, effect: .killNode, detect: .zero, repair: repair,
            source: "as asked for")
        return .random(FailureModel(modes: [mode], nodes: count, acceleratorsPerNode: 1), seed: seed)
    }

    /// The same for `change` more nodes. Every node has a stream of its own, so those that were there fail as before.
    public func widened(by change: Int) -> ReplayFailures {
        guard case .random(var model, let seed) = self else { return self }
        model.nodes = max(1, model.nodes + change)
        return .random(model, seed: seed)
    }
}

/// The breakdowns of a replay in order of time, without end where they are random.
struct FailureFeed {
    private let failures: ReplayFailures
    private let start: Instant
    /// How long a random life is; the next begins where it ends.
    private let life: TimeSpan
    private var lives = 0
    private var ahead: ArraySlice<Breakdown> = []

    /// `failures` from `start` on, in lives of `life`.
    init(_ failures: ReplayFailures, from start: Instant, life: TimeSpan) {
        self.failures = failures
        self.start = start
        self.life = max(life, .seconds(86_400 as Int64))
        if case .history(let script) = failures { ahead = script.breakdowns[...] }
    }

    /// The next breakdown, at its instant of the replay; nil when nothing fails any more.
    mutating func next() -> Breakdown? {
        var empty = 0
        // A model in which nothing fails for a hundred lives is one in which nothing fails.
        while ahead.isEmpty, case .random(let model, let seed) = failures, empty < 100 {
            ahead = model.breakdowns(seed: seed &+ UInt64(lives), before: .zero + life)[...]
            lives += 1
            empty += 1
        }
        guard var breakdown = ahead.popFirst() else { return nil }
        let offset = max(0, lives - 1)
        breakdown.at = start + (breakdown.at - .zero) + life * Int64(offset)
        return breakdown
    }
}
