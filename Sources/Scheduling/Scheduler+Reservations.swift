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
        let (gpus, span) = (jobs[job].request.gpus, max(jobs[job].remaining, TimeSpan(nanoseconds: 1)))
        let start = gpus <= openGPUs ? profile?.reserve(gpus: gpus, for: span, from: now).nanoseconds : nil
        jobs[job].rank.key = start ?? Scheduler.never
    }

    /// Makes a plan with `job` in it; keeps the old one and refuses the job when it or, because of it, another would
    /// miss its deadline.
    private mutating func admit(_ job: Int, at now: Instant) -> Refusal? {
        if isPlanStale { plan(waiting[0].entries.map { Int($0.job) }, at: now) }
        guard jobs[job].request.deadline != nil else {
            reserve(job, at: now)
            return nil
        }
        let (before, kept) = (waiting[0], profile)
        plan(before.entries.map { Int($0.job) } + [job], at: now)
        // Planning put it into the queue, where submission will put it.
        waiting[0].remove(jobs[job].rank)
        var isLate = misses(jobs[job].rank, at: now)
        // Who is late without it, because its GPUs lie scattered, is no reason to refuse it.
        before.forEach { isLate = isLate || misses(jobs[Int($0.job)].rank, at: now) && !misses($0, at: now) }
        guard isLate else { return nil }
        before.forEach { jobs[Int($0.job)].rank = $0 }
        waiting[0] = before
        profile = kept
        reserve(job, at: now)
        profile = kept
        return .deadline(earliest: Instant(nanoseconds: jobs[job].rank.key) + jobs[job].remaining)
    }

    /// Whether the job of `entry` would end after its deadline if it started then, but not before `now`.
    private func misses(_ entry: RankedEntry, at now: Instant) -> Bool {
        guard let limit = jobs[Int(entry.job)].request.deadline else { return false }
        return max(entry.key, now.nanoseconds) + jobs[Int(entry.job)].remaining.nanoseconds > limit.nanoseconds
    }

    /// Reserves anew for `queued`, by deadline or by submission.
    private mutating func plan(_ queued: [Int], at now: Instant) {
        isPlanStale = false
        var returns: [(at: Int64, gpus: Int)] = []
        ends.forEach { entry in
            guard let placement = jobs[Int(entry.job)].placement else { return }
            // Who should have ended by now is expected to end at any moment.
            returns.append((max(entry.key, now.nanoseconds + 1), pools[placement.pool].openGPUs(of: placement)))
        }
        profile = FreeProfile(free: pools.reduce(0) { $0 + $1.freeGPUs }, from: now, ends: returns)
        var entries: [RankedEntry] = []
        entries.reserveCapacity(queued.count)
        for job in inPlanningOrder(queued) {
            reserve(job, at: now)
            entries.append(jobs[job].rank)
        }
        waiting[0] = RankedQueue(entries)
    }

    /// Jobs by deadline where that is the order, else by submission.
    private func inPlanningOrder(_ queued: [Int]) -> [Int] {
        guard policy.order == .deadline else { return queued.sorted() }
        func rank(_ job: Int) -> (Int64, Int) { (jobs[job].request.deadline?.nanoseconds ?? .max, job) }
        return queued.sorted { rank($0) < rank($1) }
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
