// The machines a job runs on, as a cluster file describes them: nodes, what accelerates them, what they cost. Refuses
// to know which of them are up (ControlPlane does) and to read files (SpecFiles does).

import Jobs
import Primitives

/// A named set of nodes.
public struct Cluster: Equatable, Sendable, Codable {
    /// The cluster's name.
    public var name: String
    /// Groups of equal nodes, in the file's order.
    public var groups: [NodeGroup]
    /// Levels of its network, inside out; empty where the file gives none.
    public var network: [NetworkLevel]
    /// How its communication library sums and gathers.
    public var collectives: CollectiveAlgorithm
    /// Its shared file system; nil where the file gives none.
    public var storage: Storage?
    /// How its parts break.
    public var failureModes: [FailureMode]
    /// Which of its nodes are bad.
    public var lemons: Lemons
    /// What is taken out on purpose.
    public var maintenance: [Maintenance]
    /// A history of failures to be lived through, by its path from the cluster file's folder; nil for none.
    public var failureScript: String?
    /// Machines held back beside those a job asks for.
    public var spares: Spares
    /// Which nodes fail together.
    public var failureDomains: FailureDomains
    /// How long saving and coming back take.
    public var recoveryTimes: RecoveryTimes

    /// The cluster `name` made of `groups`.
    public init(
        name: String, groups: [NodeGroup], network: [NetworkLevel] = [],
        collectives: CollectiveAlgorithm = .automatic, storage: Storage? = nil, failureModes: [FailureMode] = [],
        lemons: Lemons = Lemons(), maintenance: [Maintenance] = [], failureScript: String? = nil,
        spares: Spares = Spares(count: 0, swapIn: .seconds(Int64(900))),
        failureDomains: FailureDomains = FailureDomains(), recoveryTimes: RecoveryTimes = RecoveryTimes()
    ) {
        self.name = name
        self.groups = groups
        self.network = network
        self.collectives = collectives
        self.storage = storage
        self.failureModes = failureModes
        self.lemons = lemons
        self.maintenance = maintenance
        self.failureScript = failureScript
        self.spares = spares
        self.failureDomains = failureDomains
        self.recoveryTimes = recoveryTimes
    }

    /// What a worker costs in the mean, in US dollars an hour; 0 where there is no slot.
    public var dollarsPerWorkerHour: Double {
        let slots = groups.reduce(0) { $0 + $1.nodes.count * $1.slotsPerNode }
        let dollars = groups.reduce(0) { $0 + Double($1.nodes.count) * $1.dollarsPerHour }
        return slots > 0 ? dollars / Double(slots) : 0
    }

    /// What the first `count` nodes in the file's order cost, in US dollars an hour; nodes beyond those there are cost
    /// what the last one does.
    public func dollarsPerHour(of count: Int) -> Double {
        groups(of: count).reduce(0) { $0 + Double($1.count) * $1.group.dollarsPerHour }
    }

    /// What the first `count` nodes draw, in watts; nil where the file does not say it of every group they are of.
    public func watts(of count: Int) -> Double? {
        var sum = 0.0
        for (group, count) in groups(of: count) {
            guard let watts = group.watts else { return nil }
            sum += Double(count) * watts
        }
        return sum
    }

    /// The groups that the first `count` nodes in the file's order are of, with how many of each.
    public func groups(of count: Int) -> [(group: NodeGroup, count: Int)] {
        var left = count
        var found: [(group: NodeGroup, count: Int)] = []
        for (index, group) in groups.enumerated() where left > 0 {
            let taken = index + 1 < groups.count ? min(left, group.nodes.count) : left
            if taken > 0 { found.append((group, taken)) }
            left -= taken
        }
        return found
    }

    /// Every node in the file's order, with the group it is of.
    public var nodes: [(id: NodeID, group: NodeGroup)] { groups.flatMap { group in group.nodes.map { ($0, group) } } }
}

/// Nodes that are alike.
public struct NodeGroup: Equatable, Sendable, Codable {
    /// The nodes' names, expanded from the file's hostlist.
    public var nodes: [NodeID]
    /// What computes on each.
    public var accelerator: Accelerator
    /// How many accelerators each node has.
    public var acceleratorsPerNode: Int
    /// How many workers may share an accelerator (`oversubscribe`); 1 means each has its own.
    public var workersPerAccelerator: Int
    /// What a node costs, in US dollars an hour.
    public var dollarsPerHour: Double
    /// What a node draws when it trains, in watts; nil where the file does not say.
    public var watts: Double?

    /// A group from its parts.
    public init(
        nodes: [NodeID], accelerator: Accelerator, acceleratorsPerNode: Int, workersPerAccelerator: Int,
        dollarsPerHour: Double, watts: Double? = nil
    ) {
        self.nodes = nodes
        self.accelerator = accelerator
        self.acceleratorsPerNode = acceleratorsPerNode
        self.workersPerAccelerator = workersPerAccelerator
        self.dollarsPerHour = dollarsPerHour
        self.watts = watts
    }

    /// How many workers a node takes.
    public var slotsPerNode: Int { acceleratorsPerNode * workersPerAccelerator }
}

/// One kind of accelerator: a GPU, or here a processor core.
public struct Accelerator: Equatable, Sendable, Codable {
    /// Its name in the cluster file, `a100-80gb`.
    public var name: String
    /// Dense peak in 32-bit floats, in floating-point operations a second: the denominator of MFU for live runs.
    public var peakFP32: Double
    /// Dense peak in bf16 or fp16, in floating-point operations a second; nil where the file does not say.
    public var peakHalf: Double?
    /// Dense peak in fp8, in floating-point operations a second; nil where the file does not say.
    public var peakFP8: Double?
    /// Its memory.
    public var memory: ByteCount
    /// What it reads from its memory, in bytes a second; nil where the file does not say.
    public var memoryBandwidth: Double?
    /// Model operations a second (6 a parameter and token, recomputation not counted) that a published run of this kind
    /// of cluster sustained; nil when none is known.
    public var sustained: Double?

    /// An accelerator from its figures.
    public init(
        name: String, peakFP32: Double, peakHalf: Double? = nil, peakFP8: Double? = nil, memory: ByteCount,
        memoryBandwidth: Double? = nil, sustained: Double? = nil
    ) {
        self.name = name
        self.peakFP32 = peakFP32
        self.peakHalf = peakHalf
        self.peakFP8 = peakFP8
        self.memory = memory
        self.memoryBandwidth = memoryBandwidth
        self.sustained = sustained
    }

    /// Its dense peak in `precision`, in floating-point operations a second; nil where the file does not say.
    public func peak(_ precision: Precision) -> Double? {
        switch precision {
        case .fp32: peakFP32
        case .bf16, .fp16: peakHalf
        case .fp8: peakFP8
        }
    }
}
