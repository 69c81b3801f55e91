// The story of a journal that may still grow: what was read before is kept, and only the records behind it are read again.
// Refuses to wait for records; whoever follows says when to look.

/// A journal and the story it has told so far.
public struct FollowedHistory: Sendable {
    /// Where the records come from.
    public let journal: JournalStore
    /// What the records read so far tell.
    public private(set) var history = RunHistory()
    /// The last record that was read; 0 before the first.
    public private(set) var sequence = 0

    /// The story of `journal`, nothing of which has been read.
    public init(_ journal: JournalStore) { self.journal = journal }

    /// Reads what was written since.
    /// - Throws: `JournalError` when the file cannot be read or a record is damaged; what is before that has been read.
    public mutating func catchUp() throws(JournalError) {
        let journal = journal
        try journal.forEachRecord(after: sequence) { record in
            history.add(record)
            sequence = record.sequence
        }
    }
}
