// What holds for every policy, whatever the trace and whatever fails. Traces come from seeds, so a failure names the
// one that shows it. Refuses to know which decision is right.

import Primitives
import Replay
import Scheduling
import Testing

@Suite("Properties of every policy")
struct PropertyTests {
    private static let nodes = 4

    /// A replay of `trace` with its history, on four nodes and a spare, with failing nodes if `fails`.
    private func history(_ trace: Trace, _ policy: Policy, fails: Bool, quota: Int? = nil) -> ReplayResult {
        var pool = NodePool(
            accelerator: "gpu", count: Self.nodes + 1, gpusPerNode: 8,
            fabric: Fabric(nodesPerLeaf: 2, leavesPerSpine: 2))
        pool.set(.spare, on: Self.nodes)
        var options = ReplayOptions(policy: policy, pools: [pool])
        options.keepsHistory = true
        options.teams = trace.teams.map { Team(name: $0, quota: quota) }
        if fails {
            options.outages = OutageModel(
                meanTimeBetweenFailures: .seconds(20_000 as Int64), repair: .seconds(2_000 as Int64), seed: 7)
        }
        if policy.resizes { options.elasticity = 0.5...2 }
        return replay(trace, options)
    }

    @Test(arguments: Policy.all, [false, true])
    func `no GPU is held twice and gangs run whole or not at all`(policy: Policy, fails: Bool) {
        for seed in UInt64(1)...4 {
            let trace = randomTrace(seed: seed, count: 80, nodes: Self.nodes)
            let result = history(trace, policy, fails: fails)
            // Ends before begins at one instant, as in the replay.
            var changes: [(at: Int64, isBegin: Bool, stretch: Stretch)] = []
            for stretch in result.stretches where stretch.from < stretch.to {
                changes.append((stretch.from.nanoseconds, true, stretch))
                changes.append((stretch.to.nanoseconds, false, stretch))
                let asked = trace.jobs[stretch.job].gpus
                #expect(policy.resizes || stretch.placement.gpus == asked)
            }
            changes.sort { ($0.at, $0.isBegin ? 1 : 0) < ($1.at, $1.isBegin ? 1 : 0) }
            var used = [Int](repeating: 0, count: Self.nodes + 1)
            for change in changes {
                for share in change.stretch.placement.shares {
                    used[Int(share.node)] += (change.isBegin ? 1 : -1) * Int(share.gpus)
                }
                guard used.allSatisfy({ (0...8).contains($0) }) else {
                    Issue.record("seed \(seed): nodes hold \(used)")
                    return
                }
            }
        }
    }

    @Test(arguments: Policy.all, [false, true])
    func `every job ends, and what it held is its work, what was lost and what stops cost`(policy: Policy, fails: Bool)
    {
        let trace = randomTrace(seed: 11, count: 100, nodes: Self.nodes)
        let result = history(trace, policy, fails: fails)
        for (job, outcome) in zip(trace.jobs, result.outcomes) {
            guard outcome.refusal == nil, let start = outcome.started, let end = outcome.ended else {
                Issue.record("job \(job.name) never ended: \(outcome)")
                return
            }
            // Resizing makes a job run at another speed.
            guard !policy.resizes else { continue }
            let alone = job.duration + outcome.lost + outcome.overhead
            #expect(end - job.submitted == alone + outcome.queued, "job \(job.name): \(outcome)")
            #expect(
                abs(outcome.heldGPUSeconds - alone.seconds * Double(job.gpus)) < 1e-6 * max(1, outcome.heldGPUSeconds))
            #expect(start >= job.submitted)
        }
    }

    @Test(arguments: Policy.all)
    func `no team ever holds more than its quota`(policy: Policy) {
        let trace = randomTrace(seed: 5, count: 80, nodes: 3, teams: 3)
        let result = history(trace, policy, fails: false, quota: 24)
        for team in trace.teams.indices {
            var changes: [(at: Int64, gpus: Int)] = []
            for stretch in result.stretches where trace.jobs[stretch.job].team == team && stretch.from < stretch.to {
                changes.append((stretch.from.nanoseconds, stretch.placement.gpus))
                changes.append((stretch.to.nanoseconds, -stretch.placement.gpus))
            }
            changes.sort { ($0.at, $0.gpus) < ($1.at, $1.gpus) }
            var held = 0
            for change in changes {
                held += change.gpus
                #expect(held <= 24)
            }
        }
        #expect(result.outcomes.allSatisfy { $0.ended != nil })
    }

    @Test func `waiting raises a job's rank until it stands before newer, more important ones`() {
        // One job of low priority that needs everything, and one of high priority every 50 s that keeps one node busy.
        var jobs = [job("low", at: 0, runs: 100, gpus: 16)]
        for index in 0..<4_000 { jobs.append(job("\(index)", at: Int64(index * 50), runs: 100, gpus: 4, priority: 1)) }
        let trace = Trace(jobs: jobs, teams: [])
        let result = replay(
            trace, ReplayOptions(policy: .priority, pools: [NodePool(accelerator: "gpu", count: 2, gpusPerNode: 8)]))
        guard let start = result.outcomes[0].started else {
            Issue.record("it starved")
            return
        }
        // A point of priority is a day of waiting.
        #expect(start - .zero <= .seconds(86_400 + 200 as Int64))
    }

    @Test func `a failed node is replaced by the spare without queueing the job again`() {
        let trace = Trace(jobs: [job("0", at: 0, runs: 100_000, gpus: 32)], teams: [])
        let result = history(trace, .fifo, fails: true)
        #expect(result.swaps > 0)
        #expect(result.outcomes[0].failures >= result.swaps)
        #expect(result.outcomes[0].overhead > .zero)
    }

    @Test func `equal seeds give equal bytes in every process`() {
        var digest: UInt64 = 0xcbf2_9ce4_8422_2325  // FNV-1a
        for policy in Policy.all {
            let trace = randomTrace(seed: 3, count: 80, nodes: Self.nodes, teams: 2)
            for byte in outcomesCSV(trace, history(trace, policy, fails: true)).utf8 {
                digest = (digest ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
            }
        }
        #expect(digest == 1_395_281_105_399_585_954)
    }
}
