// Runs a trace through a Scheduler in virtual time: from event to event, with node failures, repairs and restores on
// the way. At one instant, whatever ends comes before whatever is submitted, and decisions come last. A pure function
// of its arguments. Refuses to decide anything: it only carries out.

import Primitives
import Scheduling

/// Replays `trace` as `options` say.
public func replay(_ trace: Trace, _ options: ReplayOptions) -> ReplayResult {
    var engine = ReplayEngine(trace, options)
    return engine.run()
}

/// A replay under way.
struct ReplayEngine {
    enum Happening {
        /// The job's run is over, unless it has been stopped since: each start has a number.
        case end(job: Int, start: Int32)
        /// Something breaks, is noticed, and a node, numbered through all pools, is back.
        case failure(strike: Int)
        case noticed(strike: Int)
        case repair(node: Int)
    }

    /// What the world knows of a job.
    struct Run {
        /// Work that is left, in time on the GPUs it asked for; exact when it was queued or started last.
        var left: TimeSpan
        /// How often it was started.
        var starts: Int32 = 0
        /// When it was queued or started last.
        var since: Instant
        var gpus = 0
        /// How fast it runs where it is.
        var speed = 1.0
        /// Its place in `running`; -1 when it does not run.
        var place = -1
        /// Since when a failure that nobody has noticed yet keeps it from working; nil when none does.
        var stalled: Instant?
    }

    let trace: Trace
    let options: ReplayOptions
    var scheduler: Scheduler
    var result: ReplayResult
    var runs: [Run] = []
    var events = EventQueue<Happening>()
    /// Who runs, in no order that matters.
    var running: [Int] = []
    var nextArrival = 0
    /// The job whose reasons to wait are noted; nil for none.
    var watched: Int?
    private(set) var reasons: [TimedReason] = []
    /// Failures since a job was started last.
    var failuresInVain = 0
    /// Jobs that are not over.
    var open: Int
    var feed: FailureFeed?
    /// Everything that broke so far.
    var strikes: [Strike] = []
    /// Nodes that are broken, numbered through all pools.
    var isBroken: [Bool]
    /// What was seen of each pool's nodes.
    var lemons: [LemonWatch]
    private var sampledAt: Instant
    private var lastInstant: Instant?
    private var fragmented = 0
    private var openGPUs: Int

    init(_ trace: Trace, _ options: ReplayOptions) {
        self.trace = trace
        self.options = options
        let teams = options.teams.isEmpty ? trace.teams.map { Team(name: $0) } : options.teams
        scheduler = Scheduler(
            policy: options.policy, pools: options.pools, teams: teams, rule: options.rule, costs: options.costs,
            slowdown: options.slowdown)
        result = ReplayResult(outcomes: [JobOutcome](repeating: JobOutcome(), count: trace.jobs.count))
        runs.reserveCapacity(trace.jobs.count)
        open = trace.jobs.count
        sampledAt = trace.jobs.first?.submitted ?? .zero
        openGPUs = scheduler.openGPUs
        isBroken = [Bool](repeating: false, count: options.pools.reduce(0) { $0 + $1.nodeCount })
        lemons = options.pools.map { LemonWatch(nodes: $0.nodeCount) }
        if let failures = options.failures {
            let span = trace.jobs.last.map { $0.submitted - sampledAt } ?? .zero
            feed = FailureFeed(failures, from: sampledAt, life: span)
            scheduleNextFailure()
        }
    }

    mutating func run() -> ReplayResult {
        while open > 0, let now = nextInstant(), !isHopeless {
            while let due = events.nextInstant, due <= now, let event = events.next() { handle(event.item, at: now) }
            while nextArrival < trace.jobs.count, trace.jobs[nextArrival].submitted <= now { submit(at: now) }
            if let due = scheduler.nextDecision(after: now), due <= now {
                for decision in scheduler.decide(at: now) { carryOut(decision, at: now) }
                sample(at: now)
                watch(at: now)
            }
            lastInstant = now
        }
        return result
    }

    private mutating func watch(at now: Instant) {
        guard let watched, watched < nextArrival, let reason = scheduler.reason(for: watched, at: now),
            !(reasons.last?.reason.isLike(reason) ?? false)
        else { return }
        reasons.append(TimedReason(at: now, reason: reason))
    }

    /// Whether machines fail so often that nobody who waits will ever be placed.
    private var isHopeless: Bool { failuresInVain > 10_000 + 100 * options.pools.reduce(0) { $0 + $1.nodeCount } }

    private func nextInstant() -> Instant? {
        var next = events.nextInstant
        if nextArrival < trace.jobs.count {
            let arrival = trace.jobs[nextArrival].submitted
            next = min(next ?? arrival, arrival)
        }
        if let lastInstant, let due = scheduler.nextDecision(after: lastInstant) {
            next = min(next ?? due, due)
        }
        return next
    }

    // MARK: - What happens

    private mutating func handle(_ event: Happening, at now: Instant) {
        switch event {
        case .end(let job, let start):
            guard runs[job].place >= 0, runs[job].starts == start, runs[job].stalled == nil else { return }
            stopRunning(job, at: now)
            scheduler.finish(job, at: now)
            result.outcomes[job].ended = now
            open -= 1
        case .failure(let strike): fail(strike, at: now)
        case .noticed(let strike): notice(strike, at: now)
        case .repair(let node): repair(node, at: now)
        }
    }

    private mutating func submit(at now: Instant) {
        let index = nextArrival
        nextArrival += 1
        let job = trace.jobs[index]
        let expected = options.trustsEstimates ? job.estimate ?? job.duration : job.duration
        var request = JobRequest(gpus: job.gpus, expected: expected)
        request.team = job.team
        request.priority = job.priority
        request.demand = job.demand
        if options.pools.count > 1, let wanted = job.accelerators { request.pools = pools(of: wanted) }
        if let factor = options.deadlineFactor {
            request.deadline = now + .seconds(job.duration.seconds * factor)
        }
        if let factors = options.elasticity {
            let least = max(1, Int((Double(job.gpus) * factors.lowerBound).rounded(.up)))
            request.range = least...max(job.gpus, Int(Double(job.gpus) * factors.upperBound))
        }
        runs.append(Run(left: job.duration, since: now))
        if let refusal = scheduler.submit(request, at: now) {
            result.outcomes[index].refusal = refusal
            open -= 1
        }
    }

    /// The pools whose accelerator is one of `wanted`, in capitals or not.
    private func pools(of wanted: [String]) -> PoolSet {
        let names = wanted.map { $0.lowercased() }
        return PoolSet(options.pools.indices.filter { names.contains(options.pools[$0].accelerator.lowercased()) })
    }

    // MARK: - What is decided

    private mutating func carryOut(_ decision: Decision, at now: Instant) {
        switch decision {
        case .start(let job, let placement):
            result.outcomes[job].queued += now - runs[job].since
            if result.outcomes[job].started == nil { result.outcomes[job].started = now }
            begin(job, on: placement, at: now)
        case .preempt(let job):
            let span = work(of: job, at: now)
            let cost = options.costs.planned(after: span, gpus: runs[job].gpus)
            result.outcomes[job].preemptions += 1
            result.outcomes[job].overhead += cost
            stopRunning(job, at: now)
            runs[job].left = runs[job].left - span + cost
            runs[job].since = now
        case .resize(let job, let placement):
            let span = work(of: job, at: now)
            let cost = options.costs.restore(gpus: placement.gpus)
            result.outcomes[job].resizes += 1
            result.outcomes[job].overhead += cost
            stopRunning(job, at: now)
            runs[job].left = runs[job].left - span + cost
            begin(job, on: placement, at: now)
        }
    }

    /// `job` runs on `placement` from now on.
    mutating func begin(_ job: Int, on placement: Placement, at now: Instant) {
        failuresInVain = 0
        runs[job].starts += 1
        runs[job].since = now
        runs[job].gpus = placement.gpus
        runs[job].place = running.count
        runs[job].speed = scheduler.speed(of: job)
        running.append(job)
        result.outcomes[job].placement = placement
        runs[job].stalled = feed != nil && isStruck(placement) ? now : nil
        scheduleEnd(job)
    }

    /// Notes when `job`, which runs, ends if nothing comes between.
    mutating func scheduleEnd(_ job: Int) {
        let wall =
            runs[job].speed == 1
            ? runs[job].left
            : TimeSpan(nanoseconds: Int64((Double(runs[job].left.nanoseconds) / runs[job].speed).rounded(.up)))
        events.add(.end(job: job, start: runs[job].starts), at: runs[job].since + wall + options.endDelay)
    }

    /// Work that `job` has done since it was started last, never more than it had left.
    func work(of job: Int, at now: Instant) -> TimeSpan {
        let span = min(now, runs[job].stalled ?? now) - runs[job].since
        let done =
            runs[job].speed == 1
            ? span : TimeSpan(nanoseconds: Int64((Double(span.nanoseconds) * runs[job].speed).rounded(.down)))
        return min(done, runs[job].left)
    }

    /// Takes `job` off the list of running jobs and books what it held.
    mutating func stopRunning(_ job: Int, at now: Instant) {
        let span = now - runs[job].since
        if let stalled = runs[job].stalled.take() { result.outcomes[job].overhead += now - stalled }
        result.outcomes[job].heldGPUSeconds += span.seconds * Double(runs[job].gpus)
        if options.keepsHistory, let placement = result.outcomes[job].placement {
            result.stretches.append(Stretch(job: job, from: runs[job].since, to: now, placement: placement))
        }
        let place = runs[job].place
        runs[running[running.count - 1]].place = place
        running.swapAt(place, running.count - 1)
        running.removeLast()
        runs[job].place = -1
    }

    /// Books the time since the last sample with the cluster as it was, and looks again.
    private mutating func sample(at now: Instant) {
        let span = (now - sampledAt).seconds
        result.openGPUSeconds += span * Double(openGPUs)
        result.fragmentedGPUSeconds += span * Double(fragmented)
        sampledAt = now
        openGPUs = scheduler.openGPUs
        fragmented = scheduler.unusableGPUs
        guard options.keepsHistory else { return }
        result.samples.append(
            ClusterSample(
                at: now, used: scheduler.runningGPUs, open: openGPUs, fragmented: fragmented,
                waiting: scheduler.waitingCount))
    }
}
