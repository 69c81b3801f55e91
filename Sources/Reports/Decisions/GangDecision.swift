// Why a gang was formed as it was: what called for it and whose state it took (`segment`), and which worker got which rank
// (`placement`). Who was free is told by the processes that lived at that instant. Refuses to judge the rule: it is the
// one in Scheduling/GangPlacement.swift, said in words.

import ControlPlane
import Journaling
import Primitives

extension RunSource {
    /// Why `segment` began, and with whose state.
    func formation(of segment: Segment) -> DecisionDocument {
        typealias Input = DecisionDocument.Input
        let before = segment.index > 0 ? history.segments[segment.index - 1] : nil
        let incident = before.flatMap { history.interruption(of: $0.index) }
        let cause =
            incident.map { "\($0.name): \($0.sentence)" }
            ?? (before == nil
                ? "the run began"
                : before!.resizedTo.map { size in
                    "a resize from \(counted(before!.members.count, "worker")) to \(size) was asked for"
                }
                    ?? (before!.hasGrown
                        ? "a larger gang could take the place of \(counted(before!.members.count, "worker"))"
                        : "the run was resumed"))
        let state =
            segment.isFromMembers
            ? "the state after step \(segment.restored), which members held"
            : segment.restored == 0 ? "the beginning" : "the checkpoint of step \(segment.restored)"
        var inputs = [
            Input(name: "what called for it", value: cause),
            Input(name: "workers that were free", value: "\(history.alive(at: segment.formedAt).count)"),
            Input(name: "workers it has", value: "\(segment.members.count) of \(segment.wanted) wanted"),
            Input(name: "came up in", value: segment.began == nil ? "not yet" : "\(segment.restarting)"),
        ]
        if segment.course != Course() {
            inputs.append(
                Input(name: "course", value: "batches are left out or the learning rate is scaled since a rollback"))
        }
        let alternatives = incident.map { answer(to: $0).alternatives } ?? []
        return DecisionDocument(
            run: name, subject: "segment@\(segment.index + 1)", at_ns: (segment.formedAt - history.start).nanoseconds,
            decided: "generation \(segment.generation) with \(counted(segment.members.count, "worker")) from \(state)",
            inputs: inputs,
            rule: "A gang forms as soon as its members can be placed: from members' state where some is held and "
                + "recovery is peer, else from the newest checkpoint that proves good, else from the beginning.",
            cost_ns: incident.map { $0.cost.total.nanoseconds }, alternatives: alternatives)
    }

    /// Why the members of `segment` are those, and have their ranks.
    func placement(of segment: Segment) -> DecisionDocument {
        typealias Input = DecisionDocument.Input
        let free = history.alive(at: segment.formedAt)
        let chosen = free.filter { process in
            segment.members.contains { $0.worker == process.worker && $0.incarnation == process.incarnation }
        }
        let nodes = Set(segment.members.map(\.worker.node)).count
        let numerics = chosen.first?.numerics ?? "not known"
        let ranks = segment.members.enumerated().map { "\($0.offset) \($0.element.worker)" }
        return DecisionDocument(
            run: name, subject: "placement@\(segment.index + 1)",
            at_ns: (segment.formedAt - history.start).nanoseconds,
            decided: "\(counted(segment.members.count, "rank")) on \(counted(nodes, "node")): "
                + ranks.prefix(16).joined(separator: ", ") + (ranks.count > 16 ? " and \(ranks.count - 16) more" : ""),
            inputs: [
                Input(name: "workers that were free", value: "\(free.count)"),
                Input(name: "arithmetic of the run", value: numerics),
                Input(name: "free with that arithmetic", value: "\(free.count { $0.numerics == numerics })"),
                Input(name: "held the state", value: segment.isFromMembers ? "\(holders(segment).count)" : "0"),
            ],
            rule:
                "Members compute with one arithmetic, because others would not give the same bits; those that hold the "
                + "run's state come first, then those on the nodes with most candidates; ranks follow nodes, then slots.",
            cost_ns: nil,
            alternatives: free.filter { !chosen.contains($0) }.map { other in
                DecisionDocument.Alternative(
                    what: "take \(other.worker)",
                    because: other.numerics == numerics
                        ? "the gang was whole without it; it stands by as a spare"
                        : "it computes with \(other.numerics)")
            })
    }

    /// The members of `segment` that were members of the one before: those whose state was taken.
    private func holders(_ segment: Segment) -> [Member] {
        guard segment.index > 0 else { return [] }
        let before = history.segments[segment.index - 1].members
        return segment.members.filter { member in
            before.contains { $0.worker == member.worker && $0.incarnation == member.incarnation }
        }
    }
}

extension RunHistory {
    /// The processes that had joined and were not lost at `instant`.
    func alive(at instant: Instant) -> [WorkerProcess] {
        processes.filter { $0.joinedAt <= instant && ($0.lostAt.map { $0 > instant } ?? true) }
    }
}
