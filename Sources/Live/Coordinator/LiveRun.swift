// What a live run is made of before its world starts to turn: its folder, its journal and the state it leads to, its
// job. Made new, or found again by its journal. Everything that can be refused is refused here, before a process is
// started. Refuses to run anything.

import ControlPlane
import Foundation
import Journaling
import Jobs
import Primitives
import Training

/// Why a run cannot be started or resumed. Each case is the user's to mend.
public enum LiveRunError: Error, Sendable, CustomStringConvertible {
    /// A folder or file of the run cannot be made.
    case cannotMake(path: String, reason: String)
    /// The corpus cannot be built, or is not what it was.
    case corpus(CorpusError)
    /// The journal cannot be made or read.
    case journal(JournalError)
    /// The journal contradicts this program.
    case diverged(ReplayDivergence)
    /// Another process drives the run.
    case busy(path: String)
    /// The run has done all of its steps.
    case alreadyComplete(run: RunID, steps: Int)
    /// The journal lacks the job.
    case noJob(path: String, reason: String)

    /// What is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .cannotMake(let path, let reason): "cannot make \(path): \(reason)"
        case .corpus(let error): error.description
        case .journal(let error): error.description
        case .diverged(let divergence):
            "the journal was written by a different version of this program and cannot be continued by this one: "
                + divergence.description
        case .busy(let path): "another process drives the run in \(path); stop it first"
        case .alreadyComplete(let run, let steps):
            "\(run) has completed all of its \(steps) steps; there is nothing to resume"
        case .noJob(let path, let reason): "the journal \(path) does not hold a job this program can read: \(reason)"
        }
    }
}

/// A run that is ready to be driven by this process.
public final class LiveRun {
    /// Where it lies.
    public let folder: RunFolder
    /// What it shall do.
    public let job: JobSpec
    /// Its journal, open for writing.
    public let journal: JournalStore
    /// What its journal tells so far; empty for a new run.
    public let records: [Record]
    /// The control plane's state after those records.
    let coordinator: Coordinator
    /// When it was submitted, in wall nanoseconds since 1970.
    let epoch: Int64
    /// What makes this process the one that drives it.
    public let lock: RunLock

    /// The files a run keeps as they were when it was submitted.
    public struct Papers: Sendable {
        /// The job file's text.
        public var job: String
        /// The cluster's name, its file's text, and what a worker on it costs in US dollars an hour; nil when none was
        /// given.
        public var cluster: (name: String, text: String, dollarsPerWorkerHour: Double)?
        /// Every value of the job and where it came from.
        public var resolved: String

        /// The papers of a run.
        public init(
            job: String, cluster: (name: String, text: String, dollarsPerWorkerHour: Double)?, resolved: String
        ) {
            self.job = job
            self.cluster = cluster
            self.resolved = resolved
        }
    }

    private init(
        folder: RunFolder, job: JobSpec, journal: JournalStore, records: [Record], coordinator: Coordinator,
        epoch: Int64, lock: RunLock
    ) {
        self.folder = folder
        self.job = job
        self.journal = journal
        self.records = records
        self.coordinator = coordinator
        self.epoch = epoch
        self.lock = lock
    }

    /// Makes a new run in `runs`, called `name` or numbered after its job. Nothing is left behind when it is refused.
    public static func create(
        _ job: JobSpec, papers: Papers, in runs: String, name: String?
    ) throws(LiveRunError) -> LiveRun {
        let folder: RunFolder
        do { folder = try makeRunFolder(named: job.name, in: runs, exactly: name) } catch {
            throw .cannotMake(path: name.map { "\(runs)/\($0)" } ?? runs, reason: describe(error))
        }
        do {
            return try create(job, papers: papers, folder: folder)
        } catch {
            try? FileManager.default.removeItem(atPath: folder.path)
            throw error
        }
    }

    private static func create(
        _ job: JobSpec, papers: Papers, folder: RunFolder
    ) throws(LiveRunError) -> LiveRun {
        let lock = try RunLock(of: folder)
        for (path, text) in [(folder.job, papers.job), (folder.resolved, papers.resolved)]
            + (papers.cluster.map { [(folder.cluster, $0.text)] } ?? [])
        {
            do { try text.write(toFile: path, atomically: false, encoding: .utf8) } catch {
                throw .cannotMake(path: path, reason: describe(error))
            }
        }
        let manifest: CorpusManifest
        do {
            manifest = try CorpusBuilder.build(
                job.data, for: job.model, into: folder.data)
        } catch { throw .corpus(error) }
        let epoch = RunClock.wallNanoseconds
        let journal: JournalStore
        do {
            journal = try JournalStore.create(
                at: folder.journal,
                meta: [
                    ("run", folder.id.name), ("epoch_wall_ns", String(epoch)), ("job", try encode(job, folder)),
                    ("corpus_sha256", manifest.sha256),
                ]
                    + (papers.cluster.map {
                        [("cluster", $0.name), ("usd_per_worker_hour", "\($0.dollarsPerWorkerHour)")]
                    } ?? []))
        } catch let error as JournalError { throw .journal(error) } catch let error as LiveRunError {
            throw error
        } catch { throw .cannotMake(path: folder.journal, reason: describe(error)) }
        return LiveRun(
            folder: folder, job: job, journal: journal, records: [], coordinator: Coordinator(), epoch: epoch,
            lock: lock)
    }

    /// Opens the run in `path` to go on with it: replays its journal, and refuses data that changed since.
    public static func open(_ path: String) throws(LiveRunError) -> LiveRun {
        let live = try read(path, lock: nil)
        if let run = live.coordinator.run, case .over(.completed) = run.phase {
            throw .alreadyComplete(run: run.id, steps: run.plan.steps)
        }
        do throws(CorpusError) {
            let corpus = try Corpus.open(directory: live.folder.data, verify: true)
            let recorded = ((try? live.journal.meta("corpus_sha256")) ?? nil) ?? "none"
            guard recorded == corpus.manifest.sha256 else {
                throw .changed(path: live.folder.data, expected: recorded, found: corpus.manifest.sha256)
            }
        } catch { throw .corpus(error) }
        return live
    }

    /// Opens the run in `path` for the agent that holds its `lock` and has looked at its data: replays its journal. The run
    /// may be over.
    public static func open(_ path: String, heldBy lock: RunLock) throws(LiveRunError) -> LiveRun {
        try read(path, lock: lock)
    }

    private static func read(_ path: String, lock held: RunLock?) throws(LiveRunError) -> LiveRun {
        let folder = RunFolder(URL(fileURLWithPath: path).standardizedFileURL.path)
        let journal: JournalStore
        let records: [Record]
        do {
            // Before the lock, so that a wrong path is told as such and no lock file is left in it.
            journal = try JournalStore.open(folder.journal, readOnly: false)
        } catch { throw .journal(error) }
        let lock = if let held { held } else { try RunLock(of: folder) }
        do { records = try journal.records() } catch { throw .journal(error) }
        let job = try decodeJob(journal)
        let coordinator: Coordinator
        do { coordinator = try replay(records) } catch { throw .diverged(error) }
        let epoch = ((try? journal.meta("epoch_wall_ns")) ?? nil).flatMap { Int64($0) } ?? 0
        return LiveRun(
            folder: folder, job: job, journal: journal, records: records, coordinator: coordinator, epoch: epoch,
            lock: lock)
    }

    /// The job of the run in `journal`, as it was submitted.
    public static func decodeJob(_ journal: JournalStore) throws(LiveRunError) -> JobSpec {
        do {
            guard let text = try journal.meta("job") else {
                throw LiveRunError.noJob(path: journal.path, reason: "it is missing")
            }
            return try JSONDecoder().decode(JobSpec.self, from: Data(text.utf8))
        } catch let error as LiveRunError { throw error } catch {
            throw .noJob(path: journal.path, reason: describe(error))
        }
    }

    /// Whether a process drives the run in `folder` now.
    public static func isDriven(_ folder: RunFolder) -> Bool { RunLock.isHeld(folder) }

    /// Removes the folder of a run that never began; one that has records stays.
    public func discardIfNew() {
        if records.isEmpty { try? FileManager.default.removeItem(atPath: folder.path) }
    }

    /// How the run ended, if it has.
    public var outcome: Outcome? {
        if case .over(let outcome) = coordinator.run?.phase { outcome } else { nil }
    }

    private static func encode(_ job: JobSpec, _ folder: RunFolder) throws(LiveRunError) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do { return String(decoding: try encoder.encode(job), as: UTF8.self) } catch {
            throw .cannotMake(path: folder.journal, reason: describe(error))
        }
    }
}

/// What an error of the Foundation library says, in words.
func describe(_ error: any Error) -> String {
    guard let error = error as? CocoaError else { return "\(error)" }
    if error.code == .fileWriteFileExists { return "it is there already" }
    if let inner = error.underlying as? POSIXError { return String(cString: strerror(inner.code.rawValue)) }
    return error.localizedDescription
}
