// The sections `network` and `storage` of a cluster file: what its nodes can send each other and what its files can be
// written at. Refuses to guess a level that is not there; the step-time model says which one it misses.

import Hardware

/// The network and the storage that a cluster file describes.
struct ClusterNetwork {
    /// In the file's order, from the inside out.
    let levels: [NetworkLevel]
    let storage: Storage?
    let collectives: CollectiveAlgorithm

    init(_ top: Section) {
        let example = "[{level: nvlink, scope: node, bandwidth: 300GB/s}]"
        levels = top.sections("network", isRequired: false, example: example).value.map(ClusterNetwork.level)
        collectives = top.choice("collectives", default: .automatic, standIn: .automatic).value
        guard top.has("storage") else {
            storage = nil
            return
        }
        let section = top.section("storage", isRequired: false, example: "{read: 100GB/s, write: 50GB/s}")
        storage = Storage(read: section.bandwidth("read").value, write: section.bandwidth("write").value)
    }

    private static func level(_ section: Section) -> NetworkLevel {
        let scope = section.scalar(
            "scope", fallback: NetworkLevel.Scope.all, isRequired: true, wanted: "how far it reaches", example: "node"
        ) { scalar -> NetworkLevel.Scope? in
            let parts = scalar.text.split(separator: " ")
            if parts.count == 2, parts[1] == "nodes" || parts[1] == "node", let count = Int(parts[0]), count > 0 {
                return .nodes(count)
            }
            if scalar.text == "node" { return .node }
            if scalar.text == "all" { return .all }
            section.reading.report(
                .badForm, "`\(scalar.key)` cannot be `\(scalar.text)`", at: scalar.place,
                hint: "write `node`, a number as in `16 nodes`, or `all`")
            return nil
        }
        return NetworkLevel(
            name: section.name("level", example: "leaf").value, scope: scope.value,
            bandwidth: section.has("bandwidth") ? section.bandwidth("bandwidth").value : nil,
            oversubscription: section.decimal("oversubscription", .atLeastOne, default: 1, example: "2").value)
    }
}
