// Who is stopped for a job of higher priority: those that lose least, and no more than are needed. Refuses to stop
// anybody when that would not make room.

import Primitives

extension Scheduler {
    /// Stops jobs so that `job` fits; nil when no set of jobs that may be stopped is enough. A job may be stopped when
    /// its priority is lower and when it would not stand before `job` in the queue, which it would take back.
    mutating func preempt(for job: Int, at now: Instant) -> [Decision]? {
        let request = jobs[job].request
        let head = jobs[job].rank
        var victims: [(job: Int, loss: Int64)] = []
        for entry in running.entries {
            let candidate = jobs[Int(entry.job)]
            guard candidate.request.priority < request.priority, head.key < entry.key,
                candidate.placement.map({ request.pools.contains($0.pool) }) ?? false
            else { continue }
            victims.append((Int(entry.job), loss(of: Int(entry.job), at: now)))
        }
        victims.sort { ($0.loss, $0.job) < ($1.loss, $1.job) }
        var trial = pools
        var chosen: [Int] = []
        var fits = false
        for victim in victims where !fits {
            guard let placement = jobs[victim.job].placement else { continue }
            trial[placement.pool].giveBack(placement)
            chosen.append(victim.job)
            fits = canPlace(request, on: trial)
        }
        guard fits else { return nil }
        // Early victims may have freed GPUs in the wrong place: spare whoever is not needed, the dearest first.
        for victim in chosen.reversed() {
            guard let placement = jobs[victim].placement else { continue }
            trial[placement.pool].take(placement)
            if canPlace(request, on: trial) {
                chosen.removeAll { $0 == victim }
            } else {
                trial[placement.pool].giveBack(placement)
            }
        }
        for victim in chosen {
            putBack(victim, done: jobs[victim].progress(at: now), cost: costOfStopping(victim, at: now), at: now)
        }
        return chosen.map { .preempt(job: $0) }
    }

    /// GPU time that stopping `job` now costs.
    private func loss(of job: Int, at now: Instant) -> Int64 {
        costOfStopping(job, at: now).nanoseconds * Int64(jobs[job].gpus)
    }

    /// What stopping `job` now costs it in time: only what it did since it saved its state is at stake.
    private func costOfStopping(_ job: Int, at now: Instant) -> TimeSpan {
        let span = jobs[job].progress(at: now)
        let unsaved = jobs[job].saved.map { min(span, now - $0) } ?? span
        return costs.planned(after: unsaved, gpus: jobs[job].gpus)
    }

    private func canPlace(_ request: JobRequest, on trial: [NodePool]) -> Bool {
        trial.indices.contains { pool in
            request.pools.contains(pool)
                && trial[pool].place(gpus: request.gpus, demand: request.demand, rule: rule, pool: pool) != nil
        }
    }
}
