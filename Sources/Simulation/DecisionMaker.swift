// What a simulated world drives: the real dispatcher, or in tests one that something is wrong with. A protocol so that
// a planted bug can be wrapped around the real thing; the world is generic over it and costs nothing for that. Refuses
// a second implementation of any decision.

import ControlPlane
import Jobs
import Primitives

/// A control plane as a world sees it.
public protocol DecisionMaker {
    /// One for a run whose journal leads to `coordinator`.
    init(job: JobSpec, assignment: Dispatcher.Assignment, coordinator: Coordinator)
    /// The coordinator in it.
    var coordinator: Coordinator { get }
    /// When it wants `timePassed`.
    var nextDeadline: Instant? { get }
    /// Takes what happened at `now`; returns what is to be done, in order.
    mutating func handle(_ input: Dispatcher.Input, at now: Instant) -> [Dispatcher.Output]
}

extension Dispatcher: DecisionMaker {}
