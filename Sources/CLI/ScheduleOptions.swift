// On what `understudy schedule` replays a trace, and what fails there. Refuses to replay.

import ArgumentParser
import Failures
import Foundation
import Hardware
import Primitives
import Replay
import Scheduling
import SpecFiles

/// The cluster of a replay, however it is given.
struct ScheduleCluster: ParsableArguments {
    @Option(help: ArgumentHelp("The cluster's file.", valueName: "file"))
    var cluster: String?

    @Option(help: ArgumentHelp("Nodes, when there is no file.", valueName: "count"))
    var nodes: Int?

    @Option(name: .customLong("gpus-per-node"), help: ArgumentHelp("GPUs on each.", valueName: "count"))
    var gpusPerNode = 8

    @Option(
        help: ArgumentHelp("A file vc,nodes: every virtual cluster is replayed on nodes of its own.", valueName: "file")
    )
    var vcs: String?

    @Option(help: ArgumentHelp("Nodes under a leaf switch.", valueName: "count"))
    var nodesPerLeaf: Int?

    @Option(help: ArgumentHelp("Leaves under a spine.", valueName: "count"))
    var leavesPerSpine: Int?

    func validate() throws {
        guard [cluster != nil, nodes != nil, vcs != nil].count(where: { $0 }) == 1 else {
            throw ValidationError("say on what: --cluster FILE, --nodes COUNT or --vcs FILE")
        }
        for count in [nodes, gpusPerNode, nodesPerLeaf, leavesPerSpine]
        where (count ?? 1) < 1 || (count ?? 1) > 1_000_000 {
            throw ValidationError("counts of nodes, GPUs and switches are from 1 to 1000000")
        }
    }

    /// A cluster that a trace can be replayed on.
    struct Resolved {
        var pools: [NodePool] = []
        var parts: [VirtualCluster] = []
        var gpusPerNode = 8
        var fabric = Fabric.flat
        /// The cluster's file as it was read; nil where there is none.
        var file: Cluster?

        /// GPUs in all.
        var gpus: Int {
            parts.reduce(0) { $0 + $1.nodes * gpusPerNode } + pools.reduce(0) { $0 + $1.nodeCount * $1.gpusPerNode }
        }

        /// Nodes in all.
        var nodes: Int { parts.reduce(0) { $0 + $1.nodes } + pools.reduce(0) { $0 + $1.nodeCount } }

        /// Replays `trace` on it, part by part when it has parts.
        func replay(_ trace: Trace, _ options: ([NodePool]) -> ReplayOptions) -> ReplayResult {
            guard !parts.isEmpty else { return Replay.replay(trace, options(pools)) }
            return Replay.replay(trace, on: parts) { part in
                options([NodePool(accelerator: "gpu", count: part.nodes, gpusPerNode: gpusPerNode, fabric: fabric)])
            }
        }
    }

    /// Reads whatever file was named.
    func resolved() throws -> Resolved {
        var resolved = Resolved(gpusPerNode: gpusPerNode, fabric: fabric(Fabric.flat))
        if let cluster {
            let file = try readSpec(false) { () throws(SpecFileErrors) in try SpecReader.cluster(path: cluster) }
            resolved.file = file
            resolved.fabric = fabric(Fabric(file.network))
            resolved.pools = file.groups.map { group in
                NodePool(
                    accelerator: group.accelerator.name, count: group.nodes.count,
                    gpusPerNode: group.acceleratorsPerNode, fabric: resolved.fabric)
            }
        } else if let vcs {
            guard let data = FileManager.default.contents(atPath: vcs) else {
                throw Failure(.invalidSpec, "cannot read \(vcs)")
            }
            do { resolved.parts = try readVirtualClusters([UInt8](data)) } catch {
                throw Failure(.invalidSpec, traceErrorText(error, path: vcs))
            }
        } else if let nodes {
            resolved.pools = [
                NodePool(accelerator: "gpu", count: nodes, gpusPerNode: gpusPerNode, fabric: resolved.fabric)
            ]
        }
        return resolved
    }

    /// `usual` with what the command line says instead.
    private func fabric(_ usual: Fabric) -> Fabric {
        Fabric(
            nodesPerLeaf: nodesPerLeaf ?? usual.nodesPerLeaf, leavesPerSpine: leavesPerSpine ?? usual.leavesPerSpine)
    }
}

/// What fails during a replay, and what stopping costs.
struct ScheduleFailures: ParsableArguments {
    @Option(
        help: ArgumentHelp("Mean time between failures of a node, 30d; nothing fails when left out.", valueName: "time")
    )
    var mtbf: TimeSpan?

    @Option(help: ArgumentHelp("How long a failed node is away in the mean.", valueName: "time"))
    var repair: TimeSpan = .seconds(6 * 3_600 as Int64)

    @Flag(help: "Let fail what the cluster's file says fails, as often and as long.")
    var clusterFailures = false

    @Option(help: ArgumentHelp("Live through the history of failures in this CSV file.", valueName: "file"))
    var script: String?

    @Option(help: ArgumentHelp("Nodes of each pool held back to replace failed ones.", valueName: "count"))
    var spares = 0

    @Flag(help: "Avoid nodes that have failed far more often than their peers while others will do.")
    var avoidLemons = false

    @Option(help: "Names the history of failures.")
    var seed: UInt64 = 1

    @Option(help: ArgumentHelp("How often jobs save by themselves.", valueName: "time"))
    var checkpointInterval: TimeSpan = .seconds(1_800 as Int64)

    func validate() throws {
        guard spares >= 0, repair > .zero, mtbf.map({ $0 > .zero }) ?? true, checkpointInterval > .zero else {
            throw ValidationError("spans of time are above 0 and spares are 0 or more")
        }
        guard [mtbf != nil, clusterFailures, script != nil].count(where: { $0 }) <= 1 else {
            throw ValidationError("failures come from one of --mtbf, --cluster-failures and --script")
        }
    }

    /// Whether anything fails.
    var isAny: Bool { mtbf != nil || clusterFailures || script != nil }

    /// What fails on `cluster`, and on its nodes counted through all pools.
    /// - Throws: `Failure` when the cluster's file names no failures or the history cannot be read.
    func resolved(on cluster: ScheduleCluster.Resolved, nodes: Int) throws -> ReplayFailures? {
        if let mtbf { return .nodes(nodes, mtbf: mtbf, repair: repair, seed: seed) }
        if let script { return .history(try readFailureScript(script)) }
        guard clusterFailures else { return nil }
        guard let file = cluster.file, !file.failureModes.isEmpty else {
            throw Failure(.invalidSpec, "--cluster-failures needs a cluster file with a section `failures`")
        }
        return .random(
            FailureModel(
                modes: file.failureModes.filter { $0.component != .job }, nodes: nodes,
                acceleratorsPerNode: cluster.pools.map(\.gpusPerNode).max() ?? 1, domains: file.failureDomains),
            seed: seed)
    }

    /// Says of `options` what stopping costs and who replaces whom.
    func apply(to options: inout ReplayOptions) {
        for pool in options.pools.indices {
            // The last nodes: those of lowest index are filled first.
            for node in (0..<options.pools[pool].nodeCount).suffix(min(spares, options.pools[pool].nodeCount - 1)) {
                options.pools[pool].set(.spare, on: node)
            }
        }
        options.avoidsLemons = avoidLemons
        if isAny { options.costs.interval = checkpointInterval }
    }
}
