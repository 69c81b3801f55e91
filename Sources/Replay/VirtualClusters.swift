// A cluster cut into parts that share nothing, a part a team: Philly's and Helios' virtual clusters. Each is replayed by
// itself and the results are laid side by side. Refuses borrowing between parts; that is what quotas are for.

import Primitives
import Scheduling

/// A part of a cluster that belongs to one team.
public struct VirtualCluster: Equatable, Sendable {
    /// The team's name.
    public var name: String
    /// How many nodes it has.
    public var nodes: Int

    /// `nodes` nodes for `name`.
    public init(name: String, nodes: Int) {
        self.name = name
        self.nodes = nodes
    }
}

/// Reads a `.vcs` file: a header `vc,nodes` and a row for each virtual cluster.
/// - Throws: `TraceError.badRows` with every bad row.
public func readVirtualClusters(_ bytes: [UInt8]) throws(TraceError) -> [VirtualCluster] {
    var lines = TraceLines(bytes)
    guard let header = lines.next(separator: 44) else { throw .empty }
    guard header.fields.count == 2, header.text(0) == "vc", header.text(1) == "nodes" else {
        throw .badRows([TraceProblem(line: header.line, problem: "the header is not vc,nodes")], count: 1)
    }
    var clusters: [VirtualCluster] = []
    var problems: [TraceProblem] = []
    while let row = lines.next(separator: 44) {
        guard row.fields.count == 2, let nodes = Int(row.text(1)), (1...1_000_000).contains(nodes) else {
            problems.append(TraceProblem(line: row.line, problem: "this is no name and number of nodes"))
            continue
        }
        if clusters.contains(where: { $0.name == row.text(0) }) {
            problems.append(TraceProblem(line: row.line, problem: "\(row.text(0)) is given twice"))
        }
        clusters.append(VirtualCluster(name: row.text(0), nodes: nodes))
    }
    guard problems.isEmpty else { throw .badRows(problems, count: problems.count) }
    guard !clusters.isEmpty else { throw .empty }
    return clusters
}

/// Replays the jobs of each of `clusters` on that cluster's own pools, which `options` makes from its nodes. Jobs of
/// teams that have no cluster are refused as too large for it.
public func replay(
    _ trace: Trace, on clusters: [VirtualCluster], options: (VirtualCluster) -> ReplayOptions
) -> ReplayResult {
    let refused = trace.jobs.map { job -> JobOutcome in
        var outcome = JobOutcome()
        outcome.refusal = .tooLarge(needed: job.gpus, largest: 0)
        return outcome
    }
    var whole = ReplayResult(outcomes: refused)
    for cluster in clusters {
        let own = trace.jobs.indices.filter { trace.teams[trace.jobs[$0].team] == cluster.name }
        guard !own.isEmpty else { continue }
        let part = replay(Trace(jobs: own.map { trace.jobs[$0] }, teams: trace.teams), options(cluster))
        for (index, outcome) in zip(own, part.outcomes) { whole.outcomes[index] = outcome }
        whole.openGPUSeconds += part.openGPUSeconds
        whole.fragmentedGPUSeconds += part.fragmentedGPUSeconds
        whole.nodeFailures += part.nodeFailures
        whole.swaps += part.swaps
    }
    return whole
}
