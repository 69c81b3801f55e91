// Why a queued job is where it is, as data with a word and a sentence. Refuses advice; QueueExplanation tries things out.

import Primitives
import Scheduling

/// That no kind of machine that takes work has the slots that a job needs, empty or not.
public struct SlotsAbsent: Equatable, Sendable {
    /// The most there are where the job may be.
    public var largest: Int
    /// Slots that it needs.
    public var needed: Int
    /// Whether one machine must have them all.
    public var onOneNode: Bool

    /// `largest` slots where `needed` are needed.
    public init(largest: Int, needed: Int, onOneNode: Bool = false) {
        self.largest = largest
        self.needed = needed
        self.onOneNode = onOneNode
    }

    /// The reason as a clause about the job.
    var sentence: String {
        let need = "needs \(needed) slots" + (onOneNode ? " of one machine" : "")
        guard largest > 0 else { return "it \(need) and no machine takes work" }
        return "it \(need), and "
            + (onOneNode
                ? "the largest that takes work has \(largest)"
                : "equal machines that take work have \(largest) together")
    }
}

/// Why a job does not run, or will not for long, or not where it did.
public enum QueueReason: Equatable, Sendable {
    /// The scheduler lets it wait; jobs in the reason are numbered as in the queue.
    case scheduler(PendingReason)
    /// No kind of machine that takes work has that many slots, empty or not, where the job may be.
    case noRoom(SlotsAbsent)
    /// Its slots are chosen; these jobs, which save or end, are still in them.
    case awaiting(jobs: [Int])
    /// Its team holds `held` slots of at most `quota`, and it needs `needed`.
    case quota(team: String, held: Int, quota: Int, needed: Int)
    /// Its slots are chosen and empty; these jobs of its team, which save or end, are still in so many others that the
    /// team's quota would be broken.
    case awaitingTeam(String, quota: Int, jobs: [Int])
    /// It runs, and its coordinator was asked to go on without so many of its slots.
    case givingUp(Int, staysIn: Int)
    /// It runs, and is given so many slots more when these jobs have left them.
    case awaitingMore(Int, jobs: [Int])
    /// It runs in another number of slots than it asked for.
    case resized(to: Int, asked: Int)
    /// It runs on, in other slots than those that it lost.
    case replaced(SlotReplacement)
    /// Its last coordinator saves the run.
    case saving(because: StopReason)
    /// It ended.
    case over(JobEnding)

    /// The reason as one word, as squeue's REASON column has it.
    public var word: String {
        switch self {
        case .scheduler(let reason): reason.word
        case .noRoom: "NoRoom"
        case .awaiting: "Awaiting"
        case .quota, .awaitingTeam: "Quota"
        case .givingUp, .awaitingMore: "Resizing"
        case .resized: "Resized"
        case .replaced: "Replaced"
        case .saving(because: .preempted): "Preempted"
        case .saving(because: .cancelled): "Cancelled"
        case .saving(because: .evicted): "Evicted"
        case .saving(because: .nodeLost): "NodeLost"
        case .over(.completed): "None"
        case .over(.cancelled): "Cancelled"
        case .over(.failed): "Failed"
        }
    }

    /// The reason as a sentence without its full stop. `now` is when it was asked for.
    public func sentence(at now: Instant) -> String {
        switch self {
        case .scheduler(let reason): reason.sentence(at: now)
        case .noRoom(let absent): absent.sentence
        case .awaiting(let jobs):
            "its slots are chosen; it starts when \(QueueReason.list(jobs)) has saved and left them"
        case .quota(let team, let held, let quota, let needed):
            "it needs \(needed) \(needed == 1 ? "slot" : "slots"), and its team \(team) holds \(held) of at most \(quota)"
        case .awaitingTeam(let team, let quota, let jobs):
            "its slots are chosen; it starts when \(QueueReason.list(jobs)) has left slots, because team \(team) may be "
                + "in at most \(quota)"
        case .givingUp(let count, let staysIn):
            "it runs; it gives up \(QueueReason.slots(count)) for others, and goes on in \(staysIn)"
        case .awaitingMore(let count, let jobs):
            "it runs; it is given \(QueueReason.slots(count)) more"
                + (jobs.isEmpty ? "" : " when \(QueueReason.list(jobs)) has left them")
        case .resized(let size, let asked) where size < asked:
            "it runs in \(QueueReason.slots(size)) instead of \(asked); others have the rest"
        case .resized(let size, let asked):
            "it runs in \(QueueReason.slots(size)) instead of \(asked); nobody else needs the rest"
        case .replaced(let lost):
            "it runs; it lost \(QueueReason.slots(lost.slots)) with \(lost.node), and others took their place"
        case .saving(because: .preempted): "it saves its state for a more important job"
        case .saving(because: .cancelled): "it saves its state and ends, as a user asked"
        case .saving(because: .evicted(let node)): "it saves its state because \(node) is being emptied"
        case .saving(because: .nodeLost(let node, short: nil)): "it saves its state because \(node) is gone"
        case .saving(because: .nodeLost(let node, short: let short?)):
            "it saves its state because \(node) is gone: it lost \(QueueReason.slots(short.needed)), and \(short.free) "
                + "\(short.free == 1 ? "is" : "are") free in their place"
        case .over(.completed): "it did all of its steps"
        case .over(.cancelled): "a user cancelled it"
        case .over(.failed(let how)): "its coordinator \(how.sentence)"
        }
    }

    private static func slots(_ count: Int) -> String { "\(count) \(count == 1 ? "slot" : "slots")" }

    static func list(_ jobs: [Int]) -> String {
        jobs.isEmpty ? "nobody" : "job " + jobs.map(String.init).joined(separator: ", job ")
    }
}

extension PendingReason {
    /// The reason as a clause about the job, in worker slots.
    func sentence(at now: Instant) -> String {
        switch self {
        case .gpusMissing(let free, let needed):
            "it needs \(needed) \(needed == 1 ? "slot" : "slots") and \(free) \(free == 1 ? "is" : "are") free"
        case .fragmented(let free, let largest, let needed):
            "it needs \(needed) slots; \(free) are free, but at most \(largest) where a gang can stand"
        case .tooFarApart(_, let needed): "it needs \(needed) slots nearer together than those that are free"
        case .behind(let job): "job \(job) stands before it and does not fit"
        case .reserved(let job, let start): "it would delay job \(job), which has its slots from \(start - now) on"
        case .reservation(let start): "its slots are reserved from \(start - now) on"
        case .quota(let held, let quota): "its team holds \(held) of at most \(quota) slots"
        case .outranked(let before): "jobs before it in the order need \(before) slots"
        case .nextDecision(let instant): "the policy decides again in \(instant - now)"
        }
    }

    /// The reason with its job numbered by `number`.
    func renumbered(_ number: (Int) -> Int) -> PendingReason {
        switch self {
        case .behind(let job): .behind(job: number(job))
        case .reserved(let job, let start): .reserved(for: number(job), start: start)
        default: self
        }
    }
}

extension QueueController {
    /// What `job` needs, beside the most there is.
    func slotsAbsent(for job: Submission) -> SlotsAbsent {
        SlotsAbsent(
            largest: scheduler.largestOpenGang(job.demand), needed: job.slots,
            onOneNode: job.demand == .required(.node))
    }

    /// The jobs of team number `team` that are in slots which they are about to leave, or have to when they have saved.
    private func leaving(team: Int) -> [Int] {
        (1..<jobs.count + 1).filter { job in
            guard self.team(of: job) == team else { return false }
            if case .stopping = self[job].phase { return true }
            return nodes.contains { $0.occupants.contains { $0?.job == job && $0?.isLeaving == true } }
        }
    }

    /// Why `job` does not run, or not where it did; nil while it runs where it was started.
    public func reason(for job: Int, at now: Instant) -> QueueReason? {
        switch self[job].phase {
        case .running: return self[job].replacement.map { .replaced($0) } ?? sizeReason(for: job)
        case .over(let ending): return .over(ending)
        case .stopping(let reason, _): return .saving(because: reason)
        case .waiting: break
        }
        let grant = self[job].grant
        guard grant.isEmpty else {
            var others: [Int] = []
            for slot in grant {
                if let other = occupant(of: slot)?.job, !others.contains(other) { others.append(other) }
            }
            guard others.isEmpty, let quota = teams[team(of: job)].quota else { return .awaiting(jobs: others) }
            return .awaitingTeam(self[job].submission.team, quota: quota, jobs: leaving(team: team(of: job)))
        }
        guard let ticket = self[job].ticket, let reason = scheduler.reason(for: ticket, at: now) else {
            return .noRoom(slotsAbsent(for: self[job].submission))
        }
        if case .quota(let held, let quota) = reason {
            let job = self[job].submission
            return .quota(team: job.team, held: held, quota: quota, needed: job.slots)
        }
        return .scheduler(reason.renumbered { tickets[$0] })
    }
}
