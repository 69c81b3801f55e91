// One thing that broke, at its instant: what the random model and a replayed history both come to. Refuses to say what
// follows from it; the simulated world and the control plane do.

import Hardware
import Primitives

/// A failure of one component at one instant.
public struct Breakdown: Equatable, Sendable {
    /// When.
    public var at: Instant
    /// What people call it.
    public var cause: String
    /// The numbers of the nodes it strikes, ascending; none of a job's own fault that names no node.
    public var nodes: Range<Int>
    /// What it does.
    public var effect: FailureEffect
    /// From the failure until the control plane is told.
    public var detect: TimeSpan
    /// From the detection until what broke is back.
    public var repair: TimeSpan

    /// A breakdown from its parts.
    public init(
        at: Instant, cause: String, nodes: Range<Int>, effect: FailureEffect, detect: TimeSpan, repair: TimeSpan
    ) {
        self.at = at
        self.cause = cause
        self.nodes = nodes
        self.effect = effect
        self.detect = detect
        self.repair = repair
    }
}
