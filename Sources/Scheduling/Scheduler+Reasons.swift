// Why a job waits, from the state in which the last decision left the queue. Computed when somebody asks, because a
// reason for each of a thousand jobs at each event would cost more than the decisions. Refuses advice.

import Primitives

extension Scheduler {
    /// Why `job` waits; nil when it does not.
    public func reason(for job: Int, at now: Instant) -> PendingReason? {
        guard jobs[job].phase == .waiting else { return nil }
        let request = jobs[job].request
        if isChanged, let next = nextDecision(after: now), next > now { return .nextDecision(next) }
        if !isWithinQuota(job) {
            return .quota(held: held[request.team], quota: teams[request.team].quota ?? 0)
        }
        if profile != nil, jobs[job].rank.key > now.nanoseconds {
            return .reservation(Instant(nanoseconds: jobs[job].rank.key))
        }
        if policy.preemption == .byRank { return reasonByRank(job, at: now) }
        let lane = waiting.count == 1 ? 0 : request.team
        // Of a team that is ranked, whoever stands first stops it, also for its quota's sake.
        let head = waiting[lane].entries.first { policy.order == .fairShare || isWithinQuota(Int($0.job)) }
        if let first = head, Int(first.job) != job {
            switch policy.passing {
            case .stop: return .behind(job: Int(first.job))
            case .reserveFirst where place(job) != nil:
                if let shadow = shadow(of: Int(first.job)) {
                    return .reserved(for: Int(first.job), start: Instant(nanoseconds: shadow.at))
                }
            case .skip, .reserveFirst, .reserveAll: break
            }
        }
        return lackReason(job)
    }

    private func reasonByRank(_ job: Int, at now: Instant) -> PendingReason {
        let shift = policy.order == .remaining ? now.nanoseconds : 0
        var before = running.entries.filter { $0.key - shift < jobs[job].rank.key }.reduce(0) { $0 + Int($1.gpus) }
        for entry in waiting[0].entries {
            guard Int(entry.job) != job else { break }
            if isWithinQuota(Int(entry.job)) { before += Int(entry.gpus) }
        }
        return before + jobs[job].request.gpus > openGPUs ? .outranked(before: before) : lackReason(job)
    }

    /// What is lacking on the cluster for `job`.
    private func lackReason(_ job: Int) -> PendingReason {
        let request = jobs[job].request
        let usable = pools.indices.filter { request.pools.contains($0) }.map { pools[$0] }
        let free = usable.reduce(0) { $0 + $1.freeGPUs }
        let largest = usable.map(\.largestGang).max() ?? 0
        if free < request.gpus { return .gpusMissing(free: free, needed: request.gpus) }
        if case .required(let level) = request.demand, usable.contains(where: { $0.canHold(gpus: request.gpus) }) {
            return .tooFarApart(level, needed: request.gpus)
        }
        return .fragmented(free: free, largest: largest, needed: request.gpus)
    }
}
