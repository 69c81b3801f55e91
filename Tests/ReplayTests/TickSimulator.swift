// HeliosArtifact's rules carried out second by second, in the plainest way: the oracle for the replay that jumps from
// event to event. Refuses speed.

import Primitives
import Replay

/// A simulation with a tick of one second.
struct TickSimulator {
    private struct Job {
        var name: String
        var submit: Int
        var gpus: Int
        var left: Int
        var service = 0
        var queued = 0
        var stops = 0
        var waitsSince: Int
        var start: Int?
        var end = 0
        var shares: [(node: Int, gpus: Int)] = []
    }

    private var jobs: [Job]
    private var free: [Int]
    private var waiting: [Int] = []
    private var running: [Int] = []
    private let policy: String

    init(_ trace: Trace, nodes: Int, policy: String) {
        jobs = trace.jobs.map { job in
            let submit = Int(job.submitted.nanoseconds / 1_000_000_000)
            return Job(
                name: job.name, submit: submit, gpus: job.gpus, left: Int(job.duration.nanoseconds / 1_000_000_000),
                waitsSince: submit)
        }
        free = [Int](repeating: 8, count: nodes)
        self.policy = policy
    }

    private var stops: Bool { policy == "srtf" || policy == "tiresias" }

    /// The table of outcomes.
    mutating func run() -> String {
        var (now, next, over) = (0, 0, 0)
        while over < jobs.count {
            over += endAndAge(at: now)
            while next < jobs.count, jobs[next].submit == now {
                waiting.append(next)
                next += 1
            }
            if !stops { startInOrder(at: now) } else if policy == "srtf" || now % 60 == 0 { dealOut(at: now) }
            now += 1
        }
        let rows = jobs.map { "\($0.name),\($0.start ?? -1),\($0.end),\($0.queued),\($0.stops)\n" }
        return "job_id,start_time,end_time,queue,ckpt_times\n" + rows.joined()
    }

    /// Ends who is done, gives the others their second, and says how many ended.
    private mutating func endAndAge(at now: Int) -> Int {
        let before = running.count
        for job in running {
            let isOver = stops ? jobs[job].left == 0 : jobs[job].left == now - jobs[job].waitsSince
            if isOver {
                jobs[job].end = now
                release(job)
                running.removeAll { $0 == job }
            } else if stops {
                jobs[job].left -= 1
                jobs[job].service += jobs[job].gpus
            }
        }
        return before - running.count
    }

    private mutating func startInOrder(at now: Int) {
        let order =
            policy == "sjf"
            ? waiting.sorted { (jobs[$0].left, $0) < (jobs[$1].left, $1) } : waiting
        for job in order {
            guard start(job, at: now) else { return }
        }
    }

    private mutating func dealOut(at now: Int) {
        let list = policy == "srtf" ? waiting + running : running + waiting
        func rank(_ job: Int) -> (Int, Int) {
            policy == "srtf" ? (jobs[job].left, 0) : (jobs[job].service <= 18_000 ? 0 : 1, jobs[job].submit)
        }
        let order = list.indices.sorted {
            let (a, b) = (rank(list[$0]), rank(list[$1]))
            return a == b ? $0 < $1 : a < b
        }.map { list[$0] }
        var quota = free.count * 8
        var starting: [Int] = []
        var stopping: [Int] = []
        for job in order {
            if jobs[job].gpus <= quota {
                quota -= jobs[job].gpus
                if waiting.contains(job) { starting.append(job) }
            } else if running.contains(job) {
                stopping.append(job)
            }
        }
        for job in stopping {
            jobs[job].stops += 1
            jobs[job].left += jobs[job].gpus == 1 ? 7 : jobs[job].gpus <= 8 ? 30 : 60
            release(job)
            running.removeAll { $0 == job }
            jobs[job].waitsSince = now
            waiting.append(job)
        }
        for job in starting { _ = start(job, at: now) }
    }

    private mutating func start(_ job: Int, at now: Int) -> Bool {
        guard let shares = place(jobs[job].gpus) else { return false }
        for share in shares { free[share.node] -= share.gpus }
        jobs[job].shares = shares
        jobs[job].queued += now - jobs[job].waitsSince
        jobs[job].start = jobs[job].start ?? now
        jobs[job].waitsSince = now
        waiting.removeAll { $0 == job }
        running.append(job)
        return true
    }

    private mutating func release(_ job: Int) {
        for share in jobs[job].shares { free[share.node] += share.gpus }
    }

    private func place(_ gpus: Int) -> [(node: Int, gpus: Int)]? {
        guard free.reduce(0, +) >= gpus else { return nil }
        if gpus <= 8 {
            let best = free.indices.filter { free[$0] >= gpus }.min { (free[$0], $0) < (free[$1], $1) }
            return best.map { [($0, gpus)] }
        }
        let whole = free.indices.filter { free[$0] == 8 }.prefix(gpus / 8)
        guard whole.count == gpus / 8 else { return nil }
        let shares = whole.map { (node: $0, gpus: 8) }
        guard gpus % 8 > 0 else { return shares }
        let descending = free.indices.sorted { (free[$1], $0) < (free[$0], $1) }
        guard descending.count > gpus / 8, free[descending[gpus / 8]] >= gpus % 8 else { return nil }
        return shares + [(descending[gpus / 8], gpus % 8)]
    }
}
