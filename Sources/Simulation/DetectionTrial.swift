// How well a rule finds lasting rises: many synthetic curves with one event each, and long ones with none. Counts an
// alarm within the limit that the event allows, and its delay. Refuses to tune anything.

import ControlPlane
import Jobs
import Primitives

/// What a rule made of the curves with one event.
public struct DetectionScore: Equatable, Sendable {
    /// The event.
    public var event: LossEvent
    /// Curves that were looked at.
    public var trials: Int
    /// Steps from the event's first that an alarm may take to count.
    public var limit: Int
    /// The delay of each alarm within the limit, in steps, in ascending order; the event's first step has delay 0.
    public var delays: [Int]

    /// The share of the curves with an alarm in time.
    public var recall: Double { Double(delays.count) / Double(trials) }
    /// The middle delay, in steps; nil when there was no alarm.
    public var medianDelay: Int? { delays.isEmpty ? nil : delays[delays.count / 2] }
}

/// A rule under test.
public struct DetectionTrial: Sendable {
    /// Steps before the event: enough for the longest window.
    static let lead = 1_200

    /// The rule.
    public let rule: SpikeRuleName
    /// Of the noise of neighbouring steps.
    public let autocorrelation: Double
    /// Names the curves.
    public let seed: UInt64
    /// The constants of Understudy's own rule.
    public let settings: LossSpikeSpec

    /// A trial of `rule`.
    public init(
        of rule: SpikeRuleName, autocorrelation: Double, seed: UInt64, settings: LossSpikeSpec = LossSpikeSpec()
    ) {
        self.rule = rule
        self.settings = settings
        self.autocorrelation = autocorrelation
        self.seed = seed
    }

    /// The most steps an alarm may take to count as an answer to `event`.
    public static func limit(for event: LossEvent) -> Int {
        switch event {
        case .transient: 10
        case .shift: 20
        case .drift: 150
        case .smallShift: 150
        case .single, .none: 50
        }
    }

    /// Looks at `trials` curves with `event`. A curve whose alarm came before the event is counted as missed.
    public func score(_ event: LossEvent, trials: Int, limit: Int? = nil) -> DetectionScore {
        let limit = limit ?? DetectionTrial.limit(for: event)
        let delays = (0..<trials).compactMap { index -> Int? in
            var curve = SyntheticLoss(
                event, at: DetectionTrial.lead, autocorrelation: autocorrelation, seed: seed &+ UInt64(index))
            var rule = SpikeRule(self.rule, settings: settings)
            for step in 1..<DetectionTrial.lead { _ = rule.observe(curve.loss(of: step), step: step) }
            for step in DetectionTrial.lead..<DetectionTrial.lead + limit
            where rule.observe(curve.loss(of: step), step: step) { return step - DetectionTrial.lead }
            return nil
        }
        return DetectionScore(event: event, trials: trials, limit: limit, delays: delays.sorted())
    }

    /// Alarms for each 10,000 steps of a curve of `steps` steps without event. Alarms within 50 steps of the first are
    /// one alarm.
    public func falseAlarmsPerTenThousand(over steps: Int) -> Double {
        var curve = SyntheticLoss(.none, at: 0, autocorrelation: autocorrelation, seed: seed)
        var rule = SpikeRule(self.rule, settings: settings)
        var episodes = AlarmEpisodes()
        for step in 1...steps where rule.observe(curve.loss(of: step), step: step) { episodes.add(step) }
        return Double(episodes.first.count) * 10_000 / Double(steps)
    }
}
