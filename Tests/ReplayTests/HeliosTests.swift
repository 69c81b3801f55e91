// In compatibility mode every job starts, ends, queues and is stopped as in HeliosArtifact's simulator: against its own
// results for a real trace, and against its rules carried out second by second on random ones. Refuses averages: two
// wrong jobs can average to the right number.

import Primitives
import Replay
import Scheduling
import Testing

@Suite("Compatibility with HeliosArtifact")
struct HeliosTests {
    @Test(arguments: ["fifo", "sjf", "srtf", "tiresias", "easy"])
    func `every job of a real trace starts, ends, queues and stops as in the peer simulator`(name: String) throws {
        let trace = try readTrace(try fixture("s7.csv")).trace
        let result = replay(trace, .helios(policy: policy(name), nodes: 20))
        let expected = String(decoding: try fixture("s7-\(name).csv"), as: UTF8.self)
        let ours = outcomesCSV(trace, result).split(separator: "\n")
        let theirs = expected.split(separator: "\n")
        #expect(ours.count == theirs.count)
        for (a, b) in zip(ours, theirs) where a != b {
            Issue.record("ours \(a), theirs \(b)")
            break
        }
    }

    @Test(arguments: [
        ("fifo", 188_457.5975), ("sjf", 150_339.7771), ("srtf", 144_137.3684), ("tiresias", 170_124.7709),
        ("easy", 167_869.3096),
    ])
    func `the mean completion time is the published one`(name: String, mean: Double) throws {
        let trace = try readTrace(try fixture("s7.csv")).trace
        let figures = ReplayFigures(trace, replay(trace, .helios(policy: policy(name), nodes: 20)))
        #expect(abs(figures.all.meanJCT - mean) < 0.00005)
    }

    @Test(arguments: ["fifo", "sjf", "srtf", "tiresias"])
    func `random traces go from event to event as they go from second to second`(name: String) {
        for seed in UInt64(1)...8 {
            let nodes = 2 + Int(seed % 4)
            let trace = randomTrace(seed: seed, count: 60, nodes: nodes)
            let ours = outcomesCSV(trace, replay(trace, .helios(policy: policy(name), nodes: nodes)))
            var ticking = TickSimulator(trace, nodes: nodes, policy: name)
            guard ours == ticking.run() else {
                Issue.record("seed \(seed) on \(nodes) nodes differs")
                return
            }
        }
    }
}
