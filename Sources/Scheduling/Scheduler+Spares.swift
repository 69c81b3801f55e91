// A gang that has lost nodes goes on on spares, as near to where it was as there are any. Refuses to break what the job
// requires of its place: it is queued again then.

import Primitives

extension Scheduler {
    /// Replaces failed `nodes` in the gang of `job` by spares without queueing the job again: it goes on after the time to
    /// restore and without the work thrown away. False, and nothing changed, when its pool has too few spares, or none
    /// near enough for what the job requires.
    public mutating func swapIn(for nodes: [Int], job: Int, losing lost: TimeSpan, at now: Instant) -> Bool {
        guard let old = jobs[job].placement, let new = placement(old, without: nodes) else { return false }
        if case .required(let level) = jobs[job].request.demand, pools[new.pool].span(of: new) > level { return false }
        let done = jobs[job].progress(at: now) - lost
        let cost = costs.restore(gpus: jobs[job].gpus)
        release(job)
        for share in new.shares where pools[new.pool].conditions[Int(share.node)] == .spare {
            pools[new.pool].set(.up, on: Int(share.node))
        }
        jobs[job].remaining = max(.zero, jobs[job].remaining - done) + cost
        start(job, on: new, at: now)
        isPlanStale = profile != nil
        return true
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
