// Random failures of a cluster: every component has a stream of its own ("failures/node/17"), so that one more node
// shifts no other, and its modes without memory are merged into one process, so that thousands of quiet components cost
// one draw each. Refuses to know what is in use: whoever is struck while on the shelf is still struck.

import Hardware
import Primitives

/// What is random, and what is planned, about a cluster's failures.
public struct FailureModel: Equatable, Sendable {
    /// How its parts break.
    public var modes: [FailureMode]
    /// Nodes, spares among them.
    public var nodes: Int
    /// Accelerators in a node.
    public var acceleratorsPerNode: Int
    /// Which nodes fail together.
    public var domains: FailureDomains
    /// Which nodes are bad.
    public var lemons: Lemons
    /// What is taken out on purpose.
    public var maintenance: [Maintenance]

    /// A model from its parts.
    public init(
        modes: [FailureMode], nodes: Int, acceleratorsPerNode: Int, domains: FailureDomains = FailureDomains(),
        lemons: Lemons = Lemons(), maintenance: [Maintenance] = []
    ) {
        self.modes = modes
        self.nodes = nodes
        self.acceleratorsPerNode = acceleratorsPerNode
        self.domains = domains
        self.lemons = lemons
        self.maintenance = maintenance
    }

    /// Everything that breaks before `horizon` in the life named by `seed`, in order of time; ties as the components
    /// stand: nodes, leaves, power domains, the spine, the job.
    public func breakdowns(seed: UInt64, before horizon: Instant) -> [Breakdown] {
        var all: [Breakdown] = []
        func strike(_ name: String, _ components: [FailureComponent], count: Int, size: Int, perItem: Int = 1) {
            let modes = modes.filter { components.contains($0.component) }
            guard !modes.isEmpty else { return }
            let sources = FailureSource.Rates(modes, accelerators: acceleratorsPerNode)
            let streams = RandomStream.Family(seed: seed, prefix: "failures/\(name)/")
            for index in 0..<count {
                var stream = streams[index]
                var source = FailureSource(sources, factor: 1)
                if name == "node", lemons.share > 0, stream.uniform() < lemons.share { source.factor = lemons.factor }
                let struck = min(nodes, index * size)..<min(nodes, (index + 1) * size)
                source.run(&stream, nodes: struck, before: horizon, into: &all)
            }
        }
        strike("node", [.gpu, .node], count: nodes, size: 1)
        strike("leaf", [.leaf], count: units(of: domains.nodesPerLeaf), size: domains.nodesPerLeaf)
        strike(
            "power-domain", [.powerDomain], count: units(of: domains.nodesPerPowerDomain),
            size: domains.nodesPerPowerDomain)
        strike("spine", [.spine], count: 1, size: nodes)
        strike("job", [.job], count: 1, size: 0)
        for each in maintenance { all += planned(each, before: horizon) }
        let order = all.indices.sorted { (all[$0].at, $0) < (all[$1].at, $1) }
        return order.map { all[$0] }
    }

    /// Planned maintenance is known when it begins: nobody has to detect it.
    private func planned(_ maintenance: Maintenance, before horizon: Instant) -> [Breakdown] {
        var found: [Breakdown] = []
        var at = Instant.zero + maintenance.first
        var next = 0
        while at < horizon {
            let end = min(nodes, next + maintenance.nodes)
            found.append(
                Breakdown(
                    at: at, cause: "maintenance", nodes: next..<end, effect: .killNode, detect: .zero,
                    repair: maintenance.takes))
            next = end == nodes ? 0 : end
            at = at + maintenance.every
        }
        return found
    }

    private func units(of size: Int) -> Int { (nodes + size - 1) / size }

    /// The mean time between the interruptions of a gang of `nodes` nodes by its nodes' own failures, from the rates
    /// alone: 1 / (nodes · Σ rate).
    public func meanTimeBetweenNodeFailures(gang nodes: Int) -> TimeSpan? {
        let rates = FailureSource.Rates(
            modes.filter { [.gpu, .node].contains($0.component) }, accelerators: acceleratorsPerNode)
        let total = rates.all.reduce(0) { $0 + $1.perSecond } * Double(nodes)
        return total > 0 ? .seconds(1 / total) : nil
    }
}

/// The failures of one component.
struct FailureSource {
    /// What breaks a component, and how often; computed once for all components of a kind.
    struct Rates {
        struct Entry {
            var mode: FailureMode
            var perSecond: Double
            var shape: (k: Double, scale: Double)?
        }
        var all: [Entry] = []
        /// Those without memory.
        var candidates: [Entry] = []
        /// The modes without memory together.
        var memoryless = 0.0

        init(_ modes: [FailureMode], accelerators: Int) {
            for mode in modes {
                let parts = mode.component == .gpu ? Double(accelerators) : 1
                var entry = Entry(mode: mode, perSecond: parts / mode.mtbf.seconds, shape: nil)
                if case .weibull(let k) = mode.distribution { entry.shape = (k, weibullScale(shape: k)) }
                if entry.shape == nil {
                    memoryless += entry.perSecond
                    candidates.append(entry)
                }
                all.append(entry)
            }
        }
    }

    let rates: Rates
    /// How much more often than usual it fails.
    var factor: Double

    init(_ rates: Rates, factor: Double) {
        self.rates = rates
        self.factor = factor
    }

    func run(_ stream: inout RandomStream, nodes: Range<Int>, before horizon: Instant, into all: inout [Breakdown]) {
        let end = horizon.nanoseconds
        func strike(_ entry: Rates.Entry, at: Double) {
            let mode = entry.mode
            let repair = TimeSpan.seconds(mode.repair.seconds * stream.exponential())
            var breakdown = Breakdown(
                at: Instant.zero + .seconds(at), cause: mode.cause, nodes: nodes, effect: mode.effect,
                detect: mode.detect, repair: repair)
            all.append(breakdown)
            guard let flapping = mode.flapping else { return }
            for _ in 0..<flapping.times {
                let well = breakdown.at + breakdown.detect + breakdown.repair
                breakdown.at = well + .seconds(flapping.gap.seconds * stream.exponential())
                breakdown.repair = .seconds(mode.repair.seconds * stream.exponential())
                guard breakdown.at < horizon else { return }
                all.append(breakdown)
            }
        }
        let horizonSeconds = Double(end) / 1e9
        if rates.memoryless > 0 {
            var at = stream.exponential() / (rates.memoryless * factor)
            while at < horizonSeconds {
                var pick = stream.uniform() * rates.memoryless
                let candidates = rates.candidates
                let entry =
                    candidates.first {
                        pick -= $0.perSecond; return pick < 0
                    } ?? candidates[candidates.count - 1]
                strike(entry, at: at)
                at += stream.exponential() / (rates.memoryless * factor)
            }
        }
        for entry in rates.all {
            guard let (k, scale) = entry.shape else { continue }
            var at = stream.weibull(shape: k, scale: scale) / (entry.perSecond * factor)
            while at < horizonSeconds {
                strike(entry, at: at)
                at += stream.weibull(shape: k, scale: scale) / (entry.perSecond * factor)
            }
        }
    }
}
