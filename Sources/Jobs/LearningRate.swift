// The learning rate as a pure function of the step, with Megatron's courses. Refuses to keep state: a resumed run asks
// for the same step and gets the same rate, to the bit, on any machine.

extension LearningRateSpec {
    /// The rate of `step` (from 1) in a run of `steps` steps: peak · step / warm-up while `step` is at most
    /// `warmupSteps`, then the course of `decay`; the minimum after the end of a run that decays.
    public func rate(at step: Int, of steps: Int) -> Double {
        precondition(step >= 1, "the first step has number 1, not \(step)")
        if step <= warmupSteps { return peak * Double(step) / Double(warmupSteps) }
        switch decay {
        case .constant:
            return peak
        case .cosine:
            guard step < steps else { return minimum }
            let progress = Double(step - warmupSteps) / Double(steps - warmupSteps)
            return minimum + (peak - minimum) * (1 + cosineOfHalfTurns(progress)) / 2
        case .wsd:
            let start = steps - decaySteps
            guard step > start else { return peak }
            guard step < steps else { return decaySteps > 0 ? minimum : peak }
            return minimum + (peak - minimum) * Double(steps - step) / Double(decaySteps)
        }
    }
}

/// cos(π·x) for 0 ≤ x ≤ 1 within 1e-15, from additions and multiplications only, so that every machine gives the same
/// bits (the C library picks variants by processor): the series of the sine around x = ½, where the cosine is odd.
func cosineOfHalfTurns(_ x: Double) -> Double {
    let angle = Double.pi * (0.5 - x)
    let square = angle * angle
    var sum = 1.0
    for k in stride(from: 24, through: 2, by: -2) { sum = 1 - sum * square / Double(k * (k + 1)) }
    return angle * sum
}
