// What a report of one run is drawn from: its history, and the few things beside it that a journal cannot hold. Refuses
// to find any of them; whoever opened the journal hands them in.

import ControlPlane
import Jobs
import Journaling
import Primitives

/// A run to be reported.
public struct RunSource: Sendable {
    /// What the journal tells.
    public var history: RunHistory
    /// The job it carries out; nil when its file cannot be read.
    public var job: JobSpec?
    /// The name of the cluster it runs on; nil when that is not known.
    public var cluster: String?
    /// What one worker costs, in US dollars an hour; nil when its cluster's price is not known.
    public var dollarsPerWorkerHour: Double?
    /// Where the run lies on disk; nil when it is nowhere.
    public var folder: String?
    /// Where the newest checkpoint's weights lie; nil when there is none.
    public var weights: String?
    /// Whether a coordinator drives the run now: a journal cannot tell a run that goes on from one whose coordinator
    /// was killed.
    public var isCoordinated: Bool

    /// A run to be reported from its parts.
    public init(
        history: RunHistory, job: JobSpec? = nil, cluster: String? = nil, dollarsPerWorkerHour: Double? = nil,
        folder: String? = nil, weights: String? = nil, isCoordinated: Bool = false
    ) {
        self.history = history
        self.job = job
        self.cluster = cluster
        self.dollarsPerWorkerHour = dollarsPerWorkerHour
        self.folder = folder
        self.weights = weights
        self.isCoordinated = isCoordinated
    }

    /// The run's name.
    public var name: String { history.run?.name ?? "a run without a record" }
}

/// What a run is doing, in one word.
public enum RunState: String, Equatable, Sendable, Codable, CaseIterable {
    /// It has not had a gang yet.
    case queued
    /// Its gang restores, for the first time.
    case forming
    /// Its gang computes steps.
    case running
    /// Its gang was interrupted, and the next one does not compute yet.
    case recovering
    /// Its last step is committed; it still saves.
    case stopping
    /// It went on when its coordinator vanished; nothing drives it now.
    case halted
    /// Every step is committed and saved.
    case completed
    /// A user stopped it.
    case interrupted
    /// Too many restarts without progress.
    case gaveUp = "gave-up"
    /// It lost a member, and its job asks to end then.
    case memberLost = "member-lost"
    /// A step gives no finite number, whoever computes it.
    case diverged
    /// Its last checkpoint could not be written.
    case unsaved
}

extension RunSource {
    /// What the run is doing.
    public var state: RunState {
        guard let run = history.coordinator.run else { return isCoordinated ? .queued : .halted }
        if case .over(let outcome) = run.phase {
            return switch outcome {
            case .completed: .completed
            case .interrupted: .interrupted
            case .gaveUp: .gaveUp
            case .memberLost: .memberLost
            case .unsaved: .unsaved
            case .diverged: .diverged
            }
        }
        guard isCoordinated else { return .halted }
        switch run.phase {
        case .waiting: return history.segments.isEmpty ? .queued : .recovering
        case .forming: return history.segments.count == 1 ? .forming : .recovering
        case .running: return .running
        case .stopping, .over: return .stopping
        }
    }

    /// Why it is in that state, as a sentence.
    public var reason: String {
        guard let run = history.coordinator.run else { return "its journal holds no record" }
        let saved = run.checkpoints.last?.step ?? 0
        if case .over(let outcome) = run.phase {
            return outcome == .completed ? "all \(run.plan.steps) steps are committed and saved" : outcome.sentence
        }
        guard isCoordinated else { return "no coordinator drives it; it can be resumed from step \(saved)" }
        switch run.phase {
        case .waiting(let because): return because?.sentence ?? "it waits for its first decision"
        case .forming(let missing, _):
            let formed = run.members.count - missing.count
            return "\(formed) of \(run.members.count) workers have restored step \(run.committed)"
        case .running: return "\(counted(run.members.count, "worker")) compute in generation \(run.generation)"
        case .stopping(let last):
            let awaited = (last.checkpoint ? ["checkpoint"] : []) + (last.evaluation ? ["validation loss"] : [])
            return "its last \(awaited.joined(separator: " and ")) is awaited"
        case .over: return ""
        }
    }
}
