// Figures of a run that goes on, as of an instant: pace, what is left, the loss lately. Shared by the live view and the
// plain lines, so that the two agree. Refuses to extrapolate beyond the pace of the current segment.

import ControlPlane
import Foundation
import Journaling
import Primitives

/// How a run stands at an instant.
public struct LiveFigures: Equatable, Sendable {
    /// Since the run was submitted.
    public let elapsed: TimeSpan
    /// The last step that counts.
    public let step: Int
    /// Steps until the run is complete; 0 when no job was submitted.
    public let steps: Int
    /// The last training loss that counts, in nats a token.
    public let loss: Double?
    /// The exponential mean of the last losses that count, 5 % a step, in nats a token.
    public let meanLoss: Double?
    /// The last learning rate.
    public let learningRate: Double?
    /// The last norm of the gradient before clipping.
    public let gradientNorm: Double?
    /// Tokens of the steps that count.
    public let tokens: Int
    /// Tokens a second over the last steps of the current segment.
    public let tokensPerSecond: Double?
    /// The mean time of those steps, from commit to commit.
    public let stepTime: TimeSpan?
    /// The mean profile of those steps.
    public let profile: StepProfile?
    /// Effective training time ratio so far.
    public let effectiveTrainingTimeRatio: Double?
    /// The newest segment, counted from 1; 0 before the first.
    public let segment: Int
    /// Until the last step at the present pace; nil when nothing computes.
    public let remaining: TimeSpan?
    /// The same with the interruptions that are to be expected: 19 of 20 runs as this one has been so far end sooner.
    public let remainingP95: TimeSpan?

    /// Steps that the pace is a mean over.
    public static let window = 20

    /// How `history` stands at `now`.
    public init(_ history: RunHistory, at now: Instant) {
        elapsed = max(.zero, now - history.start)
        step = history.committed
        steps = history.plan?.steps ?? 0
        let last = history.lastStep
        loss = last?.loss
        learningRate = last?.learningRate
        gradientNorm = last?.gradientNorm
        tokens = history.tokens
        segment = history.segments.count
        effectiveTrainingTimeRatio = history.ledger.effectiveTrainingTimeRatio
        meanLoss = LiveFigures.meanLoss(history)
        let pace = history.current.flatMap { LiveFigures.pace(history, $0) }
        tokensPerSecond = pace?.tokensPerSecond
        stepTime = pace?.stepTime
        profile = pace?.profile
        let left = Int64(max(0, steps - step))
        let isRunning = history.coordinator.run?.phase == .running
        remaining = left == 0 && steps > 0 ? .zero : isRunning ? pace.map { $0.stepTime * left } : nil
        remainingP95 = remaining.map { $0 + LiveFigures.expectedLoss(history, within: $0) }
    }

    /// What interruptions may cost during `span`, if they go on to come as a Poisson process at the rate and the mean cost
    /// that they have had so far: the 95th percentile of their number, times that cost. Zero before the first.
    private static func expectedLoss(_ history: RunHistory, within span: TimeSpan) -> TimeSpan {
        let interruptions = history.incidents.filter(\.isInterruption)
        guard !interruptions.isEmpty, history.ledger.elapsed > .zero else { return .zero }
        let expected = Double(interruptions.count) * span.seconds / history.ledger.elapsed.seconds
        let cost = interruptions.reduce(TimeSpan.zero) { $0 + $1.cost.total }
        return TimeSpan(nanoseconds: cost.nanoseconds / Int64(interruptions.count)) * Int64(poissonP95(expected))
    }

    /// The least number that a Poisson variable of mean `mean` exceeds in at most one case of twenty; above a hundred by
    /// the normal approximation.
    static func poissonP95(_ mean: Double) -> Int {
        guard mean <= 100 else { return Int((mean + 1.645 * mean.squareRoot()).rounded(.up)) }
        var (count, term) = (0, exp(-mean))
        var sum = term
        while sum < 0.95 {
            count += 1
            term *= mean / Double(count)
            sum += term
        }
        return count
    }

    private static func pace(
        _ history: RunHistory, _ segment: Segment
    ) -> (tokensPerSecond: Double, stepTime: TimeSpan, profile: StepProfile)? {
        var first = history.steps.count
        while first > 0, history.steps.count - first < window, history.steps[first - 1].segment == segment.index {
            first -= 1
        }
        let steps = history.steps[first...]
        guard let last = steps.last else { return nil }
        let hasOneBefore = first > 0 && history.steps[first - 1].segment == segment.index
        let began = hasOneBefore ? history.steps[first - 1].at : segment.began ?? last.at
        guard last.at > began else { return nil }
        let count = Int64(steps.count)
        func mean(_ part: KeyPath<StepProfile, TimeSpan>) -> TimeSpan {
            TimeSpan(nanoseconds: steps.reduce(0) { $0 + $1.profile[keyPath: part].nanoseconds } / count)
        }
        let profile = StepProfile(
            compute: mean(\.compute), exchange: mean(\.exchange), update: mean(\.update), snapshot: mean(\.snapshot),
            evaluation: mean(\.evaluation))
        return (
            Double(steps.reduce(0) { $0 + $1.tokens }) / (last.at - began).seconds,
            TimeSpan(nanoseconds: (last.at - began).nanoseconds / count), profile
        )
    }

    private static func meanLoss(_ history: RunHistory) -> Double? {
        // What lies further back weighs less than 1e-4, and a live view must not walk a million steps for it.
        let bySegment = SegmentSteps(history)
        var mean: Double?
        for point in history.steps.suffix(200) where bySegment.counts(segment: point.segment, step: point.step) {
            mean = mean.map { $0 + 0.05 * (point.loss - $0) } ?? point.loss
        }
        return mean
    }
}

/// How `history` stands at `now`, on one line for a pipe or a log:
/// `t=461s step=1412/2000 loss=2.9817 tok_s=128400 ettr=0.883 segment=4 eta_s=192
/// eta_p95_s=280`; `-` for what is not known.
public func progressLine(_ history: RunHistory, now: Instant) -> String {
    let figures = LiveFigures(history, at: now)
    let fields = [
        ("t", "\(figures.elapsed.nanoseconds / 1_000_000_000)s"),
        ("step", "\(figures.step)/\(figures.steps)"),
        ("loss", figures.loss.map { fixed($0, 4) }),
        ("tok_s", figures.tokensPerSecond.map { fixed($0, 0) }),
        ("ettr", figures.effectiveTrainingTimeRatio.map { fixed($0, 3) }),
        ("segment", "\(figures.segment)"),
        ("eta_s", figures.remaining.map { fixed($0.seconds, 0) }),
        ("eta_p95_s", figures.remainingP95.map { fixed($0.seconds, 0) }),
    ]
    return fields.map { "\($0.0)=\($0.1 ?? "-")" }.joined(separator: " ")
}
