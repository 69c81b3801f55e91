// What breaks, and what the cluster's resource manager does about it: a node that breaks stops the gang at once, the
// control plane is told after the detection's delay, a spare arrives after the swap, the node comes back repaired.
// Refuses to help the control plane: it hears of nothing before somebody would have noticed.

import ControlPlane
import Failures
import Hardware
import Primitives

extension StepWorld {
    /// A breakdown happens.
    mutating func strike(_ index: Int, at now: Instant) throws {
        let breakdown = breakdowns[index]
        switch breakdown.effect {
        case .killNode:
            let struck = breakdown.nodes.clamped(to: states.indices)
            for node in struck where states[node] == .reserve || states[node] == .arriving {
                if states[node] == .arriving { arriving -= 1 } else { shelf.removeAll { $0 == node } }
                states[node] = .repairing
                queue.add(.repaired(node), at: now + breakdown.detect + breakdown.repair)
            }
            try breakMembers(struck.filter { states[$0] == .pool }, index, at: now)
            replenish(at: now + breakdown.detect)
        case .killJob:
            let candidates = breakdown.nodes.isEmpty ? states.indices : breakdown.nodes.clamped(to: states.indices)
            try breakMembers(candidates.first { states[$0] == .pool }.map { [$0] } ?? [], index, at: now)
        case .slow(let factor, let span):
            guard breakdown.nodes.clamped(to: states.indices).contains(where: { states[$0] == .pool }) else { break }
            slow.append((index, factor))
            queue.add(.fastAgain(index), at: now + span)
            try stopAtNextStep(at: now)
        case .corrupt: queue.add(.detected(index), at: now + breakdown.detect)
        case .spike(let rise, let healing): try beginExcursion(index, rise: rise, healing: healing, at: now)
        }
    }

    private mutating func breakMembers(_ nodes: [Int], _ index: Int, at now: Instant) throws {
        guard !nodes.isEmpty else { return }
        try advance(to: now)
        stop()
        guard !isOver else { return }
        for node in nodes { states[node] = .broken }
        brokenCount += nodes.count
        victims[index] = nodes
        tally.struck(breakdowns[index].cause)
        queue.add(.detected(index), at: now + breakdowns[index].detect)
    }

    /// Somebody noticed a breakdown.
    mutating func detect(_ index: Int, at now: Instant) throws {
        let breakdown = breakdowns[index]
        let how = LossCause.broke(breakdown.cause, ago: breakdown.detect)
        switch breakdown.effect {
        case .killNode, .killJob:
            guard let nodes = victims.removeValue(forKey: index) else { return }
            brokenCount -= nodes.count
            inPool -= nodes.count
            for node in nodes {
                states[node] = breakdown.effect == .killNode ? .repairing : .arriving
                queue.add(
                    breakdown.effect == .killNode ? .repaired(node) : .arrives(node), at: now + breakdown.repair)
            }
            if breakdown.effect == .killJob { arriving += nodes.count }
            try tell(.nodesLost(nodes: nodes.map { scenario.nodes[$0] }, how: how), at: now)
            replenish(at: now)
        case .corrupt:
            try advance(to: now)
            guard let run = coordinator.run, run.isRunning, progress != nil else { return }
            tally.struck(breakdown.cause)
            try tell(
                .replicasDisagree(
                    run: run.id, generation: run.generation, step: run.committed, norms: breakdown.cause), at: now)
        case .slow, .spike: break
        }
    }

    /// Brings spares in for what the pool lacks.
    private mutating func replenish(at now: Instant) {
        var lacking = scenario.plan.workers - inPool - arriving
        while lacking > 0, let node = shelf.first {
            shelf.removeFirst()
            states[node] = .arriving
            arriving += 1
            lacking -= 1
            queue.add(.arrives(node), at: now + scenario.swapIn)
        }
    }

    /// A node is well again: it goes where it is needed, else on the shelf.
    mutating func repaired(_ node: Int, at now: Instant) throws {
        guard states[node] == .repairing else { return }
        if inPool + arriving < scenario.plan.workers {
            states[node] = .arriving
            arriving += 1
            try arrive(node, at: now)
        } else {
            states[node] = .reserve
            shelf.insert(node, at: shelf.firstIndex { $0 > node } ?? shelf.endIndex)
        }
    }

    /// A node's process introduces itself.
    mutating func arrive(_ node: Int, at now: Instant) throws {
        guard states[node] == .arriving else { return }
        arriving -= 1
        inPool += 1
        states[node] = .pool
        try advance(to: now)
        guard !isOver else { return }
        try tell(
            .workerJoined(
                worker: WorkerID(node: scenario.nodes[node], slot: 0), node: scenario.nodes[node], processID: node,
                numerics: "simulated"), at: now)
        if members < scenario.plan.workers { try stopAtNextStep(at: now) }
    }
}
