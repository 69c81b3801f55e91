// What a queue does about jobs whose machine is lost while they run. A gang outlives its members: the coordinator goes on
// with whoever connects to it. So a job is given empty slots elsewhere in the same stint, as many as it lost, and is stopped
// and queued again only where there are too few. Refuses to stop anybody else for it, and to run a job in fewer slots than
// it may have.
//
// A quota is asked only for the sake of jobs that were to be given more: processes that are gone are in no slots, and as many
// come as went.

import Primitives
import Scheduling

extension QueueController {
    /// Nothing runs on `name` any more that is of any use.
    mutating func lose(
        _ name: NodeID, because reason: String, at now: Instant, _ commands: inout [QueueCommand]
    ) {
        guard let index = index(of: name), nodes[index].absence == nil else { return }
        nodes[index].absence = reason
        nodes[index].occupants = Array(repeating: nil, count: nodes[index].occupants.count)
        apply(index)
        for job in 1..<jobs.count + 1 { self[job].givingUp.removeAll { $0.node == name } }
        let struck = (1..<jobs.count + 1).filter { uses($0, name) }
        // What was chosen and has not begun is free for those that run.
        for job in struck where self[job].phase != .running { putBack(job, at: now) }
        for job in mostImportantFirst(struck.filter { self[$0].phase == .running }) {
            guard let shortage = replaceSlots(of: job, on: index, at: now, &commands) else { continue }
            // Where others were stopped, one that may have fewer slots goes on in those it has left.
            if self[job].submission.takesReplacements, keep(job, at: now, where: { $0.node != name }) { continue }
            stop(job, because: .nodeLost(name, short: shortage.slots), at: now, &commands)
            putBack(job, at: now)
        }
    }

    /// In which order jobs are helped: there may not be slots for all.
    func mostImportantFirst(_ struck: [Int]) -> [Int] {
        guard case .priority = policy.order else { return struck }
        return struck.sorted { (-self[$0].submission.priority, $0) < (-self[$1].submission.priority, $1) }
    }

    /// Why a job was not given others for the slots it lost.
    enum Unreplaced {
        /// The job takes none.
        case unwanted
        /// There are too few.
        case short(SlotShortage)

        var slots: SlotShortage? { if case .short(let slots) = self { slots } else { nil } }
    }

    /// Gives `job`, which runs, empty slots for those that it had on machine `lost`; says why when it cannot be.
    mutating func replaceSlots(
        of job: Int, on lost: Int, at now: Instant, _ commands: inout [QueueCommand]
    ) -> Unreplaced? {
        guard self[job].submission.takesReplacements, let ticket = self[job].ticket else { return .unwanted }
        let place = nodes[lost].place
        let gone = self[job].grant.filter { $0.node == nodes[lost].name }
        // Slots that it was to be given, and was not in, count against its team's quota anew.
        guard mayTake(gone.count, more: job) else { return .unwanted }
        let open = openSlots(inPool: place.pool)
        let free = open.map { NodeShare(node: nodes[$0.node].place.node, gpus: $0.slots.count) }
        guard let shares = scheduler.swapIn(free, for: place.node, job: ticket, losing: .zero, at: now) else {
            return .short(SlotShortage(free: open.reduce(0) { $0 + $1.slots.count }, needed: gone.count))
        }
        let new = shares.flatMap { share -> [WorkerID] in
            guard let found = open.first(where: { nodes[$0.node].place.node == Int(share.node) }) else {
                preconditionFailure("the scheduler takes of what is offered")
            }
            return found.slots.prefix(Int(share.gpus)).map { WorkerID(node: nodes[found.node].name, slot: $0) }
        }
        for slot in new {
            guard let node = index(of: slot.node) else { continue }
            nodes[node].occupants[slot.slot] = QueueNode.Occupant(job: job, stint: self[job].stint)
        }
        self[job].grant = self[job].grant.filter { $0.node != nodes[lost].name } + new
        self[job].replacement = SlotReplacement(node: nodes[lost].name, slots: gone.count)
        commands.append(.replace(job: job, stint: self[job].stint, lost: gone, by: new))
        return nil
    }

    /// Slots of machines of `pool` that take work which nobody is in and nobody was given, by the index of the machine.
    private func openSlots(inPool pool: Int) -> [(node: Int, slots: [Int])] {
        let given = jobs.flatMap(\.grant)
        return nodes.indices.filter { nodes[$0].place.pool == pool && nodes[$0].condition == .up }.map { index in
            let node = nodes[index]
            return (
                index,
                node.occupants.indices.filter { slot in
                    node.occupants[slot] == nil && !given.contains(WorkerID(node: node.name, slot: slot))
                }
            )
        }
    }
}
