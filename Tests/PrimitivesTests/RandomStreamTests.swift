// Random numbers must be the same for ever: a run is named by its seed. The pinned values come from a second
// implementation of xoshiro256++, SplitMix64 and FNV-1a, written apart from this one and checked against the vector
// published with the algorithm. Refuses to be a test battery: the statistics here catch slips of the pen.

import Foundation
import Primitives
import Testing

@Suite("Random streams")
struct RandomStreamTests {
    @Test(
        arguments: [
            (
                1234, "data/step/1/micro-batch/0",
                [0x447e_b49d_3177_dcec, 0x19f8_3894_122c_16dd, 0x41fb_7539_8eeb_e879, 0xfd00_1abd_9b82_2e64]
            ),
            (0, "", [0x96bb_3c9c_ab98_ed3f, 0x65b6_4fbc_9a77_0e81, 0xed86_fb2d_91de_1ae1, 0xc597_f5e1_3515_6f81]),
            (
                .max, "failures/node/17",
                [0xfd7e_4855_6a6b_b226, 0xe2fa_8411_10cd_68df, 0x62be_39d9_12db_ec8d, 0x2909_76cd_af13_ddc7]
            ),
        ] as [(UInt64, String, [UInt64])])
    func `a seed and a name give the pinned bits`(seed: UInt64, name: String, expected: [UInt64]) {
        var stream = RandomStream(seed: seed, named: name)
        #expect(expected.map { _ in stream.next() } == expected)
    }

    @Test func `a stream of a family is the one of its whole name`() {
        let family = RandomStream.Family(seed: .max, prefix: "failures/node/")
        for number in [0, 9, 17, 2_063] {
            #expect(family[number] == RandomStream(seed: .max, named: "failures/node/\(number)"))
        }
    }

    @Test func `uniform numbers, integers and normal numbers are pinned`() {
        var stream = RandomStream(seed: 42, named: "uniform")
        #expect(stream.uniform() == 0.42369249165820433)
        #expect(stream.uniform() == 0.42925897627314213)
        #expect(stream.uniform() == 0.2980539055691984)

        stream = RandomStream(seed: 42, named: "integers")
        let expected = [987, 342, 393, 70, 790, 603, 689, 904, 134, 417, 42, 463]
        #expect(expected.map { _ in stream.integer(below: 1000) } == expected)

        stream = RandomStream(seed: 42, named: "normal")
        let normals = [0.24159062218593738, -0.36904600207539795, 1.4390524056204836, -1.7593835320233904]
        let differences = normals.map { abs($0 - stream.normal()) }
        let largest = differences.max() ?? .infinity
        print("normal numbers: largest difference from the second implementation \(largest)")
        #expect(largest <= 1e-15)
    }

    @Test func `ten thousand draws of every kind give the pinned digest`() {
        var stream = RandomStream(seed: 1, named: "digest")
        var digest: UInt64 = 0
        for index in 0..<10_000 {
            digest = (digest &* 0x0000_0100_0000_01b3) ^ stream.next()
            digest = (digest &* 0x0000_0100_0000_01b3) ^ stream.uniform().bitPattern
            digest = (digest &* 0x0000_0100_0000_01b3) ^ UInt64(stream.integer(below: index + 1))
            digest = (digest &* 0x0000_0100_0000_01b3) ^ stream.normal().bitPattern
        }
        #expect(digest == 0xb7c6_b24a_69a9_2f04)
    }

    @Test func `streams of other names and other seeds are unrelated, and a copy continues alike`() {
        var seen: Set<UInt64> = []
        for seed in 0..<32 as Range<UInt64> {
            for node in 0..<32 {
                var stream = RandomStream(seed: seed, named: "failures/node/\(node)")
                for _ in 0..<4 { seen.insert(stream.next()) }
            }
        }
        #expect(seen.count == 32 * 32 * 4)

        var original = RandomStream(seed: 3, named: "copy")
        _ = original.normal()
        var copy = original
        #expect(copy == original)
        #expect(copy.normal() == original.normal())
        _ = copy.next()
        #expect(copy != original)
    }

    @Test func `uniform numbers lie in [0, 1) with the mean and variance they should have`() {
        var stream = RandomStream(seed: 5, named: "tests/uniform")
        let count = 200_000
        var sum = 0.0
        var squares = 0.0
        for _ in 0..<count {
            let x = stream.uniform()
            #expect(x >= 0 && x < 1)
            sum += x
            squares += (x - 0.5) * (x - 0.5)
        }
        // Five standard errors: √(1/12/n) for the mean, √(1/180/n) for the variance.
        #expect(abs(sum / Double(count) - 0.5) < 5 * (1.0 / 12 / Double(count)).squareRoot())
        #expect(abs(squares / Double(count) - 1.0 / 12) < 5 * (1.0 / 180 / Double(count)).squareRoot())
    }

    @Test func `every bit of the output is one half of the time`() {
        var stream = RandomStream(seed: 6, named: "tests/bits")
        let count = 50_000
        var ones = [Int](repeating: 0, count: 64)
        for _ in 0..<count {
            let bits = stream.next()
            for bit in 0..<64 where bits >> UInt64(bit) & 1 == 1 { ones[bit] += 1 }
        }
        let bound = 5 * (Double(count) / 4).squareRoot()
        #expect(ones.allSatisfy { abs(Double($0) - Double(count) / 2) < bound })
    }

    @Test func `normal numbers have mean 0, variance 1 and the tails of a normal distribution`() {
        var stream = RandomStream(seed: 8, named: "tests/normal")
        let count = 200_000
        var sum = 0.0
        var squares = 0.0
        var beyondTwo = 0
        for _ in 0..<count {
            let x = stream.normal()
            sum += x
            squares += x * x
            if abs(x) > 2 { beyondTwo += 1 }
        }
        let n = Double(count)
        #expect(abs(sum / n) < 5 / n.squareRoot())
        #expect(abs(squares / n - 1) < 5 * (2 / n).squareRoot())
        let tail = 0.0455002638963584  // 1 − erf(√2)
        #expect(abs(Double(beyondTwo) / n - tail) < 5 * (tail * (1 - tail) / n).squareRoot())
    }

    @Test(arguments: [1, 2, 3, 7, 10, 256])
    func `integers below a bound are all drawn, equally often`(bound: Int) {
        var stream = RandomStream(seed: 9, named: "tests/integers")
        let count = 1_000 * bound
        var drawn = [Int](repeating: 0, count: bound)
        for _ in 0..<count { drawn[stream.integer(below: bound)] += 1 }
        let chiSquare = drawn.reduce(0.0) { $0 + (Double($1) - 1000) * (Double($1) - 1000) / 1000 }
        // Its mean is bound − 1 and its variance twice that.
        #expect(chiSquare < Double(bound - 1) + 5 * (2 * Double(max(bound - 1, 1))).squareRoot())
    }

    @Test func `a bound of three quarters of the range is not biased towards its lower half`() {
        // Without rejection a third of the integers below 3·2^61 would be drawn twice as often as the others.
        let bound = 3 << 61
        var stream = RandomStream(seed: 10, named: "tests/rejection")
        let count = 60_000
        var thirds = [0, 0, 0]
        for _ in 0..<count {
            let drawn = stream.integer(below: bound)
            #expect(drawn >= 0 && drawn < bound)
            thirds[drawn / (1 << 61)] += 1
        }
        let expected = Double(count) / 3
        #expect(thirds.allSatisfy { abs(Double($0) - expected) < 5 * (expected * 2 / 3).squareRoot() })
    }

    @Test func `the portable logarithm is within 1e-15 of the C library's over all magnitudes`() {
        var stream = RandomStream(seed: 11, named: "tests/logarithm")
        var numbers: [Double] = [
            1, 2, 0.5, .ulpOfOne, Double(1).nextUp, Double(1).nextDown, 2.0.squareRoot(), 2.0.squareRoot().nextUp,
            0.5.squareRoot(), 0.5.squareRoot().nextDown, .leastNormalMagnitude, .greatestFiniteMagnitude, .pi, 10,
            1e300,
        ]
        for exponent in -1022...1023 {
            for _ in 0..<50 {
                numbers.append(Double(sign: .plus, exponent: exponent, significand: 1 + stream.uniform()))
            }
        }
        for _ in 0..<100_000 { numbers.append(0.5 + 1.5 * stream.uniform()) }
        var largest = 0.0
        var worst = 1.0
        for x in numbers {
            let exact = Foundation.log(x)
            let difference = exact == 0 ? abs(portableLogarithm(x)) : abs(portableLogarithm(x) - exact) / abs(exact)
            if difference > largest { (largest, worst) = (difference, x) }
        }
        print("portable logarithm: largest relative difference \(largest), at \(worst), of \(numbers.count) numbers")
        #expect(largest <= 1e-15)
        #expect(portableLogarithm(1) == 0)
    }
}
