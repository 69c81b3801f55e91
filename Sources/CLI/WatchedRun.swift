// A run that may still go on, seen from beside it: `top` and `logs -f` look again and again, and each look reads the
// journal's new records only. Refuses to write, and to say when to look.

import Journaling
import LiveCoordinator
import Primitives
import Reports

/// A run that is looked at again and again.
struct WatchedRun {
    private let folder: RunFolder
    private let epoch: Int64
    private var followed: FollowedHistory
    /// How it stood when it was last looked at.
    private(set) var source: RunSource

    /// The run in `folder`, as it is now.
    /// - Throws: `Failure` when its journal cannot be read.
    init(_ folder: RunFolder) throws {
        self.folder = folder
        do {
            followed = FollowedHistory(try JournalStore.open(folder.journal, readOnly: true))
            try followed.catchUp()
            epoch = try followed.journal.meta("epoch_wall_ns").flatMap { Int64($0) } ?? 0
        } catch let error as JournalError { throw Failure(.failed, error.description) }
        source = try describeRun(folder, followed.journal, followed.history)
    }

    /// Looks again.
    /// - Throws: `Failure` when its journal cannot be read any more.
    mutating func catchUp() throws {
        try look()
        // Who drove it may have written the last records between the look at them and the look for who drives it.
        if !source.isCoordinated { try look() }
    }

    private mutating func look() throws {
        source.history = RunHistory()  // Held once: a history of many steps must not be copied for each record.
        do { try followed.catchUp() } catch { throw Failure(.failed, error.description) }
        source = try describeRun(folder, followed.journal, followed.history)
    }

    /// Now, in the run's time: it stands still where nobody drives the run.
    var now: Instant {
        let last = source.history.start + source.history.ledger.elapsed
        return source.isCoordinated ? RunClock(epoch: epoch, last: last).now : last
    }
}
