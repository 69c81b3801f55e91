// The detector of lasting rises, step by step. How often it is right on noisy curves is SimulationTests' to measure.

import ControlPlane
import Jobs
import Primitives
import Testing

struct SpikeDetectorTests {
    /// A quiet curve around 3 whose spread is 0.1: the deviations of its values are known.
    private static func quiet(_ step: Int) -> Double { 3 + 0.1349 * Double((step * 37) % 101 - 50) / 50 }

    /// A detector that has seen `steps` quiet steps.
    private static func armed(steps: Int = 200, _ settings: SpikeDetectorSpec = SpikeDetectorSpec()) -> SpikeDetector {
        var detector = SpikeDetector(settings)
        for step in 1...steps { _ = detector.observe(quiet(step), step: step) }
        return detector
    }

    /// Feeds `values` behind `detector`'s last step and returns what it found.
    private func feed(_ detector: inout SpikeDetector, _ values: [Double]) -> [SpikeDetector.Finding] {
        values.map { detector.observe($0, step: detector.lastStep + 1) }
    }

    /// How many values the baseline remembers.
    private func remembered(_ detector: SpikeDetector) -> Int {
        detector.line["baseline"]?.split(separator: ",").count ?? 0
    }

    @Test func `nothing is said of the first 64 steps`() {
        var detector = SpikeDetector()
        let findings = (1...64).map { detector.observe(Self.quiet($0), step: $0) }
        #expect(findings.allSatisfy { $0 == .unarmed })
        guard case .outlier = detector.observe(30, step: 65) else {
            Issue.record("the 65th step is the first that is judged")
            return
        }
    }

    @Test func `one bad batch adds the clip less the allowance, is an outlier, and sets off nothing`() {
        var detector = Self.armed()
        let before = detector.baseline
        let findings = feed(&detector, [9])
        guard case .outlier(let deviation) = findings[0] else {
            Issue.record("a step 6 nats above is an outlier")
            return
        }
        #expect(deviation > 40)
        #expect(detector.sum == 3 && detector.onset == 201)
        #expect(detector.baseline == before)
        _ = feed(&detector, [3, 3, 3])
        #expect(detector.sum == 0 && detector.onset == nil)
    }

    @Test func `five high steps in turn are an alarm, at the first sum above 12`() {
        var detector = Self.armed()
        let findings = feed(&detector, [9, 9, 9, 9, 9])
        for finding in findings.dropLast() {
            guard case .outlier = finding else {
                Issue.record("an alarm at a sum of 12 or less: \(finding)")
                return
            }
        }
        guard case .alarm(let alarm) = findings[4] else {
            Issue.record("no alarm at 5 × 3: \(findings[4])")
            return
        }
        #expect(alarm.step == 205 && alarm.onset == 201 && alarm.sum == 15 && alarm.kind == .spike)
        #expect(alarm.value == 9 && alarm.deviation > 40 && alarm.median == detector.baseline.median)
    }

    @Test func `a slow rise is a drift`() {
        var detector = Self.armed(SpikeDetectorSpec(driftAfter: 10))
        let spread = detector.baseline.spread
        // 2.1 spreads above are at most 1.1 a step, which takes 11 steps behind the first.
        for _ in 1...30 where detector.alarm == nil { _ = feed(&detector, [3 + 2.1 * spread]) }
        #expect(detector.alarm?.kind == .drift)
    }

    @Test(arguments: [Double.nan, .infinity])
    func `a loss that is no number is an alarm at once, even before the detector is armed`(loss: Double) {
        var detector = SpikeDetector()
        guard case .alarm(let alarm) = detector.observe(loss, step: 1) else {
            Issue.record("no alarm")
            return
        }
        #expect(alarm.kind == .nonFinite && alarm.step == 1 && alarm.onset == 1)
    }

    @Test func `while an alarm is answered nothing is accepted, and the newest ten values are known`() {
        var detector = Self.armed()
        let before = detector.baseline
        let findings = feed(&detector, Array(repeating: 9, count: 5) + Array(repeating: 5, count: 10))
        #expect(findings.suffix(10).allSatisfy { $0 == .unarmed })
        #expect(detector.baseline == before && detector.recentMedian == 5)
        detector.dismiss()
        #expect(detector.alarm == nil && detector.sum == 0 && detector.baseline == before)
        detector.rebaseline()
        #expect(detector.baseline.count == 0)
    }

    @Test func `a step that is done again is no news`() {
        var detector = Self.armed()
        let before = detector
        let finding = detector.observe(50, step: 200)
        #expect(finding == .unarmed && detector == before)
    }

    @Test func `what an excursion begins with is not taken for usual until the excursion is over`() {
        var detector = Self.armed()
        while detector.sum > 0 { _ = feed(&detector, [2.9]) }
        let (before, count) = (detector.baseline, remembered(detector))
        // 1.5 spreads above add half a spread each: no step stands out, and the sum stays below 6.
        let rise = before.median + 1.5 * before.spread
        _ = feed(&detector, Array(repeating: rise, count: 8))
        #expect(detector.sum > 3 && detector.baseline.median == before.median && detector.baseline.isHolding)
        #expect(remembered(detector) == count)
        while detector.sum > 0 { _ = feed(&detector, [2.9]) }
        // They were no spike: all of them count, and in order.
        #expect(!detector.baseline.isHolding && remembered(detector) > count + 8)
    }

    @Test func `with hold_sum at freeze_sum nothing ever waits, and a value above that sum never counts`() {
        var detector = Self.armed(SpikeDetectorSpec(holdSum: 6))
        while detector.sum > 0 { _ = feed(&detector, [2.9]) }
        let (median, spread) = (detector.baseline.median, detector.baseline.spread)
        var counts: [Int] = []
        for _ in 1...4 {
            _ = feed(&detector, [median + 3 * spread])
            counts.append(remembered(detector))
            #expect(!detector.baseline.isHolding)
        }
        // Sums of about 2, 4, 6 and 8: the last is above 6.
        #expect(counts[1] == counts[0] + 1 && counts[3] == counts[2])
    }

    @Test func `after going back the baseline is the one of then`() {
        var detector = Self.armed(steps: 300)
        _ = feed(&detector, Array(repeating: 9, count: 5))
        // A step at which nothing is held back, so that the window of then is known.
        let back = (200...220).last { Self.armed(steps: $0).sum == 0 }!
        detector.goBack(to: back)
        let then = Self.armed(steps: back)
        #expect(detector.baseline.count == then.baseline.count)
        #expect(detector.baseline.median == then.baseline.median && detector.baseline.spread == then.baseline.spread)
        #expect(detector.lastStep == back && detector.alarm == nil && detector.sum == 0)
    }

    @Test func `the baseline's statistics are those of the newest values, however many came before`() {
        var baseline = RobustBaseline(window: 5)
        for step in 1...100 { baseline.accept(Double((step * 7) % 13), step: step) }
        // 96 … 100 times 7, modulo 13: 9, 3, 10, 4, 11.
        #expect(baseline.count == 5 && baseline.median == 9)
        #expect(baseline.spread == (10 - 4) / 1.349)
    }

    @Test func `a curve without noise has a spread, so that its first rise is seen`() {
        var detector = SpikeDetector()
        for step in 1...100 { _ = detector.observe(2, step: step) }
        _ = feed(&detector, [2.1, 2.1, 2.1, 2.1])
        guard case .alarm = feed(&detector, [2.1])[0] else {
            Issue.record("no alarm")
            return
        }
    }

    @Test func `the state as a line reads back to the same state, with and without an alarm`() throws {
        var detector = Self.armed(steps: 1_500)
        _ = feed(&detector, [9, 3.1])
        #expect(try SpikeDetector(Line(parsing: detector.line.text), settings: detector.settings) == detector)
        _ = feed(&detector, [9, 9, 9, 9, .nan])
        #expect(detector.alarm != nil)
        #expect(try SpikeDetector(Line(parsing: detector.line.text), settings: detector.settings) == detector)
        #expect(throws: LineError.self) { try SpikeDetector(Line("spike-detector"), settings: detector.settings) }
    }

    @Test func `BLOOM's gradient norm gives its advisory alarm within the six known steps`() {
        // 0.24 → 0.95 → 2.4 → 16 → 145 → 960 at step 31,219: bigscience tr11-176B-ml chronicles, 2022-04-12.
        var detector = SpikeDetector()
        for step in 1...200 {
            _ = detector.observe(logarithmOfNorm(0.24 * (1 + 0.2 * (Self.quiet(step) - 3)))!, step: step)
        }
        let findings = feed(&detector, [0.95, 2.4, 16, 145, 960].map { logarithmOfNorm($0)! })
        guard case .alarm(let alarm) = findings[4] else {
            Issue.record("no alarm: \(findings)")
            return
        }
        #expect(alarm.onset == 201)
    }
}
