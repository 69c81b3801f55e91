// Where a queue lies on disk and what is read from there before it is served: its journal, replayed, and the lock that
// keeps a second controller out. Refuses runs; each has a folder of its own.

import ControlPlane
import Foundation
import Journaling
import LiveCoordinator
import Primitives
import Scheduling

/// Why a queue cannot be served. Each case is the user's to mend.
public enum QueueError: Error, Sendable, CustomStringConvertible {
    /// The folder cannot be made.
    case cannotMake(path: String, reason: String)
    /// Another controller serves it.
    case busy(path: String)
    /// The journal cannot be read or written.
    case journal(JournalError)
    /// The queue was made with another policy.
    case otherPolicy(path: String, made: String, asked: String)
    /// The queue was made for other teams.
    case otherTeams(path: String, made: [Team], asked: [Team])

    /// What is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .cannotMake(let path, let reason): "cannot make \(path): \(reason)"
        case .busy(let path): "another controller serves the queue in \(path); stop it first"
        case .journal(let error): error.description
        case .otherPolicy(let path, let made, let asked):
            "the queue in \(path) decides by \(made), not by \(asked); leave --policy out, or serve another folder"
        case .otherTeams(let path, let made, let asked):
            "the queue in \(path) was made for the teams \(made.map(\.text).joined(separator: ", ")), not for "
                + "\(asked.map(\.text).joined(separator: ", ")); leave --team out, or serve another folder"
        }
    }
}

/// A queue that is ready to be served by this process.
public final class QueueFolder {
    /// The folder.
    public let path: String
    /// Its journal, open for writing.
    let journal: QueueJournal
    /// What the journal leads to.
    let controller: QueueController
    /// The newest record's number and instant; 0 for a new queue.
    let last: (sequence: Int, at: Instant)
    /// When the queue was made, in wall nanoseconds since 1970.
    let epoch: Int64
    private let lock: Int32

    /// Opens the queue in `path`, or makes one there that decides by `policy` (`priority` when that is nil) between
    /// `teams` and the team `default` (that alone when they are nil).
    public init(_ path: String, policy: Policy?, teams: [Team]? = nil) throws(QueueError) {
        let path = URL(fileURLWithPath: path).standardizedFileURL.path
        self.path = path
        do { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) } catch {
            throw .cannotMake(path: path, reason: error.localizedDescription)
        }
        lock = open("\(path)/queue.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard lock >= 0 else {
            throw .cannotMake(path: "\(path)/queue.lock", reason: String(cString: strerror(errno)))
        }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw .busy(path: path)
        }
        do throws(JournalError) {
            journal = try QueueJournal(
                "\(path)/queue.db", readOnly: false,
                meta: [
                    ("policy", (policy ?? .priority).name), ("teams", Team.list(Team.ofQueue(teams ?? []))),
                    ("epoch_wall_ns", String(RunClock.wallNanoseconds)),
                ])
            let made = ((try? journal.meta("policy")) ?? nil) ?? ""
            guard let chosen = Policy.named(made) else {
                throw .notAJournal(path: journal.path, reason: "it names no policy")
            }
            epoch = ((try? journal.meta("epoch_wall_ns")) ?? nil).flatMap { Int64($0) } ?? 0
            let named = ((try? journal.meta("teams")) ?? nil) ?? ""
            let known: [Team]
            do throws(TeamProblem) { known = try Team.ofQueue(reading: named) } catch {
                throw .notAJournal(path: journal.path, reason: "of its teams, \(error)")
            }
            let records = try journal.records()
            controller = try replay(records, policy: chosen, teams: known, path: journal.path)
            last = (records.last?.sequence ?? 0, records.last?.at ?? .zero)
        } catch { throw .journal(error) }
        if let policy, policy != controller.policy {
            throw .otherPolicy(path: path, made: controller.policy.name, asked: policy.name)
        }
        if let teams, Team.ofQueue(teams) != controller.teams {
            throw .otherTeams(path: path, made: controller.teams, asked: Team.ofQueue(teams))
        }
    }

    deinit { close(lock) }
}
