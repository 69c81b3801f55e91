// How a cluster's nodes are tied together and where it keeps its files, as a cluster file states it: levels from the
// inside out, each with what one accelerator can send through it. Refuses wiring diagrams: the model needs rates.

import Jobs
import Primitives

/// One level of a network.
public struct NetworkLevel: Equatable, Sendable, Codable {
    /// How far a level reaches.
    public enum Scope: Equatable, Sendable, Codable {
        /// One node.
        case node
        /// So many nodes: those under one switch.
        case nodes(Int)
        /// The whole cluster.
        case all
    }

    /// What people call it: `nvlink`, `leaf`, `spine`.
    public var name: String
    /// How far it reaches.
    public var scope: Scope
    /// What one accelerator sends through it, in bytes a second; nil where the level below sets the rate.
    public var bandwidth: Double?
    /// How much more can enter it than leave it upwards; 1 for a network that does not block.
    public var oversubscription: Double

    /// A level from its figures.
    public init(name: String, scope: Scope, bandwidth: Double?, oversubscription: Double = 1) {
        self.name = name
        self.scope = scope
        self.bandwidth = bandwidth
        self.oversubscription = oversubscription
    }
}

/// What a cluster's shared file system does, in bytes a second for the whole cluster.
public struct Storage: Equatable, Sendable, Codable {
    /// Reading.
    public var read: Double
    /// Writing.
    public var write: Double

    /// Storage that reads and writes at these rates.
    public init(read: Double, write: Double) {
        self.read = read
        self.write = write
    }
}

/// Why a cluster cannot be modelled.
public struct UnmodelledCluster: Error, Equatable, Sendable {
    /// What its file does not say, a clause.
    public var problem: String
}

extension Cluster {
    /// The first `count` nodes as the step-time model sees them, computing in `precision`: where they are of several
    /// groups, with the slowest and smallest of each figure, because a gang goes at the pace of its slowest member. All
    /// nodes count unless `count` says fewer.
    /// - Throws: `UnmodelledCluster` naming the figure that the file does not give.
    public func machine(_ precision: Precision, nodes count: Int? = nil) throws(UnmodelledCluster) -> Machine {
        let used = groups(of: min(count ?? nodes.count, nodes.count)).map(\.group)
        guard let group = used.first else { throw UnmodelledCluster(problem: "it has no nodes") }
        var (peak, memory, memoryBandwidth) = (Double.infinity, Double.infinity, Double.infinity)
        for each in used {
            let accelerator = each.accelerator
            guard let itsPeak = accelerator.peak(precision) else {
                throw UnmodelledCluster(
                    problem: "`gpus.\(accelerator.name).peak` does not give \(precision.rawValue)")
            }
            guard let itsBandwidth = accelerator.memoryBandwidth else {
                throw UnmodelledCluster(problem: "`gpus.\(accelerator.name)` does not give its `memory_bandwidth`")
            }
            guard each.acceleratorsPerNode == group.acceleratorsPerNode else {
                throw UnmodelledCluster(problem: "a gang spans nodes with different numbers of accelerators")
            }
            peak = min(peak, itsPeak)
            memory = min(memory, Double(accelerator.memory.bytes))
            memoryBandwidth = min(memoryBandwidth, itsBandwidth)
        }
        let inside = network.first { $0.scope == .node }?.bandwidth
        let outside = network.first { $0.scope != .node && $0.bandwidth != nil }?.bandwidth
        if group.acceleratorsPerNode > 1, inside == nil {
            throw UnmodelledCluster(problem: "`network` has no level of `scope: node` with a `bandwidth`")
        }
        if nodes.count > 1, outside == nil {
            throw UnmodelledCluster(problem: "`network` has no level between nodes with a `bandwidth`")
        }
        let leaf = network.lazy.compactMap { level in
            if case .nodes(let count) = level.scope { count } else { nil }
        }.first
        return Machine(
            peak: peak, memory: memory, memoryBandwidth: memoryBandwidth,
            perNode: group.acceleratorsPerNode, nodeBandwidth: inside ?? memoryBandwidth,
            networkBandwidth: outside ?? inside ?? memoryBandwidth, nodesPerLeaf: leaf ?? 0,
            oversubscription: network.map(\.oversubscription).max() ?? 1, collectives: collectives)
    }
}
