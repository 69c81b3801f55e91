// What every worker slot was doing when, as spans and marks: the data behind the ASCII Gantt and its JSON. Built from
// processes, segments, checkpoints and incidents alone. Refuses to bin and to draw (TimelineText does).

import ControlPlane
import Journaling
import Primitives

/// What a worker slot was doing; the order of the cases is the order of importance, least first.
///
/// Where several fall into one column of a drawing, the rarest wins: a failure is an instant among hours of training,
/// and a picture that lost it would be of no use.
public enum Activity: String, Comparable, Sendable, Codable, CaseIterable {
    /// Its process computes steps.
    case train
    /// Its process waits for a gang, or for the end.
    case idle
    /// It has no process that has joined.
    case down
    /// Its process restores state, to become part of a gang.
    case restore
    /// A checkpoint of its gang became durable.
    case checkpoint
    /// It failed, or its gang did as a whole.
    case failure

    /// The character that draws it.
    public var symbol: Character {
        switch self {
        case .train: "="
        case .idle: "~"
        case .down: "."
        case .restore: "r"
        case .checkpoint: "c"
        case .failure: "x"
        }
    }

    /// Its word in a legend.
    var word: String {
        switch self {
        case .train: "train"
        case .idle: "idle"
        case .down: "down or starting"
        case .restore: "restore"
        case .checkpoint: "checkpoint"
        case .failure: "failure"
        }
    }

    /// The less important sorts first.
    public static func < (a: Activity, b: Activity) -> Bool {
        allCases.firstIndex(of: a)! < allCases.firstIndex(of: b)!
    }
}

/// A stretch of one activity of one worker slot; an instant has equal ends.
public struct TimelineSpan: Equatable, Sendable {
    /// The slot.
    public var worker: WorkerID
    /// What it was doing.
    public var activity: Activity
    /// From when.
    public var from: Instant
    /// Until when.
    public var to: Instant
    /// The index of the segment it belongs to, if any.
    public var segment: Int?
    /// The number of the incident it belongs to, if any.
    public var incident: Int?
}

/// What every worker slot was doing when.
public struct Timeline: Equatable, Sendable {
    /// The slots that ever had a process, by address.
    public private(set) var workers: [WorkerID] = []
    /// Spans and instants, by slot, then by begin.
    public private(set) var spans: [TimelineSpan] = []

    /// The timeline of `history`; of `chosen` slots only, where not all are to be drawn.
    public init(_ history: RunHistory, of chosen: [WorkerID]? = nil) {
        workers = chosen ?? history.slots
        let signs = SignsOfLife(history)
        let memberships = Memberships(history, of: workers)
        for worker in workers {
            var row = lives(of: worker, history, signs, memberships)
            row += marks(on: worker, history, memberships)
            spans += row.sorted { ($0.from, $1.activity) < ($1.from, $0.activity) }
        }
    }

    /// A slot is down until a process joins, and again from its loss to the next; what a living process does follows
    /// from the gangs it was a member of.
    private func lives(
        of worker: WorkerID, _ history: RunHistory, _ signs: SignsOfLife, _ memberships: Memberships
    ) -> [TimelineSpan] {
        var row: [TimelineSpan] = []
        func add(_ activity: Activity, _ from: Instant, _ to: Instant, segment: Int? = nil) {
            guard from < to else { return }
            row.append(TimelineSpan(worker: worker, activity: activity, from: from, to: to, segment: segment))
        }
        var mark = history.start
        for process in history.processes where process.worker == worker {
            add(.down, mark, process.joinedAt)
            mark = process.joinedAt
            let death = signs.death(of: process) ?? history.now
            for (index, incarnation) in memberships[worker] where incarnation == process.incarnation {
                let segment = history.segments[index]
                let end = min(segment.end ?? history.now, death)
                let began = min(segment.began ?? end, end)
                add(.idle, mark, segment.formedAt)
                add(.restore, max(mark, segment.formedAt), began, segment: segment.index)
                add(.train, began, end, segment: segment.index)
                mark = max(mark, end)
            }
            add(.idle, mark, death)
            mark = max(mark, death)
        }
        add(.down, mark, history.now)
        return row
    }

    private func marks(
        on worker: WorkerID, _ history: RunHistory, _ memberships: Memberships
    ) -> [TimelineSpan] {
        let segments = Set(memberships[worker].map(\.segment))  // Asked only.
        func isMember(of segment: Int) -> Bool { segments.contains(segment) }
        let saves = history.checkpoints.filter { isMember(of: $0.segment) }.map {
            TimelineSpan(worker: worker, activity: .checkpoint, from: $0.at, to: $0.at, segment: $0.segment)
        }
        let failures = history.incidents.filter { incident in
            if incident.alsoLost.contains(where: { $0.worker == worker }) { return true }
            return switch incident.cause {
            case .interruption(.workerLost(let lost, _, _)), .interruption(.restoreFailed(let lost, _, _, _)),
                .interruption(.workerDeviant(let lost, _, _)), .startFailed(let lost, _):
                lost == worker
            case .interruption(.straggling(let report)), .straggler(let report): report.worker == worker
            case .interruption(.formationOverdue(let missing)): missing.contains(worker)
            case .interruption(.stepNotFinite(_, let suspects)) where !suspects.isEmpty: suspects.contains(worker)
            case .interruption(.statesDiffer(let dispute)) where !dispute.corrupt.isEmpty:
                dispute.corrupt.contains(worker)
            case .interruption(.replicasDisagree), .interruption(.stepNotFinite), .interruption(.coordinatorLost),
                .interruption(.statesDiffer), .interruption(.stepDoubted), .interruption(.diverged):
                isMember(of: incident.segment)
            case .drill(_, let victim): victim == worker
            case .checkpointFailed, .lossSpike: false
            }
        }
        return saves
            + failures.map {
                TimelineSpan(
                    worker: worker, activity: .failure, from: $0.at, to: $0.at,
                    segment: $0.segment < 0 ? nil : $0.segment, incident: $0.number)
            }
    }
}

/// When a process is known to have lived. A process that ended with its coordinator is told of only when the run is
/// resumed, maybe days later; it is drawn as alive until the last thing its run is known to have done.
private struct SignsOfLife {
    private var instants: [Instant]

    init(_ history: RunHistory) {
        instants =
            (history.steps.map(\.at) + history.checkpoints.map(\.at) + history.evaluations.map(\.at)
            + history.processes.map(\.joinedAt)
            + history.segments.flatMap { [$0.formedAt, $0.began, $0.end] }
            .compactMap { $0 }).sorted()
    }

    func death(of process: WorkerProcess) -> Instant? {
        guard let lostAt = process.lostAt, process.lost == .coordinatorEnded else { return process.lostAt }
        var (low, high) = (0, instants.count)
        while low < high {
            let middle = (low + high) / 2
            if instants[middle] < lostAt { low = middle + 1 } else { high = middle }
        }
        return low > 0 ? max(process.joinedAt, instants[low - 1]) : process.joinedAt
    }
}

/// Which segments each of some slots was a member of, and as which process; found in one pass, because a gang may have
/// thousands of members.
private struct Memberships {
    /// Asked only, never iterated over.
    private var lists: [WorkerID: [(segment: Int, incarnation: Incarnation)]] = [:]

    init(_ history: RunHistory, of workers: [WorkerID]) {
        for worker in workers { lists[worker] = [] }
        for segment in history.segments {
            for member in segment.members {
                lists[member.worker]?.append((segment.index, member.incarnation))
            }
        }
    }

    subscript(worker: WorkerID) -> [(segment: Int, incarnation: Incarnation)] { lists[worker] ?? [] }
}

extension RunHistory {
    /// The slots that ever had a process, by address.
    var slots: [WorkerID] {
        var slots: [WorkerID] = []
        for worker in processes.map(\.worker).sorted() where worker != slots.last { slots.append(worker) }
        return slots
    }

    /// The slots that are worth a row: all of them, or of more than `most` the first and those that failed most often.
    func slotsToDraw(most: Int) -> [WorkerID] {
        let all = slots
        guard all.count > most else { return all }
        var failures: [WorkerID: Int] = [:]  // Asked only.
        for process in processes where process.lostAt != nil { failures[process.worker, default: 0] += 1 }
        let order = all.indices.dropFirst().sorted { a, b in
            let (first, second) = (failures[all[a]] ?? 0, failures[all[b]] ?? 0)
            return first == second ? a < b : first > second
        }
        return ([0] + order.prefix(most - 1)).sorted().map { all[$0] }
    }
}
