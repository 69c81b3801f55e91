// What detectors find on synthetic curves, on as many as a test may take. Refuses the full table of rules and events;
// `benchmarks/spikes --detection` prints it.

import ControlPlane
import Primitives
import Simulation
import Testing

struct DetectionTests {
    private let trial = DetectionTrial(of: .cusum, autocorrelation: 0.3, seed: 1)

    @Test func `a transient of 20 steps is always found within 10 steps, and a shift of half a nat within 20`() {
        #expect(trial.score(.transient, trials: 40).recall == 1)
        #expect(trial.score(.shift, trials: 40).recall == 1)
    }

    @Test func `a single bad batch is never an alarm, and for the 6 sigma rule it always is`() {
        #expect(trial.score(.single, trials: 40).recall == 0)
        #expect(DetectionTrial(of: .olmo, autocorrelation: 0.3, seed: 1).score(.single, trials: 40).recall == 1)
    }

    @Test func `a slow drift is found in the end, which no rule of single steps does`() {
        #expect(trial.score(.drift, trials: 20, limit: 400).recall == 1)
        for rule in [SpikeRuleName.sevenSigma, .doubleMean, .previous, .tenMax] {
            let others = DetectionTrial(of: rule, autocorrelation: 0.3, seed: 1)
            #expect(others.score(.drift, trials: 20, limit: 400).recall == 0, "\(rule)")
        }
    }

    @Test func `ten thousand quiet steps give no alarm`() {
        #expect(trial.falseAlarmsPerTenThousand(over: 10_000) == 0)
    }

    @Test func `the synthetic curve is the same on every machine`() {
        var curve = SyntheticLoss(.shift, at: 4, autocorrelation: 0.3, seed: 7)
        let losses = (1...6).map { curve.loss(of: $0) }
        #expect(
            losses == [
                2.8698794266141467, 2.8970039048405383, 3.1171996018427484, 3.426380861218706, 3.526711457318065,
                3.331351045426136,
            ])
    }

    @Test func `the noise has the deviation and the autocorrelation that it is said to have`() {
        var curve = SyntheticLoss(.none, at: 0, autocorrelation: 0.3, seed: 3)
        let noise = (1...100_000).map { curve.loss(of: $0) - SyntheticLoss.level }
        let variance = noise.reduce(0) { $0 + $1 * $1 } / 100_000
        let product = zip(noise, noise.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 } / 99_999
        #expect(abs(variance.squareRoot() - 0.117) < 0.002)
        #expect(abs(product / variance - 0.3) < 0.02)
    }
}
