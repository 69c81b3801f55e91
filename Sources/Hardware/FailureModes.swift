// How a cluster's parts break, as its file states it: a cause, what it strikes, how often, with what effect, how long
// until somebody knows and until it is mended; and the machines held back for that. Facts with their source. Refuses to
// draw random numbers: Failures does.

import Primitives

/// What a failure strikes.
public enum FailureComponent: String, Equatable, Sendable, Codable, CaseIterable {
    /// One accelerator; its node goes with it.
    case gpu
    /// One machine.
    case node
    /// A leaf switch, with every node below it.
    case leaf
    /// The spine: every node.
    case spine
    /// A power domain, with every node in it.
    case powerDomain = "power_domain"
    /// The job's software, wherever it runs.
    case job
}

/// What a failure does.
public enum FailureEffect: Equatable, Sendable, Codable {
    /// The nodes it strikes are gone until they are repaired.
    case killNode
    /// A process dies; its node is well, and the process is started again.
    case killJob
    /// The nodes it strikes compute at `factor` of their speed, 0 < factor < 1, for a while, and everyone waits for them.
    case slow(factor: Double, for: TimeSpan)
    /// Replicas part: what was computed since the newest checkpoint cannot be trusted.
    case corrupt
    /// The loss rises by `rise` nats with one batch, and stays up until that batch is left out; or it falls back by
    /// itself, evenly within `healing` steps.
    case spike(rise: Double, healing: Int?)

    /// Whether it strikes the loss, and no machine.
    public var isSpike: Bool { if case .spike = self { true } else { false } }
}

/// How the times between failures of one component are distributed.
public enum FailureDistribution: Equatable, Sendable, Codable {
    /// Without memory.
    case exponential
    /// Weibull; a shape below 1 is infant mortality, above 1 wear.
    case weibull(shape: Double)
}

/// One way in which a cluster's parts break.
public struct FailureMode: Equatable, Sendable, Codable {
    /// What people call it, `gpu_memory`.
    public var cause: String
    /// What it strikes.
    public var component: FailureComponent
    /// Mean time between such failures of one component.
    public var mtbf: TimeSpan
    /// How the times between them are distributed.
    public var distribution: FailureDistribution
    /// What it does.
    public var effect: FailureEffect
    /// How it comes back after its repair before it is gone for good; nil for a repair that holds.
    public var flapping: Flapping?
    /// From the failure until the control plane is told.
    public var detect: TimeSpan
    /// Mean time from the detection until what broke is back; for `killJob` until the process runs again.
    public var repair: TimeSpan
    /// Where the numbers come from.
    public var source: String

    /// A mode from its parts.
    public init(
        cause: String, component: FailureComponent, mtbf: TimeSpan, distribution: FailureDistribution = .exponential,
        effect: FailureEffect, flapping: Flapping? = nil, detect: TimeSpan, repair: TimeSpan, source: String
    ) {
        self.cause = cause
        self.component = component
        self.mtbf = mtbf
        self.distribution = distribution
        self.effect = effect
        self.flapping = flapping
        self.detect = detect
        self.repair = repair
        self.source = source
    }
}

/// A failure that comes back: a link that goes up and down, a card that passes its tests and fails again.
public struct Flapping: Equatable, Sendable, Codable {
    /// How often it comes back.
    public var times: Int
    /// The mean time from a repair to its coming back.
    public var gap: TimeSpan

    /// `times` returns, a mean of `gap` after each repair.
    public init(times: Int, gap: TimeSpan) {
        self.times = times
        self.gap = gap
    }
}

/// Nodes that fail far more often than their peers, and nobody knows which.
public struct Lemons: Equatable, Sendable, Codable {
    /// The share of nodes that are, from 0 to 1.
    public var share: Double
    /// How much more often their own parts fail.
    public var factor: Double

    /// A share of nodes, and their factor.
    public init(share: Double = 0, factor: Double = 1) {
        self.share = share
        self.factor = factor
    }
}

/// Maintenance that is planned: some nodes at a time are taken out and come back, round and round.
public struct Maintenance: Equatable, Sendable, Codable {
    /// From the start of the simulated time to the first.
    public var first: TimeSpan
    /// From one to the next.
    public var every: TimeSpan
    /// How many nodes are taken each time, the next ones in order.
    public var nodes: Int
    /// How long they are out.
    public var takes: TimeSpan

    /// Maintenance from its parts.
    /// - Precondition: `every` is above zero and `nodes` above 0.
    public init(first: TimeSpan, every: TimeSpan, nodes: Int, takes: TimeSpan) {
        precondition(every > .zero && nodes > 0, "maintenance of nothing, or without end")
        self.first = first
        self.every = every
        self.nodes = nodes
        self.takes = takes
    }
}

/// Machines held back to replace those that break.
public struct Spares: Equatable, Sendable, Codable {
    /// How many.
    public var count: Int
    /// From the detection of a loss until a spare can take the place.
    public var swapIn: TimeSpan

    /// `count` machines that each take `swapIn` to step in.
    public init(count: Int, swapIn: TimeSpan) {
        self.count = count
        self.swapIn = swapIn
    }
}

/// Which nodes fail together, by their number: consecutive nodes share a leaf and a power domain.
public struct FailureDomains: Equatable, Sendable, Codable {
    /// Nodes below one leaf switch.
    public var nodesPerLeaf: Int
    /// Nodes in one power domain.
    public var nodesPerPowerDomain: Int

    /// Domains of these sizes.
    public init(nodesPerLeaf: Int = 16, nodesPerPowerDomain: Int = 4) {
        self.nodesPerLeaf = nodesPerLeaf
        self.nodesPerPowerDomain = nodesPerPowerDomain
    }
}

/// How long a cluster takes to save a run's state and to bring it back, as its operators measured it.
public struct RecoveryTimes: Equatable, Sendable, Codable {
    /// How long training waits for a checkpoint's snapshot.
    public var snapshot: TimeSpan
    /// From the snapshot until the checkpoint is durable.
    public var write: TimeSpan
    /// Starting and connecting a gang.
    public var regroup: TimeSpan
    /// Loading a checkpoint, beside `regroup`.
    public var restore: TimeSpan
    /// Taking the state from another member, beside `regroup`.
    public var peerTransfer: TimeSpan
    /// How much slower a step is at noon than at midnight, as a share.
    public var diurnalSwing: Double

    /// Times from their parts.
    public init(
        snapshot: TimeSpan = .seconds(Int64(5)), write: TimeSpan = .seconds(Int64(60)),
        regroup: TimeSpan = .seconds(Int64(60)), restore: TimeSpan = .seconds(Int64(60)),
        peerTransfer: TimeSpan = .seconds(Int64(30)), diurnalSwing: Double = 0
    ) {
        self.snapshot = snapshot
        self.write = write
        self.regroup = regroup
        self.restore = restore
        self.peerTransfer = peerTransfer
        self.diurnalSwing = diurnalSwing
    }
}
