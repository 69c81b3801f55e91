// The sections of a cluster file about things that go wrong: `failures`, `spares`, `domains`, `recovery`. All are
// optional; a cluster that names none never breaks. Refuses a failure without the source of its numbers, because a rate
// nobody can trace is a guess.

import Hardware
import Primitives

/// What a cluster file says of failures and of the way back.
struct ClusterFailures {
    let modes: [FailureMode]
    let spares: Spares
    let domains: FailureDomains
    let times: RecoveryTimes

    init(_ top: Section) {
        modes = top.sections(
            "failures", isRequired: false,
            example: "[{cause: gpu, per: gpu, mtbf: 16y, effect: kill_node, detect: 30s, repair: 6h, ref: \"…\"}]"
        ).value.map(ClusterFailures.mode)
        let shelf = top.section("spares", isRequired: false, example: "{count: 4, swap_in: 15min}")
        spares = Spares(
            count: shelf.whole("count", in: 0...100_000, default: 0, example: "4").value,
            swapIn: shelf.time("swap_in", atLeast: .zero, default: .seconds(Int64(900))).value)
        let shared = top.section("domains", isRequired: false, example: "{nodes_per_leaf: 16}")
        domains = FailureDomains(
            nodesPerLeaf: shared.whole("nodes_per_leaf", in: 1...100_000, default: 16, example: "16").value,
            nodesPerPowerDomain: shared.whole("nodes_per_power_domain", in: 1...100_000, default: 4, example: "4").value
        )
        let section = top.section("recovery", isRequired: false, example: "{snapshot: 5s, regroup: 3min}")
        let usual = RecoveryTimes()
        times = RecoveryTimes(
            snapshot: section.time("snapshot", atLeast: .zero, default: usual.snapshot).value,
            write: section.time("write", atLeast: .zero, default: usual.write).value,
            regroup: section.time("regroup", atLeast: .zero, default: usual.regroup).value,
            restore: section.time("restore", atLeast: .zero, default: usual.restore).value,
            peerTransfer: section.time("peer_transfer", atLeast: .zero, default: usual.peerTransfer).value,
            diurnalSwing: section.decimal("diurnal_swing", .fraction, default: 0, example: "0.02").value)
    }

    private static func mode(_ section: Section) -> FailureMode {
        let shape = section.decimal("weibull_shape", weibullShape, default: 1, example: "0.7")
        return FailureMode(
            cause: section.name("cause", example: "gpu_memory").value,
            component: section.choice("per", default: nil, standIn: FailureComponent.node).value,
            mtbf: section.meanTime("mtbf").value,
            distribution: shape.value == 1 ? .exponential : .weibull(shape: shape.value),
            effect: effect(section),
            detect: section.time("detect", atLeast: .zero, default: .seconds(Int64(30))).value,
            repair: section.time("repair", atLeast: .zero, default: .seconds(Int64(3_600))).value,
            source: section.scalar(
                "ref", fallback: "", isRequired: true, wanted: "where the numbers come from", example: "\"arXiv …\""
            ) { $0.text }.value)
    }

    private static var weibullShape: NumberRange { NumberRange(noun: "from 0.2 to 20") { (0.2...20).contains($0) } }

    private static func effect(_ section: Section) -> FailureEffect {
        section.scalar(
            "effect", fallback: FailureEffect.killNode, isRequired: true, wanted: "what the failure does",
            example: "kill_node"
        ) { scalar -> FailureEffect? in
            if let effect = FailureEffect(inWords: scalar.text) { return effect }
            section.reading.report(
                .badForm, "`\(scalar.key)` cannot be `\(scalar.text)`", at: scalar.place,
                hint: "one of \(FailureEffect.words)")
            return nil
        }.value
    }
}
