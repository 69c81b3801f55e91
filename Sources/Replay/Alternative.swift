// What could have been different for a job of a trace: one change each, named on the command line as `gpus=4` or
// `topology=preferred`, and applied to the trace or to the cluster before all of it is replayed. Refuses two changes at
// once: what helped could not be told then.

import Primitives
import Scheduling

/// What could have been different.
public enum Alternative: Equatable, Sendable {
    /// The job asks for this many GPUs and runs the longer or shorter for it, as data-parallel jobs do.
    case gpus(Int)
    /// Another policy.
    case policy(Policy)
    /// This many more nodes in the first pool; fewer where it is negative.
    case moreNodes(Int)
    /// The job's priority.
    case priority(Int)
    /// What the job asks about its place.
    case topology(TopologyDemand)
    /// Whose the job is, an index into the trace's teams: another queue, share and quota.
    case team(Int)
    /// The job can use every kind of GPU.
    case anyAccelerator

    /// The alternative that `text`, `name=value`, means for `trace`; nil when it means none.
    ///
    /// `gpus=4`, `policy=srtf`, `nodes=+2` or `nodes=-2`, `priority=3`, `topology=preferred` or a level that is then
    /// required, `team=NAME`, `accelerator=any`.
    public init?(_ text: String, _ trace: Trace) {
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return nil }
        let (name, value) = (parts[0], parts[1])
        let found: Alternative? =
            switch name {
            case "gpus": Int(value).flatMap { $0 > 0 && $0 <= 1_000_000 ? .gpus($0) : nil }
            case "policy": Policy.named(value).map { .policy($0) }
            case "nodes": Int(value).flatMap { $0.magnitude <= 1_000_000 ? .moreNodes($0) : nil }
            case "priority": Int(value).flatMap { $0.magnitude <= 1_000_000 ? .priority($0) : nil }
            case "topology": TopologyDemand(named: value).map { .topology($0) }
            case "team": trace.teams.firstIndex(of: value).map { .team($0) }
            case "accelerator": value == "any" ? .anyAccelerator : nil
            default: nil
            }
        guard let found else { return nil }
        self = found
    }

    /// The trace and the options with this change for `job`, an index.
    func applied(to job: Int, of trace: Trace, _ options: ReplayOptions) -> (Trace, ReplayOptions) {
        var (trace, options) = (trace, options)
        switch self {
        case .gpus(let count):
            trace = trace.changing(job) {
                $0.duration = .seconds($0.duration.seconds * Double($0.gpus) / Double(count))
                $0.estimate = $0.estimate.map { [gpus = $0.gpus] in .seconds($0.seconds * Double(gpus) / Double(count))
                }
                $0.gpus = count
            }
        case .policy(let policy): options.policy = policy
        case .moreNodes(let count):
            // One node is always left: a cluster without any refuses everybody.
            let change = max(count, 1 - options.pools[0].nodeCount)
            options.pools[0] = options.pools[0].larger(by: change)
            options.failures = options.failures?.widened(by: change)
        case .priority(let priority): trace = trace.changing(job) { $0.priority = priority }
        case .topology(let demand): trace = trace.changing(job) { $0.demand = demand }
        case .team(let team): trace = trace.changing(job) { $0.team = team }
        case .anyAccelerator: trace = trace.changing(job) { $0.accelerators = nil }
        }
        return (trace, options)
    }
}

/// What is worth trying for `job` of `trace` under `options`: what it asks for itself first, then what others decide.
public func usualAlternatives(for job: Int, of trace: Trace, _ options: ReplayOptions) -> [Alternative] {
    var found: [Alternative] = []
    let asked = trace.jobs[job]
    if case .required(let level) = asked.demand {
        let outer = TopologyLevel(rawValue: level.rawValue + 1)
        if let outer, outer < .pool { found.append(.topology(.required(outer))) }
        found.append(.topology(.preferred))
    }
    if asked.accelerators != nil, options.pools.count > 1 { found.append(.anyAccelerator) }
    if asked.gpus > 1 { found.append(.gpus(asked.gpus / 2)) }
    if case .priority = options.policy.order { found.append(.priority(asked.priority + 1)) }
    let hasShares = options.policy.order == .fairShare || options.teams.contains { $0.quota != nil }
    if hasShares {
        var sizes = [Int](repeating: 0, count: trace.teams.count)
        for other in trace.jobs { sizes[other.team] += 1 }
        let quiet = trace.teams.indices.filter { $0 != asked.team }.min { (sizes[$0], $0) < (sizes[$1], $1) }
        if let quiet { found.append(.team(quiet)) }
    }
    for policy in [Policy.easy, .srtf] where policy != options.policy { found.append(.policy(policy)) }
    found.append(.moreNodes(max(1, options.pools[0].nodeCount / 10)))
    return found
}

extension Trace {
    /// The same jobs but for a change of one that leaves its submission as it is.
    func changing(_ job: Int, _ change: (inout TraceJob) -> Void) -> Trace {
        var changed = jobs
        change(&changed[job])
        return Trace(jobs: changed, teams: teams)
    }
}
