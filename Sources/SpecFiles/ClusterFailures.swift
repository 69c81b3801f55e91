// The sections of a cluster file about things that go wrong: `failures`, `spares`, `domains`, `recovery`. All are
// optional; a cluster that names none never breaks. Refuses a failure without the source of its numbers, because a rate
// nobody can trace is a guess.

import Hardware
import Primitives

/// What a cluster file says of failures and of the way back.
struct ClusterFailures {
    let modes: [FailureMode]
    let lemons: Lemons
    let maintenance: [Maintenance]
    /// The path of a history, as it is written.
    let script: String?
    let spares: Spares
    let domains: FailureDomains
    let times: RecoveryTimes

    init(_ top: Section) {
        modes = top.sections(
            "failures", isRequired: false,
            example: "[{cause: gpu, per: gpu, mtbf: 16y, effect: kill_node, detect: 30s, repair: 6h, ref: \"…\"}]"
        ).value.map(ClusterFailures.mode)
        let bad = top.section("lemons", isRequired: false, example: "{share: 0.02, factor: 10, ref: \"…\"}")
        lemons = Lemons(
            share: bad.decimal("share", .fraction, default: 0, example: "0.02").value,
            factor: bad.decimal("factor", .atLeastOne, default: 1, example: "10").value)
        _ = bad.scalar(
            "ref", fallback: "", isRequired: top.has("lemons"), wanted: "where the numbers come from",
            example: "\"arXiv …\""
        ) { $0.text }
        maintenance = top.sections(
            "maintenance", isRequired: false, example: "[{every: 30d, nodes: 16, takes: 4h}]"
        ).value.map(ClusterFailures.planned)
        let history = top.scalar(
            "failure_script", fallback: "", isRequired: false, wanted: "the path of a history", example: "history.csv"
        ) { $0.text }
        script = history.place == nil ? nil : history.value
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
            effect: effect(section), flapping: flapping(section),
            detect: section.time("detect", atLeast: .zero, default: .seconds(Int64(30))).value,
            repair: section.time("repair", atLeast: .zero, default: .seconds(Int64(3_600))).value,
            source: section.scalar(
                "ref", fallback: "", isRequired: true, wanted: "where the numbers come from", example: "\"arXiv …\""
            ) { $0.text }.value)
    }

    private static func planned(_ section: Section) -> Maintenance {
        let every = section.time("every", atLeast: .seconds(Int64(60)), default: .seconds(Int64(30 * 86_400)))
        return Maintenance(
            first: section.time("first", atLeast: .zero, default: every.value).value, every: every.value,
            nodes: section.whole("nodes", in: 1...100_000, example: "16").value,
            takes: section.time("takes", atLeast: .zero, default: .seconds(Int64(4 * 3_600))).value)
    }

    /// `3 within 1h`: it comes back three times, a mean of an hour after each repair.
    private static func flapping(_ section: Section) -> Flapping? {
        guard section.has("flaps") else { return nil }
        return section.scalar(
            "flaps", fallback: Flapping(times: 1, gap: .seconds(Int64(3_600))), isRequired: false,
            wanted: "how often it comes back", example: "3 within 1h"
        ) { scalar -> Flapping? in
            let words = scalar.text.split(separator: " ")
            if words.count == 3, words[1] == "within", let times = Int(words[0]), (1...1_000).contains(times),
                let gap = TimeSpan(inWords: String(words[2]))
            {
                return Flapping(times: times, gap: gap)
            }
            section.reading.report(
                .badForm, "`\(scalar.key)` cannot be `\(scalar.text)`", at: scalar.place,
                hint: "a count and a time, as in `3 within 1h`")
            return nil
        }.value
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
