// Policies that take waiting jobs one after the other: strict, letting who fits pass, with a reservation for the first
// that does not fit, and by team. Refuses to stop anybody, but for priority's sake (Scheduler+Priority).

import Primitives

extension Scheduler {
    mutating func decideInOrder(at now: Instant) -> [Decision] {
        var decisions: [Decision] = []
        var started: [Int] = []
        var blocked: Int?
        var failed = Int.max
        var cursor = waiting[0].start
        while let entry = waiting[0].entry(at: cursor) {
            let job = Int(entry.job)
            // A quota is between a job and its team; others pass.
            if isWithinQuota(job) {
                if Int(entry.gpus) < failed, let placement = place(job) {
                    start(job, on: placement, at: now)
                    decisions.append(.start(job: job, on: placement))
                    started.append(job)
                } else if policy.passing != .skip {
                    blocked = job
                    break
                } else if pools.count == 1, jobs[job].request.demand == .preferred {
                    failed = min(failed, Int(entry.gpus))
                    if waitingSizes.smallest ?? .max >= failed { break }
                }
            }
            waiting[0].advance(&cursor)
        }
        started.forEach { unqueue($0) }
        guard let blocked, policy.passing != .stop else { return decisions }
        if policy.preemption == .byPriority, let forced = preempt(for: blocked, at: now) {
            return decisions + forced + decideInOrder(at: now)
        }
        return decisions + backfill(behind: blocked, at: now)
    }

    // MARK: - Backfill

    /// Starts whoever does not delay `head`, which does not fit now.
    private mutating func backfill(behind head: Int, at now: Instant) -> [Decision] {
        guard let smallest = waitingSizes.smallest, pools.contains(where: { $0.canHold(gpus: smallest) }) else {
            return []
        }
        guard waiting[0].count > 1, let shadow = shadow(of: head) else { return [] }
        let isShortestFirst = policy.passing == .reserveFirst(shortestFirst: true)
        let queue = isShortestFirst ? byLength : waiting[0]
        let headEntry = jobs[head].rank
        var extra = shadow.extra
        var failed = Int.max
        var decisions: [Decision] = []
        var started: [Int] = []
        var cursor = queue.start
        while let entry = queue.entry(at: cursor) {
            queue.advance(&cursor)
            let job = Int(entry.job)
            guard job != head, Int(entry.gpus) < failed else { continue }
            if !isShortestFirst, entry.isBefore(headEntry) { continue }
            let isShort = now.nanoseconds + jobs[job].remaining.nanoseconds <= shadow.at
            guard isShort || Int(entry.gpus) <= extra, isWithinQuota(job) else { continue }
            guard let placement = place(job) else {
                guard pools.count == 1, jobs[job].request.demand == .preferred else { continue }
                failed = min(failed, Int(entry.gpus))
                if smallest >= failed { break }
                continue
            }
            if !isShort { extra -= Int(entry.gpus) }
            start(job, on: placement, at: now)
            decisions.append(.start(job: job, on: placement))
            started.append(job)
        }
        started.forEach { unqueue($0) }
        return decisions
    }

    /// The earliest expected end of a running job at which `head` can be placed, and how many GPUs are free beside it
    /// then; nil when that will not come.
    func shadow(of head: Int) -> (at: Int64, extra: Int)? {
        let request = jobs[head].request
        if case .required = request.demand { return exactShadow(of: head) }
        var trials = pools.map { TrialPool($0) }
        var cursor = ends.start
        while let end = ends.entry(at: cursor) {
            ends.advance(&cursor)
            guard let placement = jobs[Int(end.job)].placement else { continue }
            trials[placement.pool].giveBack(placement)
            guard request.pools.contains(placement.pool) else { continue }
            if trials[placement.pool].canHold(gpus: request.gpus) {
                return (end.key, trials[placement.pool].freeGPUs - request.gpus)
            }
        }
        return nil
    }

    /// The same for a job that asks about its place: by placing it.
    private func exactShadow(of head: Int) -> (at: Int64, extra: Int)? {
        let request = jobs[head].request
        var trials = pools
        var cursor = ends.start
        while let end = ends.entry(at: cursor) {
            ends.advance(&cursor)
            guard let placement = jobs[Int(end.job)].placement else { continue }
            trials[placement.pool].giveBack(placement)
            guard request.pools.contains(placement.pool) else { continue }
            let pool = trials[placement.pool]
            if pool.place(gpus: request.gpus, demand: request.demand, rule: rule, pool: placement.pool) != nil {
                return (end.key, pool.freeGPUs - request.gpus)
            }
        }
        return nil
    }

    // MARK: - Teams

    mutating func decideByTeam(at now: Instant) -> [Decision] {
        var decisions: [Decision] = []
        var isStopped = waiting.map(\.isEmpty)
        while true {
            // The least part of its share; cross-multiplied, because a quotient could be rounded.
            var next: Int?
            for team in teams.indices where !isStopped[team] {
                guard let best = next else {
                    next = team
                    continue
                }
                if held[team] * teams[best].weight < held[best] * teams[team].weight { next = team }
            }
            guard let team = next, let entry = waiting[team].first else { break }
            guard isWithinQuota(Int(entry.job)), let placement = place(Int(entry.job)) else {
                isStopped[team] = true
                continue
            }
            unqueue(Int(entry.job))
            start(Int(entry.job), on: placement, at: now)
            decisions.append(.start(job: Int(entry.job), on: placement))
            isStopped[team] = waiting[team].isEmpty
        }
        return decisions
    }
}

/// A pool in which jobs are ended to see what would fit: counts of nodes by free GPUs, and nothing else.
struct TrialPool {
    private var free: [Int32]
    private var nodes: [Int]
    private let conditions: [NodeCondition]
    private let gpusPerNode: Int
    private(set) var freeGPUs: Int

    init(_ pool: NodePool) {
        free = pool.free
        conditions = pool.conditions
        gpusPerNode = pool.gpusPerNode
        freeGPUs = pool.freeGPUs
        nodes = (0...pool.gpusPerNode).map { pool.nodes(withFree: $0) }
    }

    mutating func giveBack(_ placement: Placement) {
        giveBack(placement.first)
        for share in placement.rest { giveBack(share) }
    }

    private mutating func giveBack(_ share: NodeShare) {
        let node = Int(share.node)
        guard conditions[node] == .up else { return }
        nodes[Int(free[node])] -= 1
        free[node] += share.gpus
        nodes[Int(free[node])] += 1
        freeGPUs += Int(share.gpus)
    }

    func canHold(gpus: Int) -> Bool {
        guard gpus <= freeGPUs else { return false }
        if gpus <= gpusPerNode { return (gpus...gpusPerNode).contains { nodes[$0] > 0 } }
        let whole = gpus / gpusPerNode
        let remainder = gpus % gpusPerNode
        guard nodes[gpusPerNode] >= whole else { return false }
        return remainder == 0 || nodes[gpusPerNode] > whole || (remainder..<gpusPerNode).contains { nodes[$0] > 0 }
    }
}
