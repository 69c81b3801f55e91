// The exponential function and powers from additions and multiplications only, for the same reason as the logarithm in
// RandomStream.swift: every machine gives the same bits. Refuses extremes: simulated spans and losses need none.

/// e to the `x`, within 1e-14 relative: with n = x / ln 2 rounded and r = x - n·ln 2, |r| <= 0.35, e^x = 2^n · Σ r^k/k!.
/// - Precondition: `x` is finite and the result is a normal number.
public func portableExponential(_ x: Double) -> Double {
    precondition(x.magnitude < 700, "the portable exponential takes numbers within ±700, not \(x)")
    let n = (x * 1.442_695_040_888_963_4).rounded()
    let r = (x - n * 0.693_147_180_369_123_8) - n * 1.908_214_929_270_587_7e-10
    var sum = 1.0
    for k in stride(from: 16, through: 1, by: -1) { sum = 1 + r / Double(k) * sum }
    return Double(sign: .plus, exponent: Int(n), significand: sum)
}

/// `x` to the `y` for a positive, normal `x`.
public func portablePower(_ x: Double, _ y: Double) -> Double { portableExponential(y * portableLogarithm(x)) }

extension RandomStream {
    /// A number drawn from the exponential distribution of mean 1.
    public mutating func exponential() -> Double { -portableLogarithm(1 - uniform()) }

    /// A number drawn from the Weibull distribution of mean 1 and this shape, by inversion: λ·(-ln U)^(1/k) with
    /// λ = 1/Γ(1 + 1/k), which `weibullScale` gives.
    public mutating func weibull(shape: Double, scale: Double) -> Double {
        let e = exponential()
        return e > 0 ? scale * portablePower(e, 1 / shape) : 0
    }
}

/// The scale λ that gives a Weibull distribution of `shape` the mean 1: 1/Γ(1 + 1/k), Γ by Stirling's series behind a
/// shift of eight (Abramowitz & Stegun 6.1.40), within 1e-10.
public func weibullScale(shape: Double) -> Double {
    precondition(shape > 0.1 && shape < 100, "no Weibull distribution of shape \(shape) is drawn from")
    let x = 1 + 1 / shape
    var product = 1.0
    for k in 0..<8 { product *= x + Double(k) }
    let z = x + 8
    let series = 1 / (12 * z) - 1 / (360 * z * z * z) + 1 / (1260 * z * z * z * z * z)
    let logGamma = (z - 0.5) * portableLogarithm(z) - z + 0.918_938_533_204_672_8 + series
    return product / portableExponential(logGamma)
}
