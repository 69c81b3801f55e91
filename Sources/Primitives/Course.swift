// What a run computes differently: batches that it leaves out, because its job says so or since it went back, and factors of
// its learning rate. Part of what decides the bits of a step, so coordinator and workers hold the same value. Refuses to
// know why; the journal's decisions say that.

/// The course of a run: which batch each step takes, and how its learning rate is scaled.
public struct Course: Equatable, Sendable {
    /// A factor of the learning rate from one step on.
    public struct RateScale: Equatable, Sendable {
        /// The last step that it does not hold for.
        public var after: Int
        /// What the scheduled rate is multiplied with.
        public var factor: Double

        /// The factor `factor` of all steps behind `after`.
        public init(after: Int, factor: Double) {
            self.after = after
            self.factor = factor
        }
    }

    /// Batches that no step takes: ascending, apart from one another. Batch n is what step n would take without them.
    public private(set) var skipped: [Range<Int>] = []
    /// Factors of the learning rate, ascending; the last that holds counts.
    public private(set) var rateScales: [RateScale] = []

    /// The course of a run that has never gone back.
    public init() {}

    /// The course with these parts; nil when they are out of order.
    public init?(skipped: [Range<Int>], rateScales: [RateScale]) {
        guard skipped.allSatisfy({ !$0.isEmpty && $0.lowerBound > 0 }),
            zip(skipped, skipped.dropFirst()).allSatisfy({ $0.upperBound < $1.lowerBound }),
            zip(rateScales, rateScales.dropFirst()).allSatisfy({ $0.after < $1.after }),
            rateScales.allSatisfy({ $0.factor > 0 && $0.factor.isFinite && $0.after >= 0 })
        else { return nil }
        self.skipped = skipped
        self.rateScales = rateScales
    }

    /// Whether nothing differs from the job.
    public var isStraight: Bool { skipped.isEmpty && rateScales.isEmpty }

    /// The batch that `step` takes: a pure function, whatever happened on the way.
    public func batch(of step: Int) -> Int {
        var batch = step
        for range in skipped where batch >= range.lowerBound { batch += range.count }
        return batch
    }

    /// What the scheduled learning rate of `step` is multiplied with.
    public func rateFactor(at step: Int) -> Double { rateScales.last { $0.after < step }?.factor ?? 1 }

    /// Leaves `batches` out, too.
    /// - Precondition: there are some.
    public mutating func skip(_ batches: Range<Int>) {
        precondition(!batches.isEmpty && batches.lowerBound > 0, "no batch is left out by \(batches)")
        let touching = skipped.filter { $0.lowerBound <= batches.upperBound && $0.upperBound >= batches.lowerBound }
        let union = touching.reduce(batches) {
            min($0.lowerBound, $1.lowerBound)..<max($0.upperBound, $1.upperBound)
        }
        skipped.removeAll(where: touching.contains)
        skipped.insert(union, at: skipped.firstIndex { $0.lowerBound > union.lowerBound } ?? skipped.endIndex)
    }

    /// Multiplies the scheduled rate of all steps behind `step` with `factor`, whatever held for them before.
    public mutating func scaleRate(by factor: Double, after step: Int) {
        rateScales.removeAll { $0.after >= step }
        rateScales.append(RateScale(after: step, factor: factor))
    }
}

extension Course: LineValue {
    /// `skip:351..<556,rate:350*0.75`; empty for a straight course.
    public var lineText: String {
        (skipped.map { "skip:\($0.lineText)" } + rateScales.map { "rate:\($0.after)*\($0.factor)" })
            .joined(separator: ",")
    }

    /// Reads what `lineText` wrote.
    public init?(lineText: String) {
        var skipped: [Range<Int>] = []
        var scales: [RateScale] = []
        for item in lineText.split(separator: ",") {
            let value = String(item.dropFirst(5))
            if item.hasPrefix("skip:"), let range = Range<Int>(lineText: value) {
                skipped.append(range)
            } else if item.hasPrefix("rate:"), case let parts = value.split(separator: "*"), parts.count == 2,
                let after = Int(parts[0]), let factor = Double(parts[1])
            {
                scales.append(RateScale(after: after, factor: factor))
            } else {
                return nil
            }
        }
        self.init(skipped: skipped, rateScales: scales)
    }
}
