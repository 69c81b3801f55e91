// The loss curve in as few points as a drawing needs, losing no spike: the steps of each segment are cut into equal
// stretches, and of each stretch the lowest and the highest loss are kept, with their own steps and instants. Columns
// of differences, because they are a third of the size of a list of points. Refuses means and smoothing: what is left
// out is a point between two that are shown.

import Journaling
import Primitives

/// The curve of one segment.
public struct CurveSegment: Equatable, Sendable, Codable {
    /// The segment's number, from 1.
    public var segment: Int
    /// Steps: the first as it is, each further one as the difference from the one before.
    public var step: [Int]
    /// When each was committed, in milliseconds since the run was submitted, written in the same way.
    public var at_ms: [Int64]
    /// Training losses, in nats a token, to 1e-4; one that is no number is the string `nan`, `inf` or `-inf`.
    public var loss: [Double]
}

/// The curve of a run, or of a part of it.
public struct Curve: Equatable, Sendable, Codable {
    /// How many steps each pair of points stands for; 1 when every step is there.
    public var steps_per_pair: Int
    /// The segments that committed a step in the part, in order.
    public var segments: [CurveSegment]

    /// The curve of `history` in about `points` points.
    ///
    /// - Parameters:
    ///   - steps: the part of the run, by step.
    ///   - points: how many points are enough. Every segment shows at least its ends, so many segments need more.
    public init(_ history: RunHistory, steps window: ClosedRange<Int> = 0...Int.max, points: Int) {
        let bySegment = SegmentSteps(history)
        let ranges = bySegment.ranges.map { Curve.part(history, $0, window) }
        let total = ranges.reduce(0) { $0 + $1.count }
        // A pair a stretch, so a stretch of two steps would keep both: nothing is left out until there are more.
        let stretch = total <= points ? 1 : (2 * total + points - 1) / points
        steps_per_pair = stretch
        segments = ranges.enumerated().compactMap { index, range in
            range.isEmpty ? nil : Curve.segment(history, index, range, stretch)
        }
    }

    /// The curve in the extremes that `journal` keeps, which need no reading of all steps; in about `points` points.
    /// - Throws: `JournalError` when the journal cannot be read.
    public init(kept journal: JournalStore, steps window: ClosedRange<Int>, points: Int) throws(JournalError) {
        let kept = try journal.extremes(steps: window, points: points)
        let start = try journal.start()
        steps_per_pair = kept.stretch
        segments = kept.generations.map { generation in
            var curve = CurveSegment(segment: generation.generation, step: [], at_ms: [], loss: [])
            curve.add(generation.points.map { ($0.step, ($0.at - start).nanoseconds / 1_000_000, $0.loss) })
            return curve
        }
    }

    /// The part of `range` whose steps are in `window`; a segment's steps follow one another.
    private static func part(_ history: RunHistory, _ range: Range<Int>, _ window: ClosedRange<Int>) -> Range<Int> {
        guard !range.isEmpty else { return range }
        let first = history.steps[range.lowerBound].step
        let lower = range.lowerBound + min(range.count, max(0, window.lowerBound - first))
        let reach = window.upperBound == .max ? range.count : window.upperBound - first + 1
        return lower..<max(lower, min(range.upperBound, range.lowerBound + max(0, reach)))
    }

    private static func segment(
        _ history: RunHistory, _ index: Int, _ range: Range<Int>, _ stretch: Int
    ) -> CurveSegment {
        var curve = CurveSegment(segment: index + 1, step: [], at_ms: [], loss: [])
        curve.add(
            kept(history, range, stretch).map { place in
                let point = history.steps[place]
                return (point.step, (point.at - history.start).nanoseconds / 1_000_000, point.loss)
            })
        return curve
    }

    /// The places in `range` that are kept, in order: both ends, and of each stretch the extremes. A loss that is no
    /// number is an extreme of its own: it is the worst of spikes.
    private static func kept(_ history: RunHistory, _ range: Range<Int>, _ stretch: Int) -> [Int] {
        guard stretch > 1 else { return Array(range) }
        var places = [range.lowerBound]
        func keep(_ place: Int) { if place > places[places.count - 1] { places.append(place) } }
        for begin in stride(from: range.lowerBound, to: range.upperBound, by: stretch) {
            let end = min(begin + stretch, range.upperBound)
            var (low, high) = (begin, begin)
            var odd: Int?
            for place in begin..<end {
                let loss = history.steps[place].loss
                if !loss.isFinite { odd = odd ?? place }
                // Comparisons with a loss that is no number are false, so it must not be what others compare with.
                if loss < history.steps[low].loss || !history.steps[low].loss.isFinite { low = place }
                if loss > history.steps[high].loss && loss.isFinite || !history.steps[high].loss.isFinite {
                    high = place
                }
            }
            for place in ([low, high] + (odd.map { [$0] } ?? [])).sorted() { keep(place) }
        }
        keep(range.upperBound - 1)
        return places
    }
}

extension CurveSegment {
    /// Adds points, which follow one another, as differences.
    fileprivate mutating func add(_ points: [(step: Int, milliseconds: Int64, loss: Double)]) {
        var (last, time) = (0, Int64(0))
        for point in points {
            step.append(point.step - last)
            at_ms.append(point.milliseconds - time)
            let isShort = point.loss.isFinite && point.loss.magnitude < 1e9
            loss.append(isShort ? (point.loss * 1e4).rounded() / 1e4 : point.loss)
            (last, time) = (point.step, point.milliseconds)
        }
    }
}
