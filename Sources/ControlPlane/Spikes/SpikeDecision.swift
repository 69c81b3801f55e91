// What the policy against loss spikes has decided, and why: every figure that the decision was made from, and the
// sentences that people read, what else could have been done among them. Refuses to decide; SpikeWatch does.

import Jobs
import Primitives

/// Where a loss was going when the time to heal was over, or of no more use.
public struct SpikeOutlook: Equatable, Sendable {
    /// How far the median of the newest ten steps is above the baseline's, in nats.
    public var rise: Double
    /// How much it has fallen a step since the ten before those, in nats.
    public var fall: Double
    /// Steps that were left to heal in.
    public var remaining: Int
    /// The rise that would have counted as healed or harmless, in nats.
    public var healed: Double

    /// An outlook from its parts.
    public init(rise: Double, fall: Double, remaining: Int, healed: Double) {
        self.rise = rise
        self.fall = fall
        self.remaining = remaining
        self.healed = healed
    }

    /// Whether the loss would have healed in time if it had gone on falling as it fell. A spike that heals falls fast
    /// first, so this errs on the side of waiting.
    public var leadsBack: Bool { rise - fall * Double(remaining) <= healed }
}

/// One decision about the loss.
public struct SpikeDecision: Equatable, Sendable {
    /// What was decided.
    public enum Verdict: Equatable, Sendable {
        /// One step stood out for itself: it is recorded with its batch, and its micro-batch of highest loss where
        /// known.
        case outlier(batch: Int, worst: Int?)
        /// The step is computed again by other workers.
        case recompute
        /// The second computation differs: `rank`, who was told apart by its losses, is replaced; nil when the
        /// losses agree and the gradients do not.
        case hardware(rank: Int?)
        /// The spike may heal by itself until this step.
        case wait(until: Int)
        /// The spike was harmless: the level of ten steps is `rise` nats above the baseline.
        case harmless(rise: Double, isHealed: Bool)
        /// The run goes back to the state after `step`, for the `attempt`th time in a row, and leaves `batches` out;
        /// nil when the data are not to blame.
        case rollBack(to: Int, batches: Range<Int>?, rateScale: Double?, attempt: Int)
        /// Every attempt has failed.
        case giveUp(attempts: Int)
        /// The gradient's norm rose: the checkpoint of `step` is kept; nil while there is none.
        case pin(step: Int?)
    }

    /// What was decided.
    public var verdict: Verdict
    /// What was seen. Of an outlier there are only its step, loss and deviation.
    public var alarm: SpikeAlarm
    /// Whether the policy only reports, and nothing of it was done.
    public var isDry: Bool
    /// Where the loss was going, of a rollback after a wait.
    public var outlook: SpikeOutlook?

    /// A decision from its parts.
    public init(_ verdict: Verdict, because alarm: SpikeAlarm, isDry: Bool = false, outlook: SpikeOutlook? = nil) {
        self.verdict = verdict
        self.alarm = alarm
        self.isDry = isDry
        self.outlook = outlook
    }
}

extension SpikeDecision {
    /// The decision with what it was made from: "the loss rose to 5.10 at step 31219 (…): …".
    public var sentence: String {
        "\(seen)\(outlook.map { "; " + $0.sentence } ?? ""): \(isDry ? "would be answered so: " : "")\(done)"
    }

    /// The verdict in one or two words, for a mark in a plot: `outlier`, `back to 350`.
    public var word: String {
        switch verdict {
        case .outlier: "outlier"
        case .recompute: "recompute"
        case .hardware: "hardware"
        case .wait: "wait"
        case .harmless(_, let isHealed): isHealed ? "healed" : "harmless"
        case .rollBack(let to, _, _, _): isDry ? "would go back to \(to)" : "rollback to \(to)"
        case .giveUp: "gives up"
        case .pin: "gradient rose"
        }
    }

    /// What was seen.
    public var seen: String {
        let place = "at step \(alarm.step)"
        let far =
            alarm.deviation.isFinite ? ", \(rounded(alarm.deviation, 1)) spreads above \(rounded(alarm.median, 2))" : ""
        if case .pin = verdict {
            return "the logarithm of the gradient's norm rose to \(rounded(alarm.value, 2)) \(place)\(far)"
        }
        if case .outlier = verdict { return "the loss was \(rounded(alarm.value, 2)) \(place)\(far)" }
        switch alarm.kind {
        case .nonFinite: return "loss or gradient was no number \(place)"
        case .spike: return "the loss rose to \(rounded(alarm.value, 2)) \(place)\(far), since step \(alarm.onset)"
        case .drift:
            return "the loss has drifted up since step \(alarm.onset), to \(rounded(alarm.value, 2)) \(place)\(far)"
        }
    }

    /// What was done about it.
    public var done: String {
        switch verdict {
        case .outlier(let batch, let worst):
            return "one step does not make a spike; batch \(batch)"
                + (worst.map { ", micro-batch \($0)" } ?? "") + ", is recorded"
        case .recompute: return "the step is computed again by other workers, to tell hardware from data"
        case .hardware(let rank?):
            return
                "rank \(rank) computes other numbers than the others do from the same state and data; it is replaced, "
                + "and no data are left out"
        case .hardware(nil):
            return
                "a second computation has the same losses and another gradient, so hardware is at fault and nobody is "
                + "named"
        case .wait(let until):
            return "the same numbers came a second time; it has until step \(until) to heal by itself"
        case .harmless(let rise, true): return "it healed by itself, to \(rounded(rise, 2)) nats above the baseline"
        case .harmless(let rise, false): return "it stays \(rounded(rise, 3)) nats up, which is too little to act upon"
        case .rollBack(let to, let batches, let scale, let attempt):
            return "back to step \(to)"
                + (batches.map { ", leaving out batches \($0.lowerBound) to \($0.upperBound - 1)" }
                    ?? ", with the same data")
                + (scale.map { ", at \($0) of the learning rate" } ?? "")
                + (attempt > 1 ? "; attempt \(attempt), because the last did not last" : "")
        case .giveUp(let attempts): return "\(attempts) rollbacks did not help, so a person must look"
        case .pin(let step):
            return step.map { "the checkpoint of step \($0) is kept" } ?? "there is no checkpoint to keep"
        }
    }

    /// What else could have been done, and why it was not.
    public var alternatives: [String] {
        switch verdict {
        case .outlier: ["go back: no, the sum of deviations stays below its threshold for one step"]
        case .recompute: ["go back at once: no, a broken worker would be taken along and good data left out"]
        case .hardware: ["leave the data out: no, they are not at fault"]
        case .wait: ["go back at once: no, most spikes heal, and a rollback costs a hundred steps and more"]
        case .harmless: ["go back: no, it would cost more than it brings"]
        case .rollBack(_, let batches, let scale, _):
            ["go on: no, the loss does not come back by itself"]
                + (batches == nil
                    ? [] : ["go back with the same data: no, the same batches would follow the same state"])
                + (scale == nil ? ["lower the learning rate: only if it comes back"] : [])
        case .giveUp: ["go back once more: no, neither other data nor a lower learning rate have helped"]
        case .pin: ["go back: no, the gradient's norm alone says too little"]
        }
    }
}

extension SpikeOutlook {
    /// `it is 1.10 nats up, falling by 0.002 a step, which does not lead back in 30 more`.
    var sentence: String {
        let course = fall < 0 ? "rising by \(rounded(-fall, 3))" : "falling by \(rounded(fall, 3))"
        let place = "it is \(rounded(rise, 2)) nats up, \(course) a step"
        return remaining == 0
            ? "\(place), when the wait is over" : "\(place), which does not lead back in \(remaining) more"
    }
}

/// `value` with `places` figures after the point.
private func rounded(_ value: Double, _ places: Int) -> String {
    guard value.isFinite, value.magnitude < 1e9 else { return "\(value)" }
    let scale = places == 1 ? 10.0 : places == 2 ? 100.0 : 1_000.0
    let whole = Int((value.magnitude * scale).rounded())
    let digits = String(whole % Int(scale))
    return (value < 0 ? "-" : "") + "\(whole / Int(scale))."
        + String(repeating: "0", count: places - digits.count) + digits
}
