// A cluster file's top section to a Cluster. Each section of the file is read by a source file of its own,
// Cluster….swift; this one names them and puts them together. Refuses to know what is in them.

import Hardware
import Jobs

enum ClusterReader {
    /// The cluster that the section `top` describes.
    static func read(_ top: Section) throws(SpecFileErrors) -> Cluster {
        let name = top.name("name", example: "laptop")
        let accelerators = ClusterAccelerators(top)
        let nodes = ClusterNodes(top, accelerators: accelerators)
        let network = ClusterNetwork(top)
        let failures = ClusterFailures(top)
        try top.reading.throwErrors()
        return Cluster(
            name: name.value, groups: nodes.groups, network: network.levels,
            collectives: network.collectives, storage: network.storage,
            failureModes: failures.modes, lemons: failures.lemons,
            maintenance: failures.maintenance, failureScript: failures.script, spares: failures.spares,
            failureDomains: failures.domains,
            recoveryTimes: failures.times)
    }
}
