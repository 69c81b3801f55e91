// The ways into the world at the grain of steps: a scenario to its records, or to its figures alone. Refuses threads and
// files: whoever wants several lives at once, or a journal, calls this.

import Journaling
import Primitives

/// Lives `scenario` through and hands every record to `record`, in order; what that throws ends the life.
public func simulate(_ scenario: Scenario, record: @escaping (Record) throws -> Void) throws -> RunTally {
    var world = StepWorld(scenario, sink: record)
    return try world.live()
}

/// Lives `scenario` through for its figures alone: no loss is computed and nothing is recorded.
public func tally(_ scenario: Scenario) -> RunTally {
    var world = StepWorld(scenario, sink: nil)
    do { return try world.live() } catch { preconditionFailure("a life without a journal cannot fail: \(error)") }
}
