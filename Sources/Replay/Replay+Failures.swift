// Failures inside a replay: what breaks stops the gangs on it at once, and the scheduler hears of it when somebody would
// have noticed. Gangs lose what they did since their last checkpoint, and go on on spares or stand in the queue again;
// what broke comes back, as a spare where one stepped in. Refuses to decide who waits: the scheduler does.

import Failures
import Hardware
import Primitives
import Scheduling

/// Something that broke and that nobody has noticed yet.
struct Strike {
    var breakdown: Breakdown
    /// The nodes that it took down, which were well before.
    var nodes: [Int]
    /// Who was stopped by it without losing a node, and in which of its starts.
    var stopped: [(job: Int, start: Int32)] = []
}

extension ReplayEngine {
    mutating func scheduleNextFailure() {
        guard let breakdown = feed?.next() else { return }
        strikes.append(Strike(breakdown: breakdown, nodes: []))
        events.add(.failure(strike: strikes.count - 1), at: breakdown.at)
    }

    /// Something breaks.
    mutating func fail(_ index: Int, at now: Instant) {
        scheduleNextFailure()
        failuresInVain += 1
        let breakdown = strikes[index].breakdown
        let nodes = breakdown.nodes.filter { $0 < isBroken.count && !isBroken[$0] }
        guard !nodes.isEmpty else { return }
        result.nodeFailures += nodes.count
        let struck = jobs(on: nodes)
        switch breakdown.effect {
        case .killNode:
            for node in nodes { isBroken[node] = true }
            strikes[index].nodes = nodes
        case .killJob, .corrupt:
            strikes[index].stopped = struck.map { ($0, runs[$0].starts) }
        case .spike: return  // It strikes a loss curve, and no machine.
        case .slow(let factor, let span):
            for job in struck { slow(job, to: factor, for: span, at: now) }
            return
        }
        for job in struck where runs[job].stalled == nil { runs[job].stalled = now }
        events.add(.noticed(strike: index), at: now + breakdown.detect)
    }

    /// Somebody notices.
    mutating func notice(_ index: Int, at now: Instant) {
        let strike = strikes[index]
        for node in strike.nodes {
            let (pool, own) = place(of: node)
            scheduler.set(.down, node: own, pool: pool)
            events.add(.repair(node: node), at: now + strike.breakdown.repair)
            noteLemon(node)
        }
        // Whoever was placed there meanwhile is struck too.
        for job in jobs(on: strike.nodes) { replace(job, at: now) }
        for (job, start) in strike.stopped where runs[job].place >= 0 && runs[job].starts == start {
            restart(job, after: strike.breakdown.repair, at: now)
        }
    }

    mutating func repair(_ node: Int, at now: Instant) {
        let (pool, own) = place(of: node)
        isBroken[node] = false
        let isSpareMissing =
            scheduler.pools[pool].conditions.count { $0 == .spare }
            < options.pools[pool].conditions.count { $0 == .spare }
        scheduler.set(isSpareMissing ? .spare : .up, node: own, pool: pool)
    }

    // MARK: - Gangs

    /// Puts spares where `job` has lost nodes, or `job` into the queue.
    private mutating func replace(_ job: Int, at now: Instant) {
        guard let placement = scheduler.placement(of: job) else { return }
        let missing = placement.shares.map { Int($0.node) }
            .filter { scheduler.pools[placement.pool].conditions[$0] == .down }
        let (done, lost) = book(job, at: now)
        let idle = runs[job].stalled.map { now - $0 } ?? .zero
        let isSwapped = scheduler.swapIn(for: missing, job: job, losing: lost + idle, at: now)
        let cost = options.costs.restore(gpus: runs[job].gpus)
        stopRunning(job, at: now)
        result.outcomes[job].overhead += cost
        runs[job].left = runs[job].left - done + lost + cost
        if isSwapped, let placement = scheduler.placement(of: job) {
            result.swaps += missing.count
            begin(job, on: placement, at: now)
        } else {
            scheduler.requeue(job, losing: lost + idle, at: now)
            runs[job].since = now
        }
    }

    /// Starts `job` again where it is, once its process is back.
    private mutating func restart(_ job: Int, after repair: TimeSpan, at now: Instant) {
        guard let placement = scheduler.placement(of: job) else { return }
        let (done, lost) = book(job, at: now)
        let cost = repair + options.costs.restore(gpus: runs[job].gpus)
        stopRunning(job, at: now)
        result.outcomes[job].overhead += cost
        runs[job].left = runs[job].left - done + lost + cost
        begin(job, on: placement, at: now)
    }

    /// Books a failure of `job`: the work that it did since its last start, and what of it is lost.
    private mutating func book(_ job: Int, at now: Instant) -> (done: TimeSpan, lost: TimeSpan) {
        let done = work(of: job, at: now)
        let lost = options.costs.lostWork(after: done)
        result.outcomes[job].failures += 1
        result.outcomes[job].lost += lost
        return (done, lost)
    }

    /// Lets `job` run at `factor` of its speed for `span`, or for what is left of it: the gang waits for its slowest
    /// member. The scheduler is not told, as it would not be.
    private mutating func slow(_ job: Int, to factor: Double, for span: TimeSpan, at now: Instant) {
        guard runs[job].stalled == nil else { return }
        let left = runs[job].left - work(of: job, at: now)
        let slowed = min(span.seconds * factor, left.seconds)
        let delay = TimeSpan.seconds(slowed * (1 / factor - 1))
        result.outcomes[job].overhead += delay
        runs[job].left += delay
        // The end that was expected is no more.
        runs[job].starts += 1
        scheduleEnd(job)
    }

    // MARK: - Nodes

    private mutating func noteLemon(_ node: Int) {
        let (pool, own) = place(of: node)
        if lemons[pool].failed(own), options.avoidsLemons { scheduler.setAvoided(true, node: own, pool: pool) }
    }

    /// Whether `placement` has a node that is broken, noticed or not.
    func isStruck(_ placement: Placement) -> Bool {
        let first = scheduler.pools[..<placement.pool].reduce(0) { $0 + $1.nodeCount }
        return isBroken[first + Int(placement.first.node)] || placement.rest.contains { isBroken[first + Int($0.node)] }
    }

    /// The pool that `node`, numbered through all pools, is in, and its number there.
    func place(of node: Int) -> (pool: Int, node: Int) {
        var (pool, own) = (0, node)
        while own >= scheduler.pools[pool].nodeCount {
            own -= scheduler.pools[pool].nodeCount
            pool += 1
        }
        return (pool, own)
    }

    /// The running jobs that have GPUs on any of `nodes`, in the order of submission.
    private func jobs(on nodes: [Int]) -> [Int] {
        guard !nodes.isEmpty else { return [] }
        let places = nodes.map { place(of: $0) }
        return running.filter { job in
            guard let placement = scheduler.placement(of: job) else { return false }
            return places.contains { pool, node in
                placement.pool == pool
                    && (Int(placement.first.node) == node || placement.rest.contains { Int($0.node) == node })
            }
        }.sorted()
    }
}
