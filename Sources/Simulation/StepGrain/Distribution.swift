// What many lives of one scenario came to: quantiles, each with the interval that the number of lives leaves it. By
// order statistics, which assume no shape. Refuses means: a run is planned for its bad days.

import Primitives

/// A quantile and how well it is known.
public struct Quantile: Equatable, Sendable, Codable {
    /// The quantile's estimate.
    public var value: Double
    /// The lower end of its 95 % confidence interval.
    public var low: Double
    /// The upper end.
    public var high: Double
}

/// A sample in order.
public struct Distribution: Equatable, Sendable {
    private let sorted: [Double]

    /// The distribution of `values`, at least one.
    public init(_ values: [Double]) {
        precondition(!values.isEmpty, "nothing has no distribution")
        sorted = values.sorted()
    }

    /// The quantile `p`, with the order statistics np ± 1.96·√(np(1-p)) as its 95 % interval (normal approximation to
    /// the binomial; the sample's ends where those lie outside it).
    public func quantile(_ p: Double) -> Quantile {
        let n = Double(sorted.count)
        let spread = 1.96 * (n * p * (1 - p)).squareRoot()
        func at(_ rank: Double) -> Double { sorted[min(sorted.count - 1, max(0, Int(rank)))] }
        return Quantile(
            value: at(n * p), low: at((n * p - spread).rounded(.down)), high: at((n * p + spread).rounded(.up)))
    }
}

/// The checkpoint interval that wastes least time: snapshots against work done again.
public enum CheckpointInterval {
    /// Young's first-order optimum √(2·cost·MTBF) (CACM 17(9), 1974).
    public static func young(cost: TimeSpan, meanTimeBetweenFailures mtbf: TimeSpan) -> TimeSpan {
        .seconds((2 * cost.seconds * mtbf.seconds).squareRoot())
    }

    /// Daly's higher-order optimum (Future Generation Computer Systems 22, 2006, equation 37), which leaves out the
    /// snapshot itself: √(2δM)·(1 + ⅓√(δ/2M) + δ/18M) - δ where δ < 2M, else M.
    public static func daly(cost: TimeSpan, meanTimeBetweenFailures mtbf: TimeSpan) -> TimeSpan {
        let (d, m) = (cost.seconds, mtbf.seconds)
        guard d < 2 * m else { return mtbf }
        let root = (d / (2 * m)).squareRoot()
        return .seconds((2 * d * m).squareRoot() * (1 + root / 3 + root * root / 9) - d)
    }
}
