// The report of a trace replay as one HTML file: the page's frame, style and axes with charts of its own. Refuses
// third-party script, and anything that would be fetched.

import Primitives
import Replay
import Scheduling

/// One policy in a report.
public struct PolicyReport: Equatable, Sendable, Codable {
    /// Its figures.
    public var figures: PolicyEntry
    /// What it optimises.
    public var aim: String
    /// From submission to end.
    public var completion: DistributionEntry
    /// Time in the queue in all.
    public var queueing: DistributionEntry
    /// The cluster over time.
    public var course: ClusterCourse
    /// The nodes over time.
    public var nodes: NodeCourse
}

/// Everything that the report of a trace shows.
public struct ScheduleReport: Equatable, Sendable, Codable {
    /// A replay that is to be reported.
    public struct Part: Sendable {
        /// The policy.
        public var policy: Policy
        /// What came of it, with its history.
        public var result: ReplayResult

        /// The replay under `policy`.
        public init(_ policy: Policy, _ result: ReplayResult) {
            self.policy = policy
            self.result = result
        }
    }

    /// Equal parts of time that a course has.
    static let parts = 480
    /// Points of a distribution.
    static let points = 240

    /// Names the kind of document and its version.
    public var schema = DocumentSchema.scheduleReport
    /// The trace's file, without its folder.
    public var trace: String
    /// Its jobs.
    public var jobs: Int
    /// GPUs of the cluster.
    public var gpus: Int
    /// From the first submission to the last end under any policy, in seconds.
    public var length_s: Double
    /// The policies, in the order asked for.
    public var policies: [PolicyReport]

    /// The report of `parts`, replays of `trace` on `pools`.
    public init(title: String, _ trace: Trace, pools: [NodePool], parts: [Part]) {
        self.trace = title
        jobs = trace.jobs.count
        let gpus = pools.reduce(0) { $0 + $1.nodeCount * $1.gpusPerNode }
        self.gpus = gpus
        let start = trace.jobs.first?.submitted ?? .zero
        let end = parts.flatMap { $0.result.outcomes.compactMap(\.ended) }.max() ?? start
        length_s = (end - start).seconds
        policies = parts.map { part in
            let ended = zip(trace.jobs, part.result.outcomes).compactMap { job, outcome in
                outcome.ended.map { (jct: ($0 - job.submitted).seconds, queued: outcome.queued.seconds) }
            }
            return PolicyReport(
                figures: PolicyEntry(part.policy.name, ReplayFigures(trace, part.result)), aim: part.policy.aim,
                completion: DistributionEntry(ended.map(\.jct), points: ScheduleReport.points),
                queueing: DistributionEntry(ended.map(\.queued), points: ScheduleReport.points),
                course: ClusterCourse(
                    part.result.samples, gpus: gpus, from: start, to: end, parts: ScheduleReport.parts),
                nodes: NodeCourse(
                    trace, part.result.stretches, pools: pools, from: start, to: end, parts: ScheduleReport.parts))
        }
    }
}

/// The page that shows `report`, as the text of an HTML file that needs nothing else.
public func scheduleReportPage(_ report: ScheduleReport) -> String {
    framedPage(
        title: "\(report.trace) on \(report.gpus) GPUs", data: encodeJSON(report, isCompact: true),
        scripts: [
            PackageResources.base_js, PackageResources.scale_js, PackageResources.gantt_js,
            PackageResources.schedule_charts_js, PackageResources.schedule_js,
        ])
}
