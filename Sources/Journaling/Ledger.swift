// Where a run's time went. Every nanosecond from submission to the mark is in exactly one item, because the ledger is a
// mark that moves along the records and books what it passes: the items add up by construction. The mark stands at the
// last record, except during a step: what that time was for is known at its commit. Refuses estimates.

import Primitives

/// What a stretch of time was spent on.
public enum LedgerItem: String, CaseIterable, Sendable, Codable {
    /// Steps that raised the highest committed step, with the measurements of the validation loss between them.
    case productive
    /// Steps done again after a restore, and the part of a step that an interruption threw away, where the instant of
    /// the fault is known.
    case replayed
    /// No coordinator: from its last record to its resumption.
    case stalled
    /// From a fault to its detection; from the last commit, when the fault's instant is not known.
    case detection
    /// From the end of a generation to the first step of the next, and the first formation.
    case restart
    /// Snapshots that the training waited for, and what is awaited after the last step: its checkpoint, and its
    /// validation loss.
    case checkpoint
    /// From submission to the first gang, and between an end and a resumption.
    case queued
}

/// Time by item: of a whole run, or of what one incident cost it.
public struct TimeByItem: Equatable, Sendable {
    private var spans = LedgerItem.allCases.map { _ in TimeSpan.zero }

    /// No time.
    public init() {}

    /// The time under `item`.
    public internal(set) subscript(item: LedgerItem) -> TimeSpan {
        get { spans[LedgerItem.allCases.firstIndex(of: item)!] }
        set { spans[LedgerItem.allCases.firstIndex(of: item)!] = newValue }
    }

    /// The sum of the items.
    public var total: TimeSpan { spans.reduce(.zero, +) }

    static func += (left: inout TimeByItem, right: TimeByItem) {
        for item in LedgerItem.allCases { left[item] += right[item] }
    }
}

/// A run's time by item.
public struct Ledger: Equatable, Sendable {
    /// All items.
    public private(set) var items = TimeByItem()
    /// Up to where time is booked; nil before the submission.
    public private(set) var mark: Instant?
    private var start = Instant.zero

    /// An empty ledger.
    public init() {}

    /// The time booked under `item`.
    public subscript(item: LedgerItem) -> TimeSpan { items[item] }

    /// Begins at `instant`.
    mutating func open(at instant: Instant) {
        start = instant
        mark = instant
    }

    /// Books the time from the mark to `instant` under `item`; returns how much that is.
    mutating func book(_ item: LedgerItem, until instant: Instant) -> TimeSpan {
        guard let mark, instant > mark else { return .zero }
        items[item] += instant - mark
        self.mark = instant
        return instant - mark
    }

    /// All of the time from submission to the mark; equals the sum of the items.
    public var elapsed: TimeSpan { (mark ?? start) - start }

    /// Effective training time ratio: productive time over elapsed time without queueing (arXiv 2410.21680); nil before
    /// any time has passed.
    public var effectiveTrainingTimeRatio: Double? {
        let base = elapsed - self[.queued]
        return base > .zero ? self[.productive].seconds / base.seconds : nil
    }
}

extension RunHistory {
    /// What does not add up in the run's books, as a sentence; nil when all does: the ledger's items are the time
    /// elapsed, and what is lost under each item is what incidents cost and what was lost outside of them, to the
    /// nanosecond.
    public var accountingFault: String? {
        guard ledger.items.total == ledger.elapsed else {
            return "the ledger's items are \(ledger.items.total), the time elapsed \(ledger.elapsed)"
        }
        var paid = outsideIncidents
        for incident in incidents { paid += incident.cost }
        for item in LedgerItem.allCases where item != .productive && paid[item] != ledger[item] {
            return "\(ledger[item]) are \(item.rawValue), and incidents and the rest account for \(paid[item])"
        }
        return paid[.productive] == .zero ? nil : "productive time is booked to an incident"
    }
}
