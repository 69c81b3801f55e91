// A journal on disk: one SQLite file, append-only, written ahead (WAL) and flushed at every record, so that a command
// is carried out only when what led to it cannot be lost. Anyone can open the file; `steps` holds the curves as typed
// columns. Refuses updates and deletions.

import ControlPlane
import Foundation
import GRDB
import Primitives

/// What can go wrong with a journal file.
public enum JournalError: Error, Equatable, Sendable, CustomStringConvertible {
    /// There is no file, or it is no journal.
    case notAJournal(path: String, reason: String)
    /// The record could not be made durable: the disk is full or broken.
    case cannotAppend(path: String, reason: String)
    /// A stored record cannot be read back.
    case damaged(path: String, sequence: Int, reason: String)

    /// The problem as a sentence.
    public var description: String {
        switch self {
        case .notAJournal(let path, let reason): "\(path) is not a run's journal: \(reason)"
        case .cannotAppend(let path, let reason):
            "the journal \(path) cannot be written (\(reason)); every record before is safe"
        case .damaged(let path, let sequence, let reason): "record \(sequence) of \(path) is damaged: \(reason)"
        }
    }
}

/// A run's journal file.
///
/// Written by one process at a time; read by any number, also while it is written.
public final class JournalStore: Sendable {
    /// The version of the tables, in `meta` under `schema`.
    public static let schema = "understudy/journal/v1"

    /// Where the file is.
    public let path: String
    private let database: DatabaseQueue

    private init(path: String, readOnly: Bool) throws {
        self.path = path
        database = try openJournal(path, readOnly: readOnly)
    }

    /// Makes a new journal at `path` with what `meta` says of the run.
    /// - Throws: `JournalError.cannotAppend` when the file cannot be made or is there already.
    public static func create(at path: String, meta: [(key: String, value: String)]) throws(JournalError)
        -> JournalStore
    {
        guard !FileManager.default.fileExists(atPath: path) else {
            throw .cannotAppend(path: path, reason: "the file is there already")
        }
        do {
            let store = try JournalStore(path: path, readOnly: false)
            try store.database.write { database in
                try database.execute(sql: tables)
                for (key, value) in [("schema", schema)] + meta {
                    try database.execute(sql: "INSERT INTO meta VALUES (?, ?)", arguments: [key, value])
                }
            }
            return store
        } catch {
            throw .cannotAppend(path: path, reason: reason(error))
        }
    }

    /// Opens the journal at `path`, to go on writing it or only to read.
    /// - Throws: `JournalError.notAJournal` when there is none of this schema.
    public static func open(_ path: String, readOnly: Bool) throws(JournalError) -> JournalStore {
        guard FileManager.default.fileExists(atPath: path) else {
            throw .notAJournal(path: path, reason: "there is no such file")
        }
        let store: JournalStore
        let found: String?
        do {
            store = try JournalStore(path: path, readOnly: readOnly)
            found = try store.meta("schema")
        } catch { throw .notAJournal(path: path, reason: reason(error)) }
        guard found == schema else {
            throw .notAJournal(
                path: path, reason: "its schema is \(found ?? "not named"), this program reads \(schema)")
        }
        return store
    }

    /// The version of the SQLite library in use, `3.40.1`.
    /// - Throws: the library's error when not even a database in memory can be opened.
    public static func engineVersion() throws -> String {
        try DatabaseQueue().read { try String.fetchOne($0, sql: "SELECT sqlite_version()") ?? "unknown" }
    }

    private static let tables = """
        CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE records (
            sequence INTEGER PRIMARY KEY, at_ns INTEGER NOT NULL, wall_ns INTEGER NOT NULL,
            kind TEXT NOT NULL, event TEXT NOT NULL, commands TEXT NOT NULL);
        CREATE TABLE steps (
            sequence INTEGER PRIMARY KEY, at_ns INTEGER NOT NULL, generation INTEGER NOT NULL, step INTEGER NOT NULL,
            loss REAL, gradient_norm REAL, learning_rate REAL NOT NULL, tokens INTEGER NOT NULL,
            compute_ns INTEGER NOT NULL, exchange_ns INTEGER NOT NULL, update_ns INTEGER NOT NULL,
            snapshot_ns INTEGER NOT NULL, evaluation_ns INTEGER NOT NULL);
        CREATE TABLE step_ranges (
            sequence INTEGER PRIMARY KEY REFERENCES steps, first_step INTEGER NOT NULL, pace_ns INTEGER NOT NULL);
        CREATE VIEW segments AS
            SELECT generation, min(ifnull(first_step, step)) AS first_step, max(step) AS last_step, min(at_ns) AS first_at_ns,
                   max(at_ns) AS last_at_ns FROM steps LEFT JOIN step_ranges USING (sequence)
            GROUP BY generation ORDER BY generation;
        """

    private static func reason(_ error: any Error) -> String {
        (error as? DatabaseError)?.message ?? String(describing: error)
    }

    /// What `meta` says under `key`, if anything.
    public func meta(_ key: String) throws -> String? {
        try database.read { try String.fetchOne($0, sql: "SELECT value FROM meta WHERE key = ?", arguments: [key]) }
    }

    /// Makes `record` durable. When this returns, the record survives a crash of process and machine.
    /// - Throws: `JournalError.cannotAppend` when it could not; nothing of it is stored then.
    public func append(_ record: Record) throws(JournalError) { try append(contentsOf: CollectionOfOne(record)) }

    /// Makes `records` durable together: all of them or none. For worlds whose clock is their own, which need not wait
    /// for the disk at every record.
    /// - Throws: `JournalError.cannotAppend` when it could not; nothing of them is stored then.
    public func append(contentsOf records: some Sequence<Record>) throws(JournalError) {
        do {
            try database.writeWithoutTransaction { database in
                try database.inTransaction {
                    for record in records { try Self.insert(record, into: database) }
                    return .commit
                }
            }
        } catch { throw .cannotAppend(path: path, reason: Self.reason(error)) }
    }

    private static func insert(_ record: Record, into database: Database) throws {
        let event = record.event.line
        let commands = record.commands.map(\.line.text).joined(separator: "\n")
        try database.cachedStatement(sql: "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?)").execute(arguments: [
            record.sequence, record.at.nanoseconds, record.wallNanoseconds, event.head, event.text, commands,
        ])
        switch record.event {
        case .stepContributed(_, let generation, let report):
            guard record.commits(report.step) else { break }
            try insert(report, generation, record, into: database)
        case .stepsCommitted(_, let generation, let report):
            guard record.commits(report.last.step) else { break }
            try insert(report.last, generation, record, into: database)
            try database.cachedStatement(sql: "INSERT INTO step_ranges VALUES (?, ?, ?)")
                .execute(arguments: [record.sequence, report.first, report.pace.nanoseconds])
        default: break
        }
    }

    private static func insert(
        _ report: StepReport, _ generation: Generation, _ record: Record, into database: Database
    ) throws {
        let profile = report.profile
        try database.cachedStatement(sql: "INSERT INTO steps VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
            .execute(arguments: [
                record.sequence, record.at.nanoseconds, generation.number, report.step,
                report.loss, report.gradientNorm, report.learningRate, report.tokens, profile.compute.nanoseconds,
                profile.exchange.nanoseconds, profile.update.nanoseconds, profile.snapshot.nanoseconds,
                profile.evaluation.nanoseconds,
            ])
    }

    /// The records behind `sequence`, in order.
    /// - Throws: `JournalError` when the file cannot be read or a record is damaged.
    public func records(after sequence: Int = 0) throws(JournalError) -> [Record] {
        var records: [Record] = []
        try forEachRecord(after: sequence) { records.append($0) }
        return records
    }

    /// Hands `body` the records behind `sequence`, in order, one at a time: a long journal does not fit into memory.
    /// - Throws: `JournalError` when the file cannot be read or a record is damaged.
    public func forEachRecord(after sequence: Int = 0, _ body: (Record) -> Void) throws(JournalError) {
        try reading { database in
            let rows = try Row.fetchCursor(
                database, sql: "SELECT * FROM records WHERE sequence > ? ORDER BY sequence", arguments: [sequence])
            while let row = try rows.next() { body(try self.record(row)) }
        }
    }

    /// The story that all records tell.
    /// - Throws: `JournalError` when the file cannot be read or a record is damaged.
    public func history() throws(JournalError) -> RunHistory {
        var history = RunHistory()
        try forEachRecord { history.add($0) }
        return history
    }

    /// What `body` reads.
    func reading<Result>(_ body: (Database) throws -> Result) throws(JournalError) -> Result {
        do { return try database.read(body) } catch let error as JournalError { throw error } catch {
            throw .notAJournal(path: path, reason: Self.reason(error))
        }
    }

    /// Does all of what `body` writes, or nothing.
    func writing(_ body: (Database) throws -> Void) throws(JournalError) {
        do { try database.write(body) } catch { throw .cannotAppend(path: path, reason: Self.reason(error)) }
    }

    private func record(_ row: Row) throws -> Record {
        let sequence: Int = row["sequence"]
        do {
            let commands: String = row["commands"]
            return Record(
                sequence: sequence, at: Instant(nanoseconds: row["at_ns"]), wallNanoseconds: row["wall_ns"],
                event: try Event(Line(parsing: row["event"] as String)),
                commands: try commands.split(separator: "\n").map { try Command(Line(parsing: $0)) })
        } catch { throw JournalError.damaged(path: path, sequence: sequence, reason: "\(error)") }
    }
}

/// Opens the database of a journal at `path`: written ahead and flushed at every transaction.
func openJournal(_ path: String, readOnly: Bool) throws -> DatabaseQueue {
    var configuration = Configuration()
    configuration.readonly = readOnly
    configuration.busyMode = .timeout(5)
    if !readOnly {
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
        }
    }
    return try DatabaseQueue(path: path, configuration: configuration)
}

extension Record {
    /// Whether the record commits `step`.
    public func commits(_ step: Int) -> Bool {
        commands.contains { if case .commit(_, _, step) = $0 { true } else { false } }
    }
}
