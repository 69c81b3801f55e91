// Random numbers that never change: xoshiro256++ (Blackman, Vigna 2019, https://prng.di.unimi.it), seeded through
// SplitMix64 from a run's seed and a stream's name. One named stream per use ("failures/node/17"), so that a new use
// shifts no other. Refuses to be a RandomNumberGenerator: the standard library's algorithms on top of one may change
// between Swift releases, and a run's numbers may not.

/// An independent, reproducible sequence of random numbers, named by what it is for.
public struct RandomStream: Equatable, Sendable {
    private var a: UInt64
    private var b: UInt64
    private var c: UInt64
    private var d: UInt64
    private var spareNormal: Double?

    /// Streams whose names differ in the number at their end alone, made without their names: thousands of nodes have one
    /// each, in every life.
    public struct Family: Sendable {
        private let seedKey: UInt64
        private let hash: UInt64

        /// The streams of the run seeded with `seed` whose names begin with `prefix`.
        public init(seed: UInt64, prefix: String) {
            var state = seed
            seedKey = RandomStream.splitMix(&state)
            hash = RandomStream.hash(prefix, from: 0xcbf2_9ce4_8422_2325)
        }

        /// The stream named by the prefix and `number` behind it.
        public subscript(number: Int) -> RandomStream {
            RandomStream(key: seedKey ^ RandomStream.hash(String(number), from: hash))
        }
    }

    /// The stream `name` of the run seeded with `seed`. Equal arguments give equal sequences, on any machine.
    public init(seed: UInt64, named name: String) {
        var state = seed
        self.init(key: RandomStream.splitMix(&state) ^ RandomStream.hash(name, from: 0xcbf2_9ce4_8422_2325))
    }

    /// FNV-1a, 64 bits, of what `hash` is of and `text` behind it.
    private static func hash(_ text: String, from hash: UInt64) -> UInt64 {
        var hash = hash
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        return hash
    }

    private init(key: UInt64) {
        var state = key
        a = RandomStream.splitMix(&state)
        b = RandomStream.splitMix(&state)
        c = RandomStream.splitMix(&state)
        d = RandomStream.splitMix(&state)
    }

    private static func splitMix(_ state: inout UInt64) -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// The next 64 random bits.
    public mutating func next() -> UInt64 {
        func rotate(_ x: UInt64, _ k: UInt64) -> UInt64 { (x << k) | (x >> (64 - k)) }
        let result = rotate(a &+ d, 23) &+ a
        let t = b << 17
        c ^= a
        d ^= b
        b ^= c
        a ^= d
        c ^= t
        d = rotate(d, 45)
        return result
    }

    /// A number in [0, 1) with 53 random bits.
    public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// An integer in 0 ..< bound, without bias (Lemire 2019, rejection on the low half of the product).
    /// - Precondition: `bound` is positive.
    public mutating func integer(below bound: Int) -> Int {
        precondition(bound > 0, "a random integer below \(bound) does not exist")
        let n = UInt64(bound)
        let threshold = (0 &- n) % n
        while true {
            let (high, low) = next().multipliedFullWidth(by: n)
            if low >= threshold { return Int(high) }
        }
    }

    /// A normally distributed number, mean 0 and standard deviation 1 (Marsaglia's polar method).
    public mutating func normal() -> Double {
        if let spare = spareNormal {
            spareNormal = nil
            return spare
        }
        while true {
            let u = 2 * uniform() - 1
            let v = 2 * uniform() - 1
            let s = u * u + v * v
            guard s > 0, s < 1 else { continue }
            let scale = (-2 * portableLogarithm(s) / s).squareRoot()
            spareNormal = v * scale
            return u * scale
        }
    }
}

/// The natural logarithm of a positive, normal number, from additions, multiplications and one division only, so that
/// every machine gives the same bits (the C library picks variants by processor). Within 1e-15 relative: with
/// x = m·2^e, 1/√2 ≤ m < √2 and t = (m−1)/(m+1), ln x = e·ln 2 + 2·(t + t³/3 + t⁵/5 + …).
public func portableLogarithm(_ x: Double) -> Double {
    precondition(x > 0 && x.isNormal, "the portable logarithm takes positive normal numbers, not \(x)")
    var exponent = Double(x.exponent)
    var m = x.significand
    if m > 1.414_213_562_373_095_1 {
        m /= 2
        exponent += 1
    }
    let t = (m - 1) / (m + 1)
    let square = t * t
    var sum = 0.0
    for k in stride(from: 23, through: 1, by: -2) { sum = sum * square + 1 / Double(k) }
    // The series summed from its far end is t · (1 + t²/3 + …); the exponent's part is added in two pieces, the first
    // exact, so that nothing is lost for large exponents.
    let high = 0.693_147_180_369_123_8
    let low = 1.908_214_929_270_587_7e-10
    return exponent * high + (exponent * low + 2 * t * sum)
}
