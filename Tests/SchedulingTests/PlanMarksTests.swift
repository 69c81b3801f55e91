// Plans that go on from a mark against plans made anew, while jobs come, start, end too early or too late and nodes fail.
// Refuses to judge the plans themselves; FreeProfileTests and the scheduler's own tests do.

import Primitives
import Testing

@testable import Scheduling

@Suite("Plan marks")
struct PlanMarksTests {
    private func at(_ seconds: Int) -> Instant { Instant.zero + .seconds(Int64(seconds)) }

    /// A queue under `deadline` whose jobs end when they are expected to, but for `unexpected` of a hundred.
    private func run(seed: UInt64, unexpected: Int) -> (continued: Int, refused: Int) {
        var stream = RandomStream(seed: seed, named: "test/marks")
        var scheduler = Scheduler(
            policy: .deadline, pools: [NodePool(accelerator: "gpu", count: 6, gpusPerNode: 8)], rule: .lowestIndex)
        var ends: [(job: Int, at: Instant)] = []
        var jobs = 0
        var (continued, refused) = (0, 0)
        for second in 0..<1_500 {
            let now = at(second)
            for end in ends where end.at <= now { scheduler.finish(end.job, at: now) }
            ends.removeAll { $0.at <= now }
            if unexpected > 0, stream.integer(below: 100) == 0 {
                let node = stream.integer(below: 6)
                scheduler.set(scheduler.pools[0].conditions[node] == .up ? .cordoned : .up, node: node, pool: 0)
            }
            for _ in 0..<[0, 0, 0, 1, 3][stream.integer(below: 5)] {
                let span = 1 + stream.integer(below: 100)
                let gpus = 1 + stream.integer(below: stream.integer(below: 5) == 0 ? 24 : 4)
                var request = JobRequest(gpus: gpus, expected: .seconds(Int64(span)))
                if stream.integer(below: 10) > 0 {
                    request.deadline = at(second + span * (2 + stream.integer(below: 20)) / 2)
                }
                var anew = scheduler
                anew.isPlanExact = false
                let refusal = scheduler.submit(request, at: now)
                #expect(anew.submit(request, at: now) == refusal)
                jobs += 1
                if refusal != nil { refused += 1 }
                if scheduler.isPlanExact { continued += 1 }
                guard (0..<jobs).allSatisfy({ scheduler.jobs[$0].rank == anew.jobs[$0].rank }),
                    scheduler.waiting == anew.waiting
                else {
                    Issue.record("seed \(seed): job \(jobs - 1) has changed a plan otherwise than a new plan would")
                    return (continued, refused)
                }
            }
            for case .start(let job, _) in scheduler.decide(at: now) {
                let span = scheduler.jobs[job].remaining
                let other = TimeSpan.seconds(Int64(stream.integer(below: 100)))
                ends.append(
                    (job, now + (stream.integer(below: 100) < unexpected ? max(other, .seconds(1 as Int64)) : span)))
            }
        }
        return (continued, refused)
    }

    @Test func `whoever is admitted in the middle of a plan gets what planning anew would give`() {
        for seed in UInt64(1)...6 {
            let result = run(seed: seed, unexpected: 0)
            #expect(result.continued > 300 && result.refused > 20)
        }
    }

    @Test func `a plan is made anew when jobs end otherwise than expected or nodes fail`() {
        for seed in UInt64(1)...6 { #expect(run(seed: seed, unexpected: 20).refused > 20) }
    }
}
