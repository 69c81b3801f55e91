// The training loss of a run that nobody trains: L(N, D) = E + A/N^α + B/D^β with the constants of Hoffmann et al. 2022
// (arXiv 2203.15556, approach 3), and noise that is a function of seed and step, so that a step done again has the same
// loss. Refuses to predict a particular model; it is a curve of the right shape for people to read.

import Primitives

/// Loss as a function of the step.
public struct LossCurve: Equatable, Sendable {
    /// Parameters of the model.
    public var parameters: Double
    /// Tokens in a step.
    public var tokensPerStep: Int
    /// The standard deviation of a step's noise, in nats.
    public var deviation: Double
    /// Names the noise.
    public var seed: UInt64

    /// A curve from its parts.
    public init(parameters: Double, tokensPerStep: Int, deviation: Double = 0.02, seed: UInt64) {
        self.parameters = parameters
        self.tokensPerStep = tokensPerStep
        self.deviation = deviation
        self.seed = seed
    }

    /// The training loss of `step`, in nats a token; a model that has seen nothing guesses, so it is at most ln 50,257.
    /// - Parameter batch: the batch that the step takes, which the noise belongs to; nil for its own.
    public func loss(of step: Int, batch: Int? = nil) -> Double {
        let tokens = Double(max(1, step) * tokensPerStep)
        let mean = 1.69 + 406.4 / portablePower(parameters, 0.34) + 410.7 / portablePower(tokens, 0.28)
        var stream = RandomStream(seed: seed &+ UInt64(batch ?? step) &* 0x9e37_79b9_7f4a_7c15, named: "loss")
        return min(10.825, mean) + deviation * stream.normal()
    }
}
