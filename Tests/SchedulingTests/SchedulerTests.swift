// The scheduler's decisions for small queues, policy by policy, with the reasons it gives. Refuses whole traces; those
// are the replay's tests.

import Primitives
import Scheduling
import Testing

/// `seconds` after the beginning.
private func at(_ seconds: Int64) -> Instant { Instant.zero + .seconds(seconds) }

/// A request for `gpus`, expected to run for `seconds`.
private func request(_ gpus: Int, for seconds: Int64, priority: Int = 0, team: Int = 0) -> JobRequest {
    var request = JobRequest(gpus: gpus, expected: .seconds(seconds))
    request.priority = priority
    request.team = team
    return request
}

private func scheduler(_ policy: Policy, nodes: Int, teams: [Team] = [Team(name: "-")]) -> Scheduler {
    Scheduler(policy: policy, pools: [NodePool(accelerator: "gpu", count: nodes, gpusPerNode: 8)], teams: teams)
}

/// The jobs that `decisions` start.
private func started(_ decisions: [Decision]) -> [Int] {
    decisions.compactMap { if case .start(let job, _) = $0 { job } else { nil } }
}

/// The jobs that `decisions` stop.
private func stopped(_ decisions: [Decision]) -> [Int] {
    decisions.compactMap { if case .preempt(let job) = $0 { job } else { nil } }
}

@Suite("Scheduler")
struct SchedulerTests {
    @Test func `strict FIFO lets nobody pass the head and says who it is`() {
        var scheduler = scheduler(.fifo, nodes: 2)
        for gpus in [8, 16, 1] { #expect(scheduler.submit(request(gpus, for: 100), at: at(0)) == nil) }
        #expect(started(scheduler.decide(at: at(0))) == [0])
        #expect(scheduler.reason(for: 1, at: at(0)) == .gpusMissing(free: 8, needed: 16))
        #expect(scheduler.reason(for: 2, at: at(0)) == .behind(job: 1))
        scheduler.finish(0, at: at(100))
        #expect(started(scheduler.decide(at: at(100))) == [1])
    }

    @Test func `best-effort FIFO starts whoever fits`() {
        var scheduler = scheduler(.fifoBestEffort, nodes: 2)
        for gpus in [8, 16, 1] { _ = scheduler.submit(request(gpus, for: 100), at: at(0)) }
        #expect(started(scheduler.decide(at: at(0))) == [0, 2])
    }

    @Test func `EASY starts a job behind the head only if the head's reservation holds`() {
        var scheduler = scheduler(.easy, nodes: 2)
        // 0 runs until 100; 1 needs everything then; 2 would still run at 100, 3 would not.
        for (gpus, seconds) in [(8, 100), (16, 50), (4, 200), (4, 90)] as [(Int, Int64)] {
            _ = scheduler.submit(request(gpus, for: seconds), at: at(0))
        }
        #expect(started(scheduler.decide(at: at(0))) == [0, 3])
        #expect(scheduler.reason(for: 2, at: at(0)) == .reserved(for: 1, start: at(100)))
    }

    @Test func `EASY-SJBF tries the shortest candidate first`() {
        var scheduler = scheduler(.easySJBF, nodes: 2)
        for (gpus, seconds) in [(8, 100), (16, 50), (8, 90), (8, 10)] as [(Int, Int64)] {
            _ = scheduler.submit(request(gpus, for: seconds), at: at(0))
        }
        #expect(started(scheduler.decide(at: at(0))) == [0, 3])
    }

    @Test func `conservative backfill promises every job an instant and keeps it`() {
        var scheduler = scheduler(.conservative, nodes: 1)
        for (gpus, seconds) in [(8, 100), (8, 50), (4, 120), (4, 30)] as [(Int, Int64)] {
            _ = scheduler.submit(request(gpus, for: seconds), at: at(0))
        }
        #expect(started(scheduler.decide(at: at(0))) == [0])
        #expect(scheduler.reason(for: 1, at: at(0)) == .reservation(at(100)))
        #expect(scheduler.reason(for: 2, at: at(0)) == .reservation(at(150)))
        #expect(scheduler.reason(for: 3, at: at(0)) == .reservation(at(150)))
    }

    @Test func `shortest remaining time stops the job with the longest way to go`() {
        var scheduler = scheduler(.srtf, nodes: 1)
        _ = scheduler.submit(request(8, for: 1_000), at: at(0))
        #expect(started(scheduler.decide(at: at(0))) == [0])
        _ = scheduler.submit(request(4, for: 100), at: at(10))
        let decisions = scheduler.decide(at: at(10))
        #expect(stopped(decisions) == [0] && started(decisions) == [1])
        #expect(scheduler.reason(for: 0, at: at(10)) == .outranked(before: 4))
    }

    @Test func `priority stops those that lose least and no more than are needed`() {
        var scheduler = scheduler(.priority, nodes: 2)
        // On each node 4 + 4; restoring costs 30 s for each of 4 GPUs, 7 s for one GPU.
        for gpus in [4, 4, 1, 7] { _ = scheduler.submit(request(gpus, for: 1_000), at: at(0)) }
        #expect(started(scheduler.decide(at: at(0))) == [0, 1, 2, 3])
        _ = scheduler.submit(request(1, for: 10, priority: 1), at: at(60))
        let decisions = scheduler.decide(at: at(60))
        #expect(stopped(decisions) == [2] && started(decisions) == [4])
    }

    @Test func `equal priority stops nobody`() {
        var scheduler = scheduler(.priority, nodes: 1)
        for _ in 0..<2 { _ = scheduler.submit(request(8, for: 1_000, priority: 1), at: at(0)) }
        #expect(started(scheduler.decide(at: at(0))) == [0])
        #expect(scheduler.decide(at: at(1)) == [])
    }

    @Test func `fair share serves the team with the smallest part of its share`() {
        let teams = [Team(name: "a", weight: 3), Team(name: "b", weight: 1)]
        var scheduler = scheduler(.fairShare, nodes: 1, teams: teams)
        for team in [0, 0, 0, 0, 1, 1, 1, 1] { _ = scheduler.submit(request(2, for: 100, team: team), at: at(0)) }
        #expect(started(scheduler.decide(at: at(0))) == [0, 4, 1, 2])
        #expect(scheduler.held == [6, 2])
    }

    @Test func `a quota is between a job and its team`() {
        var scheduler = scheduler(
            .fifo, nodes: 2, teams: [Team(name: "a", quota: 4), Team(name: "b")])
        for team in [0, 0, 1] { _ = scheduler.submit(request(4, for: 100, team: team), at: at(0)) }
        #expect(started(scheduler.decide(at: at(0))) == [0, 2])
        #expect(scheduler.reason(for: 1, at: at(0)) == .quota(held: 4, quota: 4))
        #expect(scheduler.submit(request(5, for: 1), at: at(0)) == .overQuota(needed: 5, quota: 4))
    }

    @Test func `under fair share a team's first job over its quota stops the team, which says so`() {
        var scheduler = scheduler(.fairShare, nodes: 1, teams: [Team(name: "a", quota: 4)])
        for gpus in [3, 2, 1] { _ = scheduler.submit(request(gpus, for: 100), at: at(0)) }
        #expect(started(scheduler.decide(at: at(0))) == [0])
        #expect(scheduler.reason(for: 1, at: at(0)) == .quota(held: 3, quota: 4))
        #expect(scheduler.reason(for: 2, at: at(0)) == .behind(job: 1))
    }

    @Test(arguments: [Policy.srtf, .tiresias])
    func `nobody is stopped for a job that its team's quota would not let start`(policy: Policy) {
        var scheduler = scheduler(policy, nodes: 1, teams: [Team(name: "a", quota: 4), Team(name: "b")])
        _ = scheduler.submit(request(4, for: 100_000), at: at(0))
        _ = scheduler.submit(request(4, for: 100_000, team: 1), at: at(0))
        #expect(started(scheduler.decide(at: at(0))) == [0, 1])
        // Far enough for every level of Tiresias.
        _ = scheduler.submit(request(4, for: 10), at: at(60_000))
        #expect(scheduler.decide(at: at(60_000)) == [])
        #expect(scheduler.reason(for: 2, at: at(60_000)) == .quota(held: 4, quota: 4))
    }

    @Test(arguments: [Policy.conservative, .deadline])
    func `a reservation is made for when the team's quota lets the job start`(policy: Policy) {
        var scheduler = scheduler(policy, nodes: 1, teams: [Team(name: "a", quota: 4), Team(name: "b")])
        for _ in 0..<2 { _ = scheduler.submit(request(4, for: 100), at: at(0)) }
        #expect(started(scheduler.decide(at: at(0))) == [0])
        #expect(scheduler.plannedEnd(of: 1, at: at(0)) == at(200))
        // Nothing is kept free meanwhile for who may not have it.
        _ = scheduler.submit(request(4, for: 100, team: 1), at: at(0))
        #expect(started(scheduler.decide(at: at(0))) == [2])
        scheduler.setQuota(nil, ofTeam: 0)
        scheduler.cancel(2, at: at(1))
        #expect(started(scheduler.decide(at: at(1))) == [1])
    }

    @Test func `a deadline counts with the quota, and what was admitted once is not refused again`() {
        var scheduler = scheduler(.deadline, nodes: 1, teams: [Team(name: "a", quota: 4)])
        var late = request(4, for: 100)
        late.deadline = at(150)
        #expect(scheduler.submit(request(4, for: 100), at: at(0)) == nil)
        #expect(started(scheduler.decide(at: at(0))) == [0])
        #expect(scheduler.submit(late, at: at(0)) == .deadline(earliest: at(200)))
        #expect(scheduler.submit(late, at: at(0), isAdmitted: true) == nil)
        #expect(scheduler.decide(at: at(0)) == [])
        #expect(scheduler.reason(for: 2, at: at(0)) == .quota(held: 4, quota: 4))
        #expect(scheduler.plannedEnd(of: 2, at: at(0)) == at(200))
    }

    @Test func `a deadline that cannot be kept is refused, and those accepted are kept`() {
        var scheduler = scheduler(.deadline, nodes: 1)
        func submit(_ seconds: Int64, by deadline: Int64) -> Refusal? {
            var job = request(8, for: seconds)
            job.deadline = at(deadline)
            return scheduler.submit(job, at: at(0))
        }
        #expect(submit(100, by: 300) == nil)
        #expect(submit(100, by: 150) == nil)
        #expect(submit(150, by: 299) == .deadline(earliest: at(350)))
        #expect(started(scheduler.decide(at: at(0))) == [1])
        scheduler.finish(1, at: at(100))
        #expect(started(scheduler.decide(at: at(100))) == [0])
    }

    @Test func `elastic jobs give GPUs back when somebody waits and take what is idle`() {
        var scheduler = scheduler(.elastic, nodes: 2)
        var elastic = request(8, for: 10_000)
        elastic.range = 4...16
        _ = scheduler.submit(elastic, at: at(0))
        let first = scheduler.decide(at: at(0))
        #expect(started(first) == [0])
        #expect(scheduler.placement(of: 0)?.gpus == 16)
        _ = scheduler.submit(request(12, for: 100), at: at(10))
        #expect(started(scheduler.decide(at: at(10))) == [1])
        #expect(scheduler.placement(of: 0)?.gpus == 4)
    }

    @Test func `a gang that lost a node goes on in what is open, the nearest first, and is not queued again`() {
        let pool = NodePool(
            accelerator: "gpu", count: 6, gpusPerNode: 8, fabric: Fabric(nodesPerLeaf: 3, leavesPerSpine: 2))
        var scheduler = Scheduler(policy: .easy, pools: [pool])
        _ = scheduler.submit(request(16, for: 1_000), at: at(0))
        _ = scheduler.decide(at: at(0))
        #expect(scheduler.placement(of: 0)?.shares.map(\.node) == [0, 1])
        scheduler.set(.down, node: 1, pool: 0)
        let open = [NodeShare(node: 4, gpus: 8), NodeShare(node: 2, gpus: 5), NodeShare(node: 3, gpus: 4)]
        let given = scheduler.swapIn(open, for: 1, job: 0, losing: .zero, at: at(100))
        #expect(given == [NodeShare(node: 2, gpus: 5), NodeShare(node: 3, gpus: 3)])
        #expect(scheduler.placement(of: 0)?.shares.map(\.node) == [0, 2, 3])
        #expect(scheduler.phase(of: 0) == .running && scheduler.runningGPUs == 16)
        #expect(scheduler.expectedEnd(of: 0) == at(1_000) + scheduler.costs.restore(gpus: 16))
    }

    @Test func `a gang goes on nowhere where too little is open, or nothing near enough`() {
        let pool = NodePool(
            accelerator: "gpu", count: 4, gpusPerNode: 8, fabric: Fabric(nodesPerLeaf: 2, leavesPerSpine: 2))
        var scheduler = Scheduler(policy: .easy, pools: [pool])
        var job = request(16, for: 1_000)
        job.demand = .required(.leaf)
        _ = scheduler.submit(job, at: at(0))
        _ = scheduler.decide(at: at(0))
        let before = scheduler.placement(of: 0)
        scheduler.set(.down, node: 1, pool: 0)
        for open in [[NodeShare(node: 2, gpus: 7)], [NodeShare(node: 2, gpus: 8)]] {
            #expect(scheduler.swapIn(open, for: 1, job: 0, losing: .zero, at: at(1)) == nil)
        }
        #expect(scheduler.placement(of: 0) == before && scheduler.phase(of: 0) == .running)
    }

    @Test func `a job larger than the cluster is refused`() {
        var scheduler = scheduler(.fifo, nodes: 2)
        #expect(scheduler.submit(request(17, for: 1), at: at(0)) == .tooLarge(needed: 17, largest: 16))
    }
}
