// A queue's events and commands as record lines and back, as its journal stores them. Refuses to guess: a line that is
// not exactly one of them is an error.

import Jobs
import Primitives
import Scheduling

extension QueueEvent {
    /// The event as a record line.
    public var line: Line {
        switch self {
        case .submitted(let job):
            Line("submitted").with("folder", job.folder).with("name", job.name).with("user", job.user)
                .with("slots", job.slots).with("priority", job.priority).with("expected", job.expected)
                .with("team", job.team == Team.defaultName ? nil : Optional(job.team)).with("deadline", job.deadline)
                .with("topology", job.demand == .preferred ? nil : Optional(job.demand.name))
                .with("on-worker-loss", job.onWorkerLoss?.rawValue)
                .with("least", job.range?.lowerBound).with("most", job.range?.upperBound)
                .with("spares", job.spares == 0 ? nil : job.spares)
        case .cancelled(let job): Line("cancelled").with("job", job)
        case .priorityChanged(let job, let priority):
            Line("priority-changed").with("job", job).with("to", priority)
        case .nodeJoined(let node, let slots, let problem):
            Line("node-joined").with("node", node).with("slots", slots).with("problem", problem)
        case .nodeLeft(let node): Line("node-left").with("node", node)
        case .healthChanged(let node, let problem):
            Line("health-changed").with("node", node).with("problem", problem)
        case .evicted(let node, let reason): Line("evicted").with("node", node).with("because", reason)
        case .nodeLost(let node, let reason): Line("node-lost").with("node", node).with("because", reason)
        case .cordoned(let node): Line("cordoned").with("node", node)
        case .drained(let node, let reason): Line("drained").with("node", node).with("because", reason)
        case .undrained(let node): Line("undrained").with("node", node)
        case .slotEmptied(let slot): Line("slot-emptied").with("slot", slot)
        case .saved(let job, let step): Line("saved").with("job", job).with("step", step)
        case .resized(let job, let stint, let slots):
            Line("resized").with("job", job).with("stint", stint).with("without", SlotList(slots))
        case .coordinatorEnded(let job, let stint, let how):
            Line("coordinator-ended").with("job", job).with("stint", stint).with("how", how)
        case .controllerResumed: Line("controller-resumed")
        case .timePassed: Line("time-passed")
        }
    }

    /// Reads what `line` wrote.
    /// - Throws: `LineError` naming the field that is missing or wrong, or the unknown head word.
    public init(_ line: Line) throws(LineError) {
        self =
            switch line.head {
            case "submitted":
                .submitted(
                    Submission(
                        folder: try line.read("folder"), name: try line.read("name"), user: try line.read("user"),
                        slots: try line.read("slots"), priority: try line.read("priority"),
                        expected: try line.read("expected"),
                        // Absent in records of queues without teams.
                        team: try line.readIfPresent("team") ?? Team.defaultName,
                        deadline: try line.readIfPresent("deadline"),
                        // Absent where a job takes what is free.
                        demand: try QueueEvent.readDemand(line),
                        // Absent in records of queues that replaced nobody.
                        onWorkerLoss: try QueueEvent.readPolicy(line),
                        // Absent in records of queues that resized nobody.
                        range: try QueueEvent.readRange(line), spares: try line.readIfPresent("spares") ?? 0))
            case "cancelled": .cancelled(job: try line.read("job"))
            case "priority-changed": .priorityChanged(job: try line.read("job"), to: try line.read("to"))
            case "node-joined":
                .nodeJoined(
                    try line.read("node"), slots: try line.read("slots"), problem: try line.readIfPresent("problem"))
            case "node-left": .nodeLeft(try line.read("node"))
            case "health-changed":
                .healthChanged(try line.read("node"), problem: try line.readIfPresent("problem"))
            case "evicted": .evicted(try line.read("node"), because: try line.read("because"))
            case "node-lost": .nodeLost(try line.read("node"), because: try line.read("because"))
            case "cordoned": .cordoned(try line.read("node"))
            case "drained": .drained(try line.read("node"), because: try line.read("because"))
            case "undrained": .undrained(try line.read("node"))
            case "slot-emptied": .slotEmptied(try line.read("slot"))
            case "saved": .saved(job: try line.read("job"), step: try line.read("step"))
            case "resized":
                .resized(
                    job: try line.read("job"), stint: try line.read("stint"),
                    without: try line.read("without", as: SlotList.self).slots)
            case "coordinator-ended":
                .coordinatorEnded(
                    job: try line.read("job"), stint: try line.read("stint"), how: try line.read("how"))
            case "controller-resumed": .controllerResumed
            case "time-passed": .timePassed
            default: throw LineError(line: line.text, problem: "'\(line.head)' is no event of a queue")
            }
    }
}

extension QueueEvent {
    private static func readDemand(_ line: Line) throws(LineError) -> TopologyDemand {
        guard let word: String = try line.readIfPresent("topology") else { return .preferred }
        guard let demand = TopologyDemand(named: word) else {
            throw LineError(line: line.text, problem: "'\(word)' is no demand on a gang's place")
        }
        return demand
    }

    private static func readRange(_ line: Line) throws(LineError) -> ClosedRange<Int>? {
        guard let least: Int = try line.readIfPresent("least"), let most: Int = try line.readIfPresent("most") else {
            return nil
        }
        guard least <= most else {
            throw LineError(line: line.text, problem: "no number is between \(least) and \(most)")
        }
        return least...most
    }

    private static func readPolicy(_ line: Line) throws(LineError) -> FaultToleranceSpec.WorkerLossPolicy? {
        guard let word: String = try line.readIfPresent("on-worker-loss") else { return nil }
        guard let policy = FaultToleranceSpec.WorkerLossPolicy(rawValue: word) else {
            throw LineError(line: line.text, problem: "'\(word)' is not what a gang does about a lost worker")
        }
        return policy
    }
}

extension QueueCommand {
    /// The command as a record line.
    public var line: Line {
        switch self {
        case .start(let job, let stint, let slots):
            Line("start").with("job", job).with("stint", stint).with("slots", SlotList(slots))
        case .replace(let job, let stint, let lost, let new):
            Line("replace").with("job", job).with("stint", stint).with("lost", SlotList(lost)).with("by", SlotList(new))
        case .resize(let job, let stint, let workers, let leaving, let entering):
            Line("resize").with("job", job).with("stint", stint).with("workers", workers)
                .with("leaving", SlotList(leaving)).with("entering", SlotList(entering))
        case .stop(let job, let stint, let reason):
            Line("stop").with("job", job).with("stint", stint).with("because", reason)
        case .kill(let job, let stint): Line("kill").with("job", job).with("stint", stint)
        case .vacate(let job, let slots): Line("vacate").with("job", job).with("slots", SlotList(slots))
        }
    }

    /// Reads what `line` wrote.
    /// - Throws: `LineError` naming the field that is missing or wrong, or the unknown head word.
    public init(_ line: Line) throws(LineError) {
        self =
            switch line.head {
            case "start":
                .start(
                    job: try line.read("job"), stint: try line.read("stint"),
                    slots: try line.read("slots", as: SlotList.self).slots)
            case "replace":
                .replace(
                    job: try line.read("job"), stint: try line.read("stint"),
                    lost: try line.read("lost", as: SlotList.self).slots,
                    by: try line.read("by", as: SlotList.self).slots)
            case "resize":
                .resize(
                    job: try line.read("job"), stint: try line.read("stint"), workers: try line.read("workers"),
                    leaving: try line.read("leaving", as: SlotList.self).slots,
                    entering: try line.read("entering", as: SlotList.self).slots)
            case "stop":
                .stop(job: try line.read("job"), stint: try line.read("stint"), because: try line.read("because"))
            case "kill": .kill(job: try line.read("job"), stint: try line.read("stint"))
            case "vacate":
                .vacate(job: try line.read("job"), slots: try line.read("slots", as: SlotList.self).slots)
            default: throw LineError(line: line.text, problem: "'\(line.head)' is no command of a queue")
            }
    }
}

/// Slots in one field, `laptop/0,laptop/1`.
private struct SlotList: LineValue {
    var slots: [WorkerID]
    init(_ slots: [WorkerID]) { self.slots = slots }
    var lineText: String { slots.map(\.description).joined(separator: ",") }
    init?(lineText: String) {
        let slots = lineText.split(separator: ",").map { WorkerID(String($0)) }
        guard !slots.contains(nil) else { return nil }
        self.slots = slots.compactMap(\.self)
    }
}

extension StopReason: LineValue {
    /// `preempted`, `cancelled`, `evicted:laptop`, `node-lost:laptop`, `node-lost:laptop:1:2` when 1 slot was free for 2.
    public var lineText: String {
        switch self {
        case .preempted: "preempted"
        case .cancelled: "cancelled"
        case .evicted(let node): "evicted:\(node)"
        case .nodeLost(let node, short: nil): "node-lost:\(node)"
        case .nodeLost(let node, short: let short?): "node-lost:\(node):\(short.free):\(short.needed)"
        }
    }

    /// Reads `lineText`.
    public init?(lineText: String) {
        // A machine's name has no colon.
        let words = lineText.split(separator: ":").map(String.init)
        switch (words.first, words.count) {
        case ("preempted", 1): self = .preempted
        case ("cancelled", 1): self = .cancelled
        case ("evicted", 2): self = .evicted(NodeID(words[1]))
        case ("node-lost", 2): self = .nodeLost(NodeID(words[1]))
        case ("node-lost", 4):
            guard let free = Int(words[2]), let needed = Int(words[3]) else { return nil }
            self = .nodeLost(NodeID(words[1]), short: SlotShortage(free: free, needed: needed))
        default: return nil
        }
    }
}
