// What rules for loss spikes say about one curve, as a document and as lines. The rules run here, on the curve as it is;
// what a run did about its own spikes is in its incidents. Refuses to say which rule is right.

import ControlPlane
import Jobs
import Primitives

/// The alarms of one rule on one curve.
public struct DetectionEntry: Equatable, Sendable, Codable {
    /// One alarm; figures other than the step are Understudy's rule's own.
    public struct Alarm: Equatable, Sendable, Codable {
        /// The step that set it off.
        public var step: Int
        /// Its loss, in nats a token.
        public var loss: Double
        /// The first step of the excursion that stood out.
        public var from_step: Int?
        /// `spike`, `drift` or `non-finite`.
        public var kind: String?
        /// The baseline's median, in nats a token.
        public var median: Double?
        /// The deviation from the median, in spreads of the baseline.
        public var deviation: Double?
    }

    /// The rule's name.
    public var rule: String
    /// The alarms; those within 50 steps of another rule's first alarm are that alarm.
    public var alarms: [Alarm]
    /// Steps at which the gradient's norm gave an advisory alarm; Understudy's rule only, where norms are known.
    public var gradient_alarm_steps: [Int]
}

/// `understudy detect --json`.
public struct DetectionDocument: Equatable, Sendable, Codable {
    /// The document's kind.
    public var schema = DocumentSchema.detection
    /// What was looked at.
    public var source: String
    /// How many steps it has.
    public var steps: Int
    /// What each rule says.
    public var rules: [DetectionEntry]

    /// Runs `rules` over the steps of `log`.
    public init(source: String, log: LossLog, rules: [SpikeRuleName], settings: LossSpikeSpec = LossSpikeSpec()) {
        self.source = source
        steps = log.rows.count
        self.rules = rules.map { DetectionEntry($0, log, settings) }
    }
}

extension DetectionEntry {
    init(_ name: SpikeRuleName, _ log: LossLog, _ settings: LossSpikeSpec) {
        var rule = SpikeRule(name, settings: settings)
        var episodes = AlarmEpisodes()
        alarms = []
        for row in log.rows where rule.observe(row.loss, step: row.step) {
            guard episodes.add(row.step) else { continue }
            let alarm = rule.alarm
            alarms.append(
                Alarm(
                    step: row.step, loss: row.loss, from_step: alarm?.onset, kind: alarm?.kind.rawValue,
                    median: alarm?.median, deviation: alarm?.deviation))
        }
        self.rule = name.rawValue
        gradient_alarm_steps = name == .cusum ? DetectionEntry.gradientAlarms(log, settings) : []
    }

    private static func gradientAlarms(_ log: LossLog, _ settings: LossSpikeSpec) -> [Int] {
        var rule = SpikeRule(.cusum, settings: settings)
        return log.rows.compactMap { row in
            guard let norm = row.gradientNorm, let value = logarithmOfNorm(norm) else { return nil }
            return rule.observe(value, step: row.step) ? row.step : nil
        }
    }
}

/// The document as lines.
public func detectionLines(_ document: DetectionDocument, width: Int? = nil, style: Style = .plain) -> [String] {
    var table = Table([
        .left("RULE"), .right("STEP"), .right("FROM"), .right("LOSS"), .right("MEDIAN"), .right("DEVIATION"),
        .flexible("KIND"),
    ])
    for entry in document.rules {
        for alarm in entry.alarms {
            table.add([
                entry.rule, "\(alarm.step)", alarm.from_step.map(String.init) ?? "-", fixed(alarm.loss, 4),
                alarm.median.map { fixed($0, 4) } ?? "-", alarm.deviation.map { fixed($0, 1) } ?? "-",
                alarm.kind ?? "-",
            ])
        }
        for step in entry.gradient_alarm_steps {
            table.add([entry.rule, "\(step)", "-", "-", "-", "-", "gradient norm (advisory)"])
        }
    }
    let counts = document.rules.map { "\($0.rule) \($0.alarms.count)" }.joined(separator: ", ")
    return (table.isEmpty ? [] : table.lines(width: width, style: style))
        + ["\(document.source): \(counted(document.steps, "step")). Alarms: \(counts)."]
}
