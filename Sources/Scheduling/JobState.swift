// What the scheduler keeps of each job, and the tally of sizes that wait. Refuses to decide.

import Primitives

/// Where a job is in its life.
public enum JobPhase: Equatable, Sendable {
    /// In the queue. Goes to running, over.
    case waiting
    /// Placed. Goes to waiting (stopped for another, or failed), over.
    case running
    /// Ended, cancelled or refused. Goes nowhere.
    case over
}

/// A job as the scheduler sees it.
struct JobState: Sendable {
    var request: JobRequest
    var submitted: Instant
    var phase = JobPhase.waiting
    /// Its entry in the queue.
    var rank: RankedEntry
    /// Its entry among the running.
    var runRank: RankedEntry
    /// Its entry among the ends, while it runs.
    var end: RankedEntry
    /// What was left of the expected run time, alone and on `request.gpus`, when it was queued or started last.
    var remaining: TimeSpan
    /// GPU time received before it was started last.
    var attained: Int64 = 0
    /// When it was started last.
    var since = Instant.zero
    /// When it saved its state last since then; nil when that is not known.
    var saved: Instant?
    /// How fast it runs: 1 is alone on `request.gpus`, near together.
    var speed = 1.0
    var placement: Placement?
    /// GPUs it holds while it runs.
    var gpus: Int

    /// Work done from its last start to `now`, in time on `request.gpus` near together.
    func progress(at now: Instant) -> TimeSpan {
        let span = now - since
        return speed == 1 ? span : TimeSpan(nanoseconds: Int64((Double(span.nanoseconds) * speed).rounded(.down)))
    }

    /// How long `work` takes at its speed, rounded up.
    func wallTime(for work: TimeSpan) -> TimeSpan {
        speed == 1 ? work : TimeSpan(nanoseconds: Int64((Double(work.nanoseconds) / speed).rounded(.up)))
    }
}

/// How many jobs of which size wait: tells when nobody further down the queue can fit.
struct SizeTally: Equatable, Sendable {
    private var sizes: [(gpus: Int, count: Int)] = []

    /// The size of the smallest; nil when nobody waits.
    var smallest: Int? { sizes.first { $0.count > 0 }?.gpus }
    /// GPUs that all of them ask for.
    private(set) var total = 0

    /// Counts `change` more jobs of `gpus`.
    mutating func add(_ change: Int, gpus: Int) {
        total += change * gpus
        let place = sizes.firstIndex { $0.gpus >= gpus } ?? sizes.count
        if place == sizes.count || sizes[place].gpus != gpus { sizes.insert((gpus, 0), at: place) }
        sizes[place].count += change
    }

    static func == (a: SizeTally, b: SizeTally) -> Bool { a.sizes.elementsEqual(b.sizes) { $0 == $1 } }
}
