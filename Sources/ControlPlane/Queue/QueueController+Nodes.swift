// What becomes of machines that are not well, and of jobs on machines that people want empty: a check that fails closes a
// machine until it passes, one that fails far more often than the others is taken last, and an evicted one is emptied at
// once. Refuses to stop anybody for a machine that is only ill: what runs there may be right, and states are compared.

import Primitives
import Scheduling

extension QueueController {
    /// The check of machine `name` has found `problem`, or nothing any more. It takes no new work meanwhile.
    mutating func noteHealth(
        _ problem: String?, of name: NodeID, at now: Instant, _ commands: inout [QueueCommand]
    ) {
        guard let index = index(of: name) else { return }
        nodes[index].problem = problem
        apply(index)
        if problem != nil { beginNothing(on: name, at: now, &commands) }
    }

    /// Machine `name`, which was there, has failed.
    mutating func noteFailure(of name: NodeID) {
        guard let index = index(of: name), nodes[index].absence == nil else { return }
        let place = nodes[index].place
        while lemons.count <= place.pool { lemons.append(LemonWatch(nodes: 0)) }
        lemons[place.pool].grow(to: scheduler.nodeCount(ofPool: place.pool))
        let isLemon = lemons[place.pool].failed(place.node)
        nodes[index].failures = isLemon ? lemons[place.pool].failures(of: place.node) : nil
        scheduler.setAvoided(isLemon, node: place.node, pool: place.pool)
    }

    /// Empties machine `name`: a gang that stands elsewhere too goes on in free slots of other machines, with the state
    /// from those of its members that stay, or on what it has left where that is enough for it; any other saves itself and is
    /// queued.
    mutating func evict(
        _ name: NodeID, because reason: String, at now: Instant, _ commands: inout [QueueCommand]
    ) {
        wish(.draining(reason), of: name, at: now, &commands)
        guard let index = index(of: name), nodes[index].absence == nil else { return }
        let struck = (1..<jobs.count + 1).filter { self[$0].phase == .running && uses($0, name) }
        for job in mostImportantFirst(struck) where !move(job, off: index, at: now, &commands) {
            if keep(job, at: now, where: { $0.node != name }) { continue }
            stop(job, because: .evicted(name), at: now, &commands)
            putBack(job, at: now)
        }
    }

    /// Gives `job`, which runs, other slots for those on machine `index`; false, and nothing changed, when it had better be
    /// stopped, or there are none.
    private mutating func move(
        _ job: Int, off index: Int, at now: Instant, _ commands: inout [QueueCommand]
    ) -> Bool {
        let name = nodes[index].name
        let old = self[job].grant.filter { $0.node == name }
        let before = commands.count
        guard self[job].grant.contains(where: { $0.node != name && isIn($0, job) }),
            replaceSlots(of: job, on: index, at: now, &commands) == nil
        else { return false }
        for slot in old { nodes[index].occupants[slot.slot]?.isLeaving = true }
        commands.insert(.vacate(job: job, slots: old), at: before)
        return true
    }
}
