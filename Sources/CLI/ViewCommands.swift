// The commands that read runs: `runs`, `show`, `incidents`, `timeline`. Each prints what Reports draws from the journal.

import ArgumentParser
import Foundation
import Journaling
import Primitives
import Reports

struct RunsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs", abstract: "List the runs, newest first, and why each is in its state.",
        discussion: "Example:  understudy runs --json | jq '.runs[] | select(.state == \"running\")'", aliases: ["ls"])

    @OptionGroup var runs: RunsOption
    @OptionGroup var output: OutputOptions

    func run() throws {
        try runs.check()
        let listed = runs.all().map { folder -> ListedRun in
            do {
                if let entry = try journal(folder).keptEntry { return .kept(entry) }
                return .read(try readRun(folder))
            } catch let failure as Failure {
                return .unreadable(name: folder.id.name, reason: failure.message)
            } catch { return .unreadable(name: folder.id.name, reason: "\(error)") }
        }
        output.print(RunsDocument(listed)) { width, style in runsLines(listed, width: width, style: style) }
    }
}

struct ShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show everything known of a run.",
        discussion: "Example:  understudy show quickstart-0001 --json | jq .ledger")

    @OptionGroup var target: RunArgument
    @OptionGroup var output: OutputOptions

    func run() throws {
        let folder = try target.folder()
        // Of a long run the summary is kept; the document is all of it, and is made of the records.
        if !output.json, let summary = try journal(folder).keptSummary(in: folder.path) {
            return output.print(text: { width, style in summary.lines(width: width, style: style) })
        }
        let source = try readRun(folder)
        output.print(RunDocument(source)) { width, style in runLines(source, width: width, style: style) }
    }
}

struct IncidentsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "incidents", abstract: "List what interrupted a run, what was done about it, and what it cost.",
        discussion: "Example:  understudy incidents quickstart-0001 --sort cost")

    @OptionGroup var target: RunArgument

    @Option(name: .long, help: "The order: \(IncidentOrder.allCases.map(\.rawValue).joined(separator: ", ")).")
    var sort = IncidentOrder.time

    @OptionGroup var output: OutputOptions

    func run() throws {
        let source = try target.source()
        output.print(IncidentsDocument(source, by: sort)) { width, style in
            incidentLines(source.history, by: sort, width: width, style: style)
        }
    }
}

extension IncidentOrder: ExpressibleByArgument {}

struct TimelineCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "timeline", abstract: "Draw who did what when, as text.",
        discussion: "Example:  understudy timeline quickstart-0001 --from 40s --to 70s --width 120")

    @OptionGroup var target: RunArgument

    @Option(name: .long, help: ArgumentHelp("Where the drawing begins.", valueName: "time"))
    var from: TimeSpan?

    @Option(name: .long, help: ArgumentHelp("Where it ends.", valueName: "time"))
    var to: TimeSpan?

    @Option(name: .long, help: ArgumentHelp("Columns of the drawing.", valueName: "columns"))
    var width: Int?

    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let width, width < 20 { throw ValidationError("--width takes 20 columns or more") }
        if let from, let to, to <= from { throw ValidationError("--to lies behind --from") }
    }

    func run() throws {
        let source = try target.source()
        let window = try window(of: source.history, from: from, to: to)
        output.print(TimelineDocument(source, from: window.lowerBound, to: window.upperBound)) { columns, style in
            timelineLines(
                source.history, from: window.lowerBound, to: window.upperBound, width: width ?? columns ?? 100,
                style: style)
        }
    }
}

/// The stretch of a run that a command line names, in time since the run's submission; all of it where it names none.
/// - Throws: `Failure` when the run was over before the stretch began.
func window(of history: RunHistory, from: TimeSpan?, to: TimeSpan?) throws -> ClosedRange<Instant> {
    let begin = history.start + (from ?? .zero)
    guard from == nil || begin < history.now else {
        throw Failure(.usage, "--from lies behind the run's last record, at \(history.now - history.start)")
    }
    return begin...max(begin, to.map { history.start + $0 } ?? history.now)
}

extension TimeSpan: ExpressibleByArgument {
    /// A number with a unit: `90s`, `1.5h`, `250ms`.
    public init?(argument: String) {
        let units: [(String, Double)] = [
            ("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3), ("min", 60), ("s", 1), ("m", 60), ("h", 3600), ("d", 86_400),
        ]
        for (unit, seconds) in units where argument.hasSuffix(unit) {
            guard let count = Double(argument.dropLast(unit.count)), count.isFinite, abs(count * seconds) < 9e9 else {
                return nil
            }
            self = .seconds(count * seconds)
            return
        }
        return nil
    }
}
