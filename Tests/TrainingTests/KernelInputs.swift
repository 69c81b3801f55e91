// Numbers for the kernels' tests: normally distributed, of widths that end in the middle of a vector. Refuses to be
// random: every list has a seed of its own.

import Primitives

/// `count` normally distributed floats, the same in every run; different for each `name`.
func normals(_ name: String, _ count: Int, deviation: Double = 1) -> [Float] {
    var stream = RandomStream(seed: 11, named: name)
    return (0..<count).map { _ in Float(deviation * stream.normal()) }
}

/// `count` tokens of a vocabulary of `size`, the same in every run.
func tokens(_ name: String, _ count: Int, of size: Int) -> [Int32] {
    var stream = RandomStream(seed: 11, named: name)
    return (0..<count).map { _ in Int32(stream.integer(below: size)) }
}

/// `count` numbers that no kernel may leave where it should have written.
func unwritten(_ count: Int) -> [Float] { [Float](repeating: .nan, count: count) }

/// Widths that fill vectors, and that do not.
let widths = [1, 5, 16, 17, 48, 100]
