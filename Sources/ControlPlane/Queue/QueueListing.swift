// Jobs and machines of a queue as rows: what goes over the wire to whoever lists them, and comes back as the same value.
// Refuses columns and widths; commands choose those.

import Primitives
import Scheduling

/// A job as it is listed.
public struct JobRow: Equatable, Sendable {
    /// Its number.
    public var job: Int
    /// Its name.
    public var name: String
    /// Whose it is.
    public var user: String
    /// `PENDING`, `RUNNING`, `COMPLETING`, `COMPLETED`, `CANCELLED`, `FAILED`, as Slurm calls them.
    public var state: String
    /// How important it is.
    public var priority: Int
    /// Slots that it has, or asks for while it has none.
    public var slots: Int
    /// How long ago it was submitted.
    public var age: TimeSpan
    /// How long it has been driven.
    public var ran: TimeSpan
    /// How often it was stopped for another.
    public var preemptions: Int
    /// The last step that is known to be saved.
    public var step: Int
    /// Its slots, `laptop[0-1]`, while it has any.
    public var nodes: String
    /// Why it does not run, or not where it did, as a word; `None` while it runs where it was started.
    public var reason: String
    /// The same as a sentence.
    public var sentence: String
    /// Its run's folder.
    public var folder: String
    /// Its team.
    public var team: String
    /// How long it is until it must have ended, below zero when that is over; nil when it need not, or has ended.
    public var due: TimeSpan?

    /// The state in two letters.
    public var code: String {
        switch state {
        case "PENDING": "PD"
        case "RUNNING": "R"
        case "COMPLETING": "CG"
        case "COMPLETED": "CD"
        case "CANCELLED": "CA"
        default: "F"
        }
    }

    /// The row as a line.
    public var line: Line {
        Line("job").with("job", job).with("name", name).with("user", user).with("state", state)
            .with("priority", priority).with("slots", slots).with("age", age).with("ran", ran)
            .with("preemptions", preemptions).with("step", step).with("nodes", nodes).with("reason", reason)
            .with("sentence", sentence).with("folder", folder).with("team", team).with("due", due)
    }

    /// Reads what `line` wrote.
    public init(_ line: Line) throws(LineError) {
        job = try line.read("job")
        name = try line.read("name")
        user = try line.read("user")
        state = try line.read("state")
        priority = try line.read("priority")
        slots = try line.read("slots")
        age = try line.read("age")
        ran = try line.read("ran")
        preemptions = try line.read("preemptions")
        step = try line.read("step")
        nodes = try line.read("nodes")
        reason = try line.read("reason")
        sentence = try line.read("sentence")
        folder = try line.read("folder")
        team = try line.read("team")
        due = try line.readIfPresent("due")
    }

    /// Job `number` of `queue`, asked for at `now`.
    init(_ number: Int, of queue: QueueController, at now: Instant) {
        let job = queue[number]
        self.job = number
        name = job.submission.name
        user = job.submission.user
        priority = job.submission.priority
        slots = job.slots
        age = (job.ended ?? now) - job.submitted
        ran = job.ran(by: now)
        preemptions = job.preemptions
        step = job.savedStep
        nodes = slotText(queue.slots(of: number))
        let why = queue.reason(for: number, at: now)
        reason = why?.word ?? "None"
        sentence = why?.sentence(at: now) ?? "it runs"
        folder = job.submission.folder
        team = job.submission.team
        due = job.isOver ? nil : job.submission.deadline.map { job.submitted + $0 - now }
        state =
            switch job.phase {
            case .waiting: "PENDING"
            case .running: "RUNNING"
            case .stopping: "COMPLETING"
            case .over(.completed): "COMPLETED"
            case .over(.cancelled): "CANCELLED"
            case .over(.failed): "FAILED"
            }
    }
}

/// A machine as it is listed.
public struct NodeRow: Equatable, Sendable {
    /// Its name.
    public var node: String
    /// `idle`, `mixed`, `allocated`, `draining`, `drained`, `down`, as sinfo calls them; cordoned ones are `draining`.
    public var state: String
    /// Slots in all.
    public var slots: Int
    /// Slots that somebody is in.
    public var taken: Int
    /// The jobs in them.
    public var jobs: String
    /// Why it takes no work, or takes it last; `none` when neither is so.
    public var reason: String

    /// The row as a line.
    public var line: Line {
        Line("node").with("node", node).with("state", state).with("slots", slots).with("taken", taken)
            .with("jobs", jobs).with("reason", reason)
    }

    /// Reads what `line` wrote.
    public init(_ line: Line) throws(LineError) {
        node = try line.read("node")
        state = try line.read("state")
        slots = try line.read("slots")
        taken = try line.read("taken")
        jobs = try line.read("jobs")
        reason = try line.read("reason")
    }

    init(_ node: QueueNode) {
        self.node = node.name.name
        slots = node.occupants.count
        let inside = node.occupants.compactMap { $0?.job }
        taken = inside.count
        var numbers: [Int] = []
        for job in inside where !numbers.contains(job) { numbers.append(job) }
        jobs = numbers.map(String.init).joined(separator: ",")
        let word = inside.isEmpty ? "drained" : "draining"
        switch (node.absence, node.wish) {
        case (let absence?, _): (state, reason) = ("down", absence)
        case (nil, .cordoned): (state, reason) = (word, "cordoned")
        case (nil, .draining(let why)): (state, reason) = (word, why)
        case (nil, .open) where node.problem != nil: (state, reason) = (word, "its check failed: \(node.problem ?? "")")
        case (nil, .open):
            reason = node.failures.map { "taken last: it failed \($0) times" } ?? "none"
            state = inside.isEmpty ? "idle" : inside.count == node.occupants.count ? "allocated" : "mixed"
        }
    }
}

extension QueueController {
    /// The slots that `job` is in.
    public func slots(of job: Int) -> [WorkerID] {
        nodes.flatMap { node in
            node.occupants.indices.filter { node.occupants[$0]?.job == job }
                .map { WorkerID(node: node.name, slot: $0) }
        }
    }

    /// Every job as a row, of one team when `team` names it; those that are over only when asked.
    public func jobRows(at now: Instant, includingEnded: Bool, ofTeam team: String? = nil) -> [JobRow] {
        (1..<jobs.count + 1)
            .filter {
                (includingEnded || !self[$0].isOver) && self[$0].submission.team == team ?? self[$0].submission.team
            }
            .map { JobRow($0, of: self, at: now) }
    }

    /// Every machine as a row.
    public var nodeRows: [NodeRow] { nodes.map { NodeRow($0) } }
}

/// Slots by machine, `left[0-1,3],right[0]`.
private func slotText(_ slots: [WorkerID]) -> String {
    var parts: [(node: NodeID, ranges: [ClosedRange<Int>])] = []
    for slot in slots {
        if parts.last?.node != slot.node { parts.append((slot.node, [])) }
        let last = parts.count - 1
        if let range = parts[last].ranges.last, range.upperBound + 1 == slot.slot {
            parts[last].ranges[parts[last].ranges.count - 1] = range.lowerBound...slot.slot
        } else {
            parts[last].ranges.append(slot.slot...slot.slot)
        }
    }
    return parts.map { part in
        let ranges = part.ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
        return "\(part.node)[\(ranges.joined(separator: ","))]"
    }.joined(separator: ",")
}
