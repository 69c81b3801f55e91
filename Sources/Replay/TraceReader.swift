// The way in: the bytes of a trace to a Trace, or everything that is wrong with it at once. Formats that are tables say
// which column means what (TraceColumns); the others have files of their own. Refuses to skip a row that nobody allowed
// it to skip.

import Primitives
import Scheduling

/// A trace as it was read.
public struct ReadTrace: Sendable {
    /// The jobs.
    public var trace: Trace
    /// The format it was read as.
    public var format: TraceFormat
    /// Rows that were left out because they cannot be read; empty unless that was allowed.
    public var skipped: [TraceProblem]
    /// Rows that are no GPU jobs that ran, by why: sound rows that a replay has no use for.
    public var leftOut: [(reason: String, count: Int)]
}

/// Reads a trace.
/// - Parameters:
///   - bytes: the file.
///   - format: its format; nil to recognise it.
///   - skipsBadRows: whether rows that cannot be read are left out and counted.
/// - Throws: `TraceError`, with every bad row's line.
public func readTrace(
    _ bytes: [UInt8], format: TraceFormat? = nil, skipsBadRows: Bool = false
) throws(TraceError) -> ReadTrace {
    let beginning = String(decoding: bytes.prefix(4_096), as: UTF8.self)
    guard let format = format ?? TraceFormat.detect(beginning) else {
        let first = beginning.split(whereSeparator: \.isNewline).first ?? ""
        guard !bytes.isEmpty else { throw .empty }
        throw .unknownFormat(header: String(first.prefix(200)))
    }
    var collector = TraceCollector(format: format)
    switch format {
    case .phillyJSON: try readPhillyJSON(bytes, into: &collector)
    case .swf: readSWF(bytes, into: &collector)
    case .philly, .helios, .heliosSimulator, .pai, .openb, .tiresias, .sacct:
        try readTable(bytes, format, into: &collector)
    }
    guard collector.problemCount == 0 || skipsBadRows else {
        throw .badRows(collector.problems, count: collector.problemCount)
    }
    return try collector.finished()
}

/// What only some formats say of a job.
struct TraceExtras {
    var estimate: Double?
    var priority = 0
    var demand = TopologyDemand.preferred
    var accelerators: [String]?
}

/// Jobs as they come out of a file.
struct TraceCollector {
    let format: TraceFormat
    private(set) var problems: [TraceProblem] = []
    private(set) var problemCount = 0
    private var jobs: [(job: TraceJob, seconds: Double)] = []
    private var leftOut: [(reason: String, count: Int)] = []
    private var teams: [String] = []
    private var teamIndex: [String: Int] = [:]

    init(format: TraceFormat) { self.format = format }

    /// Adds a job that was submitted at `seconds` of the trace's clock.
    mutating func add(
        name: String, submitted seconds: Double, duration: Double, gpus: Int, team: String, line: Int,
        extras: TraceExtras = TraceExtras()
    ) {
        guard duration.magnitude < 4e9, seconds.magnitude < 1e12, gpus <= 1_000_000 else {
            return report(line, "a time or a number of GPUs is out of all proportion")
        }
        guard duration >= 0 else { return report(line, "the job runs for \(duration) s") }
        let index = teamIndex[team] ?? teams.count
        if index == teams.count {
            teams.append(team)
            teamIndex[team] = index
        }
        var job = TraceJob(name: name, submitted: .zero, duration: .seconds(duration), gpus: gpus, team: index)
        job.estimate = extras.estimate.map { .seconds($0) }
        job.priority = extras.priority
        job.demand = extras.demand
        job.accelerators = extras.accelerators
        jobs.append((job, seconds))
    }

    /// Notes a row that cannot be read.
    mutating func report(_ line: Int, _ problem: String) {
        problemCount += 1
        if problems.count < 1_000 { problems.append(TraceProblem(line: line, problem: problem)) }
    }

    /// Notes a sound row that a replay has no use for.
    mutating func leaveOut(_ reason: String) {
        if let known = leftOut.firstIndex(where: { $0.reason == reason }) {
            leftOut[known].count += 1
        } else {
            leftOut.append((reason, 1))
        }
    }

    /// The trace, its clock set to zero at the first submission where it shows a calendar's or a clock's time.
    func finished() throws(TraceError) -> ReadTrace {
        guard let first = jobs.map(\.seconds).min() else { throw .empty }
        // HeliosArtifact's and pyss' results are in the trace's own time, which begins at zero by itself.
        let origin = [.heliosSimulator, .swf, .tiresias].contains(format) && first >= 0 && first < 1e8 ? 0 : first
        let placed = jobs.map { entry in
            var job = entry.job
            job.submitted = Instant.zero + .seconds(entry.seconds - origin)
            return job
        }
        return ReadTrace(
            trace: Trace(jobs: placed, teams: teams), format: format, skipped: problems, leftOut: leftOut)
    }
}
