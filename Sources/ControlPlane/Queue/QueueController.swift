// A queue of jobs before machines with worker slots, as one value: facts in, requests out, the same ones for the same
// facts. Who starts where and who is stopped for whom is the Scheduler's to say; this says when it can be done, because
// a job that is stopped needs time to save and a process needs time to end. A slot belongs to nobody else until it is
// known to be empty. Refuses clocks, sockets and files, and everything that happens inside a run.

import Primitives
import Scheduling

/// A queue and the machines it serves.
public struct QueueController: Sendable {
    /// The jobs; job `n` is at `n - 1`.
    public internal(set) var jobs: [QueuedJob] = []
    /// The machines, in the order in which they first joined.
    public internal(set) var nodes: [QueueNode] = []
    /// Who decides.
    var scheduler: Scheduler
    /// When the policy decides next, once that is known. A policy that decides every minute names the next full minute,
    /// and asked a moment after it names the one after that; what was named first counts.
    var promised: Instant?
    /// The job behind each of the scheduler's numbers.
    var tickets: [Int] = []
    /// How often machines failed, by the scheduler's pools.
    var lemons: [LemonWatch] = []

    /// How long a job may take to save and end before its coordinator is killed.
    public static let stopPatience = TimeSpan.seconds(120 as Int64)
    /// How often a job's coordinator may die without a checkpoint in between before the job has failed.
    public static let mostCrashes = 3
    /// The longest run time and the latest deadline: instants of a queue are sums of them.
    public static let longestSpan = TimeSpan.seconds(3_000 * 86_400 as Int64)
    /// The priorities that there are: each point counts as a day of waiting, and together they must be an instant.
    public static let priorities = -50_000...50_000
    /// What stopping a job is taken to cost it beside its unsaved work: as long as it takes to start its workers again.
    static let costs = ResumeCost(
        restore: [(.max, .seconds(5 as Int64))], save: .seconds(5 as Int64), interval: nil)

    /// An empty queue of `teams`, and of the team `default`, that decides by `policy`, without machines.
    /// - Precondition: no two teams have one name.
    public init(policy: Policy, teams: [Team] = []) {
        scheduler = Scheduler(policy: policy, pools: [], teams: Team.ofQueue(teams), costs: QueueController.costs)
    }

    /// What decides.
    public var policy: Policy { scheduler.policy }
    /// Whose jobs they are, with their weights and with their quotas in slots.
    public var teams: [Team] { scheduler.teams }

    /// Takes a fact, and says what is to be done about it, in order.
    /// - Precondition: `objection(to:at:)` has none.
    public mutating func handle(_ event: QueueEvent, at now: Instant) -> [QueueCommand] {
        var commands: [QueueCommand] = []
        switch event {
        case .submitted(let submission): jobs.append(QueuedJob(submission, at: now))
        case .cancelled(let job): cancel(job, at: now, &commands)
        case .priorityChanged(let job, let priority):
            self[job].submission.priority = priority
            if let ticket = self[job].ticket { scheduler.setPriority(priority, of: ticket) }
        case .nodeJoined(let node, let slots, let problem): join(node, slots: slots, problem: problem)
        case .nodeLost(let node, let reason):
            noteFailure(of: node)
            lose(node, because: reason, at: now, &commands)
        case .nodeLeft(let node): lose(node, because: "its agent was stopped", at: now, &commands)
        case .healthChanged(let node, let problem): noteHealth(problem, of: node, at: now, &commands)
        case .evicted(let node, let reason): evict(node, because: reason, at: now, &commands)
        case .cordoned(let node): wish(.cordoned, of: node, at: now, &commands)
        case .drained(let node, let reason): wish(.draining(reason), of: node, at: now, &commands)
        case .undrained(let node): wish(.open, of: node, at: now, &commands)
        case .slotEmptied(let slot): empty(slot)
        case .saved(let job, let step):
            self[job].savedStep = step
            self[job].crashes = 0
            self[job].replacement = nil
            if case .running = self[job].phase, let ticket = self[job].ticket { scheduler.noteSaved(ticket, at: now) }
        case .resized(let job, let stint, let slots): noteResized(job, stint, without: slots, &commands)
        case .coordinatorEnded(let job, let stint, let how):
            if self[job].isDriven, self[job].stint == stint { end(job, how, at: now, &commands) }
        case .controllerResumed: resume(at: now)
        case .timePassed: break
        }
        decide(at: now, &commands)
        checkInvariants()
        return commands
    }

    /// When something is to be decided although nothing happens; nil for never. `timePassed` is due then.
    public var nextDeadline: Instant? {
        let stops = jobs.compactMap { job -> Instant? in
            guard case .stopping(_, let since) = job.phase, !job.isKilled else { return nil }
            return since + QueueController.stopPatience
        }
        let resizes = jobs.compactMap { job -> Instant? in
            guard case .running = job.phase else { return nil }
            return job.givingSince.map { $0 + QueueController.resizePatience }
        }
        return (stops + resizes + [promised].compactMap { $0 }).min()
    }

    /// Job `number`.
    /// - Precondition: it exists.
    public subscript(number: Int) -> QueuedJob {
        get { jobs[number - 1] }
        set { jobs[number - 1] = newValue }
    }

    /// The machine called `name`, as an index; nil when none ever joined under that name.
    func index(of name: NodeID) -> Int? { nodes.firstIndex { $0.name == name } }

    // MARK: - Machines

    private mutating func join(_ name: NodeID, slots: Int, problem: String?) {
        if let index = index(of: name) {
            if nodes[index].occupants.count != slots {
                // The machine is another one now. Its former place stays empty and down for ever.
                nodes[index].place = scheduler.addNode(gpus: slots, accelerator: "worker")
                nodes[index].failures = nil
            }
            nodes[index].occupants = Array(repeating: nil, count: slots)
            nodes[index].absence = nil
            nodes[index].problem = problem
            apply(index)
        } else {
            nodes.append(
                QueueNode(name, slots: slots, place: scheduler.addNode(gpus: slots, accelerator: "worker")))
            nodes[nodes.count - 1].problem = problem
            apply(nodes.count - 1)
        }
    }

    mutating func wish(
        _ wish: QueueNode.Wish, of name: NodeID, at now: Instant, _ commands: inout [QueueCommand]
    ) {
        guard let index = index(of: name) else { return }
        nodes[index].wish = wish
        apply(index)
        if wish != .open { beginNothing(on: name, at: now, &commands) }
    }

    /// Takes back what was granted on machine `name` and has not begun: it would be new work.
    mutating func beginNothing(on name: NodeID, at now: Instant, _ commands: inout [QueueCommand]) {
        for job in 1..<jobs.count + 1 where self[job].phase != .running && uses(job, name) { putBack(job, at: now) }
        giveNothing(on: name, at: now, &commands)
    }

    func uses(_ job: Int, _ node: NodeID) -> Bool { self[job].grant.contains { $0.node == node } }

    mutating func apply(_ index: Int) {
        let place = nodes[index].place
        scheduler.set(nodes[index].condition, node: place.node, pool: place.pool)
    }

    // MARK: - Jobs

    private mutating func cancel(_ job: Int, at now: Instant, _ commands: inout [QueueCommand]) {
        switch self[job].phase {
        case .over: return
        case .waiting: close(job, .cancelled, at: now)
        case .running:
            withdraw(job, at: now)
            stop(job, because: .cancelled, at: now, &commands)
        case .stopping(_, let since):
            withdraw(job, at: now)
            self[job].phase = .stopping(because: .cancelled, since: since)
        }
    }

    mutating func stop(_ job: Int, because reason: StopReason, at now: Instant, _ commands: inout [QueueCommand]) {
        self[job].phase = .stopping(because: reason, since: now)
        self[job].isKilled = false
        commands.append(.stop(job: job, stint: self[job].stint, because: reason))
    }

    /// The coordinator of `job` ended. Whether the job is over, or is driven again, follows from how and from what was
    /// asked of it.
    private mutating func end(_ job: Int, _ how: LossCause, at now: Instant, _ commands: inout [QueueCommand]) {
        let before = self[job].phase
        // Who lost workers with a machine may have given up before others came; that is no failure of the job.
        let replaced = self[job].replacement.take()
        self[job].ranBefore = self[job].ran(by: now)
        self[job].phase = .waiting
        self[job].forgetResize()
        vacate(job, &commands)
        switch (how, before) {
        case (.exited(code: 0), _): close(job, .completed, at: now)
        case (_, .stopping(because: .cancelled, _)): close(job, .cancelled, at: now)
        // It lost workers with the machine, and may have given up before it heard of anything else.
        case (_, .stopping(because: .nodeLost, _)): break
        case (.exited(let code), .stopping) where QueueController.isInterruption(code): break
        // Ended by force, or before it could listen to the signal: its journal has all that is needed to go on.
        case (.signalled, .stopping): break
        case (.exited(let code), _) where !QueueController.isInterruption(code) && replaced == nil:
            close(job, .failed(how), at: now)
        default:
            self[job].crashes += 1
            if self[job].crashes >= QueueController.mostCrashes {
                close(job, .failed(how), at: now)
            } else if before == .running {
                putBack(job, at: now)
            }
        }
    }

    /// Whether a coordinator that ends with `code` has saved its run on a signal.
    private static func isInterruption(_ code: Int) -> Bool { code == 130 || code == 143 }

    /// `job` ends for good.
    private mutating func close(_ job: Int, _ ending: JobEnding, at now: Instant) {
        withdraw(job, at: now)
        self[job].phase = .over(ending)
        self[job].ended = now
    }

    /// Takes `job` out of the scheduler.
    mutating func withdraw(_ job: Int, at now: Instant) {
        if let ticket = self[job].ticket.take() { scheduler.cancel(ticket, at: now) }
        self[job].grant = []
    }

    /// Takes away what `job` was given and lets it wait for slots again.
    mutating func putBack(_ job: Int, at now: Instant) {
        guard !self[job].grant.isEmpty, let ticket = self[job].ticket else { return }
        self[job].grant = []
        scheduler.requeue(ticket, losing: .zero, at: now)
    }

    private mutating func vacate(_ job: Int, _ commands: inout [QueueCommand]) {
        var slots: [WorkerID] = []
        for node in nodes.indices {
            for slot in nodes[node].occupants.indices {
                // Slots of an earlier stint may be leaving still; they were told.
                guard let occupant = nodes[node].occupants[slot], occupant.job == job, !occupant.isLeaving else {
                    continue
                }
                nodes[node].occupants[slot]?.isLeaving = true
                slots.append(WorkerID(node: nodes[node].name, slot: slot))
            }
        }
        if !slots.isEmpty { commands.append(.vacate(job: job, slots: slots)) }
    }

    private mutating func empty(_ slot: WorkerID) {
        guard let node = index(of: slot.node), nodes[node].occupants.indices.contains(slot.slot),
            nodes[node].occupants[slot.slot]?.isLeaving == true
        else { return }
        nodes[node].occupants[slot.slot] = nil
    }

    /// Nothing that a former controller ran is this one's: every machine joins anew with empty slots, every job that was
    /// driven is resumed.
    private mutating func resume(at now: Instant) {
        for index in nodes.indices {
            nodes[index].absence = nodes[index].absence ?? "the controller was started again"
            nodes[index].occupants = Array(repeating: nil, count: nodes[index].occupants.count)
            apply(index)
        }
        for job in 1..<jobs.count + 1 where !self[job].isOver {
            let before = self[job].phase
            self[job].ranBefore = self[job].ran(by: now)
            self[job].phase = .waiting
            self[job].replacement = nil
            self[job].forgetResize()
            if case .stopping(because: .cancelled, _) = before { close(job, .cancelled, at: now) }
            putBack(job, at: now)
        }
    }
}
