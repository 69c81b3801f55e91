// Why a job waits, who is in its way, when it will start, and what would let it start sooner. Every answer is found by
// doing it: a queue is a value, so a copy is told of the change and of the expected ends of what runs. Refuses estimates
// of its own; expected run times are what users said.

import Primitives
import Scheduling

/// One thing that could be different, and when the job would start then.
public struct Remedy: Equatable, Sendable {
    /// What could be done, as a clause: "priority 50".
    public var what: String
    /// When it would start.
    public var start: Instant
    /// Jobs that would be stopped for it.
    public var stops: [Int]

    /// A remedy from its parts.
    public init(what: String, start: Instant, stops: [Int]) {
        self.what = what
        self.start = start
        self.stops = stops
    }
}

/// What is to be known of a job that waits.
public struct QueueExplanation: Equatable, Sendable {
    /// The job.
    public var job: Int
    /// Why it waits.
    public var reason: QueueReason
    /// The jobs that hold slots now, with the instant at which each is expected to end.
    public var holders: [(job: Int, end: Instant?)]
    /// When it is expected to start if all run as long as their users said; nil when that is never.
    public var start: Instant?
    /// What would let it start sooner, in the order tried.
    public var remedies: [Remedy]

    /// Equal in every part.
    public static func == (a: QueueExplanation, b: QueueExplanation) -> Bool {
        a.job == b.job && a.reason == b.reason && a.start == b.start && a.remedies == b.remedies
            && a.holders.elementsEqual(b.holders) { $0 == $1 }
    }
}

extension QueueController {
    /// Explains why `job` waits; nil when it does not.
    public func explain(_ job: Int, at now: Instant) -> QueueExplanation? {
        guard case .waiting = self[job].phase, let reason = reason(for: job, at: now) else { return nil }
        let holders = (1..<jobs.count + 1).filter { self[$0].isDriven }
            .map { other in (other, self[other].ticket.flatMap(scheduler.expectedEnd)) }
        let start = forecast(job, at: now)
        return QueueExplanation(
            job: job, reason: reason, holders: holders, start: start, remedies: remedies(for: job, start, at: now))
    }

    private func remedies(for job: Int, _ start: Instant?, at now: Instant) -> [Remedy] {
        var found: [Remedy] = []
        func helps(_ change: QueueChange) -> Bool {
            let outcome = outcome(of: change, for: job, at: now)
            guard let sooner = outcome.start, start.map({ sooner < $0 }) ?? true else { return false }
            found.append(Remedy(what: outcome.what, start: sooner, stops: outcome.stops))
            return true
        }
        let submission = self[job].submission
        if case .priority = policy.order {
            let higher = jobs.filter { !$0.isOver && $0.submission.priority >= submission.priority }
                .map { $0.submission.priority + 1 }.sorted()
            _ = higher.first { helps(.priority($0)) }
        }
        if submission.demand != .preferred { _ = helps(.topology(.preferred)) }
        _ = (1..<submission.slots).reversed().first { helps(.slots($0)) }
        // Slots that it still leaves are its own team's.
        _ = teams.first { other in
            slots(of: job).isEmpty && other.name != submission.team && submission.slots <= other.quota ?? .max
                && helps(.team(other.name))
        }
        if case .quota(let team, let held, _, let needed) = reason(for: job, at: now) {
            _ = helps(.quota(held + needed, team: team))
        }
        _ = helps(.nodeForIt)
        return found
    }

    /// When `job` is given its slots if whatever runs ends when it is expected to, and whatever is stopped has saved at
    /// once; nil when that is never.
    func forecast(_ job: Int, at now: Instant) -> Instant? {
        var copy = self
        var clock = now
        // Every round ends a job, ends a stint of one that waits again behind others, or is a decision that is due.
        for _ in 0..<8 * jobs.count + 8 {
            copy.finishStops(at: clock)
            if copy[job].isDriven || !copy[job].grant.isEmpty { return clock }
            var next: (job: Int, end: Instant)?
            for other in 1..<copy.jobs.count + 1 where copy[other].phase == .running {
                guard let end = copy[other].ticket.flatMap(copy.scheduler.expectedEnd) else { continue }
                if next.map({ end < $0.end }) ?? true { next = (other, end) }
            }
            if let due = copy.promised, next.map({ due < $0.end }) ?? true {
                clock = max(clock, due)
                _ = copy.handle(.timePassed, at: clock)
                continue
            }
            guard let next else { return nil }
            clock = max(clock, next.end)
            copy.finish(next.job, .exited(code: 0), at: clock)
        }
        return nil
    }

    private mutating func finishStops(at now: Instant) {
        for job in 1..<jobs.count + 1 {
            if case .stopping = self[job].phase { finish(job, .exited(code: 143), at: now) }
            guard case .running = self[job].phase, !self[job].givingUp.isEmpty else { continue }
            settle(.resized(job: job, stint: self[job].stint, without: self[job].givingUp), at: now)
        }
    }

    private mutating func finish(_ job: Int, _ how: LossCause, at now: Instant) {
        settle(.coordinatorEnded(job: job, stint: self[job].stint, how: how), at: now)
    }

    /// Whoever leaves slots by `event` has left them.
    private mutating func settle(_ event: QueueEvent, at now: Instant) {
        for command in handle(event, at: now) {
            guard case .vacate(_, let slots) = command else { continue }
            for slot in slots { _ = handle(.slotEmptied(slot), at: now) }
        }
    }
}
