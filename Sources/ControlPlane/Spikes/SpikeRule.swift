// The rules that people use to find loss spikes, under one name each and in one form, so that they can be compared on
// the same curve: `understudy detect --rule`. Refuses to be what a run acts on; that is the SpikeDetector.

import Jobs
import Primitives

/// The name of a rule.
public enum SpikeRuleName: String, CaseIterable, Codable, Sendable {
    /// Understudy's own: the cumulative sum of clipped robust deviations.
    case cusum
    /// Above mean + 3 σ of all steps so far, kept by Welford's recurrence (Technometrics 1962).
    case welford
    /// Above mean + 6 σ of the last 128 steps, armed after 64, as OLMo-core's SkipStepOptimizer has it.
    case olmo
    /// Above mean + 7 σ of the last 1,000 steps, the spike score of "2 OLMo 2 Furious" (arXiv 2501.00656).
    case sevenSigma = "7sigma"
    /// Above twice the mean of the last 128 steps for 5 steps in turn.
    case doubleMean = "2xmean"
    /// Above 1.5 × the step before.
    case previous = "1.5xprevious"
    /// Above 10 × the largest of the last 128 steps.
    case tenMax = "10xmax"

    /// What it looks at, in a phrase.
    public var sentence: String {
        switch self {
        case .cusum: "sum of clipped robust deviations above its threshold"
        case .welford: "above mean + 3 sd of all steps so far"
        case .olmo: "above mean + 6 sd of the last 128 steps"
        case .sevenSigma: "above mean + 7 sd of the last 1,000 steps"
        case .doubleMean: "above twice the mean of the last 128 steps, 5 steps in turn"
        case .previous: "above 1.5 times the step before"
        case .tenMax: "above 10 times the largest of the last 128 steps"
        }
    }
}

/// A rule at work on a curve.
public struct SpikeRule: Equatable, Sendable {
    private enum State: Equatable, Sendable {
        case cusum(SpikeDetector)
        case welford(WelfordMoments)
        case window(RollingWindow, RollingTest)
    }

    private enum RollingTest: Equatable, Sendable {
        case deviation(Double)
        case multipleOfMean(Double, times: Int)
        case multipleOfLargest(Double)
    }

    /// Its name.
    public let name: SpikeRuleName
    private let settings: LossSpikeSpec
    private var state: State
    private var run = 0

    /// The rule `name`; only Understudy's own has `settings`.
    public init(_ name: SpikeRuleName, settings: LossSpikeSpec = LossSpikeSpec()) {
        self.name = name
        self.settings = settings
        state =
            switch name {
            case .cusum: .cusum(SpikeDetector(settings.detector))
            case .welford: .welford(WelfordMoments())
            case .olmo: .window(RollingWindow(length: 128, armedAfter: 64), .deviation(6))
            case .sevenSigma: .window(RollingWindow(length: 1_000, armedAfter: 500), .deviation(7))
            case .doubleMean: .window(RollingWindow(length: 128, armedAfter: 64), .multipleOfMean(2, times: 5))
            case .previous: .window(RollingWindow(length: 1, armedAfter: 1), .multipleOfMean(1.5, times: 1))
            case .tenMax: .window(RollingWindow(length: 128, armedAfter: 64), .multipleOfLargest(10))
            }
    }

    /// The alarm that Understudy's own rule is answering, with its figures; nil for other rules.
    public var alarm: SpikeAlarm? { if case .cusum(let detector) = state { detector.alarm } else { nil } }

    /// Takes the loss of `step` and says whether the rule fires. A loss that is no number fires every rule.
    public mutating func observe(_ loss: Double, step: Int) -> Bool {
        switch state {
        case .cusum(var detector):
            defer { state = .cusum(detector) }
            if case .alarm = detector.observe(loss, step: step) { return true }
            if let alarm = detector.alarm, step >= alarm.step + settings.wait { settle(&detector, alarm) }
            return false
        case .welford(var moments):
            guard loss.isFinite else { return true }
            let fires = moments.count >= 64 && loss > moments.mean + 3 * moments.deviation
            moments.add(loss)
            state = .welford(moments)
            return fires
        case .window(var window, let test):
            guard loss.isFinite else { return true }
            let fires = window.isArmed && passes(test, loss, window)
            window.add(loss)
            state = .window(window, test)
            return fires
        }
    }

    /// What a run does when the time to heal is over and nobody acts: a level that has come back keeps its baseline, a
    /// new one is learned.
    private func settle(_ detector: inout SpikeDetector, _ alarm: SpikeAlarm) {
        let healed = detector.recentMedian.map { $0 <= alarm.median + settings.healedDeviation * alarm.spread }
        if healed ?? false { detector.dismiss() } else { detector.rebaseline() }
    }

    private mutating func passes(_ test: RollingTest, _ loss: Double, _ window: RollingWindow) -> Bool {
        switch test {
        case .deviation(let factor): return loss > window.mean + factor * window.deviation
        case .multipleOfMean(let factor, let times):
            run = loss > factor * window.mean ? run + 1 : 0
            return run == times
        case .multipleOfLargest(let factor): return loss > factor * window.largest
        }
    }
}

/// What a gradient's norm is watched as: its natural logarithm, because norms rise by factors; nil for a norm that has
/// none. A norm that is no number is given back as it is, and is an alarm.
public func logarithmOfNorm(_ norm: Double) -> Double? {
    guard norm.isFinite else { return norm }
    return norm.isNormal && norm > 0 ? portableLogarithm(norm) : nil
}

/// Alarms that belong together: a rule that fires at step after step means one thing.
public struct AlarmEpisodes: Equatable, Sendable {
    /// The first alarm of each.
    public private(set) var first: [Int] = []
    /// Steps after its first alarm that an episode lasts.
    public static let length = 50

    /// No alarm.
    public init() {}

    /// Takes an alarm at `step`, behind all before; says whether it begins an episode.
    @discardableResult
    public mutating func add(_ step: Int) -> Bool {
        if let last = first.last, step <= last + AlarmEpisodes.length { return false }
        first.append(step)
        return true
    }
}

/// Mean and deviation of all values so far, in one pass.
private struct WelfordMoments: Equatable, Sendable {
    private(set) var count = 0
    private(set) var mean = 0.0
    private var squares = 0.0

    mutating func add(_ value: Double) {
        count += 1
        let before = value - mean
        mean += before / Double(count)
        squares += before * (value - mean)
    }

    var deviation: Double { count > 1 ? (squares / Double(count - 1)).squareRoot() : 0 }
}

/// The newest values, whatever they were: these rules do not ask which were ordinary.
private struct RollingWindow: Equatable, Sendable {
    let length: Int
    let armedAfter: Int
    private var values: [Double] = []
    private var next = 0

    init(length: Int, armedAfter: Int) {
        self.length = length
        self.armedAfter = armedAfter
    }

    var isArmed: Bool { values.count >= armedAfter }
    var mean: Double { values.reduce(0, +) / Double(values.count) }
    var largest: Double { values.max() ?? .infinity }

    var deviation: Double {
        let mean = mean
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return values.count > 1 ? (squares / Double(values.count - 1)).squareRoot() : 0
    }

    mutating func add(_ value: Double) {
        if values.count < length { values.append(value) } else { values[next] = value }
        next = (next + 1) % length
    }
}
