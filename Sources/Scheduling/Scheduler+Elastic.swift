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
        var surplus: [(job: Int, gpus: Int)] = []
        for entry in running.entries {
            let least = jobs[Int(entry.job)].request.range?.lowerBound ?? .max
            if jobs[Int(entry.job)].gpus > least { surplus.append((Int(entry.job), jobs[Int(entry.job)].gpus - least)) }
        }
        let free = pools.reduce(0) { $0 + $1.freeGPUs }
        guard surplus.reduce(free, { $0 + $1.gpus }) >= needed else { return [] }
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
        for entry in running.entries {
            guard pools.contains(where: { $0.freeGPUs > 0 }) else { break }
            let job = Int(entry.job)
            let most = min(jobs[job].request.range?.upperBound ?? 0, jobs[job].gpus * 2)
            let left = jobs[job].remaining - jobs[job].progress(at: now)
            guard most > jobs[job].gpus, jobs[job].wallTime(for: left) > costs.restore(gpus: most) * 4 else { continue }
            if let decision = resize(job, to: most, at: now) { decisions.append(decision) }
        }
        return decisions
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
