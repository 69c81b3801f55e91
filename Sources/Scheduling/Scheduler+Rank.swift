// Preemption by rank (SRTF, Tiresias): running and waiting jobs stand in one order, GPUs are dealt out along it, and
// who gets none stops or waits. Only counts are dealt out; a job that got its count but finds no place stays waiting
// and keeps its count until the next decision, as in the simulators that are compared with. Refuses backfill.
//
// Between two events a decision would change nothing, so none is taken every second: running jobs only move forwards
// relative to waiting ones, and moving a job that got GPUs before one that got none takes nothing from the former and
// gives nothing to the latter.

import Primitives

extension Scheduler {
    mutating func decideByRank(at now: Instant) -> [Decision] {
        fallLevels(at: now)
        guard waitingCount > 0 else { return [] }
        let (starting, stopping) = deal(at: now)
        var decisions: [Decision] = []
        for entry in stopping {
            let job = Int(entry.job)
            let span = jobs[job].progress(at: now)
            putBack(job, done: span, cost: costs.planned(after: span, gpus: jobs[job].gpus), at: now)
            decisions.append(.preempt(job: job))
        }
        var failed = Int.max
        for entry in starting {
            // Whatever is at least as large as what did not fit does not fit either.
            let isPlain = pools.count == 1 && jobs[Int(entry.job)].request.demand == .preferred
            if isPlain, Int(entry.gpus) >= failed { continue }
            guard isWithinQuota(Int(entry.job)) else { continue }
            guard let placement = place(Int(entry.job)) else {
                if isPlain { failed = Int(entry.gpus) }
                continue
            }
            unqueue(Int(entry.job))
            start(Int(entry.job), on: placement, at: now)
            decisions.append(.start(job: Int(entry.job), on: placement))
        }
        return decisions
    }

    /// Who of the waiting gets GPUs, and who of the running gets none, each in the order of ranks.
    private func deal(at now: Instant) -> (starting: [RankedEntry], stopping: [RankedEntry]) {
        var open = openGPUs
        if runningGPUs + waitingSizes.total <= open { return (waiting[0].entries, []) }
        // A running job's key is the instant of its end; what is left of it is the way from now to there.
        let shift = policy.order == .remaining ? now.nanoseconds : 0
        let isWaitingFirst = policy.order == .remaining
        let smallest = Int32(clamping: waitingSizes.smallest ?? .max)
        // What waiting jobs of each team with a quota have been dealt; empty when no team has one.
        var dealt = hasQuotas ? [Int](repeating: 0, count: teams.count) : []
        var starting: [RankedEntry] = []
        var stopping: [RankedEntry] = []
        var (w, r) = (waiting[0].start, running.start)
        var (nextWaiting, nextRunning) = (waiting[0].entry(at: w), running.entry(at: r))
        while true {
            // Nobody who waits can get anything any more.
            if open < smallest { nextWaiting = nil }
            if let waiter = nextWaiting, isFirst(waiter, nextRunning, shift: shift, isWaitingFirst) {
                if waiter.gpus <= open, dealt.isEmpty || allow(waiter, &dealt) {
                    open -= Int(waiter.gpus)
                    starting.append(waiter)
                }
                waiting[0].advance(&w)
                nextWaiting = waiting[0].entry(at: w)
            } else if let runner = nextRunning {
                if runner.gpus <= open { open -= Int(runner.gpus) } else { stopping.append(runner) }
                running.advance(&r)
                nextRunning = running.entry(at: r)
            } else {
                return (starting, stopping)
            }
        }
    }

    /// Whether the quota of the team of `waiter` lets it start beside what the team holds and was `dealt`, in which it is
    /// counted then. Who may not start is dealt nothing: nobody is stopped for it.
    private func allow(_ waiter: RankedEntry, _ dealt: inout [Int]) -> Bool {
        let team = jobs[Int(waiter.job)].request.team
        guard let quota = teams[team].quota else { return true }
        guard held[team] + dealt[team] + Int(waiter.gpus) <= quota else { return false }
        dealt[team] += Int(waiter.gpus)
        return true
    }

    private func isFirst(
        _ waiter: RankedEntry, _ runner: RankedEntry?, shift: Int64, _ isWaitingFirst: Bool
    ) -> Bool {
        guard let runner else { return true }
        let key = runner.key - shift
        return isWaitingFirst ? waiter.key <= key : waiter.key < key
    }

    /// Moves running jobs that have received more than their level's limit to the next.
    private mutating func fallLevels(at now: Instant) {
        guard case .attainedService(let limits) = policy.order else { return }
        while let change = levelChanges.first, change.key <= now.nanoseconds {
            levelChanges.remove(change)
            let job = Int(change.job)
            // The tie names one start: a job that was stopped since has another.
            guard jobs[job].phase == .running, jobs[job].runRank.tie == change.tie else { continue }
            running.remove(jobs[job].runRank)
            let attained = jobs[job].attained + (now - jobs[job].since).nanoseconds * Int64(jobs[job].gpus)
            jobs[job].runRank.key = Scheduler.key(
                level: Scheduler.level(of: attained, limits), jobs[job].submitted)
            running.insert(jobs[job].runRank)
            noteLevelChange(job, limits)
        }
    }
}
