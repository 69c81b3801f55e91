// What could be different for a job of a queue: one change each, named on the command line as `slots=2` or `nodes=+1`, and
// tried out on a copy of the queue. Refuses two changes at once: what helped could not be told then.

import Primitives
import Scheduling

/// What could be different.
public enum QueueChange: Equatable, Sendable {
    /// The job's importance.
    case priority(Int)
    /// The job asks for this many slots.
    case slots(Int)
    /// Whose the job is: another share and quota.
    case team(String)
    /// What the job asks about its place.
    case topology(TopologyDemand)
    /// This many more machines, as large as the largest that takes work and empty.
    case moreNodes(Int)
    /// A machine takes no new work.
    case without(NodeID)
    /// One more machine, empty, that holds the whole job. Not for the command line, where `nodes` is.
    case nodeForIt
    /// What a team may hold.
    case quota(Int, team: String)

    /// The change that `text`, `name=value`, means; nil when it means none.
    ///
    /// `priority=3`, `slots=2`, `team=NAME`, `topology=node` or `topology=preferred`, `nodes=+2`, `without=NODE`,
    /// `quota=8` for the job's own team, which is `team`.
    public init?(_ text: String, ofTeam team: String) {
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return nil }
        let (name, value) = (parts[0], parts[1])
        let found: QueueChange? =
            switch name {
            case "priority":
                Int(value).flatMap { QueueController.priorities.contains($0) ? .priority($0) : nil }
            case "slots": Int(value).flatMap { (1...1_000_000).contains($0) ? .slots($0) : nil }
            case "team": .team(value)
            case "topology": TopologyDemand(named: value).map { .topology($0) }
            case "nodes": Int(value).flatMap { (1...QueueChange.mostNodes).contains($0) ? .moreNodes($0) : nil }
            case "without": .without(NodeID(value))
            case "quota": Int(value).flatMap { (1...1_000_000).contains($0) ? .quota($0, team: team) : nil }
            default: nil
            }
        guard let found else { return nil }
        self = found
    }

    /// As many machines as a question may add: whoever answers it serves nobody else meanwhile.
    static let mostNodes = 64

    /// The forms that `init(_:ofTeam:)` reads, for whoever wrote another.
    public static let forms =
        "priority=3, slots=2, team=NAME, topology=node (or preferred), nodes=+2, without=NODE and quota=8"

    /// The change as a clause about `job`.
    func text(for job: Submission) -> String {
        switch self {
        case .priority(let priority): "priority \(priority)"
        case .slots(let slots): "\(slots) \(slots == 1 ? "slot" : "slots")"
        case .team(let name): "team \(name)"
        case .topology(.required(let level)): "one \(level) for all of it"
        case .topology(.preferred): "slots wherever they are"
        case .moreNodes(let count): "\(count) more \(count == 1 ? "machine" : "machines")"
        case .without(let node): "no new work on \(node)"
        case .nodeForIt: "a machine with \(job.slots) more slots"
        case .quota(let quota, let team): "a quota of \(quota) slots for team \(team)"
        }
    }
}

/// What would come of a change, or of a submission.
public struct ChangeOutcome: Equatable, Sendable {
    /// What could be done, as a clause: "priority 50"; for a submission why the job would wait at first.
    public var what: String
    /// When the job would start; nil when that is never.
    public var start: Instant?
    /// Jobs that would be stopped for it at once.
    public var stops: [Int]

    /// An outcome from its parts.
    public init(what: String, start: Instant?, stops: [Int]) {
        self.what = what
        self.start = start
        self.stops = stops
    }
}

extension QueueController {
    /// Why `change` cannot be tried for `job`; nil when it can.
    public func objection(to change: QueueChange, for job: Int) -> QueueObjection? {
        var changed = self[job].submission
        switch change {
        case .team(let name): changed.team = name
        case .slots(let slots): changed.slots = slots
        case .topology(let demand): changed.demand = demand
        case .without(let node): return index(of: node) == nil ? .noSuchNode(node) : nil
        case .quota(let quota, let team):
            let taken = index(ofTeam: team).map(slotsTaken(byTeam:)) ?? 0
            return quota < taken ? .quotaInUse(team: team, taken: taken) : nil
        case .priority, .moreNodes, .nodeForIt: return nil
        }
        return objectionToShape(of: changed)
    }

    /// What would come of `change` for `job`, which waits, at `now`, if all ran as long as expected from then on.
    /// - Precondition: `objection(to:for:)` has none.
    public func outcome(of change: QueueChange, for job: Int, at now: Instant) -> ChangeOutcome {
        var copy = self
        let stops = stopped(by: copy.make(change, for: job, at: now))
        return ChangeOutcome(
            what: change.text(for: self[job].submission), start: copy.forecast(job, at: now), stops: stops)
    }

    /// What would come of `submission` at `now`.
    /// - Precondition: there is no objection to it.
    public func outcome(of submission: Submission, at now: Instant) -> ChangeOutcome {
        var copy = self
        let stops = stopped(by: copy.handle(.submitted(submission), at: now))
        let job = copy.jobs.count
        return ChangeOutcome(
            what: copy.reason(for: job, at: now)?.sentence(at: now) ?? "its slots are free",
            start: copy.forecast(job, at: now), stops: stops)
    }

    private func stopped(by commands: [QueueCommand]) -> [Int] {
        commands.compactMap { if case .stop(let job, _, _) = $0 { job } else { nil } }
    }

    private mutating func make(_ change: QueueChange, for job: Int, at now: Instant) -> [QueueCommand] {
        switch change {
        case .priority(let priority): return handle(.priorityChanged(job: job, to: priority), at: now)
        case .slots(let slots): return resubmit(job, at: now) { ($0.slots, $0.range) = (slots, nil) }
        case .team(let name): return resubmit(job, at: now) { $0.team = name }
        case .topology(let demand): return resubmit(job, at: now) { $0.demand = demand }
        case .nodeForIt: return join(1, slots: self[job].submission.slots, at: now)
        case .moreNodes(let count):
            let largest = nodes.filter { $0.condition == .up }.map(\.occupants.count).max()
            return join(count, slots: largest ?? self[job].submission.slots, at: now)
        case .without(let node): return handle(.cordoned(node), at: now)
        case .quota(let quota, let team):
            if let index = index(ofTeam: team) { scheduler.setQuota(quota, ofTeam: index) }
            return handle(.timePassed, at: now)
        }
    }

    /// Lets `job` stand in the queue as if it had been submitted otherwise.
    private mutating func resubmit(
        _ job: Int, at now: Instant, _ change: (inout Submission) -> Void
    ) -> [QueueCommand] {
        withdraw(job, at: now)
        change(&self[job].submission)
        return handle(.timePassed, at: now)
    }

    private mutating func join(_ count: Int, slots: Int, at now: Instant) -> [QueueCommand] {
        (1...count).flatMap { number -> [QueueCommand] in
            // No machine is called so: a space is in no name.
            handle(.nodeJoined(NodeID("another machine \(number)"), slots: slots), at: now)
        }
    }
}
