// What the report of a trace replay carries for each policy: distributions, the cluster over time, and who held which
// node when, each bounded by what a screen can show and not by the number of jobs. Refuses to hold every job; --output
// writes those.

import Primitives
import Replay
import Scheduling

/// A distribution as points of its cumulative curve.
public struct DistributionEntry: Equatable, Sendable, Codable {
    /// Seconds, ascending.
    public var seconds: [Double]
    /// Which part of the jobs took at most that long, from 0 to 1; the last is 1.
    public var share: [Double]

    /// The distribution of `values` in at most `points` points, the least and the greatest among them.
    init(_ values: [Double], points: Int) {
        let sorted = values.sorted()
        let step = max(1, (sorted.count + points - 2) / max(1, points - 1))
        let last = max(0, sorted.count - 1)
        let places = sorted.isEmpty ? [] : Array(stride(from: 0, to: last, by: step)) + [last]
        seconds = places.map { rounded(sorted[$0]) }
        share = places.map { rounded(Double($0 + 1) / Double(sorted.count)) }
    }
}

/// The cluster over time, in equal parts of it; each value is the mean over its part.
public struct ClusterCourse: Equatable, Sendable, Codable {
    /// The length of a part, in seconds; the first begins with the trace's first submission.
    public var part_s: Double
    /// GPUs that jobs hold, over all GPUs of the cluster.
    public var used: [Double]
    /// GPUs that are free and too scattered for whoever waits, over all GPUs of the cluster.
    public var fragmented: [Double]
    /// GPUs out of service, over all GPUs of the cluster.
    public var closed: [Double]
    /// Jobs that wait.
    public var waiting: [Double]

    /// The course that `samples` tell from `start` to `end`, on a cluster of `gpus`.
    init(_ samples: [ClusterSample], gpus: Int, from start: Instant, to end: Instant, parts: Int) {
        let span = max(1, (end - start).nanoseconds)
        part_s = Double(span) / 1e9 / Double(parts)
        used = [Double](repeating: 0, count: parts)
        (fragmented, closed, waiting) = (used, used, used)
        for (index, sample) in samples.enumerated() {
            let until = index + 1 < samples.count ? min(samples[index + 1].at, end) : end
            overlaps(from: sample.at - start, to: until - start, span: span, parts: parts) { part, share in
                used[part] += share * Double(sample.used) / Double(gpus)
                fragmented[part] += share * Double(sample.fragmented) / Double(gpus)
                closed[part] += share * Double(max(0, gpus - sample.open)) / Double(gpus)
                waiting[part] += share * Double(sample.waiting)
            }
        }
        used = used.map(rounded)
        fragmented = fragmented.map(rounded)
        closed = closed.map(rounded)
        waiting = waiting.map(rounded)
    }
}

/// Calls `body` with every one of `parts` equal parts of `span` that the stretch from `from` to `to` lies in, and the
/// share of the part that it fills.
func overlaps(from: TimeSpan, to: TimeSpan, span: Int64, parts: Int, _ body: (Int, Double) -> Void) {
    let (low, high) = (max(0, from.nanoseconds), min(span, to.nanoseconds))
    guard low < high else { return }
    let length = Double(span) / Double(parts)
    let (first, last) = (Int(Double(low) / length), min(parts - 1, Int(Double(high) / length)))
    guard first <= last else { return }
    for part in first...last {
        let share = (min(Double(high), Double(part + 1) * length) - max(Double(low), Double(part) * length)) / length
        if share > 0 { body(part, share) }
    }
}

/// Who held which node when: bars of jobs where they are few, else how full each node was.
public struct NodeCourse: Equatable, Sendable, Codable {
    /// A stretch in which a job held GPUs of a node.
    public struct Bar: Equatable, Sendable, Codable {
        /// The row, from 0.
        public var node: Int
        /// The job's name.
        public var job: String
        /// GPUs of that node.
        public var gpus: Int
        /// From when and until when, in seconds since the first submission.
        public var from_s: Double
        /// See `from_s`.
        public var to_s: Double
    }

    /// Bars drawn one by one at most.
    static let mostBars = 6_000
    /// Nodes drawn at most; a screen has no more rows, and those of lowest index are filled first.
    static let mostRows = 128

    /// Nodes that are shown; the first ones where there are more.
    public var rows: Int
    /// Nodes of the cluster.
    public var nodes: Int
    /// GPUs of each.
    public var gpus_per_node: Int
    /// The bars; empty where there are too many.
    public var bars: [Bar]
    /// A text a row, a character an equal part of the time: how many eighths of the node's GPUs were held in the mean,
    /// rounded. Empty where there are bars.
    public var fill: [String]

    init(_ trace: Trace, _ stretches: [Stretch], pools: [NodePool], from start: Instant, to end: Instant, parts: Int) {
        var firstRow: [Int] = []
        nodes = 0
        for pool in pools {
            firstRow.append(nodes)
            nodes += pool.nodeCount
        }
        rows = min(nodes, NodeCourse.mostRows)
        gpus_per_node = pools.map(\.gpusPerNode).max() ?? 1
        bars = []
        fill = []
        let count = stretches.reduce(0) { $0 + 1 + $1.placement.rest.count }
        var level = [[Double]](
            repeating: [Double](repeating: 0, count: parts), count: count > NodeCourse.mostBars ? rows : 0)
        for stretch in stretches where stretch.from < stretch.to {
            for share in stretch.placement.shares {
                let row = firstRow[stretch.placement.pool] + Int(share.node)
                guard row < rows else { continue }
                guard !level.isEmpty else {
                    bars.append(
                        Bar(
                            node: row, job: trace.jobs[stretch.job].name, gpus: Int(share.gpus),
                            from_s: rounded((stretch.from - start).seconds), to_s: rounded((stretch.to - start).seconds)
                        ))
                    continue
                }
                let whole = Double(share.gpus) / Double(pools[stretch.placement.pool].gpusPerNode)
                overlaps(
                    from: stretch.from - start, to: stretch.to - start, span: max(1, (end - start).nanoseconds),
                    parts: parts
                ) { part, filled in level[row][part] += filled * whole }
            }
        }
        fill = level.map { row in row.map { String(min(8, Int(($0 * 8).rounded()))) }.joined() }
    }
}

/// Six significant figures: what a screen shows, at a third of the bytes.
func rounded(_ value: Double) -> Double {
    guard value != 0, value.isFinite else { return 0 }
    var scale = 1.0
    var size = value.magnitude
    while size < 1e5 {
        size *= 10
        scale *= 10
    }
    while size >= 1e6 {
        size /= 10
        scale /= 10
    }
    return (value * scale).rounded() / scale
}
