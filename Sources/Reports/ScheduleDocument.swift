// A trace under several policies as one JSON document and as tables. Times are seconds, because traces count them.
// Refuses to compute: the figures are ReplayFigures'.

import Primitives
import Replay
import Scheduling

/// The figures of some jobs under one policy.
public struct JobFiguresEntry: Equatable, Sendable, Codable {
    /// Jobs that ended.
    public var jobs: Int
    /// Mean, median and 99th percentile of the job completion time.
    public var mean_jct_s: Double
    /// See `mean_jct_s`.
    public var p50_jct_s: Double
    /// See `mean_jct_s`.
    public var p99_jct_s: Double
    /// Mean and 99th percentile of the time in the queue.
    public var mean_queue_s: Double
    /// See `mean_queue_s`.
    public var p99_queue_s: Double
    /// Mean bounded slowdown, the bound being 10 s.
    public var mean_bounded_slowdown: Double

    init(_ figures: JobFigures) {
        jobs = figures.jobs
        mean_jct_s = figures.meanJCT
        p50_jct_s = figures.medianJCT
        p99_jct_s = figures.p99JCT
        mean_queue_s = figures.meanQueue
        p99_queue_s = figures.p99Queue
        mean_bounded_slowdown = figures.meanSlowdown
    }
}

/// One policy.
public struct PolicyEntry: Equatable, Sendable, Codable {
    /// Figures of the jobs of one size or team.
    public struct Part: Equatable, Sendable, Codable {
        /// GPUs of the gang, `5-8`, or the team's name.
        public var name: String
        /// Its jobs.
        public var figures: JobFiguresEntry
    }
    /// The policy's name.
    public var policy: String
    /// All jobs.
    public var all: JobFiguresEntry
    /// By GPUs of the gang.
    public var by_size: [Part]
    /// By team.
    public var by_team: [Part]
    /// From the first submission to the last end.
    public var makespan_s: Double
    /// Shares of the GPU time in service: held, on work that survived, free but too scattered for whoever waited.
    public var utilisation: Double
    /// See `utilisation`.
    public var goodput: Double
    /// See `utilisation`.
    public var fragmentation: Double
    /// GPU hours that failures threw away.
    public var lost_gpu_hours: Double
    /// GPU hours of saving, restoring and resizing.
    public var overhead_gpu_hours: Double
    /// Stops for another job.
    public var preemptions: Int
    /// Stops by failures.
    public var interruptions: Int
    /// Nodes that failed.
    public var node_failures: Int
    /// Failures that a spare made good.
    public var spare_swaps: Int
    /// Jobs refused at submission.
    public var refused: Int
    /// Jobs that never ended.
    public var unfinished: Int

    init(_ policy: String, _ figures: ReplayFigures) {
        self.policy = policy
        all = JobFiguresEntry(figures.all)
        by_size = figures.bySize.map { Part(name: $0.size, figures: JobFiguresEntry($0.figures)) }
        by_team = figures.byTeam.map { Part(name: $0.team, figures: JobFiguresEntry($0.figures)) }
        makespan_s = figures.makespan
        utilisation = figures.utilisation
        goodput = figures.goodput
        fragmentation = figures.fragmentation
        lost_gpu_hours = figures.lostGPUHours
        overhead_gpu_hours = figures.overheadGPUHours
        preemptions = figures.preemptions
        interruptions = figures.interruptions
        node_failures = figures.nodeFailures
        spare_swaps = figures.swaps
        refused = figures.refused
        unfinished = figures.unfinished
    }
}

/// A trace under several policies.
public struct ScheduleDocument: Equatable, Sendable, Codable {
    /// Names the kind of document and its version.
    public var schema = DocumentSchema.schedule
    /// The trace's file.
    public var trace: String
    /// The format it was read as.
    public var format: String
    /// Its jobs.
    public var jobs: Int
    /// Rows left out because they cannot be read.
    public var skipped_rows: Int
    /// GPUs of the cluster.
    public var gpus: Int
    /// The policies, in the order asked for.
    public var policies: [PolicyEntry]

    /// The document of a trace under `policies`.
    public init(trace: String, read: ReadTrace, gpus: Int, policies: [(name: String, figures: ReplayFigures)]) {
        self.trace = trace
        format = read.format.rawValue
        jobs = read.trace.jobs.count
        skipped_rows = read.skipped.count
        self.gpus = gpus
        self.policies = policies.map { PolicyEntry($0.name, $0.figures) }
    }
}

/// `document` as tables: the policies beside each other, and the parts of each when there is one policy only.
public func scheduleLines(_ document: ScheduleDocument, width: Int?, style: Style) -> [String] {
    var lines = ["\(document.jobs) jobs of \(document.trace) (\(document.format)) on \(document.gpus) GPUs", ""]
    var table = Table([
        .left("POLICY"), .right("MEAN JCT"), .right("P50"), .right("P99"), .right("QUEUE"), .right("SLOWDOWN"),
        .right("MAKESPAN"), .right("UTIL"), .right("GOODPUT"), .right("FRAG"), .right("STOPS"), .right("LOST GPU-H"),
    ])
    for entry in document.policies {
        table.add(
            [entry.policy] + times(entry.all)
                + [
                    shown(entry.makespan_s), percent(entry.utilisation), percent(entry.goodput),
                    percent(entry.fragmentation), "\(entry.preemptions + entry.interruptions)",
                    fixed(entry.lost_gpu_hours + entry.overhead_gpu_hours, 1),
                ])
    }
    lines += table.lines(width: width, style: style)
    if document.policies.count == 1, let entry = document.policies.first {
        for (title, parts) in [("GPUS", entry.by_size), ("TEAM", entry.by_team)] where parts.count > 1 {
            var table = Table([
                .left(title), .right("JOBS"), .right("MEAN JCT"), .right("P50"), .right("P99"), .right("QUEUE"),
                .right("SLOWDOWN"),
            ])
            for part in parts { table.add([part.name, "\(part.figures.jobs)"] + times(part.figures)) }
            lines += [""] + table.lines(width: width, style: style)
        }
    }
    for entry in document.policies where entry.refused + entry.unfinished > 0 {
        lines.append("\(entry.policy): \(counted(entry.refused, "job")) refused, \(entry.unfinished) never ended")
    }
    return lines
}

private func times(_ figures: JobFiguresEntry) -> [String] {
    [
        shown(figures.mean_jct_s), shown(figures.p50_jct_s), shown(figures.p99_jct_s),
        shown(figures.mean_queue_s), fixed(figures.mean_bounded_slowdown, 1),
    ]
}

/// A span of seconds as people read it.
private func shown(_ seconds: Double) -> String { TimeSpan.seconds(seconds).description }
