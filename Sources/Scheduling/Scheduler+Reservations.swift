// A reservation for every job: conservative backfill, and deadlines with admission. Reservations count GPUs; a job
// whose GPUs are free but scattered when its instant comes starts as soon as they can be placed, and whoever finds
// things other than planned has the plan made anew. Refuses estimates of its own.

import Primitives

extension Scheduler {
    /// Stands for "no reservation": more GPUs are asked for than are in service.
    private static let never = Int64.max / 4

    /// Gives `job`, which is being submitted, its reservation; a refusal when its deadline cannot be kept.
    mutating func reserveAtSubmission(_ job: Int, at now: Instant) -> Refusal? {
        guard profile != nil else { return nil }
        if policy.order == .deadline { return admit(job, at: now) }
        if isPlanStale { plan(waiting[0].entries.map { Int($0.job) }, at: now) }
        reserve(job, at: now)
        return nil
    }

    private mutating func reserve(_ job: Int, at now: Instant) {
        guard var profile else { return }
        self.profile = nil
        let (gpus, span) = (jobs[job].request.gpus, max(jobs[job].remaining, TimeSpan(nanoseconds: 1)))
        profile.advance(to: now)
        if gpus <= openGPUs {
            let start = profile.earliest(gpus: gpus, for: span, from: now)
            profile.add(-gpus, from: start, for: span)
            jobs[job].rank.key = start.nanoseconds
        } else {
            jobs[job].rank.key = Scheduler.never
        }
        self.profile = profile
    }

    /// Makes a plan with `job` in it; keeps the old one and refuses the job when a deadline would be missed.
    private mutating func admit(_ job: Int, at now: Instant) -> Refusal? {
        let before = waiting[0]
        let others = before.entries.map { Int($0.job) }
        guard jobs[job].request.deadline != nil else {
            if isPlanStale { plan(others, at: now) }
            reserve(job, at: now)
            return nil
        }
        plan(others + [job], at: now)
        let late = (others + [job]).contains { other in
            guard let limit = jobs[other].request.deadline else { return false }
            return jobs[other].rank.key + jobs[other].remaining.nanoseconds > limit.nanoseconds
        }
        // Planning put it into the queue, where submission will put it.
        waiting[0].remove(jobs[job].rank)
        guard late else { return nil }
        plan(others, at: now)
        let kept = profile
        reserve(job, at: now)
        profile = kept
        return .deadline(earliest: Instant(nanoseconds: jobs[job].rank.key) + jobs[job].remaining)
    }

    /// Reserves anew for `queued`, by deadline or by submission.
    private mutating func plan(_ queued: [Int], at now: Instant) {
        isPlanStale = false
        var profile = FreeProfile(free: pools.reduce(0) { $0 + $1.freeGPUs }, from: now)
        for entry in ends.entries {
            guard let placement = jobs[Int(entry.job)].placement else { continue }
            // Who should have ended by now is expected to end at any moment.
            let end = Instant(nanoseconds: max(entry.key, now.nanoseconds + 1))
            let returned = placement.shares.reduce(0) { sum, share in
                sum + (pools[placement.pool].conditions[Int(share.node)] == .up ? Int(share.gpus) : 0)
            }
            profile.add(returned, from: end)
        }
        self.profile = profile
        let isByDeadline = policy.order == .deadline
        func rank(_ job: Int) -> (Int64, Int) {
            (isByDeadline ? jobs[job].request.deadline?.nanoseconds ?? .max : 0, job)
        }
        waiting[0] = RankedQueue()
        for job in queued.sorted(by: { rank($0) < rank($1) }) {
            reserve(job, at: now)
            waiting[0].insert(jobs[job].rank)
        }
    }

    mutating func decideByReservation(at now: Instant) -> [Decision] {
        if isPlanStale { plan(waiting[0].entries.map { Int($0.job) }, at: now) }
        var decisions: [Decision] = []
        var cursor = waiting[0].start
        while let entry = waiting[0].entry(at: cursor), entry.key <= now.nanoseconds {
            waiting[0].advance(&cursor)
            let job = Int(entry.job)
            guard isWithinQuota(job), let placement = place(job) else { continue }
            start(job, on: placement, at: now)
            decisions.append(.start(job: job, on: placement))
            // It ends later than planned, and so does whatever was to follow on its GPUs.
            if entry.key < now.nanoseconds { isPlanStale = true }
        }
        for case .start(let job, _) in decisions { unqueue(job) }
        return decisions
    }
}
