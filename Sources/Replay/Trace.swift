// A history of jobs as it was recorded or made up: who asked for how many GPUs when, and how long it really ran.
// Importers of every format end here. Refuses to guess what a trace does not say; what is missing has one meaning.

import Primitives
import Scheduling

/// A job of a trace.
public struct TraceJob: Equatable, Sendable {
    /// What the trace calls it.
    public var name: String
    /// When it was submitted, counted from the trace's first submission or from the trace's own zero.
    public var submitted: Instant
    /// How long it runs, alone on the GPUs it asks for.
    public var duration: TimeSpan
    /// GPUs of its gang.
    public var gpus: Int
    /// Whose it is, an index into the trace's teams.
    public var team: Int
    /// How long its user says it runs; nil when the trace does not know.
    public var estimate: TimeSpan?
    /// More is more important.
    public var priority = 0
    /// What it asks about its place.
    public var demand = TopologyDemand.preferred
    /// The kinds of GPU that it can use, as clusters name them; nil for any. They count on clusters that have several.
    public var accelerators: [String]?

    /// A job from its parts.
    public init(name: String, submitted: Instant, duration: TimeSpan, gpus: Int, team: Int = 0) {
        self.name = name
        self.submitted = submitted
        self.duration = duration
        self.gpus = gpus
        self.team = team
    }
}

/// Jobs in the order of submission; equal instants stand as the trace has them.
public struct Trace: Equatable, Sendable {
    /// The jobs.
    public private(set) var jobs: [TraceJob]
    /// The names of teams: users, groups or virtual clusters, whatever the trace has.
    public private(set) var teams: [String]

    /// A trace of `jobs`, sorted by submission here.
    public init(jobs: [TraceJob], teams: [String]) {
        // Sorting is stable in fact but not by contract, so the place decides between equals.
        let order = jobs.indices.sorted { (jobs[$0].submitted, $0) < (jobs[$1].submitted, $1) }
        self.jobs = order.map { jobs[$0] }
        self.teams = teams.isEmpty ? ["-"] : teams
    }

    /// The same jobs, each changed by `change`, which leaves submissions as they are.
    public func changing(_ change: (inout TraceJob) -> Void) -> Trace {
        var changed = self
        for index in changed.jobs.indices { change(&changed.jobs[index]) }
        return changed
    }

    /// The jobs submitted within `range`, at the instants at which they were.
    public func submitted(in range: Range<Instant>) -> Trace {
        Trace(jobs: jobs.filter { range.contains($0.submitted) }, teams: teams)
    }
}
