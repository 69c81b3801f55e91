// A queue's journal: what its controller was told, when, and what it asked for, in a database of the same shape as a
// run's and made durable in the same way. A controller that is started again is a fold over it. Refuses runs; they have
// journals of their own.

import ControlPlane
import Foundation
import GRDB
import Primitives
import Scheduling

/// A fact that a queue was told, with the commands that answered it.
public struct QueueRecord: Equatable, Sendable {
    /// Its place in the journal, from 1.
    public var sequence: Int
    /// When it happened, since the queue was made.
    public var at: Instant
    /// When it happened by the wall clock, in nanoseconds since 1970.
    public var wallNanoseconds: Int64
    /// What happened.
    public var event: QueueEvent
    /// What was to be done about it, in order.
    public var commands: [QueueCommand]

    /// A record from its parts.
    public init(sequence: Int, at: Instant, wallNanoseconds: Int64, event: QueueEvent, commands: [QueueCommand]) {
        self.sequence = sequence
        self.at = at
        self.wallNanoseconds = wallNanoseconds
        self.event = event
        self.commands = commands
    }
}

/// The state that `records` lead to under `policy` for `teams`.
/// - Throws: `JournalError.damaged` at the first record whose commands differ from what replaying its event gives.
public func replay(
    _ records: [QueueRecord], policy: Policy, teams: [Team] = [], path: String
) throws(JournalError) -> QueueController {
    var controller = QueueController(policy: policy, teams: teams)
    for record in records {
        let commands = controller.handle(record.event, at: record.at)
        guard commands == record.commands else {
            throw .damaged(
                path: path, sequence: record.sequence,
                reason: "\(record.event.line.text) was answered by "
                    + "[\(record.commands.map(\.line.text).joined(separator: "; "))], its replay by "
                    + "[\(commands.map(\.line.text).joined(separator: "; "))]")
        }
    }
    return controller
}

/// A queue's journal file. Written by one process, read by any number.
public final class QueueJournal: Sendable {
    /// The version of the tables, in `meta` under `schema`.
    public static let schema = "understudy/queue/v1"

    /// Where the file is.
    public let path: String
    private let database: DatabaseQueue

    /// Opens the journal at `path`. One that is not there is made, with what `meta` says of the queue, unless it is
    /// only to be read.
    public init(_ path: String, readOnly: Bool, meta: [(key: String, value: String)] = []) throws(JournalError) {
        self.path = path
        do {
            guard !readOnly || FileManager.default.fileExists(atPath: path) else {
                throw JournalError.notAJournal(path: path, reason: "there is no such file")
            }
            database = try openJournal(path, readOnly: readOnly)
            if !readOnly {
                try database.write { database in
                    try database.execute(sql: QueueJournal.tables)
                    // What a queue was made with is not added to later: its records were answered without it.
                    guard try Int.fetchOne(database, sql: "SELECT count(*) FROM meta") == 0 else { return }
                    for (key, value) in [("schema", QueueJournal.schema)] + meta {
                        try database.execute(sql: "INSERT INTO meta VALUES (?, ?)", arguments: [key, value])
                    }
                }
            }
            let found = try self.meta("schema") ?? "not named"
            guard found == QueueJournal.schema else {
                throw JournalError.notAJournal(
                    path: path, reason: "its schema is \(found), this program reads \(QueueJournal.schema)")
            }
        } catch let error as JournalError { throw error } catch {
            throw .notAJournal(path: path, reason: QueueJournal.reason(error))
        }
    }

    private static let tables = """
        CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS records (
            sequence INTEGER PRIMARY KEY, at_ns INTEGER NOT NULL, wall_ns INTEGER NOT NULL,
            kind TEXT NOT NULL, event TEXT NOT NULL, commands TEXT NOT NULL);
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
    public func append(_ record: QueueRecord) throws(JournalError) {
        let event = record.event.line
        let commands = record.commands.map(\.line.text).joined(separator: "\n")
        do {
            try database.write { database in
                try database.cachedStatement(sql: "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?)").execute(arguments: [
                    record.sequence, record.at.nanoseconds, record.wallNanoseconds, event.head, event.text, commands,
                ])
            }
        } catch { throw .cannotAppend(path: path, reason: QueueJournal.reason(error)) }
    }

    /// All records, in order.
    /// - Throws: `JournalError` when the file cannot be read or a record is damaged.
    public func records() throws(JournalError) -> [QueueRecord] {
        do {
            return try database.read { database in
                try Row.fetchAll(database, sql: "SELECT * FROM records ORDER BY sequence").map(record)
            }
        } catch let error as JournalError { throw error } catch {
            throw .notAJournal(path: path, reason: QueueJournal.reason(error))
        }
    }

    private func record(_ row: Row) throws -> QueueRecord {
        let sequence: Int = row["sequence"]
        do {
            return QueueRecord(
                sequence: sequence, at: Instant(nanoseconds: row["at_ns"]), wallNanoseconds: row["wall_ns"],
                event: try QueueEvent(Line(parsing: row["event"] as String)),
                commands: try (row["commands"] as String).split(separator: "\n")
                    .map { try QueueCommand(Line(parsing: $0)) })
        } catch { throw JournalError.damaged(path: path, sequence: sequence, reason: "\(error)") }
    }
}
