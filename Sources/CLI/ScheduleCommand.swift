// `understudy schedule`: replays a trace of jobs on a cluster under one policy or several, and says what each would have
// done. Refuses to schedule anything live.

import ArgumentParser
import Foundation
import Primitives
import Replay
import Reports
import Scheduling

struct ScheduleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedule", abstract: "Replay a trace of jobs on a cluster under scheduling policies.",
        discussion: """
            Example:  understudy schedule philly.csv --nodes 80 --policy fifo,easy,srtf

                      understudy schedule s7.csv --nodes 20 --policy easy --explain 54077 --what-if gpus=4

            Policies: \(Policy.all.map(\.name).joined(separator: ", ")).
            Formats:  \(TraceFormat.allCases.map(\.rawValue).joined(separator: ", ")).

            What-if:  gpus=4, policy=srtf, nodes=+2, priority=3, topology=preferred (or a
                      level: leaf), team=NAME, accelerator=any.

            Exit code 3 names every row of the trace that cannot be read.
            """)

    enum Compatibility: String, ExpressibleByArgument, CaseIterable { case helios }

    @Argument(help: ArgumentHelp("The trace's file.", valueName: "trace"))
    var path: String

    @Option(help: ArgumentHelp("The policies, with commas between.", valueName: "policies"))
    var policy: String?

    @Flag(help: "All policies.")
    var compare = false

    @Option(help: ArgumentHelp("Decide exactly as a peer simulator does: helios.", valueName: "peer"))
    var compat: Compatibility?

    @Option(help: ArgumentHelp("The trace's format; recognised when left out.", valueName: "format"))
    var format: String?

    @Flag(name: .customLong("skip-bad-rows"), help: "Leave out rows that cannot be read, and count them.")
    var skipBadRows = false

    @OptionGroup var place: ScheduleCluster
    @OptionGroup var jobs: ScheduleJobs
    @OptionGroup var failures: ScheduleFailures

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Write every job's start, end, queueing and stops there; one policy.", valueName: "file"))
    var output: String?

    @Option(help: ArgumentHelp("Draw the distributions of completion times there, as SVG.", valueName: "file"))
    var plot: String?

    @Option(
        help: ArgumentHelp(
            "Write a page with every chart there: one HTML file that needs nothing else.", valueName: "file"))
    var report: String?

    @Option(help: ArgumentHelp("Say why this job waited, and what would have helped.", valueName: "job"))
    var explain: String?

    @Option(
        name: .customLong("what-if"),
        help: ArgumentHelp(
            "With --explain: what would have come of this change; can be given several times.", valueName: "change"))
    var whatIf: [String] = []

    @OptionGroup var print: OutputOptions

    func validate() throws {
        guard compare || policy != nil else { throw ValidationError("name a policy with --policy, or --compare all") }
        guard try output == nil || policies().count == 1 else {
            throw ValidationError("--output holds the jobs of one policy")
        }
        guard try explain == nil || policies().count == 1 && place.vcs == nil else {
            throw ValidationError("--explain speaks of one policy on one cluster")
        }
        guard whatIf.isEmpty || explain != nil else { throw ValidationError("--what-if belongs to --explain") }
        guard report == nil || place.vcs == nil && explain == nil else {
            throw ValidationError("--report draws one cluster; it goes neither with --vcs nor with --explain")
        }
        guard !failures.clusterFailures || place.cluster != nil else {
            throw ValidationError("--cluster-failures needs --cluster")
        }
        guard jobs.distanceCost == nil || place.cluster != nil else {
            throw ValidationError("--distance-cost needs --cluster")
        }
        if let format, TraceFormat(rawValue: format) == nil {
            throw ValidationError("there is no format \(format); the help lists them")
        }
    }

    func run() throws {
        var read = try self.read()
        let cluster = try place.resolved()
        read.trace = jobs.applied(to: read.trace, gpusPerNode: cluster.pools.first?.gpusPerNode ?? cluster.gpusPerNode)
        guard !read.trace.jobs.isEmpty else { throw Failure(.failed, "no job of \(path) was submitted in that time") }
        let policies = try policies()
        let options = try self.options(on: cluster)
        if let explain { return try printExplanation(of: explain, read.trace, options(policies[0], cluster.pools)) }
        var figures: [(String, ReplayFigures)] = []
        var curves: [CompletionTimes] = []
        var parts: [ScheduleReport.Part] = []
        for policy in policies {
            let result = cluster.replay(read.trace) { pools in options(policy, pools) }
            figures.append((policy.name, ReplayFigures(read.trace, result)))
            if plot != nil { curves.append(CompletionTimes(policy: policy.name, read.trace, result)) }
            if report != nil { parts.append(ScheduleReport.Part(policy, result)) }
            if let output { try write(outcomesCSV(read.trace, result), to: output) }
        }
        if let plot {
            try write(completionPlot(curves, title: "\(read.trace.jobs.count) jobs on \(cluster.gpus) GPUs"), to: plot)
        }
        if let report {
            let title = URL(fileURLWithPath: path).lastPathComponent
            try write(
                scheduleReportPage(ScheduleReport(title: title, read.trace, pools: cluster.pools, parts: parts)),
                to: report)
        }
        let document = ScheduleDocument(trace: path, read: read, gpus: cluster.gpus, policies: figures)
        print.print(document) { width, style in scheduleLines(document, width: width, style: style) }
    }

    private func printExplanation(of name: String, _ trace: Trace, _ options: ReplayOptions) throws {
        guard let job = trace.jobs.firstIndex(where: { $0.name == name }) else {
            throw Failure(.failed, "there is no job \(name) in \(path)")
        }
        let alternatives = try whatIf.map { text in
            guard let known = Alternative(text, trace) else {
                throw Failure(
                    .failed,
                    "--what-if \(text): there are gpus=4, policy=srtf, nodes=+2, priority=3, topology=preferred (or node, "
                        + "leaf, spine, pool), team=NAME and accelerator=any")
            }
            return known
        }
        let explanation = Replay.explain(job, of: trace, options, alternatives: alternatives)
        let document = ExplanationDocument(explanation, trace, policy: options.policy.name)
        print.print(document) { _, _ in explanationLines(document) }
    }

    /// The policies asked for, in that order.
    private func policies() throws -> [Policy] {
        guard let policy else { return Policy.all }
        return try policy.split(separator: ",").map { name in
            guard let known = Policy.named(String(name)) else {
                throw ValidationError(
                    "there is no policy \(name); there are \(Policy.all.map(\.name).joined(separator: ", "))")
            }
            return known
        }
    }

    /// How the trace is replayed under a policy on pools.
    private func options(on cluster: ScheduleCluster.Resolved) throws -> (Policy, [NodePool]) -> ReplayOptions {
        let slowdown = try jobs.slowdown(on: cluster)
        let whole = try failures.resolved(on: cluster, nodes: cluster.nodes)
        return { policy, pools in
            var options =
                switch compat {
                case .helios: ReplayOptions.helios(policy: policy, pools: pools)
                case nil: ReplayOptions(policy: policy, pools: pools)
                }
            // A virtual cluster's nodes are counted from 0, and its failures are those of so many nodes.
            options.failures = whole?.widened(by: pools.reduce(0) { $0 + $1.nodeCount } - cluster.nodes)
            options.slowdown = slowdown
            options.keepsHistory = report != nil
            failures.apply(to: &options)
            jobs.apply(to: &options)
            return options
        }
    }

    private func read() throws -> ReadTrace {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw Failure(.invalidSpec, "cannot read \(path)")
        }
        do {
            let read = try readTrace(
                [UInt8](data), format: format.flatMap { TraceFormat(rawValue: $0) }, skipsBadRows: skipBadRows)
            for problem in read.skipped.prefix(10) { warn("\(path):\(problem): left out") }
            if read.skipped.count > 10 { warn("\(read.skipped.count) rows left out in all") }
            for reason in read.leftOut { warn("\(path): left out \(reason.count) \(reason.reason)") }
            return read
        } catch { throw Failure(.invalidSpec, traceErrorText(error, path: path)) }
    }

    private func write(_ text: String, to path: String) throws {
        do { try text.write(toFile: path, atomically: true, encoding: .utf8) } catch {
            throw Failure(.failed, "cannot write \(path): \(error.localizedDescription)")
        }
    }
}

/// What is wrong with the trace at `path`, and what to do.
func traceErrorText(_ error: TraceError, path: String) -> String {
    switch error {
    case .unknownFormat(let header):
        return "\(path):1: no known format begins with \"\(header)\"; name it with --format"
    case .missingColumns(let names, let format):
        return
            "\(path):1: a \(format.rawValue) trace has the columns \(names.joined(separator: ", ")); this one lacks them"
    case .badRows(let problems, let count):
        let rows = problems.map { "\(path):\($0)" }.joined(separator: "\n")
        return "\(rows)\n\(count) bad rows. Nothing was replayed; --skip-bad-rows leaves them out."
    case .empty: return "\(path): there is no job in it"
    }
}
