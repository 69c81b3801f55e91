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

/// A run's time by item.
public struct Ledger: Equatable, Sendable {
    private var spans: [TimeSpan]
    /// Up to where time is booked; nil before the submission.
    public private(set) var mark: Instant?
    private var start = Instant.zero

    /// An empty ledger.
    public init() { spans = LedgerItem.allCases.map { _ in .zero } }

    /// The time booked under `item`.
    public subscript(item: LedgerItem) -> TimeSpan { spans[LedgerItem.allCases.firstIndex(of: item)!] }

    /// Begins at `instant`.
    mutating func open(at instant: Instant) {
        start = instant
        mark = instant
    }

    /// Books the time from the mark to `instant` under `item`.
    mutating func book(_ item: LedgerItem, until instant: Instant) {
        guard let mark, instant > mark else { return }
        spans[LedgerItem.allCases.firstIndex(of: item)!] += instant - mark
        self.mark = instant
    }

    /// Books at most `span` from the mark, and not beyond `instant`, under `item`.
    mutating func book(_ item: LedgerItem, atMost span: TimeSpan, until instant: Instant) {
        guard let mark else { return }
        book(item, until: min(mark + span, instant))
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
