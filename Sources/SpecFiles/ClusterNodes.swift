// The section `nodes` of a cluster file: groups of equal machines, named by hostlists. Refuses a name in two groups,
// because a node's name is its identity.

import Hardware
import Primitives

/// The node groups that a cluster file describes.
struct ClusterNodes {
    /// In the file's order.
    let groups: [NodeGroup]

    init(_ top: Section, accelerators: ClusterAccelerators) {
        let sections = top.sections(
            "nodes", isRequired: true, example: "[{hostlist: localhost, gpus: \"cpu-core:2\"}]")
        if sections.isSound, sections.value.isEmpty, let place = sections.place {
            top.reading.report(.missing, "`nodes` is empty", at: place, hint: "name at least one node")
        }
        var known: Set<NodeID> = []
        groups = sections.value.map { section in
            let hosts = ClusterNodes.hosts(section, known: &known)
            let gpus = ClusterNodes.gpus(section, accelerators: accelerators)
            let oversubscribe = section.whole("oversubscribe", in: 1...1_000, default: 1, example: "2")
            return NodeGroup(
                nodes: hosts, accelerator: gpus.accelerator, acceleratorsPerNode: gpus.count,
                workersPerAccelerator: oversubscribe.value,
                dollarsPerHour: section.price("price", default: 0).value,
                watts: section.has("power") ? section.power("power").value : nil)
        }
    }

    private static func hosts(_ section: Section, known: inout Set<NodeID>) -> [NodeID] {
        var seen = known
        let field = section.scalar(
            "hostlist", fallback: [NodeID](), isRequired: true, wanted: "a hostlist", example: "\"node-[000-123]\""
        ) { scalar -> [NodeID]? in
            do throws(HostlistError) {
                let nodes = try Hostlist.expand(scalar.text)
                if let twice = nodes.first(where: { !seen.insert($0).inserted }) {
                    section.reading.report(.duplicateNode, "the node `\(twice)` is given twice", at: scalar.place)
                    return nil
                }
                return nodes
            } catch {
                section.reading.report(
                    .badForm, "`\(scalar.key)`: \(error.problem)",
                    at: scalar.place(offset: error.offset, length: error.length),
                    hint: "for example `node-[000-123,130]`")
                return nil
            }
        }
        known = seen
        return field.value
    }

    /// Reads `TYPE:COUNT`.
    private static func gpus(
        _ section: Section, accelerators: ClusterAccelerators
    ) -> (accelerator: Accelerator, count: Int) {
        let standIn = Accelerator(name: "", peakFP32: 1, memory: ByteCount(1))
        return section.scalar(
            "gpus", fallback: (standIn, 1), isRequired: true, wanted: "`TYPE:COUNT`", example: "\"cpu-core:2\""
        ) { scalar in
            let parts = scalar.text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, let count = Int(parts[1]), (1...1_000).contains(count) else {
                section.reading.report(
                    .badForm, "`\(scalar.key)` must be TYPE:COUNT, not `\(scalar.text)`", at: scalar.place,
                    hint: "for example `\"cpu-core:2\"`, a count from 1 to 1000")
                return nil
            }
            if let accelerator = accelerators.all.first(where: { $0.name == parts[0] }) { return (accelerator, count) }
            let names = accelerators.all.map(\.name)
            let near = Suggestion.nearest(to: String(parts[0]), among: names)
            let described = names.isEmpty ? "none is described" : "described: \(names.joined(separator: ", "))"
            section.reading.report(
                .unknownAccelerator, "the accelerator `\(parts[0])` is not described under `gpus`",
                at: scalar.place(offset: 0, length: parts[0].unicodeScalars.count),
                hint: near.map { "did you mean `\($0)`?" } ?? described)
            return nil
        }.value
    }
}
