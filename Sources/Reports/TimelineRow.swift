// The rows of the Gantt chart in few bytes. Most workers do what their gang does, so a row says which segments it was a
// member of, and spells out only what differs: a run of 124 nodes and 54 incidents is 15 kB instead of half a megabyte.
// Refuses to know more than Timeline does: it is the same spans, folded.

import Journaling
import Primitives

/// What one worker slot was doing when.
public struct TimelineRow: Equatable, Sendable, Codable {
    /// A stretch of one activity; an instant has equal ends.
    public struct Span: Equatable, Sendable, Codable {
        /// What it was doing.
        public var activity: Activity
        /// From when, in nanoseconds since the run was submitted.
        public var from_ns: Int64
        /// Until when.
        public var to_ns: Int64
        /// The number of the incident it belongs to, from 1.
        public var incident: Int?
    }

    /// The slot.
    public var worker: String
    /// Segments whose whole restoring and training it took part in: pairs of a first and a last number, from 1.
    public var segments: [Int]
    /// Segments before whose formation it waited from the end of the one before, in the same form.
    public var waits: [Int]
    /// Everything else but checkpoints, which are their segments'.
    public var spans: [Span]

    /// The rows of `history`, by slot.
    static func rows(of history: RunHistory) -> [TimelineRow] {
        let timeline = Timeline(history)
        var rows: [TimelineRow] = []
        var spans = timeline.spans[...]
        for worker in timeline.workers {
            let own = spans.prefix { $0.worker == worker }
            spans = spans.dropFirst(own.count)
            rows.append(TimelineRow(worker.description, own, history))
        }
        return rows
    }

    private init(_ worker: String, _ own: ArraySlice<TimelineSpan>, _ history: RunHistory) {
        self.worker = worker
        (segments, waits, spans) = ([], [], [])
        // A segment is folded only when both its spans are whole; until its training comes, its restoring is held back.
        var restoring: TimelineSpan?
        for span in own {
            if let held = restoring, span.activity != .checkpoint {
                restoring = nil
                if span.activity == .train, span.segment == held.segment, let index = span.segment,
                    span.to == history.segments[index].end ?? history.now
                {
                    add(index + 1, to: &segments)
                    continue
                }
                spell(held, history)
            }
            switch span.activity {
            case .checkpoint: continue
            case .restore where isWhole(span, history): restoring = span
            case .idle where waitsBefore(span, history) != nil:
                add(waitsBefore(span, history)!, to: &waits)
            case .train, .idle, .down, .restore, .failure: spell(span, history)
            }
        }
        if let restoring { spell(restoring, history) }
    }

    /// Whether `span` restores for as long as its gang did.
    private func isWhole(_ span: TimelineSpan, _ history: RunHistory) -> Bool {
        guard let index = span.segment, let began = history.segments[index].began else { return false }
        return span.from == history.segments[index].formedAt && span.to == began
    }

    /// The number of the segment before which `span` idles from the end of the one before.
    private func waitsBefore(_ span: TimelineSpan, _ history: RunHistory) -> Int? {
        var (low, high) = (0, history.segments.count)
        while low < high {
            let middle = (low + high) / 2
            if history.segments[middle].formedAt < span.to { low = middle + 1 } else { high = middle }
        }
        guard low > 0, low < history.segments.count, history.segments[low].formedAt == span.to,
            history.segments[low - 1].end == span.from
        else { return nil }
        return low + 1
    }

    /// Adds `number` to pairs of firsts and lasts.
    private func add(_ number: Int, to pairs: inout [Int]) {
        if let last = pairs.last, number == last + 1 {
            pairs[pairs.count - 1] = number
        } else {
            pairs += [number, number]
        }
    }

    private mutating func spell(_ span: TimelineSpan, _ history: RunHistory) {
        spans.append(
            Span(
                activity: span.activity, from_ns: (span.from - history.start).nanoseconds,
                to_ns: (span.to - history.start).nanoseconds, incident: span.incident))
    }
}
