// What holds for every policy, whatever the trace and whatever fails. Traces come from seeds, so a failure names the
// one that shows it. Refuses to know which decision is right.

import Failures
import Hardware
import Primitives
import Replay
import Scheduling
import Testing

@Suite("Properties of every policy")
struct PropertyTests {
    private static let nodes = 4

    /// Nodes, processes and machines that are slow, each noticed after a while.
    private var troubles: FailureModel {
        func mode(_ effect: FailureEffect, every mtbf: Int64) -> FailureMode {
            FailureMode(
                cause: "test", component: .node, mtbf: .seconds(mtbf), effect: effect, detect: .seconds(40 as Int64),
                repair: .seconds(2_000 as Int64), source: "made up")
        }
        return FailureModel(
            modes: [
                mode(.killNode, every: 20_000), mode(.killJob, every: 50_000), mode(.corrupt, every: 80_000),
                mode(.slow(factor: 0.5, for: .seconds(300 as Int64)), every: 50_000),
            ], nodes: Self.nodes + 1, acceleratorsPerNode: 8)
    }

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
            options.failures = .random(troubles, seed: 7)
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

    @Test(arguments: [Policy.easy, .easySJBF, .priority])
    func `whoever stands first is never delayed by those that pass`(policy: Policy) {
        // Priorities all alike: nobody is stopped, and the order is that of submission. Whole nodes, because what is left
        // free is counted in GPUs.
        for seed in UInt64(20)...26 {
            let trace = randomTrace(seed: seed, count: 80, nodes: Self.nodes).changing {
                ($0.priority, $0.gpus) = (0, ($0.gpus + 7) / 8 * 8)
            }
            let pool = NodePool(accelerator: "gpu", count: Self.nodes, gpusPerNode: 8)
            let result = replay(trace, ReplayOptions(policy: policy, pools: [pool]))
            // What the first of all saw: those behind it removed, it starts no earlier.
            for place in stride(from: 8, to: 80, by: 9) {
                let alone = Trace(jobs: Array(trace.jobs[...place]), teams: trace.teams)
                let without = replay(alone, ReplayOptions(policy: policy, pools: [pool]))
                guard let start = result.outcomes[place].started, let best = without.outcomes[place].started else {
                    Issue.record("seed \(seed), job \(place) never started")
                    return
                }
                let others = result.outcomes[..<place].compactMap(\.started)
                let isHead = others.count == place && others.allSatisfy { $0 <= trace.jobs[place].submitted }
                if isHead { #expect(start <= best, "seed \(seed), job \(place)") }
            }
        }
    }

    @Test func `under conservative backfill nobody starts after the instant promised at submission`() {
        // Gangs of whole nodes, so that GPUs are never scattered, and run times as expected.
        for seed in UInt64(30)...39 {
            let trace = randomTrace(seed: seed, count: 120, nodes: Self.nodes).changing {
                $0.gpus = ($0.gpus + 7) / 8 * 8
            }
            var scheduler = Scheduler(
                policy: .conservative, pools: [NodePool(accelerator: "gpu", count: Self.nodes, gpusPerNode: 8)])
            var promised: [Instant] = []
            var running: [(end: Instant, job: Int)] = []
            var next = 0
            var now = Instant.zero
            func started(_ decisions: [Decision]) {
                for case .start(let job, _) in decisions {
                    #expect(now <= promised[job], "seed \(seed): job \(job) at \(now), promised \(promised[job])")
                    running.append((now + trace.jobs[job].duration, job))
                }
            }
            while next < trace.jobs.count || !running.isEmpty {
                let arrival = next < trace.jobs.count ? trace.jobs[next].submitted : nil
                let due = scheduler.nextDecision(after: now)
                guard let instant = [arrival, due, running.map(\.end).min()].compactMap({ $0 }).min() else { break }
                now = max(now, instant)
                for done in running.filter({ $0.end <= now }).sorted(by: { $0.job < $1.job }) {
                    scheduler.finish(done.job, at: now)
                }
                running.removeAll { $0.end <= now }
                while next < trace.jobs.count, trace.jobs[next].submitted <= now {
                    _ = scheduler.submit(
                        JobRequest(gpus: trace.jobs[next].gpus, expected: trace.jobs[next].duration), at: now)
                    if case .reservation(let start) = scheduler.reason(for: next, at: now) {
                        promised.append(start)
                    } else {
                        promised.append(now)
                    }
                    next += 1
                }
                started(scheduler.decide(at: now))
            }
            #expect(promised.count == trace.jobs.count)
        }
    }

    @Test(arguments: Policy.all)
    func `a gang that requires a leaf never lies across two`(policy: Policy) {
        let trace = randomTrace(seed: 41, count: 80, nodes: 2).changing {
            if $0.gpus > 8 { $0.demand = .required(.leaf) }
        }
        let result = history(trace, policy, fails: true)
        for stretch in result.stretches where trace.jobs[stretch.job].gpus > 8 && !policy.resizes {
            let leaves = Set(stretch.placement.shares.map { $0.node / 2 })
            #expect(leaves.count <= 1, "job \(stretch.job) on \(stretch.placement.shares.map(\.node))")
        }
        #expect(result.outcomes.allSatisfy { $0.ended != nil })
    }

    @Test func `jobs run on the kinds of GPU they can use and on no others`() {
        let trace = randomTrace(seed: 43, count: 120, nodes: 2).changing { job in
            job.accelerators = [["v100"], ["A100"], ["a100", "V100"], nil][Int(job.name)! % 4]
        }
        let pools = ["V100", "A100"].map { NodePool(accelerator: $0, count: 3, gpusPerNode: 8) }
        for policy in Policy.all {
            let result = replay(trace, ReplayOptions(policy: policy, pools: pools))
            for (job, outcome) in zip(trace.jobs, result.outcomes) {
                guard let placement = outcome.placement else {
                    Issue.record("\(policy.name): job \(job.name) never ran")
                    return
                }
                if let wanted = job.accelerators, wanted.count == 1 {
                    #expect(pools[placement.pool].accelerator.lowercased() == wanted[0].lowercased())
                }
            }
        }
        let stranger = Trace(
            jobs: [trace.jobs[0]].map {
                var job = $0; job.accelerators = ["h100"]; return job
            }, teams: [])
        let refused = replay(stranger, ReplayOptions(policy: .fifo, pools: pools)).outcomes[0].refusal
        #expect(refused == .tooLarge(needed: trace.jobs[0].gpus, largest: 0))
    }

    @Test func `equal seeds give equal bytes in every process`() {
        var digest: UInt64 = 0xcbf2_9ce4_8422_2325  // FNV-1a
        for policy in Policy.all {
            let trace = randomTrace(seed: 3, count: 80, nodes: Self.nodes, teams: 2)
            for byte in outcomesCSV(trace, history(trace, policy, fails: true)).utf8 {
                digest = (digest ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
            }
        }
        #expect(digest == 11_844_105_446_847_931_601)
    }
}
