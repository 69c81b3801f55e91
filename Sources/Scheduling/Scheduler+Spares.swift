// A gang that has lost nodes goes on on others, as near to where it was as there are any: on spares, which are whole nodes
// kept for that, or on whatever is open. Refuses to break what the job requires of its place: it is queued again then.

import Primitives

extension Scheduler {
    /// Replaces failed `nodes` in the gang of `job` by spares without queueing the job again: it goes on after the time to
    /// restore and without the work thrown away. False, and nothing changed, when its pool has too few spares, or none
    /// near enough for what the job requires.
    public mutating func swapIn(for nodes: [Int], job: Int, losing lost: TimeSpan, at now: Instant) -> Bool {
        guard let old = jobs[job].placement, let new = placement(old, without: nodes) else { return false }
        if case .required(let level) = jobs[job].request.demand, pools[new.pool].span(of: new) > level { return false }
        for share in new.shares where pools[new.pool].conditions[Int(share.node)] == .spare {
            pools[new.pool].set(.up, on: Int(share.node))
        }
        goOn(job, on: new, losing: lost, at: now)
        return true
    }

    /// Replaces what `job` holds on `node`, which failed, by GPUs of nodes that take work, of which `open` are to be had
    /// at once; otherwise as `swapIn(for:job:losing:at:)`. The shares that it was given; nil, and nothing changed, when
    /// there are too few of its pool, or none near enough.
    /// - Precondition: what `open` names is free.
    public mutating func swapIn(
        _ open: [NodeShare], for node: Int, job: Int, losing lost: TimeSpan, at now: Instant
    ) -> [NodeShare]? {
        guard let old = jobs[job].placement, let lostShare = old.shares.first(where: { $0.node == node }) else {
            return nil
        }
        var shares = old.shares.filter { $0.node != node }
        guard let given = nearest(open, missing: lostShare, of: old.pool, beside: shares) else { return nil }
        for share in given {
            if let own = shares.firstIndex(where: { $0.node == share.node }) {
                shares[own].gpus += share.gpus
            } else {
                shares.append(share)
            }
        }
        shares.sort { $0.node < $1.node }
        let new = Placement(pool: old.pool, first: shares[0], rest: Array(shares.dropFirst()))
        if case .required(let level) = jobs[job].request.demand, pools[new.pool].span(of: new) > level { return nil }
        goOn(job, on: new, losing: lost, at: now)
        return given
    }

    /// As many of `open` as `missing` has: the nearest to its node first, then where the gang stands already, then the
    /// smallest hole that takes all, else the largest.
    private func nearest(
        _ open: [NodeShare], missing: NodeShare, of pool: Int, beside own: [NodeShare]
    ) -> [NodeShare]? {
        var (left, needed, given) = (open.filter { $0.gpus > 0 }, missing.gpus, [NodeShare]())
        func rank(_ share: NodeShare) -> (TopologyLevel, Int, Int32, Int32) {
            (
                pools[pool].distance(Int(missing.node), Int(share.node)),
                own.contains { $0.node == share.node } ? 0 : 1,
                share.gpus >= needed ? share.gpus - .max : -share.gpus, share.node
            )
        }
        while needed > 0 {
            guard let best = left.indices.min(by: { rank(left[$0]) < rank(left[$1]) }) else { return nil }
            var share = left.remove(at: best)
            share.gpus = min(share.gpus, needed)
            needed -= share.gpus
            given.append(share)
        }
        return given
    }

    /// `job`, which runs, goes on at `new` without the work of `lost` and after the time to restore.
    private mutating func goOn(_ job: Int, on new: Placement, losing lost: TimeSpan, at now: Instant) {
        let done = jobs[job].progress(at: now) - lost
        let cost = costs.restore(gpus: jobs[job].gpus)
        let gpuTime = (now - jobs[job].since).nanoseconds * Int64(jobs[job].gpus)
        release(job)
        jobs[job].attained += gpuTime
        jobs[job].remaining = max(.zero, jobs[job].remaining - done) + cost
        start(job, on: new, at: now)
        isPlanStale = profile != nil
    }

    /// `old` with a spare in the place of each of `nodes`, of its leaf if there is one, else of its spine, else any; nil
    /// when there are too few. Ranks follow the topology again.
    private func placement(_ old: Placement, without nodes: [Int]) -> Placement? {
        let pool = pools[old.pool]
        var spares = pool.conditions.indices.filter { pool.conditions[$0] == .spare }
        var replacement: [(lost: Int, spare: Int)] = []
        for node in nodes {
            let nearest = spares.indices.min { a, b in
                (pool.distance(node, spares[a]), spares[a]) < (pool.distance(node, spares[b]), spares[b])
            }
            guard let nearest else { return nil }
            replacement.append((node, spares.remove(at: nearest)))
        }
        let shares = old.shares.map { share in
            guard let spare = replacement.first(where: { $0.lost == Int(share.node) })?.spare else { return share }
            return NodeShare(node: spare, gpus: Int(share.gpus))
        }.sorted { $0.node < $1.node }
        return Placement(pool: old.pool, first: shares[0], rest: Array(shares.dropFirst()))
    }
}
