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
            guard let decision = resize(victim.job, to: jobs[victim.job].gpus - victim.gpus, at: now) else { continue }
            decisions.append(decision)
            if place(job, gpus: needed) != nil { break }
        }
        return decisions
    }

    /// Gives idle GPUs to running jobs, the longest running first, as long as that pays.
    private mutating func grow(at now: Instant) -> [Decision] {
        var decisions: [Decision] = []
        guard growing > 0, pools.contains(where: { $0.freeGPUs > 0 }) else { return [] }
        var candidates: [Int] = []
        running.forEach { entry in
            if Int(entry.gpus) < jobs[Int(entry.job)].request.range?.upperBound ?? 0 {
                candidates.append(Int(entry.job))
            }
        }
        for job in candidates {
            guard pools.contains(where: { $0.freeGPUs > 0 }) else { break }
            guard let request = jobs[job].request.range, let pool = jobs[job].placement?.pool else { continue }
            let gpus = min(request.upperBound, jobs[job].gpus * 2, jobs[job].gpus + pools[pool].freeGPUs)
            guard gpus > jobs[job].gpus, paysToGrow(job, to: gpus, at: now) else { continue }
            if let decision = resize(job, to: gpus, at: now) { decisions.append(decision) }
        }
        return decisions
    }

    /// Whether `job` saves twice as much time on `gpus` GPUs as restoring takes.
    private func paysToGrow(_ job: Int, to gpus: Int, at now: Instant) -> Bool {
        let left = jobs[job].wallTime(for: jobs[job].remaining - jobs[job].progress(at: now))
        return left * Int64(gpus - jobs[job].gpus) > costs.restore(gpus: gpus) * Int64(2 * gpus)
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

    /// Has `job`, which runs, go on with `gpus` GPUs, and keep what it can of those it has; nil, and nothing changed, when
    /// they are not free, too far away, or more than its team may hold.
    private mutating func resize(_ job: Int, to gpus: Int, at now: Instant) -> Decision? {
        let request = jobs[job].request
        guard let old = jobs[job].placement,
            gpus < old.gpus || held[request.team] + gpus - old.gpus <= teams[request.team].quota ?? .max,
            let new = gpus < old.gpus
                ? old.shrunk(to: gpus) : pools[old.pool].grown(old, to: gpus, demand: request.demand)
        else { return nil }
        goOn(job, on: new, at: now)
        return .resize(job: job, to: new)
    }

    /// `job`, which runs, goes on at `new`, at the cost of a restore; but not of two at one instant.
    private mutating func goOn(_ job: Int, on new: Placement, at now: Instant) {
        let done = jobs[job].progress(at: now)
        let cost = jobs[job].since == now ? .zero : costs.restore(gpus: new.gpus)
        let gpuTime = (now - jobs[job].since).nanoseconds * Int64(jobs[job].gpus)
        release(job)
        jobs[job].attained += gpuTime
        jobs[job].remaining = max(.zero, jobs[job].remaining - done) + cost
        start(job, on: new, at: now)
    }

    /// `job`, which runs, goes on with those of its GPUs that `shares` names, in the order of its placement: what else it was
    /// given is lost, or cannot be had. False, and nothing changed, when that is less than it can use.
    public mutating func keep(_ shares: [NodeShare], of job: Int, at now: Instant) -> Bool {
        let gpus = shares.reduce(0) { $0 + Int($1.gpus) }
        guard policy.resizes, let old = jobs[job].placement, let first = shares.first,
            gpus >= jobs[job].request.range?.lowerBound ?? jobs[job].request.gpus
        else { return false }
        goOn(job, on: Placement(pool: old.pool, first: first, rest: Array(shares.dropFirst())), at: now)
        return true
    }

    /// Something happened that the policy may want to answer.
    public mutating func noteChange() { isChanged = true }
}
