// The workers there are: slots on nodes, the process in each, and what is known of it. Refuses to know runs: which of
// its workers a gang holds is the run's business.

import Primitives

/// The slots of all nodes, in order of their address.
public struct Pool: Equatable, Sendable {
    /// What is in a slot.
    public enum Occupant: Equatable, Sendable {
        /// Nothing. May become `starting` or `up`.
        case empty
        /// A process that has not joined yet, and may not any more once it is dismissed. May become `up`, `empty` or
        /// `failed`.
        case starting(since: Instant, isDismissed: Bool)
        /// A process that has joined. May become `leaving`, `empty`, or `up` with a newer incarnation.
        case up(Incarnation, numerics: String, processID: Int)
        /// A process that was told to end and has not: no gang may have it, and its slot is not free. May become
        /// `empty`, or `up` with a newer incarnation.
        case leaving(Incarnation)
        /// Nothing: its last process ended before it joined, at a time when the run could do without. May become
        /// `starting` once the run waits for workers, or `up`.
        case failed
    }

    /// A slot and what is known of it.
    public struct Slot: Equatable, Sendable {
        /// Its address.
        public var worker: WorkerID
        /// Whether a supervisor restarts its process.
        public var supervised: Bool
        /// What is in it.
        public var occupant: Occupant
        /// The incarnation of the newest process that joined here; 0 when none has.
        public var newest: Incarnation
    }

    /// The slots, sorted by address.
    public private(set) var slots: [Slot] = []

    /// A pool without slots.
    public init() {}

    private func index(_ worker: WorkerID) -> Int? { slots.firstIndex { $0.worker == worker } }

    private mutating func insert(_ slot: Slot) {
        slots.insert(slot, at: slots.firstIndex { slot.worker < $0.worker } ?? slots.endIndex)
    }

    /// The slot at `worker`, if there is one.
    public subscript(worker: WorkerID) -> Slot? { index(worker).map { slots[$0] } }

    /// Whether `incarnation` is the process that lives at `worker`.
    public func holds(_ worker: WorkerID, _ incarnation: Incarnation) -> Bool { incarnation == resident(of: worker) }

    /// The process that lives at `worker`, if one has joined there.
    func resident(of worker: WorkerID) -> Incarnation? {
        switch self[worker]?.occupant {
        case .up(let incarnation, _, _), .leaving(let incarnation): incarnation
        case .empty, .starting, .failed, nil: nil
        }
    }

    /// Whether `incarnation` lives at `worker` and a gang may have it.
    func isUp(_ worker: WorkerID, _ incarnation: Incarnation) -> Bool {
        if case .up(incarnation, _, _) = self[worker]?.occupant { true } else { false }
    }

    /// Workers that are up, by address.
    public var up: [(worker: WorkerID, incarnation: Incarnation, numerics: String)] {
        slots.compactMap { slot in
            if case .up(let incarnation, let numerics, _) = slot.occupant {
                (slot.worker, incarnation, numerics)
            } else {
                nil
            }
        }
    }

    /// Supervised slots with nothing in them; those whose last process failed only when `retrying`.
    func startable(retrying: Bool) -> [WorkerID] {
        slots.filter { $0.supervised && ($0.occupant == .empty || retrying && $0.occupant == .failed) }.map(\.worker)
    }

    /// Slots whose process was started before `limit` and has not joined.
    func overdue(startedBefore limit: Instant) -> [WorkerID] {
        slots.filter { if case .starting(let since, _) = $0.occupant { since <= limit } else { false } }.map(\.worker)
    }

    /// When the first of the processes that have not joined was started.
    var earliestStart: Instant? {
        slots.compactMap { if case .starting(let since, _) = $0.occupant { since } else { nil } }.min()
    }

    /// A supervisor looks after slots 0 ..< `count` of `node`.
    mutating func offer(node: NodeID, count: Int) {
        for number in 0..<count {
            let worker = WorkerID(node: node, slot: number)
            if let known = index(worker) {
                slots[known].supervised = true
            } else {
                insert(Slot(worker: worker, supervised: true, occupant: .empty, newest: Incarnation(0)))
            }
        }
    }

    /// A process is being started in `worker`.
    mutating func starting(_ worker: WorkerID, at now: Instant) {
        guard let slot = index(worker) else { preconditionFailure("a process starts in the unknown slot \(worker)") }
        slots[slot].occupant = .starting(since: now, isDismissed: false)
    }

    /// The process started in `worker` is told to end, and is told again when it is still there after a while.
    mutating func dismissStarting(_ worker: WorkerID, at now: Instant) {
        if let slot = index(worker) { slots[slot].occupant = .starting(since: now, isDismissed: true) }
    }

    /// Where a process that asks for `wanted` on `node` goes: its slot, else the first unsupervised slot of the node
    /// with nothing in it, else a new one.
    func address(wanted: WorkerID?, node: NodeID) -> WorkerID {
        if let wanted { return wanted }
        let here = slots.filter { $0.worker.node == node }
        if let free = here.first(where: { !$0.supervised && $0.occupant == .empty }) { return free.worker }
        return WorkerID(node: node, slot: (here.last?.worker.slot ?? -1) + 1)
    }

    /// A process joins at `worker`; returns its incarnation, one above the newest there was.
    mutating func join(_ worker: WorkerID, numerics: String, processID: Int) -> Incarnation {
        if index(worker) == nil {
            insert(Slot(worker: worker, supervised: false, occupant: .empty, newest: Incarnation(0)))
        }
        let slot = index(worker)!
        let incarnation = Incarnation(slots[slot].newest.number + 1)
        slots[slot].newest = incarnation
        slots[slot].occupant = .up(incarnation, numerics: numerics, processID: processID)
        return incarnation
    }

    /// The process at `worker` is told to end.
    mutating func dismiss(_ worker: WorkerID) {
        guard let slot = index(worker), case .up(let incarnation, _, _) = slots[slot].occupant else { return }
        slots[slot].occupant = .leaving(incarnation)
    }

    /// The process started in `worker` ended before it joined, and nobody needs another one now.
    mutating func fail(_ worker: WorkerID) {
        if let slot = index(worker) { slots[slot].occupant = .failed }
    }

    /// Nothing lives at `worker` any more.
    mutating func vacate(_ worker: WorkerID) {
        if let slot = index(worker) { slots[slot].occupant = .empty }
    }

    /// No process of before is left, and no supervisor either.
    mutating func vacateAll() {
        for slot in slots.indices {
            slots[slot].occupant = .empty
            slots[slot].supervised = false
        }
    }

    func checkInvariants() {
        precondition(zip(slots, slots.dropFirst()).allSatisfy { $0.worker < $1.worker }, "slots out of order: \(slots)")
        for slot in slots {
            if let incarnation = resident(of: slot.worker) {
                precondition(incarnation == slot.newest, "an old process lives at \(slot.worker): \(slot)")
            }
        }
    }
}
