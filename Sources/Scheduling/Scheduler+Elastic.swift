// Jobs that breathe: they start small rather than wait, give GPUs back while others wait, and take what is idle. Every
// resize costs a restore, so nobody grows for a gain smaller than that. Refuses to resize jobs that name no range.

import Primitives

extension Scheduler {
    mutating func decideElastic(at now: Instant) -> [Decision] {
        var decisions: [Decision] = []
        while let entry = waiting[0].entry(at: firstWithinQuota()) {
            let job = Int(entry.job)
            var placement = largestPlace(for: job)
            if placement == nil {
                decisions += shrink(for: job, at: now)
                placement = largestPlace(for: job)
            }
            guard let placement else { return decisions }
            unqueue(job)
            start(job, on: placement, at: now)
            decisions.append(.start(job: job, on: placement))
        }
        return waiting[0].isEmpty ? decisions + grow(at: now) : decisions
    }

    private func firstWithinQuota() -> RankedQueue.Cursor {
        var cursor = waiting[0].start
        while let entry = waiting[0].entry(at: cursor), !isWithinQuota(Int(entry.job)) { waiting[0].advance(&cursor) }
        return cursor
    }

    /// A place for `job` at what it asks for, or at the most that fits after halving down to its least.
    private func largestPlace(for job: Int) -> Placement? {
        var size = jobs[job].request.gpus
        let least = jobs[job].request.range?.lowerBound ?? size
        while true {
            if let found = place(job, gpus: size) { return found }
            guard size > least else { return nil }
            size = max(least, size / 2)
        }
    }

    /// Takes from those above their least, the largest surplus first, until `job` fits at its least; nobody when that
    /// would not be enough.
    private mutating func shrink(for job: Int, at now: Instant) -> [Decision] {
        let needed = jobs[job].request.range?.lowerBound ?? jobs[job].request.gpus
        guard pools.reduce(surplusGPUs, { $0 + $1.freeGPUs }) >= needed else { return [] }
        var surplus: [(job: Int, gpus: Int)] = []
        running.forEach { entry in
            let above = surplusGPUs(of: Int(entry.job))
            if above > 0 { surplus.append((Int(entry.job), above)) }
        }
        surplus.sort { ($1.gpus, $0.job) < ($0.gpus, $1.job) }
        var decisions: [Decision] = []
        for victim in surplus {
            guard let least = jobs[victim.job].request.range?.lowerBound,
                let decision = resize(victim.job, to: least, at: now)
            else { continue }
            decisions.append(decision)
            if place(job, gpus: needed) != nil { break }
        }
        return decisions
    }

    /// Gives idle GPUs to running jobs, the longest running first, as long as that pays.
    private mutating func grow(at now: Instant) -> [Decision] {
        var decisions: [Decision] = []
        guard growing > 0, pools.contains(where: { $0.freeGPUs > 0 }) else { return [] }
        var candidates: [(job: Int, most: Int)] = []
        running.forEach { entry in
            let job = Int(entry.job)
            let most = min(jobs[job].request.range?.upperBound ?? 0, jobs[job].gpus * 2)
            guard most > jobs[job].gpus else { return }
            let left = jobs[job].remaining - jobs[job].progress(at: now)
            if jobs[job].wallTime(for: left) > costs.restore(gpus: most) * 4 { candidates.append((job, most)) }
        }
        for (job, most) in candidates {
            guard pools.contains(where: { $0.freeGPUs > 0 }) else { break }
            guard isRoom(for: job, gpus: most) else { continue }
            if let decision = resize(job, to: most, at: now) { decisions.append(decision) }
        }
        return decisions
    }

    /// Whether GPUs enough for `job`, which runs, on `gpus` are free or its own: placing it costs more to find out.
    private func isRoom(for job: Int, gpus: Int) -> Bool {
        let request = jobs[job].request
        return pools.indices.contains { pool in
            let own = jobs[job].placement?.pool == pool ? jobs[job].gpus : 0
            return request.pools.contains(pool) && pools[pool].freeGPUs + own >= gpus
        }
    }

    /// GPUs that `job` holds above the least that it can use.
    private func surplusGPUs(of job: Int) -> Int {
        max(0, jobs[job].gpus - (jobs[job].request.range?.lowerBound ?? .max))
    }

    /// Counts what `job`, which starts (1) or is released (-1), could give back and whether it could use more.
    mutating func countElastic(_ job: Int, _ sign: Int) {
        surplusGPUs += sign * surplusGPUs(of: job)
        if jobs[job].gpus < jobs[job].request.range?.upperBound ?? 0 { growing += sign }
    }

    /// Moves `job`, which runs, to `gpus` GPUs; nil, and nothing changed, when they are not free.
    private mutating func resize(_ job: Int, to gpus: Int, at now: Instant) -> Decision? {
        guard let old = jobs[job].placement else { return nil }
        let done = jobs[job].progress(at: now)
        let oldSpan = (now - jobs[job].since).nanoseconds * Int64(jobs[job].gpus)
        let before = (remaining: jobs[job].remaining, since: jobs[job].since)
        release(job)
        let request = jobs[job].request
        guard held[request.team] + gpus <= teams[request.team].quota ?? .max, let new = place(job, gpus: gpus) else {
            jobs[job].remaining = before.remaining
            start(job, on: old, at: before.since)
            return nil
        }
        jobs[job].attained += oldSpan
        jobs[job].remaining = max(.zero, jobs[job].remaining - done) + costs.restore(gpus: gpus)
        start(job, on: new, at: now)
        return .resize(job: job, to: new)
    }
}
