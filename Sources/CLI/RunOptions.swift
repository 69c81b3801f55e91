// Which run a command speaks of, and how it prints. Reading a run never changes it.

import ArgumentParser
import ControlPlane
import Foundation
import Journaling
import Jobs
import LiveCoordinator
import Reports

/// How a command prints.
struct OutputOptions: ParsableArguments {
    @Flag(name: .long, help: "Print one JSON document instead of text.")
    var json = false

    @Flag(name: .customLong("no-color"), help: "Print no colours.")
    var noColor = false

    /// Prints `document` as JSON, one of the kinds that `understudy schema` describes, or the lines that `text` makes for standard output's width and style.
    func print(_ document: some Encodable, text: (Int?, Style) -> [String]) {
        if json { Swift.print(encodeJSON(document), terminator: "") } else { print(text: text) }
    }

    /// Prints `document` as JSON on one line, as one of many that a command goes on printing.
    func printLine(_ document: some Encodable) { Swift.print(encodeJSON(document, isCompact: true)) }

    /// Prints the lines that `text` makes for standard output's width and style.
    func print(text: (Int?, Style) -> [String]) {
        for line in text(Terminal.width(1), Terminal.style(1, noColor: noColor)) { Swift.print(line) }
    }
}

/// Where runs lie.
struct RunsOption: ParsableArguments {
    @Option(name: .customLong("runs"), help: ArgumentHelp("The folder that holds the runs.", valueName: "dir"))
    var directory = "runs"

    /// Refuses a folder that was named and is not there: that is a slip of the pen, and no empty list.
    func check() throws {
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: directory, isDirectory: &isFolder) && isFolder.boolValue
        guard directory != "runs", !exists else { return }
        throw Failure(.failed, "there is no folder \(directory); --runs names the one that holds the runs")
    }

    /// The folders in it that have a journal, newest first.
    func all() -> [RunFolder] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        let folders = names.map { RunFolder(absolute("\(directory)/\($0)")) }
            .filter { FileManager.default.fileExists(atPath: $0.journal) }
        func age(_ folder: RunFolder) -> Date {
            let attributes = try? FileManager.default.attributesOfItem(atPath: folder.job)
            return attributes?[.modificationDate] as? Date ?? .distantPast
        }
        return folders.map { ($0, age($0)) }.sorted { ($0.1, $0.0.path) > ($1.1, $1.0.path) }.map(\.0)
    }
}

/// A run named on the command line.
struct RunArgument: ParsableArguments {
    @Argument(help: ArgumentHelp("The run: its name, or its folder. The newest when left out.", valueName: "run"))
    var run: String?

    @OptionGroup var runs: RunsOption

    /// The run's folder.
    func folder() throws -> RunFolder {
        guard let run else { return try RunArgument.newest(in: runs) }
        return try RunArgument.find(run, in: runs)
    }

    /// The folder of the newest run.
    static func newest(in runs: RunsOption) throws -> RunFolder {
        try runs.check()
        guard let newest = runs.all().first else {
            throw Failure(
                .failed,
                "there is no run in \(runs.directory)/ yet; start one with: understudy launch jobs/quickstart.yaml")
        }
        return newest
    }

    /// The folder of the run that was named, or whose path was given.
    static func find(_ run: String, in runs: RunsOption) throws -> RunFolder {
        for path in ["\(runs.directory)/\(run)", run] {
            let folder = RunFolder(absolute(path))
            if FileManager.default.fileExists(atPath: folder.journal) { return folder }
        }
        try runs.check()
        let known = runs.all().prefix(5).map { $0.id.name }
        let others = known.isEmpty ? ", which has none yet" : "; the newest: \(known.joined(separator: ", "))"
        let isFolder = FileManager.default.fileExists(atPath: run)
        throw Failure(
            .failed,
            "there is no run \(run) in \(runs.directory)/\(others)"
                + (isFolder ? "\nThe folder \(run) is no run's: it has no run.db." : ""))
    }

    /// The run with its journal read.
    func source() throws -> RunSource { try readRun(folder()) }
}

/// `path` from the file system's root, so that what a document names is found from any folder.
func absolute(_ path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.path }

/// The open journal of the run in `folder`.
func journal(_ folder: RunFolder) throws -> JournalStore {
    do throws(JournalError) { return try JournalStore.open(folder.journal, readOnly: true) } catch {
        throw Failure(.failed, error.description)
    }
}

/// Reads what is to be known of the run in `folder`.
func readRun(_ folder: RunFolder) throws -> RunSource {
    do {
        let journal = try JournalStore.open(folder.journal, readOnly: true)
        return try describeRun(folder, journal, try journal.history())
    } catch let error as JournalError {
        throw Failure(.failed, error.description)
    }
}

/// What reports are drawn from, of the run in `folder` whose open `journal` tells `history`.
func describeRun(_ folder: RunFolder, _ journal: JournalStore, _ history: RunHistory) throws -> RunSource {
    let job: JobSpec
    do { job = try LiveRun.decodeJob(journal) } catch { throw Failure(.failed, error.description) }
    let newest = history.coordinator.run?.checkpoints.last?.step
    let isSimulated = ((try? journal.meta("world")) ?? nil) == "simulation"
    let weights = (isSimulated ? nil : newest).map {
        String(format: "%@/step-%08d/model.safetensors", folder.checkpoints, $0)
    }
    return RunSource(
        history: history, job: job, cluster: (try? journal.meta("cluster")) ?? nil,
        dollarsPerWorkerHour: ((try? journal.meta("usd_per_worker_hour")) ?? nil).flatMap { Double($0) },
        folder: folder.path, weights: weights, isCoordinated: LiveRun.isDriven(folder))
}
