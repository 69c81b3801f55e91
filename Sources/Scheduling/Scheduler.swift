// The queue and the cluster as one value: what happened goes in, `decide` says who starts where and who is stopped.
// A pure value: no clock (every call brings the instant), no network, no randomness, so that a replayed trace, a
// simulated cluster and a live coordinator get the same decisions. Refuses to know how long jobs really run.

import Primitives

/// What the scheduler wants done.
public enum Decision: Equatable, Sendable {
    /// `job` starts there.
    case start(job: Int, on: Placement)
    /// `job` is saved, stopped and put back into the queue.
    case preempt(job: Int)
    /// `job`, which runs, goes on there.
    case resize(job: Int, to: Placement)
}

/// A queue, a cluster and a policy.
public struct Scheduler: Sendable {
    /// What decides.
    public let policy: Policy
    /// Where gangs are looked a place for.
    public let rule: PlacementRule
    /// What stopping costs.
    public let costs: ResumeCost
    /// What distance costs.
    public let slowdown: PlacementSlowdown
    /// The cluster.
    public internal(set) var pools: [NodePool]
    /// The teams, which jobs name by index.
    public internal(set) var teams: [Team]
    /// GPUs each team holds.
    public internal(set) var held: [Int]

    var jobs: [JobState] = []
    /// Who waits: a queue a team when teams are what is ranked, else one.
    var waiting: [RankedQueue]
    /// Who waits, by expected run time; kept when candidates are tried shortest first.
    var byLength = RankedQueue()
    var waitingSizes = SizeTally()
    /// Who runs, by rank; kept when running jobs may be stopped or resized.
    var running = RankedQueue()
    /// Who runs, by expected end, ties by submission; kept when there are reservations.
    var ends = RankedQueue()
    /// When running jobs fall to the next level.
    var levelChanges = RankedQueue()
    /// Free GPUs in time beside all reservations; kept when every job has one.
    var profile: FreeProfile?
    /// What each team with a quota may still hold in time, beside all reservations; kept when every job has one, and empty
    /// when no team has a quota.
    var allowances: [FreeProfile?] = []
    /// Whether the reservations must be made anew.
    var isPlanStale = false
    /// Who waits, in the order in which reservations are made; kept when every job has one.
    var byPlan = RankedQueue()
    /// How far the plan had come at some of them, and whether everybody has so far started and ended as it says.
    var planMarks = PlanMarks()
    var isPlanExact = false
    /// GPUs that running jobs hold above the least they can use, and running jobs that could use more; kept when running
    /// jobs are resized.
    var surplusGPUs = 0
    var growing = 0
    private var sequence: Int64 = 0
    /// GPUs that jobs hold.
    public internal(set) var runningGPUs = 0
    /// Whether anything happened since the last decision.
    var isChanged = false

    /// An empty queue before an empty cluster.
    /// - Precondition: there is a team. Pools may come later; see `addNode`.
    public init(
        policy: Policy, pools: [NodePool], teams: [Team] = [Team(name: "-")], rule: PlacementRule = .nearest,
        costs: ResumeCost = .helios, slowdown: PlacementSlowdown = .none
    ) {
        precondition(!teams.isEmpty, "a scheduler places for somebody")
        self.policy = policy
        self.pools = pools
        self.teams = teams
        self.rule = rule
        self.costs = costs
        self.slowdown = slowdown
        held = [Int](repeating: 0, count: teams.count)
        waiting = [RankedQueue](repeating: RankedQueue(), count: policy.order == .fairShare ? teams.count : 1)
        if policy.passing == .reserveAll {
            profile = FreeProfile(free: pools.reduce(0) { $0 + $1.openGPUs }, from: Instant(nanoseconds: .min / 2))
            if hasQuotas {
                let past = Instant(nanoseconds: .min / 2)
                allowances = teams.map { $0.quota.map { FreeProfile(free: $0, from: past) } }
            }
        }
    }

    var keepsRunning: Bool { policy.preemption != .none || policy.resizes }
    var keepsEnds: Bool {
        switch policy.passing {
        case .stop, .skip: false
        case .reserveFirst, .reserveAll: true
        }
    }

    /// Jobs that wait.
    public var waitingCount: Int { waiting.reduce(0) { $0 + $1.count } }
    /// GPUs that take work, taken or not.
    public var openGPUs: Int { pools.reduce(0) { $0 + $1.openGPUs } }
    /// Where `job` is in its life.
    public func phase(of job: Int) -> JobPhase { jobs[job].phase }
    /// Where `job` runs; nil when it does not.
    public func placement(of job: Int) -> Placement? { jobs[job].placement }
    /// How fast `job`, which runs, does so: 1 is on the GPUs it asked for, near together.
    public func speed(of job: Int) -> Double { jobs[job].speed }
    /// Free GPUs that nobody who waits can use because they are too scattered: fragmentation.
    public var unusableGPUs: Int {
        guard let smallest = waitingSizes.smallest, !pools.contains(where: { $0.canHold(gpus: smallest) }) else {
            return 0
        }
        return pools.reduce(0) { $0 + $1.freeGPUs }
    }

    // MARK: - What happens

    /// Puts a job into the queue. Jobs are numbered from 0 in the order of these calls, refused ones too. One that
    /// `isAdmitted` was promised its deadline before, and is never refused for it.
    public mutating func submit(_ request: JobRequest, at now: Instant, isAdmitted: Bool = false) -> Refusal? {
        let index = Int32(jobs.count)
        let entry = RankedEntry(key: 0, tie: 0, job: index, gpus: Int32(request.gpus))
        jobs.append(
            JobState(
                request: request, submitted: now, rank: entry, runRank: entry, end: entry, remaining: request.expected,
                gpus: request.gpus))
        if let refusal = refusal(of: request) ?? reserveAtSubmission(Int(index), at: now, isAdmitted: isAdmitted) {
            jobs[Int(index)].phase = .over
            return refusal
        }
        queue(Int(index))
        return nil
    }

    /// `job` has ended by itself.
    public mutating func finish(_ job: Int, at now: Instant) {
        if profile != nil, jobs[job].end.key != now.nanoseconds { isPlanStale = true }
        release(job)
        jobs[job].phase = .over
    }

    /// `job` is taken back.
    public mutating func cancel(_ job: Int, at now: Instant) {
        switch jobs[job].phase {
        case .running: release(job)
        case .waiting: unqueue(job)
        case .over: return
        }
        jobs[job].phase = .over
        isPlanStale = profile != nil
    }

    /// `job` failed after doing work of which `lost` is thrown away; it is queued again, to be restored.
    public mutating func requeue(_ job: Int, losing lost: TimeSpan, at now: Instant) {
        let kept = jobs[job].progress(at: now) - lost
        putBack(job, done: kept, cost: costs.restore(gpus: jobs[job].gpus), at: now)
        isPlanStale = profile != nil
    }

    /// Changes the condition of `node` of `pool`. What runs there stays until the caller says otherwise.
    public mutating func set(_ condition: NodeCondition, node: Int, pool: Int) {
        pools[pool].set(condition, on: node)
        isChanged = true
        isPlanStale = profile != nil
    }

    /// Says whether `node` of `pool` is avoided while others will do.
    public mutating func setAvoided(_ isAvoided: Bool, node: Int, pool: Int) {
        pools[pool].setAvoided(isAvoided, node: node)
    }

    // MARK: - What is decided

    /// When the next decision is due, given that nothing else happens; nil for never.
    public func nextDecision(after now: Instant) -> Instant? {
        var due: Int64?
        if isChanged { due = now.nanoseconds }
        // A fall that came while nobody waited counts from now on.
        if let change = levelChanges.first?.key, waitingCount > 0 {
            due = min(due ?? .max, max(change, now.nanoseconds))
        }
        if profile != nil, !isChanged, let start = waiting[0].first?.key, start > now.nanoseconds {
            due = min(due ?? .max, start)
        }
        guard let due else { return nil }
        guard let period = policy.period?.nanoseconds else { return Instant(nanoseconds: due) }
        return Instant(nanoseconds: (due + period - 1) / period * period)
    }

    /// Who starts where and who is stopped now, in the order in which it is to be done. The scheduler takes it as done.
    public mutating func decide(at now: Instant) -> [Decision] {
        defer { isChanged = false }
        if policy.preemption == .byRank { return decideByRank(at: now) }
        if policy.order == .fairShare { return decideByTeam(at: now) }
        if policy.resizes { return decideElastic(at: now) }
        if profile != nil { return decideByReservation(at: now) }
        return decideInOrder(at: now)
    }

    // MARK: - Bookkeeping

    /// The rank of `job` in the queue.
    func waitingKey(_ job: JobState) -> Int64 {
        switch policy.order {
        case .submission, .fairShare: job.submitted.nanoseconds
        case .shortest: job.request.expected.nanoseconds
        case .remaining: job.remaining.nanoseconds
        case .attainedService(let limits):
            Scheduler.key(level: Scheduler.level(of: job.attained, limits), job.submitted)
        case .priority(let ageing):
            job.submitted.nanoseconds - Int64(job.request.priority) * ageing.nanoseconds
        case .deadline: job.rank.key
        }
    }

    static func level(of attained: Int64, _ limits: [TimeSpan]) -> Int {
        limits.count { attained > $0.nanoseconds }
    }

    /// Levels are further apart than any two instants of nine years.
    static func key(level: Int, _ submitted: Instant) -> Int64 { Int64(level) << 58 + submitted.nanoseconds }

    /// Adds `job` to the queue behind its equals.
    mutating func queue(_ job: Int) {
        sequence += 1
        jobs[job].phase = .waiting
        // A reservation is a key already.
        if profile == nil { jobs[job].rank.key = waitingKey(jobs[job]) }
        jobs[job].rank.tie = sequence
        waiting[lane(of: job)].insert(jobs[job].rank)
        if policy.passing == .reserveFirst(shortestFirst: true) { byLength.insert(lengthEntry(job)) }
        if profile != nil { byPlan.insert(planningEntry(job)) }
        waitingSizes.add(1, gpus: jobs[job].request.gpus)
        isChanged = true
    }

    /// Takes `job` out of the queue.
    mutating func unqueue(_ job: Int) {
        waiting[lane(of: job)].remove(jobs[job].rank)
        if policy.passing == .reserveFirst(shortestFirst: true) { byLength.remove(lengthEntry(job)) }
        if profile != nil { byPlan.remove(planningEntry(job)) }
        waitingSizes.add(-1, gpus: jobs[job].request.gpus)
    }

    private func lane(of job: Int) -> Int { waiting.count == 1 ? 0 : jobs[job].request.team }

    private func lengthEntry(_ job: Int) -> RankedEntry {
        var entry = jobs[job].rank
        entry.key = jobs[job].remaining.nanoseconds
        return entry
    }

    /// Where `job` could stand now on `gpus`; nil when it does not fit.
    func place(_ job: Int, gpus: Int? = nil) -> Placement? {
        let request = jobs[job].request
        for pool in pools.indices where request.pools.contains(pool) {
            let size = gpus ?? request.gpus
            if let found = pools[pool].place(gpus: size, demand: request.demand, rule: rule, pool: pool) {
                return found
            }
        }
        return nil
    }

    /// Whether any team has a quota.
    var hasQuotas: Bool { teams.contains { $0.quota != nil } }

    /// Whether the team of `job` may hold its GPUs too.
    func isWithinQuota(_ job: Int) -> Bool {
        let request = jobs[job].request
        guard let quota = teams[request.team].quota else { return true }
        return held[request.team] + request.gpus <= quota
    }

    /// `job`, which is in no queue any more, holds `placement` from now on.
    mutating func start(_ job: Int, on placement: Placement, at now: Instant) {
        pools[placement.pool].take(placement)
        jobs[job].phase = .running
        jobs[job].placement = placement
        jobs[job].gpus = placement.gpus
        jobs[job].since = now
        jobs[job].saved = nil
        let spread = slowdown.factor(pools[placement.pool].span(of: placement))
        let share = Double(jobs[job].gpus) / Double(jobs[job].request.gpus)
        jobs[job].speed = share / spread
        held[jobs[job].request.team] += jobs[job].gpus
        runningGPUs += jobs[job].gpus
        if policy.resizes { countElastic(job, 1) }
        let end = (now + jobs[job].wallTime(for: jobs[job].remaining)).nanoseconds
        jobs[job].end = RankedEntry(key: end, tie: Int64(job), job: Int32(job), gpus: Int32(jobs[job].gpus))
        if keepsEnds { ends.insert(jobs[job].end) }
        guard keepsRunning else { return }
        sequence += 1
        jobs[job].runRank = RankedEntry(
            key: policy.order == .remaining ? end : waitingKey(jobs[job]), tie: sequence, job: Int32(job),
            gpus: Int32(jobs[job].gpus))
        running.insert(jobs[job].runRank)
        if case .attainedService(let limits) = policy.order { noteLevelChange(job, limits) }
    }

    /// Gives back what `job` holds and takes it off every list of running jobs.
    mutating func release(_ job: Int) {
        guard let placement = jobs[job].placement.take() else {
            preconditionFailure("job \(job) holds nothing")
        }
        pools[placement.pool].giveBack(placement)
        held[jobs[job].request.team] -= jobs[job].gpus
        runningGPUs -= jobs[job].gpus
        if policy.resizes { countElastic(job, -1) }
        if keepsEnds { ends.remove(jobs[job].end) }
        if keepsRunning { running.remove(jobs[job].runRank) }
        isChanged = true
    }

    /// Stops `job`, which keeps `done` of what it did since its last start, and queues it again.
    mutating func putBack(_ job: Int, done: TimeSpan, cost: TimeSpan, at now: Instant) {
        let gpuTime = (now - jobs[job].since).nanoseconds * Int64(jobs[job].gpus)
        release(job)
        jobs[job].attained += gpuTime
        // What it was expected to take may have been too little; it is never expected to be done before it is.
        jobs[job].remaining = max(.zero, jobs[job].remaining - done) + cost
        if profile != nil { jobs[job].rank.key = now.nanoseconds }
        queue(job)
    }

    /// Notes when `job`, which has just started or fallen, falls to the next level.
    mutating func noteLevelChange(_ job: Int, _ limits: [TimeSpan]) {
        let level = Int(jobs[job].runRank.key >> 58)
        guard level < limits.count else { return }
        let missing = limits[level].nanoseconds - jobs[job].attained
        let at = jobs[job].since.nanoseconds + missing / Int64(jobs[job].gpus) + 1
        levelChanges.insert(
            RankedEntry(key: at, tie: jobs[job].runRank.tie, job: Int32(job), gpus: Int32(jobs[job].gpus)))
    }

    private func refusal(of request: JobRequest) -> Refusal? {
        let usable = pools.indices.filter { request.pools.contains($0) }.map { pools[$0] }
        let largest = usable.map(\.serviceGPUs).max() ?? 0
        let least = policy.resizes ? request.range?.lowerBound ?? request.gpus : request.gpus
        guard least <= largest else { return .tooLarge(needed: least, largest: largest) }
        if let quota = teams[request.team].quota, request.gpus > quota {
            return .overQuota(needed: request.gpus, quota: quota)
        }
        guard case .required(let level) = request.demand else { return nil }
        let room = usable.map { $0.largestPart(level) }.max() ?? 0
        return least <= room ? nil : .requiresTooMuch(level, needed: least, largest: room)
    }
}

extension NodePool {
    /// GPUs of the largest part of the network at `level`.
    func largestPart(_ level: TopologyLevel) -> Int {
        let nodes =
            switch level {
            case .node: 1
            case .leaf: fabric.nodesPerLeaf
            case .spine: min(nodeCount, fabric.nodesPerLeaf.multipliedReportingOverflow(by: fabric.leavesPerSpine).0)
            case .pool: nodeCount
            }
        return nodes * gpusPerNode
    }
}
