// When a member counts as too slow, and what is done about it. Its defaults are the job file's. Refuses to know how step
// times are measured; the control plane's StragglerWatch does.

import Primitives

/// A job's patience with slow members (`fault_tolerance.straggler`).
public struct StragglerSpec: Equatable, Sendable, Codable {
    /// What is done about a straggler (`action`).
    public enum Action: String, Equatable, Sendable, Codable, CaseIterable {
        /// Nobody looks for one.
        case off
        /// It becomes an incident.
        case report
        /// It is an incident, and is replaced as soon as a spare is free.
        case swap
    }

    /// How long a member has to be slow, without a step in between at which it was not (`for`).
    public enum Patience: Equatable, Sendable, Codable {
        /// For this many steps (`for: 30 steps`).
        case steps(Int)
        /// For this long (`for: 10s`).
        case time(TimeSpan)
    }

    /// What is done about one.
    public var action: Action
    /// How many times as long as the median of the others a slow member takes for a micro-batch, at least (`factor`).
    public var factor: Double
    /// For how long.
    public var patience: Patience

    /// A patience from its parts.
    public init(action: Action = .report, factor: Double = 1.5, patience: Patience = .steps(30)) {
        self.action = action
        self.factor = factor
        self.patience = patience
    }
}

extension StragglerSpec.Patience: CustomStringConvertible {
    /// `30 steps`, `10.0s`.
    public var description: String {
        switch self {
        case .steps(let count): "\(count) \(count == 1 ? "step" : "steps")"
        case .time(let span): "\(span)"
        }
    }
}
