// What was made of a whole journal and is kept in it, so that a run of millions of steps opens without being read: texts of
// readers above, each with the record up to which it was made, and the extremes of the curve. All of it is derived: it is
// stale as soon as a further record is there, can be dropped and made again, and a journal without it opens as ever.
// Refuses to know what the texts say.

import GRDB
import Primitives

extension JournalStore {
    /// The sequence of the newest record; 0 before the first.
    /// - Throws: `JournalError` when the file cannot be read.
    public func newestSequence() throws(JournalError) -> Int {
        try reading { try Int.fetchOne($0, sql: "SELECT max(sequence) FROM records") ?? 0 }
    }

    /// When the run was submitted: the instant of the first record.
    /// - Throws: `JournalError` when the file cannot be read.
    public func start() throws(JournalError) -> Instant {
        let first = "SELECT at_ns FROM records ORDER BY sequence LIMIT 1"
        return try reading { Instant(nanoseconds: try Int64.fetchOne($0, sql: first) ?? 0) }
    }

    /// The text kept under `kind` in the form of `version`, if it was made of all records that there are.
    ///
    /// A journal that cannot be read is one without: whoever reads it next says what is wrong.
    public func kept(_ kind: String, version: Int) -> String? {
        try? reading { database in
            guard try database.tableExists("kept") else { return nil }
            return try String.fetchOne(
                database,
                sql: """
                    SELECT text FROM kept WHERE kind = ? AND version = ?
                    AND sequence = (SELECT max(sequence) FROM records)
                    """, arguments: [kind, version])
        }
    }

    /// Keeps `texts` in the form of `version`, made of the records up to `sequence`, and makes the extremes of the curve,
    /// all in place of what was kept.
    /// - Throws: `JournalError.cannotAppend` when they could not be written; what was kept stays.
    public func keep(
        _ texts: [(kind: String, text: String)], version: Int, sequence: Int
    ) throws(JournalError) {
        try writing { database in
            try JournalStore.makeExtremes(in: database)
            try database.execute(
                sql: """
                    DROP TABLE IF EXISTS kept;
                    CREATE TABLE kept (
                        kind TEXT PRIMARY KEY, version INTEGER NOT NULL, sequence INTEGER NOT NULL, text TEXT NOT NULL);
                    """)
            for each in texts {
                try database.execute(
                    sql: "INSERT INTO kept VALUES (?, ?, ?, ?)", arguments: [each.kind, version, sequence, each.text])
            }
        }
    }
}
