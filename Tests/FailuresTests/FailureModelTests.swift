// Random failures against their rates, their streams and published figures. Seeds are fixed, so a bound that holds holds
// for ever. Refuses to test what follows from a failure; the simulated world's tests do.

import Failures
import Hardware
import Primitives
import Testing

struct FailureModelTests {
    private func mode(
        _ cause: String = "gpu", per component: FailureComponent = .node, mtbf days: Double,
        _ distribution: FailureDistribution = .exponential
    ) -> FailureMode {
        FailureMode(
            cause: cause, component: component, mtbf: .seconds(days * 86_400), distribution: distribution,
            effect: .killNode, detect: .seconds(Int64(30)), repair: .seconds(Int64(3_600)), source: "a test")
    }

    private func day(_ days: Double) -> Instant { .zero + .seconds(days * 86_400) }

    @Test func `a rate of 6.5 failures a thousand node-days stops 16,384 GPUs every 1.8 hours`() throws {
        // Kokolis et al., arXiv 2410.21680: RSC-1's rate and the mean time to failure it projects to 2,048 nodes.
        let model = FailureModel(modes: [mode(mtbf: 1_000 / 6.5)], nodes: 2_048, acceleratorsPerNode: 8)
        let expected = try #require(model.meanTimeBetweenNodeFailures(gang: 2_048)).seconds / 3_600
        #expect(abs(expected / 1.8 - 1) < 0.03)
        let drawn = model.breakdowns(seed: 1, before: day(300)).count
        let simulated = 300 * 24 / Double(drawn)
        #expect(abs(simulated / 1.8 - 1) < 0.03, "\(simulated) hours between failures")
    }

    @Test func `one more node shifts no other's failures`() {
        let modes = [mode(mtbf: 20), mode("nic", mtbf: 30, .weibull(shape: 0.7)), mode("leaf", per: .leaf, mtbf: 50)]
        func failures(_ nodes: Int) -> [Breakdown] {
            FailureModel(modes: modes, nodes: nodes, acceleratorsPerNode: 8).breakdowns(seed: 7, before: day(100))
        }
        let (few, more) = (failures(16), failures(17))
        #expect(!few.isEmpty)
        #expect(more.filter { $0.nodes != 16..<17 } == few)
    }

    @Test func `a failure of a leaf takes every node below it, and of the spine all`() {
        let model = FailureModel(
            modes: [mode("leaf", per: .leaf, mtbf: 5), mode("spine", per: .spine, mtbf: 20)], nodes: 20,
            acceleratorsPerNode: 8, domains: FailureDomains(nodesPerLeaf: 8))
        let all = model.breakdowns(seed: 3, before: day(200))
        #expect(all.filter { $0.cause == "leaf" }.allSatisfy { [0..<8, 8..<16, 16..<20].contains($0.nodes) })
        #expect(all.contains { $0.nodes == 16..<20 })
        #expect(all.filter { $0.cause == "spine" }.allSatisfy { $0.nodes == 0..<20 })
        #expect(zip(all, all.dropFirst()).allSatisfy { $0.at <= $1.at })
    }

    @Test(arguments: [0.5, 0.7, 1.5, 3]) func `a Weibull process has the mean it is given`(shape: Double) {
        let model = FailureModel(modes: [mode(mtbf: 10, .weibull(shape: shape))], nodes: 400, acceleratorsPerNode: 8)
        // Many renewals each, so that the beginning, where infants die, weighs little.
        let count = model.breakdowns(seed: 5, before: day(2_000)).count
        #expect(abs(Double(count) / (400 * 200) - 1) < 0.03, "\(count) failures")
    }

    @Test func `infants die early`() {
        let model = FailureModel(modes: [mode(mtbf: 100, .weibull(shape: 0.5))], nodes: 4_000, acceleratorsPerNode: 8)
        let all = model.breakdowns(seed: 5, before: day(40))
        let early = all.count { $0.at < day(20) }
        #expect(Double(early) > 1.3 * Double(all.count - early), "\(early) of \(all.count) in the first half")
    }

    @Test func `a lemon fails so much more often, and nobody else does`() {
        var model = FailureModel(modes: [mode(mtbf: 50)], nodes: 500, acceleratorsPerNode: 8)
        model.lemons = Lemons(share: 0.1, factor: 20)
        let all = model.breakdowns(seed: 9, before: day(100))
        let perNode = (0..<500).map { node in all.count { $0.nodes == node..<node + 1 } }
        let lemons = perNode.filter { $0 > 15 }
        #expect((30...75).contains(lemons.count))
        #expect(abs(Double(lemons.reduce(0, +)) / Double(lemons.count) - 40) < 4)
    }
}

extension FailureModelTests {
    @Test func `what flaps comes back so many times after its repairs`() {
        var flapping = mode("link", mtbf: 2_000)
        flapping.flapping = Flapping(times: 3, gap: .seconds(Int64(600)))
        let model = FailureModel(modes: [flapping], nodes: 40, acceleratorsPerNode: 8)
        let steady = FailureModel(modes: [mode("link", mtbf: 2_000)], nodes: 40, acceleratorsPerNode: 8)
        let all = model.breakdowns(seed: 2, before: day(2_000))
        let once = steady.breakdowns(seed: 2, before: day(2_000))
        #expect(once.count > 20)
        #expect(abs(Double(all.count) / Double(once.count) - 4) < 1, "\(all.count) where \(once.count) would be")
        for node in 0..<40 {
            let here = all.filter { $0.nodes == node..<node + 1 }
            for (one, next) in zip(here, here.dropFirst()) { #expect(next.at >= one.at + one.detect + one.repair) }
        }
    }

    @Test func `maintenance takes the nodes in turn, at its times, and is detected at once`() {
        let plan = Maintenance(
            first: .seconds(86_400.0), every: .seconds(2 * 86_400.0), nodes: 3, takes: .seconds(Int64(7_200)))
        let model = FailureModel(modes: [], nodes: 8, acceleratorsPerNode: 8, maintenance: [plan])
        let all = model.breakdowns(seed: 1, before: day(8))
        #expect(all.map(\.at) == [day(1), day(3), day(5), day(7)])
        #expect(all.map(\.nodes) == [0..<3, 3..<6, 6..<8, 0..<3])
        #expect(
            all.allSatisfy { $0.detect == .zero && $0.repair == .seconds(Int64(7_200)) && $0.cause == "maintenance" })
    }
}

struct FailureScriptTests {
    @Test func `a history is read as it is written`() throws {
        let script = try FailureScript(
            csv: """
                # what happened
                at,cause,first_node,node_count,effect,detect,repair

                2d,slow switch,0,16,slow=0.5 for 10min,0s,0s
                25h,five hosts,40,5,kill_node,30min,1.5h
                """)
        #expect(script.breakdowns.map(\.cause) == ["five hosts", "slow switch"])
        #expect(script.breakdowns[0].nodes == 40..<45)
        #expect(script.breakdowns[0].repair == .seconds(Int64(5_400)))
        #expect(script.breakdowns[1].effect == .slow(factor: 0.5, for: .seconds(Int64(600))))
    }

    @Test(arguments: [
        ("at,what\n", "line 1: the first line must be at,cause"),
        ("1d,x,0,1,kill_node,1s", "line 2: 6 columns where 7"),
        ("1,x,0,1,kill_node,1s,1s", "line 2: `1` is no time"),
        ("1d,x,-1,1,kill_node,1s,1s", "line 2: first_node"),
        ("1d,x,0,1,explode,1s,1s", "line 2: the effect `explode`"),
        ("1d,x,0,1,slow=2 for 1h,1s,1s", "line 2: the effect `slow=2 for 1h`"),
    ]) func `a line that is no failure is named`(row: String, complaint: String) {
        let text = row.hasPrefix("at") ? row : FailureScript.header + "\n" + row
        let error = #expect(throws: FailureScript.Malformed.self) { try FailureScript(csv: text) }
        #expect(error?.description.hasPrefix(complaint) == true, "\(error?.description ?? "nothing")")
    }
}
