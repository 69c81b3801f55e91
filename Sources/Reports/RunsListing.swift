// All runs, a line each; the last column says why a run is in its state. A run whose journal cannot be read is a line
// too, because a listing that leaves it out hides the trouble. Refuses to look for runs.

import ControlPlane
import Journaling

/// A line of the listing.
public enum ListedRun: Sendable {
    /// A run whose journal was read.
    case read(RunSource)
    /// A long run whose figures are kept in its journal.
    case kept(RunEntry)
    /// A run's folder whose journal cannot be read, and why.
    case unreadable(name: String, reason: String)

    /// Its figures.
    public var entry: RunEntry {
        switch self {
        case .read(let source): RunEntry(source)
        case .kept(let entry): entry
        case .unreadable(let name, let reason): RunEntry(unreadable: name, reason: reason)
        }
    }

    /// The run's name.
    public var name: String {
        switch self {
        case .read(let source): source.name
        case .kept(let entry): entry.name
        case .unreadable(let name, _): name
        }
    }
}

/// `runs` in the order given, as lines: a table, or one line that says there is none.
public func runsLines(_ runs: [ListedRun], width: Int? = nil, style: Style = .plain) -> [String] {
    guard !runs.isEmpty else { return ["no run"] }
    var table = Table([
        .left("NAME"), .left("STATE"), .right("STEP"), .right("LOSS"), .right("SEGMENTS"), .right("INCIDENTS"),
        .right("ETTR"), .right("TOKENS"), .flexible("REASON"),
    ])
    for run in runs.map(\.entry) {
        func text<Value>(_ value: Value?, _ write: (Value) -> String) -> String { value.map(write) ?? "-" }
        table.add(
            [
                run.name, run.state, text(run.step) { "\($0)/\(run.steps ?? 0)" },
                text(run.training_loss_nats) { fixed($0, 4) }, text(run.segment_count) { "\($0)" },
                text(run.incident_count) { "\($0)" }, text(run.ettr, percent), text(run.tokens) { compact($0) },
                run.reason,
            ], emphasis: RunState(rawValue: run.state)?.emphasis ?? .bad)
    }
    return table.lines(width: width, style: style)
}

extension RunState {
    /// How a line about a run in this state is dressed.
    var emphasis: Style.Emphasis {
        switch self {
        case .running, .forming, .stopping: .good
        case .gaveUp, .memberLost, .diverged, .unsaved, .halted: .bad
        case .queued, .recovering, .completed, .interrupted: .plain
        }
    }
}
