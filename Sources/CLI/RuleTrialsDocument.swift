// What rules for loss spikes say about synthetic curves whose events are known, as a document and as a table. Refuses to
// judge a rule.

import ControlPlane
import Jobs
import Reports
import Simulation

/// How well rules find events.
struct RuleTrialsDocument: Codable {
    /// How well a rule finds one kind of event.
    struct Score: Codable {
        var event: String
        /// The delay up to which an alarm counts.
        var within_steps: Int
        /// The share of curves with an alarm in time.
        var recall: Double
        /// Left out where there was no alarm.
        var median_delay_steps: Int?
    }

    struct Row: Codable {
        var rule: SpikeRuleName
        /// Of a single outlier an alarm is a mistake.
        var scores: [Score]
        var false_alarms_per_10000_steps: Double
    }

    var schema = "understudy/rule-trials/v1"
    var seed: UInt64
    /// Curves for each kind of event.
    var trials: Int
    /// Steps without any event, over which false alarms are counted.
    var quiet_steps: Int
    /// Of the noise.
    var autocorrelation: Double
    var rules: [Row]

    /// Measures `rules`, Understudy's own with `settings`.
    init(
        rules: [SpikeRuleName], settings: LossSpikeSpec, trials: Int, quietSteps: Int, autocorrelation: Double,
        seed: UInt64
    ) {
        self.seed = seed
        self.trials = trials
        self.autocorrelation = autocorrelation
        quiet_steps = quietSteps
        self.rules = rules.map { name in
            let trial = DetectionTrial(of: name, autocorrelation: autocorrelation, seed: seed, settings: settings)
            let scores = RuleTrialsDocument.events.map { event in
                let score = trial.score(event, trials: trials)
                return Score(
                    event: event.label, within_steps: DetectionTrial.limit(for: event), recall: score.recall,
                    median_delay_steps: score.medianDelay)
            }
            return Row(
                rule: name, scores: scores,
                false_alarms_per_10000_steps: trial.falseAlarmsPerTenThousand(over: quietSteps))
        }
    }

    private static let events = LossEvent.allCases.filter { $0 != .none }

    /// The document as text.
    var lines: [String] {
        let events = RuleTrialsDocument.events.map { "\($0.label) within \(DetectionTrial.limit(for: $0))" }
        var table = Table([.left("RULE")] + events.map { .right($0) } + [.right("false alarms per 10,000")])
        for row in rules {
            let scores = row.scores.map { percent($0.recall) + ($0.median_delay_steps.map { " (\($0))" } ?? "") }
            table.add([row.rule.rawValue] + scores + [fixed(row.false_alarms_per_10000_steps, 2)])
        }
        return table.lines() + ["In parentheses the median delay in steps. The single outlier should give no alarm."]
    }
}
