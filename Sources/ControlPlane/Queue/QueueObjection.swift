// Why a queue refuses what people ask of it, as data with a sentence that says what to do. A job is refused before it is
// taken, or it is taken for good: nothing that was promised is taken back. Refuses facts of the world; those are always
// taken.

import Primitives
import Scheduling

/// Why an event cannot be.
public enum QueueObjection: Equatable, Sendable, CustomStringConvertible {
    /// There is no such job.
    case noSuchJob(Int)
    /// The job ended.
    case jobIsOver(Int)
    /// There is no such machine.
    case noSuchNode(NodeID)
    /// An agent offers no slots, or a name that is no word.
    case noNode
    /// Another agent has that name.
    case nodeIsThere(NodeID)
    /// A job without slots.
    case noSlots
    /// The run time or the deadline is no span that a queue counts with.
    case spanOutOfRange
    /// The priority is none that a queue counts with.
    case priorityOutOfRange
    /// There is no such team.
    case noSuchTeam(String, known: [String])
    /// The team may never hold as many slots.
    case overQuota(team: String, needed: Int, quota: Int)
    /// The team is in more slots than the quota that is asked about, and nobody is stopped for a quota.
    case quotaInUse(team: String, taken: Int)
    /// The queue's policy resizes nobody.
    case noResizes(policy: String)
    /// A range of sizes without a worker, or without the size that the job asks for.
    case rangeOutOfPlace
    /// The queue's policy promises no deadlines.
    case noDeadlines(policy: String)
    /// The deadline is over already.
    case deadlineIsOver
    /// No kind of machine that takes work has as many slots, so that nothing can be promised.
    case noRoomToPromise(SlotsAbsent)
    /// Machines join a queue one by one, and nothing is known of the switches between them.
    case unknownTopology(TopologyDemand)
    /// Behind what is planned already the job would end `earliest` from now. When that is not after the deadline `asked`,
    /// it is a job that was promised its own that would be late.
    case deadlineTooEarly(earliest: TimeSpan, asked: TimeSpan)

    /// Whether the job could never run as it was submitted, or not as early; another one could.
    public var isInfeasible: Bool {
        switch self {
        case .overQuota, .noRoomToPromise, .deadlineTooEarly: true
        case .noSuchJob, .jobIsOver, .noSuchNode, .noNode, .nodeIsThere, .noSlots, .spanOutOfRange,
            .priorityOutOfRange, .noSuchTeam, .noResizes, .rangeOutOfPlace, .noDeadlines, .deadlineIsOver,
            .unknownTopology, .quotaInUse:
            false
        }
    }

    /// What is wrong, and what to do.
    public var description: String {
        switch self {
        case .noSuchJob(let job): "there is no job \(job)"
        case .jobIsOver(let job): "job \(job) is over"
        case .noSuchNode(let node): "there is no node \(node)"
        case .noNode: "a node needs a host's name and at least one slot"
        case .nodeIsThere(let node):
            "there is an agent called \(node) already; give this one another name with --node"
        case .noSlots: "a job needs at least one slot"
        case .spanOutOfRange:
            "an expected run time and a deadline are above 0 and at most \(QueueController.longestSpan)"
        case .priorityOutOfRange:
            "a priority is \(QueueController.priorities.lowerBound) to \(QueueController.priorities.upperBound)"
        case .noSuchTeam(let name, let known):
            "there is no team \(name); this queue's teams are \(known.joined(separator: ", "))"
        case .overQuota(let team, let needed, let quota):
            "the job needs \(needed) slots, and team \(team) may never hold more than \(quota); ask for fewer, or "
                + "submit it for another team"
        case .quotaInUse(let team, let taken):
            "team \(team) is in \(taken) slots, and nobody is stopped for a quota; ask about \(taken) or more"
        case .noResizes(let policy):
            "this queue decides by \(policy), which resizes nobody; leave --elastic out, or use a queue that is served with "
                + "--policy elastic"
        case .rangeOutOfPlace: "a job's number of workers is in its range, which begins at 1"
        case .noDeadlines(let policy):
            "this queue decides by \(policy), which promises no deadlines; leave --deadline out, or use a queue that "
                + "is served with --policy deadline"
        case .deadlineIsOver: "the deadline is over already; name a later one"
        case .noRoomToPromise(let absent):
            "no deadline can be promised to the job: \(absent.sentence); ask for fewer slots, wait for machines, or leave "
                + "--deadline out"
        case .unknownTopology(let demand):
            "a queue knows machines and not the switches between them, so it cannot require a \(demand.name); require a "
                + "node, or nothing"
        case .deadlineTooEarly(let earliest, let asked) where earliest <= asked:
            "jobs stand by their deadlines, and with this one a job would be late that was promised not to be; name a "
                + "later --deadline, a shorter --time if it is, or fewer slots"
        case .deadlineTooEarly(let earliest, _):
            "beside the deadlines promised already the job would end in \(earliest) at the earliest; name that or a "
                + "later --deadline, a shorter --time if it is, or fewer slots"
        }
    }
}

extension QueueController {
    /// Why `event` cannot be at `now`; nil when it can. For what people ask; the world's own facts are always taken.
    public func objection(to event: QueueEvent, at now: Instant) -> QueueObjection? {
        switch event {
        case .submitted(let job): return objection(to: job, at: now)
        case .cancelled(let job), .priorityChanged(let job, _):
            guard (1..<jobs.count + 1).contains(job) else { return .noSuchJob(job) }
            if case .priorityChanged(_, let priority) = event, !QueueController.priorities.contains(priority) {
                return .priorityOutOfRange
            }
            return self[job].isOver ? .jobIsOver(job) : nil
        case .cordoned(let node), .drained(let node, _), .evicted(let node, _), .undrained(let node):
            return index(of: node) == nil ? .noSuchNode(node) : nil
        case .nodeJoined(let node, let slots, _):
            guard slots >= 1, node.isWord else { return .noNode }
            guard let index = index(of: node), nodes[index].absence == nil else { return nil }
            return .nodeIsThere(node)
        default: return nil
        }
    }

    /// Why no job may ask for what `job` asks for, whenever that is; nil when one may.
    func objectionToShape(of job: Submission) -> QueueObjection? {
        guard job.slots >= 1 else { return .noSlots }
        guard let team = index(ofTeam: job.team) else { return .noSuchTeam(job.team, known: teams.map(\.name)) }
        if let quota = teams[team].quota, job.slots > quota {
            return .overQuota(team: job.team, needed: job.slots, quota: quota)
        }
        guard job.demand == .preferred || job.demand == .required(.node) else { return .unknownTopology(job.demand) }
        return nil
    }

    private func objection(to job: Submission, at now: Instant) -> QueueObjection? {
        if let objection = objectionToShape(of: job) { return objection }
        guard QueueController.priorities.contains(job.priority) else { return .priorityOutOfRange }
        guard job.expected > .zero, job.expected <= QueueController.longestSpan,
            job.deadline ?? .zero <= QueueController.longestSpan
        else { return .spanOutOfRange }
        if let range = job.range {
            guard policy.resizes else { return .noResizes(policy: policy.name) }
            guard range.contains(job.slots), (0..<range.lowerBound).contains(job.spares) else {
                return .rangeOutOfPlace
            }
        }
        guard let deadline = job.deadline else { return nil }
        guard policy.order == .deadline else { return .noDeadlines(policy: policy.name) }
        guard deadline > .zero else { return .deadlineIsOver }
        let absent = slotsAbsent(for: job)
        guard absent.needed <= absent.largest else { return .noRoomToPromise(absent) }
        // Whether it can be kept is found by asking a copy for it, at the instant at which it will be asked for.
        var trial = scheduler
        guard case .deadline(let earliest)? = trial.submit(request(for: job, submitted: now), at: now) else {
            return nil
        }
        return .deadlineTooEarly(earliest: earliest - now, asked: deadline)
    }
}
