// How far two lists of numbers are apart, printed with every comparison: a test that only passes does not say by how
// much. Refuses to decide what is close enough.

import Foundation

/// The largest absolute difference, printed under the name of what is compared; infinite if a number is missing or NaN.
func largestDifference(_ what: String, _ ours: some Collection<Float>, _ theirs: some Collection<Double>) -> Double {
    guard ours.count == theirs.count else { return .infinity }
    var largest = 0.0
    for (a, b) in zip(ours, theirs) {
        let difference = abs(Double(a) - b)
        largest = difference.isNaN ? .infinity : max(largest, difference)
    }
    print("\(what): largest difference \(largest)")
    return largest
}

/// ‖ours − theirs‖ / ‖theirs‖, printed under the name of what is compared; infinite if a number is missing or NaN.
func relativeDifference(_ what: String, _ ours: some Collection<Float>, _ theirs: some Collection<Double>) -> Double {
    guard ours.count == theirs.count else { return .infinity }
    var difference = 0.0
    var norm = 0.0
    for (a, b) in zip(ours, theirs) {
        difference += (Double(a) - b) * (Double(a) - b)
        norm += b * b
    }
    let relative = (difference / max(norm, 1e-30)).squareRoot()
    print("\(what): difference relative to the norm \(relative)")
    return relative.isNaN ? .infinity : relative
}
