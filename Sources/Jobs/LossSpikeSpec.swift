// What a job says about loss spikes: the detector's constants and the policy's. Every number has the default that the
// tables of benchmarks/spikes were measured with. Refuses to detect and to decide; ControlPlane does.

/// The constants of a spike detector. Names in parentheses are the job file's, under `fault_tolerance.loss_spike`.
public struct SpikeDetectorSpec: Equatable, Hashable, Sendable, Codable {
    /// Accepted steps that median and spread are taken over (`window`).
    public var window: Int
    /// Accepted steps before anything is said (`armed_after`).
    public var armedAfter: Int
    /// The most that one step's deviation counts, in spreads (`clip`).
    public var clip: Double
    /// What is taken off every step's deviation (`allowance`).
    public var allowance: Double
    /// The sum above which there is an alarm (`threshold`).
    public var threshold: Double
    /// The sum above which a value waits for the sum to be zero again before the baseline takes it (`hold_sum`). At
    /// `freezeSum` no value ever waits.
    public var holdSum: Double
    /// The sum above which the baseline takes no value (`freeze_sum`).
    public var freezeSum: Double
    /// The deviation above which the baseline takes no value, and a step is an outlier (`freeze_z`).
    public var freezeDeviation: Double
    /// An alarm this many steps after its onset, or later, is a drift and not a spike (`drift_after`).
    public var driftAfter: Int

    /// Constants from their parts.
    public init(
        window: Int = 128, armedAfter: Int = 64, clip: Double = 4, allowance: Double = 1, threshold: Double = 12,
        holdSum: Double = 0, freezeSum: Double = 6, freezeDeviation: Double = 6, driftAfter: Int = 20
    ) {
        self.window = window
        self.armedAfter = armedAfter
        self.clip = clip
        self.allowance = allowance
        self.threshold = threshold
        self.holdSum = holdSum
        self.freezeSum = freezeSum
        self.freezeDeviation = freezeDeviation
        self.driftAfter = driftAfter
    }
}

/// What a run does about loss spikes. Names in parentheses are the job file's, under `fault_tolerance.loss_spike`.
public struct LossSpikeSpec: Equatable, Hashable, Sendable, Codable {
    /// How far a run goes (`action`).
    public enum Action: String, Equatable, Hashable, Sendable, Codable, CaseIterable {
        /// It does not look.
        case off
        /// It says what it would do.
        case report
        /// It goes back to a checkpoint and takes the same data again, as a restart by hand does.
        case rewind
        /// It goes back to a checkpoint and leaves data out.
        case rollback
    }

    /// How far the run goes.
    public var action: Action
    /// The detector.
    public var detector: SpikeDetectorSpec
    /// Steps a spike is given to heal by itself, at most (`wait`).
    public var wait: Int
    /// Steps after which the wait ends early if the last twenty do not lead back (`wait_at_least`).
    public var waitAtLeast: Int
    /// A median of ten steps this near to the baseline, in spreads, has healed (`healed_z`).
    public var healedDeviation: Double
    /// A rise of less than this share of the loss is harmless (`benign_shift`).
    public var benignShift: Double
    /// Steps from the restored checkpoint to the excursion's onset, at least (`back`).
    public var back: Int
    /// Steps of data that are left out behind the alarm (`skip_beyond`).
    public var skipBeyond: Int
    /// An alarm this many steps after a rollback, or fewer, means that it did not help (`again_within`).
    public var againWithin: Int
    /// The learning rate's factor after the second rollback, and after the third (`lr_scale`, `lr_scale_last`).
    public var rateScales: [Double]

    /// Whether the run goes back at all.
    public var goesBack: Bool { action == .rollback || action == .rewind }

    /// A policy from its parts.
    public init(
        action: Action = .rollback, detector: SpikeDetectorSpec = SpikeDetectorSpec(), wait: Int = 50,
        waitAtLeast: Int = 20, healedDeviation: Double = 2, benignShift: Double = 0.01, back: Int = 100,
        skipBeyond: Int = 100,
        againWithin: Int = 1000, rateScales: [Double] = [0.75, 0.5]
    ) {
        self.action = action
        self.detector = detector
        self.wait = wait
        self.waitAtLeast = waitAtLeast
        self.healedDeviation = healedDeviation
        self.benignShift = benignShift
        self.back = back
        self.skipBeyond = skipBeyond
        self.againWithin = againWithin
        self.rateScales = rateScales
    }
}

/// A job that was stored before a key existed means what it meant then.
extension SpikeDetectorSpec {
    /// Reads a stored job's constants.
    /// - Throws: `DecodingError` when a constant that every version had is missing.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let freezeSum = try values.decode(Double.self, forKey: .freezeSum)
        self.init(
            window: try values.decode(Int.self, forKey: .window),
            armedAfter: try values.decode(Int.self, forKey: .armedAfter),
            clip: try values.decode(Double.self, forKey: .clip),
            allowance: try values.decode(Double.self, forKey: .allowance),
            threshold: try values.decode(Double.self, forKey: .threshold),
            holdSum: try values.decodeIfPresent(Double.self, forKey: .holdSum) ?? freezeSum, freezeSum: freezeSum,
            freezeDeviation: try values.decode(Double.self, forKey: .freezeDeviation),
            driftAfter: try values.decode(Int.self, forKey: .driftAfter))
    }
}

extension LossSpikeSpec {
    /// Reads a stored job's policy.
    /// - Throws: `DecodingError` when a value that every version had is missing.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let wait = try values.decode(Int.self, forKey: .wait)
        self.init(
            action: try values.decode(Action.self, forKey: .action),
            detector: try values.decode(SpikeDetectorSpec.self, forKey: .detector), wait: wait,
            waitAtLeast: try values.decodeIfPresent(Int.self, forKey: .waitAtLeast) ?? wait,
            healedDeviation: try values.decode(Double.self, forKey: .healedDeviation),
            benignShift: try values.decode(Double.self, forKey: .benignShift),
            back: try values.decode(Int.self, forKey: .back),
            skipBeyond: try values.decode(Int.self, forKey: .skipBeyond),
            againWithin: try values.decode(Int.self, forKey: .againWithin),
            rateScales: try values.decode([Double].self, forKey: .rateScales))
    }
}
