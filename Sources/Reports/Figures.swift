// Figures that several reports show, each computed from a history in one place: the steps of each segment, which of
// them count, speeds and losses. Refuses estimates of what is not recorded.

import ControlPlane
import Jobs
import Journaling
import Primitives

/// Which of a history's steps are of which segment, and which of them count. Found by bisection, because a history may
/// hold millions of steps and a live view asks at every redraw.
public struct SegmentSteps: Equatable, Sendable {
    /// For each segment, where its steps lie in `RunHistory.steps`.
    public let ranges: [Range<Int>]
    /// For each segment, the last step of it that may count: later ones were done again.
    public let limits: [Int]

    /// The steps of `history`, by segment.
    public init(_ history: RunHistory) {
        var ranges: [Range<Int>] = []
        var start = 0
        for segment in history.segments.indices {
            var (end, high) = (start, history.steps.count)
            while end < high {
                let middle = (end + high) / 2
                if history.steps[middle].segment <= segment { end = middle + 1 } else { high = middle }
            }
            ranges.append(start..<end)
            start = end
        }
        var limits = history.segments.map { _ in Int.max }
        for segment in history.segments.indices.dropLast().reversed() {
            limits[segment] = min(limits[segment + 1], history.segments[segment + 1].restored)
        }
        self.ranges = ranges
        self.limits = limits
    }

    /// Whether what `segment` did at `step` still counts.
    public func counts(segment: Int, step: Int) -> Bool { limits.indices.contains(segment) && step <= limits[segment] }
}

extension RunHistory {
    /// When it was submitted; zero before the first record.
    public var start: Instant { Instant(nanoseconds: (ledger.mark?.nanoseconds ?? 0) - ledger.elapsed.nanoseconds) }

    /// The last step that counts, with its training loss.
    public var lastStep: StepPoint? {
        let bySegment = SegmentSteps(self)
        return steps.last { bySegment.counts(segment: $0.segment, step: $0.step) }
    }

    /// The last measurement of the validation loss that counts.
    public var lastEvaluation: EvaluationPoint? {
        let bySegment = SegmentSteps(self)
        return evaluations.last { bySegment.counts(segment: $0.segment, step: $0.step) }
    }

    /// Tokens of the highest step reached, over the productive time that reached it; nil before there is any.
    public var productiveTokensPerSecond: Double? {
        let reached = coordinator.run?.reached ?? 0
        guard reached > 0, ledger[.productive] > .zero, let tokens = steps.last?.tokens else { return nil }
        return Double(reached * tokens) / ledger[.productive].seconds
    }

    /// Tokens a second of `steps`, which began at `began`; nil when there are none or no time passed.
    func tokensPerSecond(of range: Range<Int>, since began: Instant?) -> Double? {
        guard let began, let last = steps[range].last, last.at > began else { return nil }
        return Double(steps[range].reduce(0) { $0 + $1.tokens * $1.stepsCovered }) / (last.at - began).seconds
    }

    /// Why `segment` ended, in few words or, `atLength`, as a sentence; nil while it goes on.
    func endText(_ segment: Segment, atLength: Bool = false) -> String? {
        guard segment.end != nil else { return nil }
        if let incident = interruption(of: segment.index) {
            return atLength ? "\(incident.name): \(incident.sentence)" : incident.label
        }
        if let size = segment.resizedTo { return "resized to \(counted(size, "worker"))" }
        if segment.hasGrown { return "a larger gang took its place" }
        if segment.index == segments.count - 1, let outcome { return outcome.sentence }
        return "the run ended, and was resumed later"
    }

    /// The incident that ended a segment.
    func interruption(of segment: Int) -> Incident? {
        incidents.first { $0.segment == segment && $0.isInterruption }
    }
}

extension Incident {
    /// Whether it ended a segment.
    public var isInterruption: Bool { if case .interruption = cause { true } else { false } }
}

/// A loss in bits a byte: nats / ln 2. Only where a token is a byte, which a vocabulary of 256 says.
public func bitsPerByte(nats: Double, vocabulary: Int?) -> Double? {
    vocabulary == 256 ? nats / 0.693_147_180_559_945_3 : nil
}
