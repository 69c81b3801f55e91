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

            Policies: \(Policy.all.map(\.name).joined(separator: ", ")).
            Formats:  \(TraceFormat.allCases.map(\.rawValue).joined(separator: ", ")).

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
    @OptionGroup var failures: ScheduleFailures

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Write every job's start, end, queueing and stops there; one policy.", valueName: "file"))
    var output: String?

    @Option(help: ArgumentHelp("Draw the distributions of completion times there, as SVG.", valueName: "file"))
    var plot: String?

    @Option(help: ArgumentHelp("Say why this job waited, and what would have helped.", valueName: "job"))
    var explain: String?

    @OptionGroup var print: OutputOptions

    func validate() throws {
        guard compare || policy != nil else { throw ValidationError("name a policy with --policy, or --compare all") }
        guard try output == nil || policies().count == 1 else {
            throw ValidationError("--output holds the jobs of one policy")
        }
        guard try explain == nil || policies().count == 1 && place.vcs == nil else {
            throw ValidationError("--explain speaks of one policy on one cluster")
        }
        if let format, TraceFormat(rawValue: format) == nil {
            throw ValidationError("there is no format \(format); the help lists them")
        }
    }

    func run() throws {
        let read = try self.read()
        let cluster = try place.resolved()
        let policies = try policies()
        if let explain {
            guard let job = read.trace.jobs.firstIndex(where: { $0.name == explain }) else {
                throw Failure(.failed, "there is no job \(explain) in \(path)")
            }
            let explanation = Replay.explain(job, of: read.trace, options(policies[0], cluster.pools))
            let document = ExplanationDocument(explanation, read.trace, policy: policies[0].name)
            return print.print(document) { _, _ in explanationLines(document) }
        }
        var figures: [(String, ReplayFigures)] = []
        var curves: [CompletionTimes] = []
        for policy in policies {
            let result = cluster.replay(read.trace) { pools in options(policy, pools) }
            figures.append((policy.name, ReplayFigures(read.trace, result)))
            if plot != nil { curves.append(CompletionTimes(policy: policy.name, read.trace, result)) }
            if let output { try write(outcomesCSV(read.trace, result), to: output) }
        }
        if let plot {
            try write(completionPlot(curves, title: "\(read.trace.jobs.count) jobs on \(cluster.gpus) GPUs"), to: plot)
        }
        let document = ScheduleDocument(trace: path, read: read, gpus: cluster.gpus, policies: figures)
        print.print(document) { width, style in scheduleLines(document, width: width, style: style) }
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

    private func options(_ policy: Policy, _ pools: [NodePool]) -> ReplayOptions {
        var options =
            switch compat {
            case .helios: ReplayOptions.helios(policy: policy, pools: pools)
            case nil: ReplayOptions(policy: policy, pools: pools)
            }
        failures.apply(to: &options)
        return options
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
