// Lives of a queue of jobs, a seed each: the live controller's decisions before machines that come, go and are closed, slots
// that take time to empty and coordinators that take time to stop, for teams with shares and quotas and for jobs with
// deadlines, some of which go on when a machine is lost. An observer that believes commands only checks after each that no
// slot is held by two jobs, gangs are whole, when they start and when lost slots are replaced,
// closed machines take nothing, no team is in more slots than its quota, and, once all heals, every job ends.
// Refuses what happens inside a run; the drill of runs has that.

import ControlPlane
import Primitives
import Scheduling

/// What the world of a queue keeps; anything but all of it is a planted bug.
public struct QueuePromises: Equatable, Sendable {
    /// An agent says that a slot is empty only when no process is left in it.
    public var agentsWaitForProcesses: Bool
    /// Every command reaches whom it is for, once.
    public var commandsComeOnce: Bool
    /// The controller is told what each team may hold.
    public var quotasAreTold: Bool
    /// A worker that replaces a lost one is started in the slot that was chosen for it, not in one that is in use.
    public var replacementsGoWhereTold: Bool
    /// The controller is told when a machine's check of itself fails.
    public var healthIsTold: Bool
    /// A worker that a job is given while it runs is started in the slot that was chosen for it, not in one that is in use.
    public var growthGoesWhereTold: Bool

    /// All promises kept.
    public static let kept = QueuePromises()

    /// The promises that are kept.
    public init(
        agentsWaitForProcesses: Bool = true, commandsComeOnce: Bool = true, quotasAreTold: Bool = true,
        replacementsGoWhereTold: Bool = true, healthIsTold: Bool = true, growthGoesWhereTold: Bool = true
    ) {
        self.growthGoesWhereTold = growthGoesWhereTold
        self.agentsWaitForProcesses = agentsWaitForProcesses
        self.commandsComeOnce = commandsComeOnce
        self.quotasAreTold = quotasAreTold
        self.replacementsGoWhereTold = replacementsGoWhereTold
        self.healthIsTold = healthIsTold
    }
}

/// What one life of a queue came to.
public struct QueueVerdict: Equatable, Sendable {
    /// The seed.
    public var seed: UInt64
    /// The policy that decided.
    public var policy: String
    /// Facts that the controller was told.
    public var facts = 0
    /// Jobs that were taken.
    public var jobs = 0
    /// Jobs that were refused.
    public var refused = 0
    /// Times a job was started.
    public var starts = 0
    /// Times a job was stopped for another.
    public var preemptions = 0
    /// Times a job that lost slots with a machine went on in others.
    public var replacements = 0
    /// Times a job that ran was given other slots or had to give some up.
    public var resizes = 0
    /// The first thing that must not be; nil when nothing was.
    public var problem: String?
}

/// One life of a queue.
public struct SimulatedQueue {
    /// The controller that decides.
    public private(set) var queue: QueueController
    /// The virtual time.
    public private(set) var now = Instant.zero
    /// The facts it was told, and when.
    public private(set) var events: [(event: QueueEvent, at: Instant)] = []
    /// A line for each fact and the commands it led to.
    public private(set) var story: [String] = []
    /// What must not be, in the order it was noticed.
    public private(set) var problems: [String] = []

    /// The teams, as the observer knows them.
    public let teams: [Team]

    private let promises: QueuePromises
    private var random: RandomStream
    /// What is drawn of teams and deadlines.
    private var claims: RandomStream
    /// What is drawn of jobs that lose machines.
    private var losses: RandomStream
    /// What is drawn of places: who requires one machine, and which machines are emptied, leave or fall ill.
    private var places: RandomStream
    /// Whether few jobs come, slots empty soon, machines are equal, and those in use are lost often: there are slots to go
    /// on in.
    private let isCalm: Bool
    private var starts = 0
    private var replacements = 0
    private var resizes = 0
    /// What is drawn of jobs that are resized.
    private var sizes: RandomStream
    /// Coordinators that were asked for another size and have not answered, with the slots they were asked to leave.
    private var asked: [(job: Int, stint: Int, leaving: [WorkerID])] = []
    private var refused = 0
    /// Who is in each slot, as the commands tell.
    private var inside: [WorkerID: Int] = [:]
    /// Slots that their agent called empty while somebody was in them.
    private var haunted: [WorkerID] = []
    private var driven: [(job: Int, stint: Int)] = []
    private var leaving: [WorkerID] = []
    private var up: [NodeID: Int] = [:]
    private var known: [NodeID] = []
    private var closed: [NodeID] = []
    /// Machines whose check of themselves fails.
    private var sick: [NodeID] = []

    /// The policies that a live queue may have.
    public static let policies = Policy.all

    /// The life under `policy` that `seed` names; nothing has happened yet.
    public init(_ policy: Policy, seed: UInt64, promises: QueuePromises = .kept) {
        self.promises = promises
        random = RandomStream(seed: seed, named: "queue")
        claims = RandomStream(seed: seed, named: "queue/claims")
        losses = RandomStream(seed: seed, named: "queue/losses")
        places = RandomStream(seed: seed, named: "queue/places")
        sizes = RandomStream(seed: seed, named: "queue/sizes")
        isCalm = losses.integer(below: 2) == 0
        teams = SimulatedQueue.drawTeams(&claims)
        queue = QueueController(
            policy: policy, teams: promises.quotasAreTold ? teams : teams.map { Team(name: $0.name, weight: $0.weight) }
        )
    }

    /// The default team alone in every other life, else three of which some have a quota.
    private static func drawTeams(_ random: inout RandomStream) -> [Team] {
        guard random.integer(below: 2) == 0 else { return Team.ofQueue([]) }
        return [Team.defaultName, "red", "blue"].map { name in
            let weight = 1 + random.integer(below: 3)
            return Team(
                name: name, weight: weight, quota: random.integer(below: 3) == 0 ? nil : 3 + random.integer(below: 6))
        }
    }

    /// Lives through `facts` draws and what follows when everything heals.
    public mutating func live(facts: Int = 200) {
        for _ in 0..<facts where problems.isEmpty { step() }
        if problems.isEmpty { settle() }
        for job in queue.jobs where !job.isOver && problems.isEmpty {
            problems.append("\(job.submission.name) never ends: \(job.phase)")
        }
    }

    /// What it came to, for the life that `seed` named.
    public func verdict(_ seed: UInt64) -> QueueVerdict {
        QueueVerdict(
            seed: seed, policy: queue.policy.name, facts: events.count, jobs: queue.jobs.count, refused: refused,
            starts: starts, preemptions: queue.jobs.reduce(0) { $0 + $1.preemptions },
            replacements: replacements, resizes: resizes, problem: problems.first)
    }

    // MARK: The world

    private mutating func tell(_ event: QueueEvent) {
        guard queue.objection(to: event, at: now) == nil else {
            if case .submitted = event { refused += 1 }
            return
        }
        events.append((event, now))
        let commands = queue.handle(event, at: now)
        story.append(([event.line] + commands.map(\.line)).map(\.text).joined(separator: " > "))
        for command in commands {
            carryOut(command)
            if !promises.commandsComeOnce, random.integer(below: 8) == 0 { carryOut(command) }
        }
    }

    private mutating func carryOut(_ command: QueueCommand) {
        switch command {
        case .start(let job, let stint, let slots):
            starts += 1
            if !range(of: job).contains(slots.count) { problems.append("job \(job) got \(slots.count) slots") }
            enter(slots, job)
            if driven.contains(where: { $0.job == job }) { problems.append("job \(job) is driven twice") }
            driven.append((job, stint))
        case .replace(let job, let stint, let lost, let new): replace(job, stint, lost, by: new)
        case .resize(let job, let stint, let workers, let leaving, let entering):
            resize(job, stint, to: workers, leaving: leaving, entering: entering)
        case .stop(let job, let stint, _), .kill(let job, let stint):
            if !driven.contains(where: { $0 == (job, stint) }) { problems.append("job \(job) is not driven") }
        case .vacate(let job, let slots):
            for slot in slots where inside[slot] != job { problems.append("\(slot) is not job \(job)'s") }
            leaving += slots
        }
    }

    /// Workers of `job` begin in `slots`.
    private mutating func enter(_ slots: [WorkerID], _ job: Int) {
        for slot in slots {
            if let other = inside[slot] { problems.append("\(slot) went to job \(job) with job \(other) in it") }
            if haunted.contains(slot) { problems.append("\(slot) went to job \(job) with a process in it") }
            if sick.contains(slot.node) { problems.append("job \(job) started on \(slot.node), which is not well") }
            if closed.contains(slot.node) { problems.append("job \(job) started on closed \(slot.node)") }
            if slot.slot >= up[slot.node] ?? 0 { problems.append("job \(job) started on absent \(slot)") }
            inside[slot] = job
        }
        checkQuota(ofTeam: queue[job].submission.team)
    }

    /// `job`, which is driven, goes on with workers in `new` instead of `lost`, and with its gang whole.
    private mutating func replace(_ job: Int, _ stint: Int, _ lost: [WorkerID], by new: [WorkerID]) {
        replacements += 1
        if !driven.contains(where: { $0 == (job, stint) }) { problems.append("job \(job) is not driven") }
        for slot in lost where inside[slot] != nil && !leaving.contains(slot) {
            problems.append("job \(job) did not lose \(slot)")
        }
        let used = promises.replacementsGoWhereTold ? nil : inside.keys.sorted().first { inside[$0] != job }
        enter(used.map { [$0] + new.dropFirst() } ?? new, job)
        // What an earlier stint is still leaving is no part of the gang.
        let size = inside.count { $0.value == job && !leaving.contains($0.key) }
        if size != queue[job].submission.slots, queue[job].submission.range == nil {
            problems.append("job \(job) goes on in \(size) slots")
        }
    }

    private func range(of job: Int) -> ClosedRange<Int> {
        let submission = queue[job].submission
        return submission.range ?? submission.slots...submission.slots
    }

    /// `job`, which is driven, is asked to go on with `workers` workers.
    private mutating func resize(
        _ job: Int, _ stint: Int, to workers: Int, leaving: [WorkerID], entering: [WorkerID]
    ) {
        resizes += 1
        if !driven.contains(where: { $0 == (job, stint) }) { problems.append("job \(job) is not driven") }
        let used =
            promises.growthGoesWhereTold || entering.isEmpty
            ? nil : inside.keys.sorted().first { inside[$0] != job }
        enter(used.map { [$0] + entering.dropFirst() } ?? entering, job)
        for slot in leaving where inside[slot] != job { problems.append("job \(job) is not in \(slot)") }
        let staying = inside.count { $0.value == job && !leaving.contains($0.key) && !self.leaving.contains($0.key) }
        if staying != workers + queue[job].submission.spares || workers < 1 {
            problems.append("job \(job) is to have \(workers) workers in \(staying) slots")
        }
        asked.removeAll { $0.job == job }
        asked.append((job, stint, leaving))
    }

    /// A coordinator answers that it goes on as it was asked.
    private mutating func answerResize() {
        guard !asked.isEmpty else { return }
        let (job, stint, leaving) = asked.remove(at: sizes.integer(below: asked.count))
        tell(.resized(job: job, stint: stint, without: leaving))
    }

    private mutating func checkQuota(ofTeam name: String) {
        guard let quota = teams.first(where: { $0.name == name })?.quota else { return }
        let taken = inside.values.count { queue[$0].submission.team == name }
        if taken > quota { problems.append("team \(name) is in \(taken) slots of at most \(quota)") }
    }

    /// Submits a job that is drawn, and checks that a deadline which is promised is planned to be kept.
    private mutating func submit() {
        let (slots, priority) = (1 + random.integer(below: 5), random.integer(below: 4))
        var job = Submission(
            folder: "r", name: "j", user: "u", slots: slots, priority: priority,
            expected: .seconds(Int64(1 + random.integer(below: 200))))
        job.team = teams[claims.integer(below: teams.count)].name
        if claims.integer(below: 3) == 0, queue.policy.order == .deadline {
            job.deadline = .seconds(Int64(1 + claims.integer(below: 1_000)))
        }
        if queue.policy.resizes { job.expected = job.expected * 10 }  // Or nobody would gain by growing.
        if queue.policy.resizes, sizes.integer(below: 4) > 0 {
            job.spares = sizes.integer(below: min(2, slots))
            let least = job.spares + 1 + sizes.integer(below: slots - job.spares)
            job.range = least...slots + sizes.integer(below: 4)
        }
        job.onWorkerLoss = [.spare, .wait, .spare, .shrink, .fail, nil][losses.integer(below: 6)]
        if places.integer(below: 4) == 0 { job.demand = .required(.node) }
        let count = queue.jobs.count
        tell(.submitted(job))
        guard queue.jobs.count > count, let deadline = job.deadline,
            let end = queue.plannedEnd(of: count + 1, at: now), end - now > deadline
        else { return }
        problems.append("job \(count + 1) is promised to end within \(deadline), and planned to in \(end - now)")
    }

    private mutating func empty(_ slot: WorkerID) {
        inside[slot] = nil
        if !promises.agentsWaitForProcesses { haunted.append(slot) }
        tell(.slotEmptied(slot))
        haunted.removeAll { $0 == slot }
    }

    /// Draws what happens next, and lets it happen.
    public mutating func step() {
        now = now + .seconds(Int64(random.integer(below: 30)))
        if queue.policy.resizes, sizes.integer(below: 3) > 0 { answerResize() }
        let node = NodeID("n\(random.integer(below: 3))")
        if places.integer(below: 10) == 0 { return disturb(node) }
        switch random.integer(below: 16) {
        case 0...3: if anotherComes() { submit() }
        case 4: tell(.cancelled(job: 1 + random.integer(below: 20)))
        case 5: tell(.priorityChanged(job: 1 + random.integer(below: 20), to: random.integer(below: 5)))
        case 6, 7: join(node, slots: isCalm ? 4 : [2, 2, 4][random.integer(below: 3)])
        case 8 where isCalm:
            let used = inside.keys.sorted()
            lose(used.isEmpty ? node : used[losses.integer(below: used.count)].node)
        case 8 where random.integer(below: 4) == 0: lose(node)
        case 9 where known.contains(node):
            closed.append(node)
            random.integer(below: 2) == 0 ? tell(.cordoned(node)) : tell(.drained(node, because: "drawn"))
        case 10, 11:
            closed.removeAll { $0 == node }
            tell(.undrained(node))
        case 12: if !driven.isEmpty { tell(.saved(job: driven[random.integer(below: driven.count)].job, step: 1)) }
        case 13, 14:
            guard !driven.isEmpty else { return }
            let (job, stint) = driven.remove(at: random.integer(below: driven.count))
            let isAsked = queue[job].phase != .running
            let code = isAsked ? [143, 143, 0, 1] : [0, 0, 0, 5]
            tell(.coordinatorEnded(job: job, stint: stint, how: .exited(code: code[random.integer(below: 4)])))
        default:
            guard !leaving.isEmpty else { return tell(.timePassed) }
            repeat {
                empty(leaving.remove(at: random.integer(below: leaving.count)))
            } while isCalm && !leaving.isEmpty && problems.isEmpty
        }
    }

    /// Whether the next job comes now. A queue in which somebody always waits gives nobody more than it asked for.
    private mutating func anotherComes() -> Bool {
        queue.policy.resizes ? sizes.integer(below: 2) == 0 : !isCalm || losses.integer(below: 2) == 0
    }

    private mutating func join(_ node: NodeID, slots: Int) {
        guard up[node] == nil else { return }
        up[node] = slots
        known.append(node)
        tell(.nodeJoined(node, slots: slots))
    }

    /// A machine is emptied, leaves, falls ill or is well again.
    private mutating func disturb(_ node: NodeID) {
        guard up[node] != nil else { return }
        switch places.integer(below: 6) {
        case 0, 1:
            closed.append(node)
            tell(.evicted(node, because: "drawn"))
        case 2: lose(node, to: .nodeLeft(node))
        case 3, 4:
            sick.append(node)
            if promises.healthIsTold { tell(.healthChanged(node, problem: "drawn")) }
        default: heal(node)
        }
    }

    private mutating func heal(_ node: NodeID) {
        guard sick.contains(node) else { return }
        sick.removeAll { $0 == node }
        tell(.healthChanged(node, problem: nil))
    }

    private mutating func lose(_ node: NodeID) { lose(node, to: .nodeLost(node, because: "drawn")) }

    private mutating func lose(_ node: NodeID, to event: QueueEvent) {
        guard let slots = up.removeValue(forKey: node) else { return }
        for slot in 0..<slots { inside[WorkerID(node: node, slot: slot)] = nil }
        leaving.removeAll { $0.node == node }
        sick.removeAll { $0 == node }
        tell(event)
    }

    /// Lets everything that was begun end, on machines that are all there and open.
    public mutating func settle() {
        for node in ["n0", "n1", "n2"].map({ NodeID($0) }) {
            join(node, slots: 4)
            closed.removeAll { $0 == node }
            heal(node)
            tell(.undrained(node))
        }
        join(NodeID("n3"), slots: 8)
        for _ in 0..<2_000 where queue.jobs.contains(where: { !$0.isOver }) && problems.isEmpty {
            now = now + .seconds(60 as Int64)
            if let (job, stint) = driven.popLast() {
                let code = queue[job].phase == .running ? 0 : 143
                tell(.coordinatorEnded(job: job, stint: stint, how: .exited(code: code)))
            }
            while !asked.isEmpty, problems.isEmpty { answerResize() }
            let emptied = leaving
            leaving = []
            for slot in emptied { empty(slot) }
            tell(.timePassed)
        }
    }
}

/// The life of a queue that `seed` names, under the policy whose turn it is.
public func simulateQueue(_ seed: UInt64, promises: QueuePromises = .kept) -> SimulatedQueue {
    let policies = SimulatedQueue.policies
    var life = SimulatedQueue(policies[Int(seed % UInt64(policies.count))], seed: seed, promises: promises)
    life.live()
    return life
}
