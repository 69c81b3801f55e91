// What the scheduler knows of a job: what it asks for, and what is expected of it. Integers only, because a queue of a
// hundred thousand of them is sorted and walked. Refuses to know how long a job will really run.

import Primitives

/// Pools by their index, which is below 64: a job asks for few kinds of GPU, and is asked about them at every look.
public struct PoolSet: Equatable, Sendable {
    private var bits: UInt64

    /// Every pool.
    public static let any = PoolSet(bits: .max)

    private init(bits: UInt64) { self.bits = bits }

    /// The pools `indices`.
    /// - Precondition: each is below 64.
    public init(_ indices: some Sequence<Int>) {
        bits = indices.reduce(0) { bits, index in
            precondition((0..<64).contains(index), "a cluster has at most 64 kinds of node")
            return bits | 1 << UInt64(index)
        }
    }

    /// Whether pool `index` is one of them.
    public func contains(_ index: Int) -> Bool { bits >> UInt64(index) & 1 == 1 }
}

/// A job as it is submitted.
public struct JobRequest: Equatable, Sendable {
    /// GPUs of its gang.
    public var gpus: Int
    /// How long it is expected to run on that many.
    public var expected: TimeSpan
    /// Whose it is, as an index into the teams.
    public var team = 0
    /// More is more important.
    public var priority = 0
    /// When it must have ended.
    public var deadline: Instant?
    /// The fewest and the most GPUs it can use; nil where it can use no other number than `gpus`.
    public var range: ClosedRange<Int>?
    /// The pools it may run in.
    public var pools = PoolSet.any
    /// What it asks about its place.
    public var demand = TopologyDemand.preferred

    /// A request for `gpus` GPUs, `expected` long.
    public init(gpus: Int, expected: TimeSpan) {
        self.gpus = gpus
        self.expected = expected
    }
}

/// What a team may have.
public struct Team: Equatable, Sendable {
    /// Its name.
    public var name: String
    /// Its part of the cluster relative to the other teams'.
    public var weight: Int
    /// The most GPUs its jobs may hold together; nil for no limit.
    public var quota: Int?

    /// The team `name`.
    public init(name: String, weight: Int = 1, quota: Int? = nil) {
        self.name = name
        self.weight = weight
        self.quota = quota
    }
}

/// What stopping and resuming a job costs it, in time on its own GPUs.
public struct ResumeCost: Equatable, Sendable {
    /// The time to restore, by the size of the gang: the first entry whose `upTo` is at least the gang's GPUs.
    public var restore: [(upTo: Int, span: TimeSpan)]
    /// The time to save before it stops.
    public var save: TimeSpan
    /// How often it saves by itself; nil for never.
    public var interval: TimeSpan?

    /// A cost from its parts.
    /// - Precondition: `restore` is ascending and its last entry is for any size.
    public init(restore: [(upTo: Int, span: TimeSpan)], save: TimeSpan, interval: TimeSpan?) {
        precondition(restore.last?.upTo == .max, "restoring takes some time at every size")
        self.restore = restore
        self.save = save
        self.interval = interval
    }

    /// What HeliosArtifact's simulator charges: 7 s for one GPU, 30 s up to 8, 60 s beyond.
    public static let helios = ResumeCost(
        restore: [(1, .seconds(7 as Int64)), (8, .seconds(30 as Int64)), (.max, .seconds(60 as Int64))], save: .zero,
        interval: nil)

    /// The time to restore a gang of `gpus`.
    public func restore(gpus: Int) -> TimeSpan { restore.first { gpus <= $0.upTo }?.span ?? .zero }

    /// The work that a failure after running for `span` throws away.
    public func lostWork(after span: TimeSpan) -> TimeSpan {
        guard let interval, interval > .zero else { return span }
        return TimeSpan(nanoseconds: span.nanoseconds % interval.nanoseconds)
    }

    /// What a planned stop after running for `span` costs: saving, or the work since the last checkpoint where doing
    /// that again is quicker, and restoring.
    public func planned(after span: TimeSpan, gpus: Int) -> TimeSpan {
        min(save, lostWork(after: span)) + restore(gpus: gpus)
    }

    /// Equal entries.
    public static func == (a: ResumeCost, b: ResumeCost) -> Bool {
        a.save == b.save && a.interval == b.interval && a.restore.elementsEqual(b.restore) { $0 == $1 }
    }
}

/// How much slower a gang runs because its nodes are apart. The factors come from a step-time model; 1 everywhere means
/// that nearness costs nothing.
public struct PlacementSlowdown: Equatable, Sendable {
    /// The factor on a job's run time by how far apart its nodes are, at least 1: one node, a leaf, a spine, the pool.
    public var factors: [Double]

    /// Factors for a gang within a leaf, within a spine and across spines.
    /// - Precondition: each is at least 1.
    public init(leaf: Double, spine: Double, pool: Double) {
        precondition(min(leaf, spine, pool) >= 1, "distance makes nothing faster")
        factors = [1, leaf, spine, pool]
    }

    /// Distance costs nothing.
    public static let none = PlacementSlowdown(leaf: 1, spine: 1, pool: 1)

    /// The factor for a gang that spans `level`.
    public func factor(_ level: TopologyLevel) -> Double { factors[level.rawValue] }
}
