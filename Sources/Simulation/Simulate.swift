// Runs schedules, and makes those that find something small: a fault whose absence changes nothing about the violation
// is noise to whoever reads the story. Refuses threads: whoever wants several at once calls this on several.

import ControlPlane
import Primitives

/// Lives through `schedule`.
/// - Parameters:
///   - promises: what the world keeps; anything but `.kept` is a planted bug.
///   - tellsStory: whether the verdict holds the story, a line an event; slow.
public func simulate(_ schedule: Schedule, promises: Promises = .kept, tellsStory: Bool = false) -> Verdict {
    simulate(schedule, under: Dispatcher.self, promises: promises, tellsStory: tellsStory)
}

/// Lives through `schedule` under another control plane than the real one: a test's, with a planted bug.
public func simulate<Control: DecisionMaker>(
    _ schedule: Schedule, under control: Control.Type, promises: Promises = .kept, tellsStory: Bool = false
) -> Verdict {
    let history = FaultFreeHistory(steps: schedule.plan.steps, microBatches: schedule.plan.microBatches)
    var world = World<Control>(schedule, promises: promises, history: history, tellsStory: tellsStory)
    return world.live()
}

/// The schedule with as few of its faults as possible for which `fails` still holds: faults are taken out one after the
/// other for as long as any can be missed.
/// - Precondition: `fails(schedule)`.
public func minimised(_ schedule: Schedule, while fails: (Schedule) -> Bool) -> Schedule {
    var smallest = schedule
    for kind in FaultKind.allCases where smallest.faults.contains(where: { $0.kind == kind }) {
        var candidate = smallest
        candidate.faults.removeAll { $0.kind == kind }
        if fails(candidate) { smallest = candidate }
    }
    var hasShrunk = true
    while hasShrunk {
        hasShrunk = false
        for index in smallest.faults.indices.reversed() {
            var candidate = smallest
            candidate.faults.remove(at: index)
            guard fails(candidate) else { continue }
            smallest = candidate
            hasShrunk = true
        }
    }
    return smallest
}
