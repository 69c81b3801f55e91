// A detector's state as a record line and back, to the bit: what a checkpoint outside of a journal would carry. A run
// does not need it, because its coordinator is what its journal folds to. Refuses the constants; the job has those.

import Jobs
import Primitives

extension SpikeDetector {
    /// The state as a record line.
    public var line: Line {
        let state = Line("spike-detector").with("step", lastStep).with("sum", sum).with("onset", onset)
            .with("stands-out", onsetStandsOut)
            .with("recent", recent.map(\.description).joined(separator: ",")).with("baseline", baseline.text)
            .with("held", baseline.heldText)
        return alarm.map { $0.add(to: state) } ?? state
    }

    /// The detector with the constants `settings` whose state `line` wrote.
    /// - Throws: `LineError` naming the field that is missing or wrong.
    public init(_ line: Line, settings: SpikeDetectorSpec) throws(LineError) {
        guard line.head == "spike-detector" else {
            throw LineError(line: line.text, problem: "a spike detector's state is wanted")
        }
        // What was written before values were held back has none.
        let held: String = try line.readIfPresent("held") ?? ""
        let text: String = try line.read("baseline")
        guard let baseline = RobustBaseline(window: settings.window, text: text, heldText: held) else {
            throw LineError(line: line.text, problem: "the baseline is no list of steps and values")
        }
        self.init(
            settings: settings, baseline: baseline, sum: try line.read("sum"), onset: try line.readIfPresent("onset"),
            onsetStandsOut: try line.read("stands-out"),
            alarm: line["kind"] == nil ? nil : try SpikeAlarm(line),
            recent: try line.read("recent", as: String.self).split(separator: ",").compactMap { Double($0) },
            lastStep: try line.read("step"))
    }
}

extension SpikeAlarm {
    func add(to line: Line) -> Line {
        line.with("alarm", step).with("from", onset).with("kind", kind.rawValue).with("value", value)
            .with("z", deviation).with("cusum", self.sum).with("median", median).with("spread", spread)
    }

    init(_ line: Line) throws(LineError) {
        guard let kind = Kind(rawValue: try line.read("kind")) else {
            throw LineError(line: line.text, problem: "the kind of alarm is unknown")
        }
        self.init(
            step: try line.read("alarm"), onset: try line.read("from"), kind: kind, value: try line.read("value"),
            deviation: try line.read("z"), sum: try line.read("cusum"), median: try line.read("median"),
            spread: try line.read("spread"))
    }
}
