// A reservation for every job: conservative backfill, and deadlines with admission. Reservations count GPUs; a job
// whose GPUs are free but scattered when its instant comes starts as soon as they can be placed, and whoever finds
// things other than planned has the plan made anew. Refuses estimates of its own.

import Primitives

extension Scheduler {
    /// Stands for "no reservation": more GPUs are asked for than are in service.
    static let never = Int64.max / 4

    /// Gives `job`, which is being submitted, its reservation; a refusal when its deadline cannot be kept.
    mutating func reserveAtSubmission(_ job: Int, at now: Instant, isAdmitted: Bool) -> Refusal? {
        guard profile != nil else { return nil }
        if isAdmitted {
            // The plan is made anew with it, whoever is late then.
            jobs[job].rank.key = now.nanoseconds
            isPlanStale = true
            return nil
        }
        if policy.order == .deadline { return admit(job, at: now) }
        if isPlanStale { plan(at: now) }
        reserve(job, at: now)
        return nil
    }

    private mutating func reserve(_ job: Int, at now: Instant) {
        let (gpus, span, team) = (jobs[job].request.gpus, reservedSpan(job), jobs[job].request.team)
        guard gpus <= openGPUs, profile != nil else {
            jobs[job].rank.key = Scheduler.never
            return
        }
        guard !allowances.isEmpty, allowances[team] != nil else {
            jobs[job].rank.key = profile?.reserve(gpus: gpus, for: span, from: now).nanoseconds ?? Scheduler.never
            return
        }
        // From one to the other until both agree; neither ever names an earlier instant than it was asked from.
        var start = now
        while let free = profile?.start(of: gpus, for: span, from: start),
            let allowed = allowances[team]?.start(of: gpus, for: span, from: free)
        {
            start = allowed
            if allowed == free { break }
        }
        profile?.take(gpus: gpus, for: span, at: start)
        allowances[team]?.take(gpus: gpus, for: span, at: start)
        jobs[job].rank.key = start.nanoseconds
    }

    private func reservedSpan(_ job: Int) -> TimeSpan { max(jobs[job].remaining, TimeSpan(nanoseconds: 1)) }

    /// Makes a plan with `job` in it; keeps the old one and refuses the job when it or, because of it, another would
    /// miss its deadline.
    private mutating func admit(_ job: Int, at now: Instant) -> Refusal? {
        if isPlanStale { plan(at: now) }
        guard jobs[job].request.deadline != nil else {
            reserve(job, at: now)
            return nil
        }
        let before = (profile, allowances, planMarks, isPlanExact)
        if !isPlanGood(at: now) { beginPlan(at: now) }
        let entry = planningEntry(job)
        byPlan.insert(entry)
        let isKept = plan(from: entry, at: now, admitting: job)
        // Submission will put it into the queue.
        byPlan.remove(entry)
        if isKept {
            fillQueue()
            return nil
        }
        waiting[0].forEach { jobs[Int($0.job)].rank = $0 }
        (profile, allowances, planMarks, isPlanExact) = before
        reserve(job, at: now)
        (profile, allowances) = (before.0, before.1)
        return .deadline(earliest: Instant(nanoseconds: jobs[job].rank.key) + jobs[job].remaining)
    }

    /// Whether the job of `entry` would end after its deadline if it started then, but not before `now`.
    private func misses(_ entry: RankedEntry, at now: Instant) -> Bool {
        guard let limit = jobs[Int(entry.job)].request.deadline else { return false }
        return max(entry.key, now.nanoseconds) + jobs[Int(entry.job)].remaining.nanoseconds > limit.nanoseconds
    }

    // MARK: - Plans

    /// The place of `job` in the order in which reservations are made: by deadline or by submission.
    func planningEntry(_ job: Int) -> RankedEntry {
        let request = jobs[job].request
        let key = policy.order == .deadline ? request.deadline?.nanoseconds ?? .max : 0
        return RankedEntry(key: key, tie: Int64(job), job: Int32(job), gpus: Int32(request.gpus))
    }

    /// Reserves anew for all who wait.
    private mutating func plan(at now: Instant) {
        isPlanStale = false
        beginPlan(at: now)
        if let first = byPlan.first { _ = plan(from: first, at: now) }
        fillQueue()
    }

    /// Makes a plan that has nobody in it but the running jobs.
    private mutating func beginPlan(at now: Instant) {
        var returns: [(at: Int64, gpus: Int)] = []
        returns.reserveCapacity(ends.count)
        ends.forEach { entry in
            guard let placement = jobs[Int(entry.job)].placement else { return }
            // Who should have ended by now is expected to end at any moment.
            returns.append((max(entry.key, now.nanoseconds + 1), pools[placement.pool].openGPUs(of: placement)))
        }
        allowances = hasQuotas ? teams.indices.map { allowance(of: $0, at: now) } : []
        let free = FreeProfile(free: pools.reduce(0) { $0 + $1.freeGPUs }, from: now, ends: returns)
        profile = free
        planMarks = PlanMarks(beside: free)
        isPlanExact = !isAnybodyOverdue(at: now)
    }

    /// What `team` may hold from now on beside what it holds, as its running jobs end.
    private func allowance(of team: Int, at now: Instant) -> FreeProfile? {
        guard let quota = teams[team].quota else { return nil }
        var returns: [(at: Int64, gpus: Int)] = []
        ends.forEach { entry in
            guard jobs[Int(entry.job)].request.team == team else { return }
            returns.append((max(entry.key, now.nanoseconds + 1), Int(entry.gpus)))
        }
        return FreeProfile(free: quota - held[team], from: now, ends: returns)
    }

    /// Reserves anew for all who stand at `entry` or behind it in the planning order. False, and the plan unfinished, as
    /// soon as `admitted` would miss its deadline or another would that keeps it in the plan there is.
    private mutating func plan(from entry: RankedEntry, at now: Instant, admitting admitted: Int? = nil) -> Bool {
        let mark = planMarks.rewind(to: entry)
        profile = mark.free
        let distance = PlanMarks.distance(count: byPlan.count)
        var sinceMark = 0
        var cursor = byPlan.cursor(to: mark.next)
        while let next = byPlan.entry(at: cursor) {
            if sinceMark == distance, policy.order == .deadline, let profile {
                planMarks.note(next: next, free: profile)
                sinceMark = 0
            }
            let job = Int(next.job)
            let before = jobs[job].rank
            reserve(job, at: now)
            // Who is late without it, because its GPUs lie scattered, is no reason to refuse it.
            if let admitted, misses(jobs[job].rank, at: now), job == admitted || !misses(before, at: now) {
                return false
            }
            byPlan.advance(&cursor)
            sinceMark += 1
        }
        return true
    }

    /// Puts all who wait, with their reservations, into the queue.
    private mutating func fillQueue() {
        var entries: [RankedEntry] = []
        entries.reserveCapacity(byPlan.count)
        byPlan.forEach { entries.append(jobs[Int($0.job)].rank) }
        waiting[0] = RankedQueue(entries)
    }

    /// Whether making the plan anew would change nothing: then its marks are good.
    ///
    /// Each job has the earliest window beside the running jobs and those before it. A job that has started when it was
    /// to blocks nothing that it did not block before, and leaves free nothing that was not.
    private func isPlanGood(at now: Instant) -> Bool {
        // The marks know nothing of what teams may hold.
        !hasQuotas && isPlanExact && waiting[0].first?.key ?? .max >= now.nanoseconds && !isAnybodyOverdue(at: now)
    }

    private func isAnybodyOverdue(at now: Instant) -> Bool { ends.first?.key ?? .max <= now.nanoseconds }

    /// Notes that `job`, which had its reservation at `planned`, has started now.
    private mutating func noteStart(_ job: Int, planned: Instant, at now: Instant) {
        // It ends later than planned, and so does whatever was to follow on its GPUs.
        if planned < now { isPlanStale = true }
        let end = Instant(nanoseconds: jobs[job].end.key)
        isPlanExact = isPlanExact && planned == now && end == now + reservedSpan(job)
        if isPlanExact { planMarks.start(planningEntry(job), gpus: jobs[job].gpus, from: now, to: end) }
    }

    mutating func decideByReservation(at now: Instant) -> [Decision] {
        if isPlanStale { plan(at: now) }
        var decisions: [Decision] = []
        var cursor = waiting[0].start
        while let entry = waiting[0].entry(at: cursor), entry.key <= now.nanoseconds {
            waiting[0].advance(&cursor)
            let job = Int(entry.job)
            guard isWithinQuota(job), let placement = place(job) else { continue }
            start(job, on: placement, at: now)
            decisions.append(.start(job: job, on: placement))
            noteStart(job, planned: Instant(nanoseconds: entry.key), at: now)
        }
        for case .start(let job, _) in decisions { unqueue(job) }
        return decisions
    }
}
