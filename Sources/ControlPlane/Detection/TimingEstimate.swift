// How long something usually takes and how much that varies, from what was observed: the estimator of TCP's
// retransmission timer, for which nothing need be known of the distribution. One piece serves gaps between heartbeats and
// durations of steps. Refuses to say when somebody has waited too long; each detector has its own margin.

import Primitives

/// A running mean and mean deviation: V. Jacobson, "Congestion Avoidance and Control" (1988), as RFC 6298 writes it down,
/// with its gains of 1/8 and 1/4. Integer arithmetic, so that equal observations give equal estimates everywhere.
public struct TimingEstimate: Equatable, Sendable {
    /// The smoothed duration.
    public private(set) var mean: TimeSpan
    /// The smoothed deviation from it.
    public private(set) var deviation: TimeSpan
    /// The shortest duration there was: what it takes when nothing is in the way.
    public private(set) var least: TimeSpan

    /// An estimate from one observation, or from what is expected before there is any: half of it is its deviation
    /// (RFC 6298, 2.2).
    public init(first: TimeSpan) {
        (mean, least) = (first, first)
        deviation = TimeSpan(nanoseconds: first.nanoseconds / 2)
    }

    /// Takes in another observation (RFC 6298, 2.3).
    public mutating func observe(_ span: TimeSpan) {
        let error = span.nanoseconds - mean.nanoseconds
        deviation.nanoseconds += (Int64(error.magnitude) - deviation.nanoseconds) / 4
        mean.nanoseconds += error / 8
        least = min(least, span)
    }

    /// `mean + k * deviation`.
    public func bound(deviations k: Int64) -> TimeSpan { mean + deviation * k }
}
