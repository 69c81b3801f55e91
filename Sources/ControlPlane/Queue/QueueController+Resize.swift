// How a queue gives a job that runs other slots than it had, where the job said between how many it may have. The scheduler
// takes its decisions as done at once; here the job's coordinator is asked to go on without the slots that others shall
// have, and those are vacated when it has said that it does, or has said nothing for long enough: a gang survives lost
// members. Slots that it is given are entered when they are empty, in the same stint. Refuses to choose sizes and machines;
// the scheduler does.

import Primitives
import Scheduling

extension QueueController {
    /// How long a coordinator may take to go on without slots before they are vacated all the same.
    public static let resizePatience = TimeSpan.seconds(30 as Int64)

    /// How many slots `job` may have.
    func sizes(of job: Int) -> ClosedRange<Int> { self[job].submission.range ?? self[job].slots...self[job].slots }

    /// Whether a worker of `job` is in `slot`, and was not told to end.
    func isIn(_ slot: WorkerID, _ job: Int) -> Bool {
        occupant(of: slot) == QueueNode.Occupant(job: job, stint: self[job].stint)
    }

    /// How many workers the gang of `job` shall have.
    public func workers(of job: Int) -> Int { max(1, self[job].told) }

    /// The scheduler has given `job` another place.
    mutating func resize(_ job: Int, to placement: Placement) {
        let before = self[job].grant
        self[job].grant = []
        self[job].grant = slots(
            for: placement,
            preferring: { slot in
                // What it was given it keeps; what it has not left yet costs nothing to keep.
                if before.contains(slot) { return isIn(slot, job) ? 0 : 1 }
                return isIn(slot, job) ? 2 : occupant(of: slot) == nil ? 3 : 4
            })
    }

    /// Asks for what lies between the slots that `job` is in and those that it shall be in.
    mutating func reconcile(_ job: Int, at now: Instant, _ commands: inout [QueueCommand]) {
        guard self[job].phase == .running, self[job].submission.range != nil else { return }
        let grant = self[job].grant
        let inside = slots(of: job).filter { isIn($0, job) }
        let entering = Array(grant.filter { occupant(of: $0) == nil }.prefix(headroom(of: job)))
        let surplus = inside.filter { !grant.contains($0) }
        let spares = self[job].submission.spares
        // Somebody must hold the state until those come that are to go on with it.
        let staying = inside.count - surplus.count + entering.count
        let asked = Array(surplus.suffix(max(0, surplus.count - max(0, spares + 1 - staying))))
        let workers = inside.count - asked.count + entering.count - spares
        if surplus.isEmpty {
            self[job].givingSince = nil
        } else if self[job].givingSince == nil || !surplus.allSatisfy(self[job].surplus.contains) {
            self[job].givingSince = now
        }
        self[job].surplus = surplus
        // A gang that has lost all it had waits until it is given enough.
        guard workers >= 1 else { return }
        guard asked != self[job].givingUp || !entering.isEmpty || workers != self[job].told else { return }
        self[job].givingUp = asked
        self[job].told = workers
        for slot in entering {
            guard let node = index(of: slot.node) else { continue }
            nodes[node].occupants[slot.slot] = QueueNode.Occupant(job: job, stint: self[job].stint)
        }
        commands.append(
            .resize(
                job: job, stint: self[job].stint, workers: workers, leaving: asked + slotsLeft(by: job),
                entering: entering))
    }

    /// Slots of this stint in which processes were told to end, and may not have: no gang shall have them.
    private func slotsLeft(by job: Int) -> [WorkerID] {
        slots(of: job).filter {
            occupant(of: $0) == QueueNode.Occupant(job: job, stint: self[job].stint, isLeaving: true)
        }
    }

    /// How many slots more the team of `job` may be in.
    private func headroom(of job: Int) -> Int {
        let team = team(of: job)
        return max(0, (teams[team].quota ?? .max) - slotsTaken(byTeam: team))
    }

    /// The coordinator of `job` goes on without the workers in `slots`, and with as many others as were to be had.
    mutating func noteResized(
        _ job: Int, _ stint: Int, without slots: [WorkerID], _ commands: inout [QueueCommand]
    ) {
        guard self[job].phase == .running, self[job].stint == stint else { return }
        vacate(job, slots.filter { self[job].givingUp.contains($0) && isIn($0, job) }, &commands)
        // Who has grown may grow again.
        scheduler.noteChange()
    }

    /// Takes away what coordinators have not given up in time.
    mutating func vacateOverdue(at now: Instant, _ commands: inout [QueueCommand]) {
        for job in 1..<jobs.count + 1 {
            guard self[job].phase == .running, let since = self[job].givingSince,
                since + QueueController.resizePatience <= now
            else { continue }
            let grant = self[job].grant
            vacate(job, slots(of: job).filter { isIn($0, job) && !grant.contains($0) }, &commands)
            self[job].givingSince = nil
        }
    }

    private mutating func vacate(_ job: Int, _ slots: [WorkerID], _ commands: inout [QueueCommand]) {
        for slot in slots {
            guard let node = index(of: slot.node) else { continue }
            nodes[node].occupants[slot.slot]?.isLeaving = true
        }
        self[job].givingUp.removeAll { slots.contains($0) }
        if self[job].givingUp.isEmpty { self[job].givingSince = nil }
        if !slots.isEmpty { commands.append(.vacate(job: job, slots: slots)) }
    }

    /// Lets `job`, which runs, go on with those of its slots for which `isKept` holds; false, and nothing changed, when they
    /// are too few, or the job has but one size.
    mutating func keep(_ job: Int, at now: Instant, where isKept: (WorkerID) -> Bool) -> Bool {
        guard self[job].submission.range != nil, let ticket = self[job].ticket else { return false }
        let kept = self[job].grant.filter(isKept)
        var shares: [NodeShare] = []
        for slot in kept {
            guard let node = index(of: slot.node) else { continue }
            let place = nodes[node].place.node
            if let known = shares.firstIndex(where: { $0.node == place }) {
                shares[known].gpus += 1
            } else {
                shares.append(NodeShare(node: place, gpus: 1))
            }
        }
        shares.sort { $0.node < $1.node }
        guard scheduler.keep(shares, of: ticket, at: now) else { return false }
        self[job].grant = kept
        return true
    }

    /// Nobody begins anything on machine `name`: those that were to be given slots there are not.
    mutating func giveNothing(on name: NodeID, at now: Instant, _ commands: inout [QueueCommand]) {
        for job in 1..<jobs.count + 1 where self[job].phase == .running && uses(job, name) {
            let isNew = { [self] (slot: WorkerID) in slot.node == name && !isIn(slot, job) }
            guard self[job].grant.contains(where: isNew), !keep(job, at: now, where: { !isNew($0) }) else { continue }
            stop(job, because: .evicted(name), at: now, &commands)
            putBack(job, at: now)
        }
    }

    /// What is to be known of the size of `job`, which runs; nil when it has the one that it was submitted with.
    func sizeReason(for job: Int) -> QueueReason? {
        let state = self[job]
        guard state.submission.range != nil, !state.grant.isEmpty else { return nil }
        if !state.givingUp.isEmpty { return .givingUp(state.givingUp.count, staysIn: state.grant.count) }
        let missing = state.grant.filter { !isIn($0, job) }
        guard missing.isEmpty else {
            var others: [Int] = []
            for slot in missing {
                if let other = occupant(of: slot)?.job, !others.contains(other) { others.append(other) }
            }
            return .awaitingMore(missing.count, jobs: others)
        }
        let asked = state.submission.slots
        return state.grant.count == asked ? nil : .resized(to: state.grant.count, asked: asked)
    }
}
