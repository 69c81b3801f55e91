// All runs, a line each; the last column says why a run is in its state. A run whose journal cannot be read is a line
// too, because a listing that leaves it out hides the trouble. Refuses to look for runs.

import ControlPlane
import Journaling

/// A line of the listing.
public enum ListedRun: Sendable {
    /// A run whose journal was read.
    case read(RunSource)
    /// A run's folder whose journal cannot be read, and why.
    case unreadable(name: String, reason: String)

    /// The run's name.
    public var name: String {
        switch self {
        case .read(let source): source.name
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
    for run in runs {
        switch run {
        case .unreadable(let name, let reason):
            table.add([name, "unreadable", "-", "-", "-", "-", "-", "-", reason], emphasis: .bad)
        case .read(let source):
            let history = source.history
            table.add(
                [
                    source.name, source.state.rawValue, "\(history.committed)/\(history.plan?.steps ?? 0)",
                    history.lastStep.map { fixed($0.loss, 4) } ?? "-", "\(history.segments.count)",
                    "\(history.incidents.count)",
                    history.ledger.effectiveTrainingTimeRatio.map(percent) ?? "-", compact(history.tokens),
                    source.reason,
                ], emphasis: source.state.emphasis)
        }
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
