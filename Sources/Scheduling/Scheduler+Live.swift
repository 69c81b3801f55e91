// What happens to a queue that serves people and that no trace tells: machines that join, priorities that change, states
// that are saved. Refuses to know machines by name and jobs by number; whoever owns the scheduler keeps those.

import Primitives

extension Scheduler {
    /// Adds an empty node with `gpus` GPUs called `accelerator` that takes work. Nodes that are equal in both are one
    /// pool, under one switch; a gang stands in one pool.
    public mutating func addNode(gpus: Int, accelerator: String) -> (pool: Int, node: Int) {
        isChanged = true
        isPlanStale = profile != nil
        guard let pool = pools.firstIndex(where: { $0.accelerator == accelerator && $0.gpusPerNode == gpus }) else {
            pools.append(NodePool(accelerator: accelerator, count: 1, gpusPerNode: gpus))
            return (pools.count - 1, 0)
        }
        let old = pools[pool]
        pools[pool] = NodePool(accelerator: accelerator, count: old.nodeCount + 1, gpusPerNode: gpus)
        for node in 0..<old.nodeCount {
            pools[pool].set(old.conditions[node], on: node)
            pools[pool].setAvoided(old.avoided.contains(node), node: node)
        }
        for job in jobs { if let placement = job.placement, placement.pool == pool { pools[pool].take(placement) } }
        return (pool, old.nodeCount)
    }

    /// How many nodes pool number `pool` has, whatever their condition.
    public func nodeCount(ofPool pool: Int) -> Int { pools[pool].nodeCount }

    /// Changes how important `job` is; it moves in the queue at once, behind its new equals.
    public mutating func setPriority(_ priority: Int, of job: Int) {
        switch jobs[job].phase {
        case .over: return
        case .waiting:
            unqueue(job)
            jobs[job].request.priority = priority
            queue(job)
        case .running:
            jobs[job].request.priority = priority
            isChanged = true
            guard keepsRunning, case .priority = policy.order else { return }
            running.remove(jobs[job].runRank)
            jobs[job].runRank.key = waitingKey(jobs[job])
            running.insert(jobs[job].runRank)
        }
    }

    /// Changes what team number `team` may hold; nil for no limit.
    public mutating func setQuota(_ quota: Int?, ofTeam team: Int) {
        teams[team].quota = quota
        isChanged = true
        isPlanStale = profile != nil
    }

    /// `job`, which runs, has saved its state: stopping it now throws less away.
    public mutating func noteSaved(_ job: Int, at now: Instant) {
        if jobs[job].phase == .running { jobs[job].saved = now }
    }

    /// When `job`, which runs, is expected to end; nil when it does not run.
    public func expectedEnd(of job: Int) -> Instant? {
        jobs[job].phase == .running ? Instant(nanoseconds: jobs[job].end.key) : nil
    }

    /// When `job` ends if all run as long as expected; nil when it is not planned: it has ended, it waits under a policy
    /// that makes no reservations, or its reservation has passed.
    public func plannedEnd(of job: Int, at now: Instant) -> Instant? {
        switch jobs[job].phase {
        case .over: return nil
        case .running: return Instant(nanoseconds: jobs[job].end.key)
        case .waiting:
            guard profile != nil, !isPlanStale, (now.nanoseconds..<Scheduler.never).contains(jobs[job].rank.key) else {
                return nil
            }
            return Instant(nanoseconds: jobs[job].rank.key) + jobs[job].remaining
        }
    }

    /// The largest gang with that demand that nodes which take work could hold if nothing ran. Pools that nodes join one by
    /// one are under one switch, so only a node is less than a pool.
    public func largestOpenGang(_ demand: TopologyDemand) -> Int {
        pools.map { demand == .required(.node) ? min($0.gpusPerNode, $0.openGPUs) : $0.openGPUs }.max() ?? 0
    }
}
