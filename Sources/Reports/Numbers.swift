// Numbers as people read them, the same bytes on every machine and in every locale. Refuses units of time and size,
// which TimeSpan and ByteCount write themselves.

/// `value` with `places` figures after the point, halves away from zero; `nan`, `inf` and `-inf` as such, and an
/// exponent where the digits would not fit 64 bits.
public func fixed(_ value: Double, _ places: Int) -> String {
    guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
    var scale: UInt64 = 1
    for _ in 0..<places { scale *= 10 }
    let scaled = (value.magnitude * Double(scale)).rounded()
    guard scaled < 1e18 else { return "\(value)" }
    let digits = UInt64(scaled)
    let sign = value < 0 && digits > 0 ? "-" : ""
    guard places > 0 else { return "\(sign)\(digits)" }
    let fraction = String(digits % scale)
    return "\(sign)\(digits / scale)." + String(repeating: "0", count: places - fraction.count) + fraction
}

/// A count with at most one figure after the point and the suffix k, M, B or T: `999`, `23.1M`.
public func compact(_ value: Double) -> String {
    for (size, suffix) in [(1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")] where value.magnitude >= size * 0.99995 {
        return fixed(value / size, 1) + suffix
    }
    return fixed(value, 0)
}

/// A count with at most one figure after the point and the suffix k, M, B or T: `999`, `23.1M`.
public func compact(_ value: Int) -> String { compact(Double(value)) }

/// A share of 1 as a percentage: `88.3%`.
public func percent(_ share: Double) -> String { fixed(share * 100, 1) + "%" }

/// `value` with two significant figures in scientific form, `1.9e-04`, for learning rates; `0` for zero.
public func scientific(_ value: Double) -> String {
    guard value.isFinite, value != 0 else { return fixed(value, 0) }
    var exponent = 0
    var mantissa = value.magnitude
    // Ten is exact and a learning rate is a few decades from 1, so repeated scaling loses nothing that is shown.
    while mantissa >= 9.95 {
        mantissa /= 10
        exponent += 1
    }
    while mantissa < 0.995 {
        mantissa *= 10
        exponent -= 1
    }
    let digits = String(exponent.magnitude)
    let power = (exponent < 0 ? "-" : "+") + (digits.count < 2 ? "0" : "") + digits
    return (value < 0 ? "-" : "") + fixed(mantissa, 1) + "e" + power
}

/// A count and its noun: `1 step`, `2 steps`.
func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
