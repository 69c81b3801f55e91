// How eager a job is to take a worker for lost that has not ended. Its defaults are the job file's. Refuses to know how
// anything is found out; the control plane's detectors do.

import Primitives

/// The limits of the detectors that adapt to what they observe.
public struct DetectionSpec: Equatable, Sendable, Codable {
    /// How long a silent worker is believed at least, whatever its heartbeats let expect (`heartbeat.at_least`).
    public var silenceAtLeast: TimeSpan
    /// How many times an expected step a member may stand still that answers (`step_deadline.factor`).
    public var stepDeadlineFactor: Int
    /// How long such a member is believed at least (`step_deadline.at_least`).
    public var stepDeadlineAtLeast: TimeSpan

    /// Limits from their parts.
    public init(
        silenceAtLeast: TimeSpan = .seconds(Int64(1)), stepDeadlineFactor: Int = 4,
        stepDeadlineAtLeast: TimeSpan = .seconds(Int64(1))
    ) {
        self.silenceAtLeast = silenceAtLeast
        self.stepDeadlineFactor = stepDeadlineFactor
        self.stepDeadlineAtLeast = stepDeadlineAtLeast
    }
}
