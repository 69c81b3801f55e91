// Failures inside a replay, one scripted history a test, so that every second of what they cost can be said beforehand.
// Refuses random lives; the properties of every policy are tested under those.

import Failures
import Hardware
import Primitives
import Replay
import Scheduling
import Testing

@Suite("Failures in a replay")
struct FailureTests {
    /// One job of 16 GPUs for 1,000 s on two nodes and `spares`, saving every 300 s and restoring in 60 s, through
    /// `history`, a row a failure.
    private func replayed(_ history: String, spares: Int = 0, nodes: Int = 2) throws -> ReplayResult {
        let script = try FailureScript(csv: FailureScript.header + "\n" + history)
        var pool = NodePool(accelerator: "gpu", count: nodes + spares, gpusPerNode: 8)
        for spare in nodes..<nodes + spares { pool.set(.spare, on: spare) }
        var options = ReplayOptions(policy: .fifo, pools: [pool])
        options.costs = ResumeCost(
            restore: [(.max, .seconds(60 as Int64))], save: .seconds(5 as Int64), interval: .seconds(300 as Int64))
        options.failures = .history(script)
        options.keepsHistory = true
        return replay(Trace(jobs: [job("0", at: 0, runs: 1_000, gpus: 16)], teams: []), options)
    }

    private func seconds(_ count: Int64) -> TimeSpan { .seconds(count) }

    @Test func `a gang stops when a node breaks and waits for it once somebody has noticed`() throws {
        let outcome = try replayed("400s,gpu,1,1,kill_node,30s,200s").outcomes[0]
        // 100 s since the checkpoint are lost, 30 s pass unnoticed, 200 s the node is away, 60 s restore.
        #expect(outcome.failures == 1 && outcome.lost == seconds(100))
        #expect(outcome.overhead == seconds(30 + 60) && outcome.queued == seconds(200))
        #expect(outcome.ended == Instant.zero + seconds(1_000 + 100 + 30 + 200 + 60))
        #expect(outcome.heldGPUSeconds == 16 * (1_000 + 100 + 30 + 60))
    }

    @Test func `a spare takes the place of the broken node and the job is not queued`() throws {
        let result = try replayed("400s,gpu,1,1,kill_node,30s,200s", spares: 1)
        let outcome = result.outcomes[0]
        #expect(result.swaps == 1 && outcome.queued == .zero)
        #expect(outcome.ended == Instant.zero + seconds(1_000 + 100 + 30 + 60))
        #expect(outcome.placement?.shares.map(\.node) == [0, 2])
    }

    @Test func `two nodes that break together are both replaced, at the price of one restore`() throws {
        let result = try replayed("400s,power,0,2,kill_node,30s,200s", spares: 2)
        #expect(result.swaps == 2 && result.outcomes[0].failures == 1)
        #expect(result.outcomes[0].ended == Instant.zero + seconds(1_000 + 100 + 30 + 60))
        #expect(result.outcomes[0].placement?.shares.map(\.node) == [2, 3])
    }

    @Test func `one spare for two broken nodes is no replacement`() throws {
        let result = try replayed("400s,power,0,2,kill_node,30s,200s", spares: 1)
        #expect(result.swaps == 0 && result.outcomes[0].queued == seconds(200))
    }

    @Test func `a process that dies is started again where it was`() throws {
        let outcome = try replayed("400s,bug,0,1,kill_job,30s,20s").outcomes[0]
        #expect(outcome.queued == .zero && outcome.lost == seconds(100))
        #expect(outcome.ended == Instant.zero + seconds(1_000 + 100 + 30 + 20 + 60))
    }

    @Test func `a slow node slows its whole gang for as long as it is slow`() throws {
        let outcome = try replayed("400s,thermal,0,1,slow=0.5 for 200s,10s,10s").outcomes[0]
        // 100 s of work take 200 s.
        #expect(outcome.failures == 0 && outcome.overhead == seconds(100))
        #expect(outcome.ended == Instant.zero + seconds(1_100))
    }

    @Test func `whoever is placed on a broken node before anybody has noticed is struck with it`() throws {
        let outcome = try replayed("0s,gpu,0,1,kill_node,50s,100s").outcomes[0]
        #expect(outcome.failures == 1 && outcome.lost == .zero && outcome.overhead == seconds(50 + 60))
        #expect(outcome.ended == Instant.zero + seconds(50 + 100 + 60 + 1_000))
    }

    @Test func `nobody struck, nobody stopped`() throws {
        let result = try replayed("400s,gpu,2,1,kill_node,30s,200s", nodes: 3)
        #expect(result.nodeFailures == 1 && result.outcomes[0].ended == Instant.zero + seconds(1_000))
    }

    @Test func `random lives go on for as long as the replay does`() {
        // All jobs are submitted at once, so a life is a day long and the replay takes ten.
        let trace = Trace(jobs: (0..<10).map { job("\($0)", at: 0, runs: 86_400, gpus: 16) }, teams: [])
        var options = ReplayOptions(policy: .fifo, pools: [NodePool(accelerator: "gpu", count: 2, gpusPerNode: 8)])
        options.failures = .nodes(2, mtbf: seconds(40_000), repair: seconds(600), seed: 3)
        let result = replay(trace, options)
        // A life is no longer than the jobs are submitted for, so the later jobs are struck in later lives.
        let struck = result.outcomes.map { $0.failures > 0 }
        #expect(struck.count { $0 } >= 7 && struck.suffix(3).contains(true), "\(struck)")
        // 20 node days of 86,400 s, a failure every 40,000 s: 43 and some more for what was done again.
        #expect((30...90).contains(result.nodeFailures), "\(result.nodeFailures)")
    }

    @Test func `a lemon is known after three failures and only by being far above its peers`() {
        var watch = LemonWatch(nodes: 10)
        let first = (0..<3).map { _ in watch.failed(4) }
        #expect(first == [false, false, true])
        let peers = [0, 1, 2, 3, 5, 6, 7, 8, 9, 0, 0].map { watch.failed($0) }
        #expect(!peers.contains(true))
        var even = LemonWatch(nodes: 2)
        let alike = (0..<10).map { even.failed($0 % 2) }
        #expect(!alike.contains(true))
    }

    @Test func `lemons are avoided while others will do`() {
        // Node 0 fails every 1,000 s; the cluster has room for the job elsewhere.
        let rows = (1...20).map { "\($0 * 1_000)s,gpu,0,1,kill_node,1s,10s" }.joined(separator: "\n")
        let jobs = (0..<40).map { job("\($0)", at: Int64($0) * 500, runs: 490, gpus: 8) }
        var options = ReplayOptions(policy: .fifo, pools: [NodePool(accelerator: "gpu", count: 8, gpusPerNode: 8)])
        options.failures = (try? FailureScript(csv: FailureScript.header + "\n" + rows)).map { .history($0) }
        func interruptions() -> Int {
            replay(Trace(jobs: jobs, teams: []), options).outcomes.reduce(0) { $0 + $1.failures }
        }
        let usual = interruptions()
        options.avoidsLemons = true
        #expect(usual > 10 && interruptions() <= 3, "\(usual), \(interruptions())")
    }
}
