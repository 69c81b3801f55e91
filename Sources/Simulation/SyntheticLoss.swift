// Loss curves with one event in them, drawn from a seed: what detectors are measured on, because a real log does not say
// what its detector should have found. The noise is a first-order autoregression with the deviation of GPT-2 speed runs'
// logs (0.085 to 0.156 nats; 0.117 lies between) around a level. Refuses to model training; see docs/ARCHITECTURE.md.

import Primitives

/// What happens to a synthetic loss curve.
public enum LossEvent: String, CaseIterable, Sendable {
    /// Nothing.
    case none
    /// 20 steps that are 2.9 nats higher.
    case transient
    /// From one step on everything is 0.5 nats higher.
    case shift
    /// From one step on every step is 0.002 nats higher than the last.
    case drift
    /// From one step on everything is 0.15 nats higher.
    case smallShift = "small-shift"
    /// One step is 1.5 nats higher.
    case single

    /// What is added to the loss `steps` steps after the event began, in nats.
    public func rise(after steps: Int) -> Double {
        guard steps >= 0 else { return 0 }
        return switch self {
        case .none: 0
        case .transient: steps < 20 ? 2.9 : 0
        case .shift: 0.5
        case .drift: 0.002 * Double(steps)
        case .smallShift: 0.15
        case .single: steps == 0 ? 1.5 : 0
        }
    }

    /// The event as it stands in a table: `transient +2.9`.
    public var label: String {
        switch self {
        case .none: "none"
        case .transient: "transient +2.9"
        case .shift: "shift +0.5"
        case .drift: "drift +0.002/step"
        case .smallShift: "shift +0.15"
        case .single: "single +1.5"
        }
    }
}

/// A curve that goes on for ever.
public struct SyntheticLoss: Sendable {
    /// The standard deviation of the noise, in nats.
    public static let deviation = 0.117
    /// The level without noise, in nats.
    public static let level = 3.0

    private let event: LossEvent
    private let begin: Int
    private let autocorrelation: Double
    private var stream: RandomStream
    private var noise: Double

    /// A curve on which `event` begins at step `begin`.
    /// - Parameter autocorrelation: of the noise of neighbouring steps, from 0 to below 1.
    public init(_ event: LossEvent, at begin: Int, autocorrelation: Double, seed: UInt64) {
        precondition((0..<1).contains(autocorrelation), "no noise has the autocorrelation \(autocorrelation)")
        self.event = event
        self.begin = begin
        self.autocorrelation = autocorrelation
        stream = RandomStream(seed: seed, named: "loss/\(event.rawValue)")
        noise = SyntheticLoss.deviation * stream.normal()
    }

    /// The loss of `step`; steps are asked for in turn.
    public mutating func loss(of step: Int) -> Double {
        defer {
            let innovation = (1 - autocorrelation * autocorrelation).squareRoot() * SyntheticLoss.deviation
            noise = autocorrelation * noise + innovation * stream.normal()
        }
        return SyntheticLoss.level + noise + event.rise(after: step - begin)
    }
}
