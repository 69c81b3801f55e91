// Watches one curve, a run's loss or the logarithm of its gradient norm, for a rise that lasts. A cumulative sum (Page,
// "Continuous inspection schemes", Biometrika 1954) over robust deviations, each clipped: one bad batch cannot reach the
// threshold alone, and a small shift that stays does. Refuses to decide what an alarm is answered with; SpikePolicy does.

import Jobs
import Primitives

/// A rise that lasts, as it was found.
public struct SpikeAlarm: Equatable, Sendable {
    /// How the curve rose.
    public enum Kind: String, Equatable, Sendable, CaseIterable {
        /// Within few steps.
        case spike
        /// So slowly that the sum took long to reach its threshold: waiting for it to heal is of no use.
        case drift
        /// To a number that is none.
        case nonFinite = "non-finite"
    }

    /// The step that set it off.
    public var step: Int
    /// The first step of the excursion that stood out: its deviation was above 2.
    public var onset: Int
    /// How the curve rose.
    public var kind: Kind
    /// The value of that step; infinite for one that is no number, so that equal alarms are equal.
    public var value: Double
    /// Its deviation from the baseline, in spreads.
    public var deviation: Double
    /// The cumulative sum.
    public var sum: Double
    /// The baseline's median; 0 while there is none.
    public var median: Double
    /// The baseline's spread; 0 while there is none.
    public var spread: Double

    /// An alarm from its parts.
    public init(
        step: Int, onset: Int, kind: Kind, value: Double, deviation: Double, sum: Double, median: Double,
        spread: Double
    ) {
        self.step = step
        self.onset = onset
        self.kind = kind
        self.value = value
        self.deviation = deviation
        self.sum = sum
        self.median = median
        self.spread = spread
    }
}

/// A detector of lasting rises.
///
/// With z = (value − median) / (IQR / 1.349) over the newest accepted values, S = max(0, S + min(z, clip) − allowance);
/// an alarm is S above the threshold. The baseline takes no value while S or z says that something is going on, and what
/// comes before that in the same excursion is held back until the excursion is over: a slow rise that were taken for
/// usual step by step would never be found.
public struct SpikeDetector: Equatable, Sendable {
    /// What a step's value is.
    public enum Finding: Equatable, Sendable {
        /// Nothing can be said: too few values, or an alarm is still being answered.
        case unarmed
        /// Within what is usual, or on a way that has not set off an alarm.
        case ordinary(deviation: Double)
        /// Far out, for itself.
        case outlier(deviation: Double)
        /// The rise lasts.
        case alarm(SpikeAlarm)
    }

    /// Its constants.
    public let settings: SpikeDetectorSpec
    /// What is usual.
    public private(set) var baseline: RobustBaseline
    /// The cumulative sum, S.
    public private(set) var sum = 0.0
    /// The first step since S was last zero whose deviation was above 2; the first of them at all where none was.
    public private(set) var onset: Int?
    var onsetStandsOut = false
    /// The alarm that is being answered; until it is, nothing is accepted and nothing sets off another.
    public private(set) var alarm: SpikeAlarm?
    /// The newest values, whatever they were, oldest first: at most twenty.
    var recent: [Double] = []
    /// The highest step that was observed.
    public private(set) var lastStep = 0

    /// A detector that has seen nothing.
    public init(_ settings: SpikeDetectorSpec = SpikeDetectorSpec()) {
        self.settings = settings
        baseline = RobustBaseline(window: settings.window)
    }

    init(
        settings: SpikeDetectorSpec, baseline: RobustBaseline, sum: Double, onset: Int?, onsetStandsOut: Bool,
        alarm: SpikeAlarm?, recent: [Double], lastStep: Int
    ) {
        self.settings = settings
        self.baseline = baseline
        self.sum = sum
        self.onset = onset
        self.onsetStandsOut = onsetStandsOut
        self.alarm = alarm
        self.recent = recent
        self.lastStep = lastStep
    }

    /// How far `value` is from what is usual, in spreads; nil while too little has been seen.
    public func deviation(of value: Double) -> Double? {
        guard baseline.count >= settings.armedAfter else { return nil }
        return (value - baseline.median) / baseline.spread
    }

    /// The median of the newest ten values; nil before there are ten.
    public var recentMedian: Double? { SpikeDetector.median(recent.suffix(10)) }

    /// The median of the ten values before those; nil before there are twenty.
    public var earlierMedian: Double? { SpikeDetector.median(recent.dropLast(10)) }

    private static func median(_ values: ArraySlice<Double>) -> Double? {
        guard values.count == 10 else { return nil }
        let sorted = values.sorted()
        return (sorted[4] + sorted[5]) / 2
    }

    /// Takes the value of `step`. A step that was observed before is no news: done again, it has the same bits.
    public mutating func observe(_ value: Double, step: Int) -> Finding {
        guard step > lastStep else { return .unarmed }
        lastStep = step
        let deviation = value.isFinite ? deviation(of: value) : nil
        if alarm == nil, !value.isFinite { return raise(.nonFinite, value, deviation: .infinity) }
        remember(value)
        guard alarm == nil else { return .unarmed }
        guard let deviation else {
            baseline.accept(value, step: step)
            return .unarmed
        }
        sum = max(0, sum + min(deviation, settings.clip) - settings.allowance)
        track(step, deviation)
        if sum > settings.threshold {
            let isSlow = step - (onset ?? step) > settings.driftAfter
            return raise(isSlow ? .drift : .spike, value, deviation: deviation)
        }
        settle(value, step, deviation)
        return deviation > settings.freezeDeviation ? .outlier(deviation: deviation) : .ordinary(deviation: deviation)
    }

    /// The alarm was harmless: the baseline of before goes on.
    public mutating func dismiss() {
        alarm = nil
        baseline.dropHeld()
        reset()
    }

    /// What is usual has changed: it is learned anew.
    public mutating func rebaseline() {
        dismiss()
        baseline = RobustBaseline(window: settings.window)
    }

    /// The run goes back to the state after `step`, and other steps follow.
    public mutating func goBack(to step: Int) {
        dismiss()
        baseline.forget(after: step)
        recent = []
        lastStep = min(lastStep, step)
    }

    /// Takes `value` into the baseline, now or when the excursion is over, or never.
    private mutating func settle(_ value: Double, _ step: Int, _ deviation: Double) {
        if sum == 0 { baseline.acceptHeld() }
        guard sum <= settings.freezeSum, deviation <= settings.freezeDeviation else { return }
        // Behind one that is held back all are: the baseline's values are in the order of their steps.
        if baseline.isHolding || sum > settings.holdSum {
            baseline.hold(value, step: step)
        } else {
            baseline.accept(value, step: step)
        }
    }

    private mutating func remember(_ value: Double) {
        guard value.isFinite else { return }
        if recent.count == 20 { recent.removeFirst() }
        recent.append(value)
    }

    private mutating func track(_ step: Int, _ deviation: Double) {
        guard sum > 0 else { return reset() }
        guard onset == nil || deviation > 2 && !onsetStandsOut else { return }
        onset = step
        onsetStandsOut = deviation > 2
    }

    private mutating func reset() {
        sum = 0
        onset = nil
        onsetStandsOut = false
    }

    private mutating func raise(_ kind: SpikeAlarm.Kind, _ value: Double, deviation: Double) -> Finding {
        let found = SpikeAlarm(
            step: lastStep, onset: onset ?? lastStep, kind: kind, value: value.isNaN ? .infinity : value,
            deviation: deviation, sum: sum, median: baseline.count > 0 ? baseline.median : 0,
            spread: baseline.count > 0 ? baseline.spread : 0)
        alarm = found
        return .alarm(found)
    }
}
