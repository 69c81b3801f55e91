// How time and quantities read. People compare these texts across runs and snapshot tests pin them, so each unit's
// borders are pinned here. Refuses to measure time: nothing here looks at a clock.

import Primitives
import Testing

@Suite("Time and quantities")
struct TimeTests {
    @Test(
        arguments: [
            (0, "0s"), (1, "1ns"), (999, "999ns"), (1_000, "1.0us"), (1_250, "1.3us"), (999_949, "999.9us"),
            (999_950, "1.0ms"), (200_000, "200.0us"), (37_400_000, "37.4ms"), (999_949_999, "999.9ms"),
            (999_950_000, "1.0s"), (37_400_000_000, "37.4s"), (59_949_999_999, "59.9s"), (59_950_000_000, "1m00s"),
            (59_999_999_999, "1m00s"), (60_000_000_000, "1m00s"), (185_000_000_000, "3m05s"),
            (3_599_499_999_999, "59m59s"), (3_599_500_000_000, "1h00m"), (3_725_000_000_000, "1h02m"),
            (86_399_499_999_999, "23h59m"), (86_399_500_000_000, "1d00h"), (1_062_000_000_000_000, "12d07h"),
            (-1_500_000_000, "-1.5s"), (Int64.min, "-106751d23h"), (Int64.max, "106751d23h"),
        ] as [(Int64, String)])
    func `a span reads in its two largest units, and no unit reads as a full next one`(
        nanoseconds: Int64, text: String
    ) {
        #expect(TimeSpan(nanoseconds: nanoseconds).description == text)
    }

    @Test(
        arguments: [
            (0, "00:00:00.000"), (999_999, "00:00:00.000"), (1_000_000, "00:00:00.001"),
            (3_723_004_000_000, "01:02:03.004"), (360_000_000_000_000, "100:00:00.000"),
            (-1_000_000, "-00:00:00.001"), (-999_999, "00:00:00.000"), (-3_723_004_000_000, "-01:02:03.004"),
            (Int64.min, "-2562047:47:16.854"),
        ] as [(Int64, String)])
    func `an instant reads as a clock, before the epoch too`(nanoseconds: Int64, text: String) {
        #expect(Instant(nanoseconds: nanoseconds).description == text)
    }

    @Test func `differences of instants add up to the nanosecond`() {
        var stream = RandomStream(seed: 7, named: "tests/instants")
        var now = Instant.zero
        var total = TimeSpan.zero
        for _ in 0..<10_000 {
            let later = now + TimeSpan(nanoseconds: Int64(stream.integer(below: 1_000_000_007)))
            #expect(later >= now)
            total += later - now
            now = later
        }
        #expect(now - .zero == total)
        total -= now - .zero
        #expect(total == .zero)
    }

    @Test func `units are multiples of a nanosecond`() {
        #expect(TimeSpan.microseconds(3).nanoseconds == 3_000)
        #expect(TimeSpan.milliseconds(3).nanoseconds == 3_000_000)
        #expect(TimeSpan.seconds(3 as Int64).nanoseconds == 3_000_000_000)
        #expect(TimeSpan.seconds(0.1 as Double).nanoseconds == 100_000_000)
        #expect(TimeSpan.seconds(1.5e-9).nanoseconds == 2)
        #expect(TimeSpan.milliseconds(250) * 4 == .seconds(1 as Int64))
        #expect(TimeSpan.milliseconds(1500).seconds == 1.5)
        #expect(TimeSpan.milliseconds(1) - .milliseconds(3) == .milliseconds(-2))
        #expect(TimeSpan.milliseconds(1) < .milliseconds(2))
        #expect(Instant(nanoseconds: 1) < Instant(nanoseconds: 2))
    }

    @Test(
        arguments: [
            (0, "0B"), (512, "512B"), (999, "999B"), (1_000, "1.0kB"), (1_049, "1.0kB"), (1_050, "1.1kB"),
            (999_949, "999.9kB"), (999_950, "1.0MB"), (43_000_000, "43.0MB"), (999_950_000, "1.0GB"),
            (1_500_000_000, "1.5GB"), (999_949_999_999, "999.9GB"), (999_950_000_000, "1.0TB"), (-1_000, "-1.0kB"),
            (-1_500_000, "-1.5MB"), (Int64.max, "9223372.0TB"), (Int64.min, "-9223372.0TB"),
        ] as [(Int64, String)])
    func `a byte count reads in decimal units, however large it is`(bytes: Int64, text: String) {
        #expect(ByteCount(bytes).description == text)
    }

    @Test func `quantities of one kind compare and add`() {
        #expect(ByteCount(3) + ByteCount(4) == ByteCount(7))
        #expect(ByteCount(3) < ByteCount(4))
        #expect(FLOPCount(1e24) < FLOPCount(1e25))
    }
}
