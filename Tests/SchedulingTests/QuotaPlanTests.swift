// Plans that count with the quotas of teams, held against a table of seconds filled in the same order, and carried out: a
// plan that holds on paper and not in the end is none. Refuses nodes; one that holds everybody leaves only counts.

import Primitives
import Scheduling
import Testing

private func at(_ seconds: Int) -> Instant { .zero + .seconds(Int64(seconds)) }

@Suite("Plans with quotas")
struct QuotaPlanTests {
    private static let gpus = 16
    private static let teams = [Team(name: "a", quota: 6), Team(name: "b", weight: 2, quota: 11), Team(name: "c")]

    private struct Draw {
        var gpus: Int
        var seconds: Int
        var team: Int
        var arrival: Int
        var patience: Int

        init(_ random: inout RandomStream) {
            team = random.integer(below: 3)
            gpus = 1 + random.integer(below: min(8, QuotaPlanTests.teams[team].quota ?? 8))
            seconds = 1 + random.integer(below: 60)
            arrival = random.integer(below: 400)
            patience = random.integer(below: 200)
        }

        func request(deadline: Int? = nil) -> JobRequest {
            var request = JobRequest(gpus: gpus, expected: .seconds(Int64(seconds)))
            request.team = team
            request.deadline = deadline.map { at($0) }
            return request
        }
    }

    private func scheduler(_ policy: Policy) -> Scheduler {
        Scheduler(
            policy: policy, pools: [NodePool(accelerator: "gpu", count: 1, gpusPerNode: Self.gpus)], teams: Self.teams)
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `each reservation is the earliest window that cluster and quota leave beside those before`(seed: UInt64) {
        var random = RandomStream(seed: seed, named: "quota plans")
        var scheduler = scheduler(.conservative)
        var used = [[Int]](repeating: [0, 0, 0], count: 6_000)
        for job in 0..<60 {
            let draw = Draw(&random)
            #expect(scheduler.submit(draw.request(), at: at(0)) == nil)
            let quota = Self.teams[draw.team].quota ?? .max
            var start = 0
            // Each second that does not do moves the window behind itself.
            while let bad = (start..<start + draw.seconds).last(where: { second in
                used[second].reduce(0, +) + draw.gpus > Self.gpus || used[second][draw.team] + draw.gpus > quota
            }) { start = bad + 1 }
            for second in start..<start + draw.seconds { used[second][draw.team] += draw.gpus }
            #expect(scheduler.plannedEnd(of: job, at: at(0)) == at(start + draw.seconds))
        }
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `every promised deadline is kept when jobs run as long as was said`(seed: UInt64) {
        var random = RandomStream(seed: seed, named: "promises")
        let draws = (0..<120).map { _ in Draw(&random) }.sorted { $0.arrival < $1.arrival }
        var scheduler = scheduler(.deadline)
        var limits: [Int?] = []
        var ends: [(job: Int, at: Instant)] = []
        var admitted = 0
        var waiting = 0
        var now = at(0)
        while true {
            for (job, end) in ends where end <= now {
                scheduler.finish(job, at: end)
                if let limit = limits[job] { #expect(end <= at(limit), "job \(job)") }
            }
            ends.removeAll { $0.at <= now }
            while limits.count < draws.count, at(draws[limits.count].arrival) <= now {
                let draw = draws[limits.count]
                // Every fourth needs no promise and takes what is left.
                let limit = limits.count % 4 == 0 ? nil : draw.arrival + draw.seconds + draw.patience
                let refusal = scheduler.submit(draw.request(deadline: limit), at: now)
                limits.append(limit)
                guard refusal == nil else { continue }
                waiting += 1
                admitted += limit == nil ? 0 : 1
            }
            if let due = scheduler.nextDecision(after: now), due <= now {
                for case .start(let job, _) in scheduler.decide(at: now) {
                    waiting -= 1
                    ends.append((job, now + .seconds(Int64(draws[job].seconds))))
                }
            }
            for (team, held) in zip(Self.teams, scheduler.held) { #expect(held <= team.quota ?? .max) }
            var next = ends.map(\.at)
            if limits.count < draws.count { next.append(at(draws[limits.count].arrival)) }
            if let due = scheduler.nextDecision(after: now) { next.append(due) }
            guard let soonest = next.min() else { break }
            now = soonest
        }
        #expect(waiting == 0)
        #expect(admitted > 20)
    }
}
