// Each named rule fires where its sentence says, and not a step before.

import ControlPlane
import Testing

struct SpikeRuleTests {
    /// The steps at which the rule fires on `values`, behind 1,000 steps of 2.9 and 3.1 in turn (mean 3, sd 0.1).
    private func alarms(_ name: SpikeRuleName, _ values: [Double]) -> [Int] {
        var rule = SpikeRule(name)
        let quiet = (1...1_000).filter { rule.observe($0 % 2 == 0 ? 2.9 : 3.1, step: $0) }
        #expect(quiet.isEmpty, "\(name) fires on a quiet curve")
        return values.indices.filter { rule.observe(values[$0], step: 1_001 + $0) }
    }

    @Test func `OLMo's rule fires above 6 deviations, Welford's above 3, the 7 sigma rule above 7`() {
        #expect(alarms(.olmo, [3.59]).isEmpty && alarms(.olmo, [3.62]) == [0])
        #expect(alarms(.welford, [3.29]).isEmpty && alarms(.welford, [3.32]) == [0])
        #expect(alarms(.sevenSigma, [3.69]).isEmpty && alarms(.sevenSigma, [3.72]) == [0])
    }

    @Test func `twice the mean must last for five steps`() {
        #expect(alarms(.doubleMean, [7, 7, 7, 7, 3, 7]).isEmpty)
        #expect(alarms(.doubleMean, [7, 7, 7, 7, 7, 7]) == [4])
    }

    @Test func `one and a half times the step before, and ten times the largest`() {
        #expect(alarms(.previous, [4.3, 6.4, 9.7]) == [2])
        #expect(alarms(.tenMax, [30.9, 31.1]) == [] && alarms(.tenMax, [31.1]) == [0])
    }

    @Test(arguments: SpikeRuleName.allCases)
    func `every rule fires on a loss that is no number`(name: SpikeRuleName) {
        #expect(alarms(name, [.nan]) == [0])
    }

    @Test func `Understudy's rule keeps its baseline when a spike has healed, and learns a new level when it stays`() {
        // The same second rise is seen after a healed spike, and is long usual after one that stayed for 200 steps.
        let healed = Array(repeating: 5.0, count: 8) + Array(repeating: 3.0, count: 192)
        let stayed = Array(repeating: 5.0, count: 200)
        let again = Array(repeating: 5.0, count: 20)
        #expect(alarms(.cusum, healed + again).count == 2)
        #expect(alarms(.cusum, stayed + again).count == 1)
    }

    @Test func `alarms within 50 steps of the first are one episode`() {
        var episodes = AlarmEpisodes()
        let begins = [10, 11, 60, 61, 111, 112].filter { episodes.add($0) }
        #expect(begins == [10, 61, 112] && episodes.first == begins)
    }
}
