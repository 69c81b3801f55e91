// The workers there are: slots on nodes, the process in each, and what is known of it. Refuses to know runs: which of
// its workers a gang holds is the run's business.

import Primitives
import Scheduling

/// The slots of all nodes, in order of their address.
public struct Pool: Equatable, Sendable {
    /// What is in a slot.
    public enum Occupant: Equatable, Sendable {
        /// Nothing. May become `starting` or `up`.
        case empty
        /// A process that has not joined yet, and may not any more once it is dismissed. May become `up`, `empty` or
        /// `failed`.
        case starting(since: Instant, isDismissed: Bool)
        /// A process that has joined. May become `leaving`, `away`, `empty`, or `up` with a newer incarnation.
        case up(Incarnation, numerics: InternedText, processID: Int)
        /// A process that was told to end and has not: no gang may have it, and its slot is not free. May become
        /// `empty`, or `up` with a newer incarnation.
        case leaving(Incarnation)
        /// A process that had joined when the coordinator died, and has not come back to the new one yet: no gang may have
        /// it. May become `up` as the same incarnation, `empty`, or `up` with a newer one.
        case away(Incarnation, numerics: InternedText, processID: Int)
        /// Nothing: its last process ended before it joined. May become `starting` once the run waits for workers, from
        /// the instant on that is given, or `up`.
        case failed(until: Instant)
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
        /// How many processes in a row ended before they joined.
        public internal(set) var failedStarts = 0
        /// Whether a process that joined lives here.
        public var isInhabited: Bool { occupant.resident != nil }
    }

    /// The slots, sorted by address.
    public private(set) var slots: [Slot] = []

    /// A pool without slots.
    public init() {}

    /// How many slots a supervisor looks after; without any, nothing can be started.
    private var supervisedCount = 0
    /// How many processes were started and have not joined.
    private var startingCount = 0

    /// The slots whose occupant has changed since a gang was last taken from here, each once; nil when they are so many that
    /// whoever asks had better look at all.
    private(set) var changes: [WorkerID]? = []
    private static let tooManyChanges = 32

    private func index(_ worker: WorkerID) -> Int? {
        let place = place(of: worker)
        return place < slots.count && slots[place].worker == worker ? place : nil
    }

    /// Where `worker` stands or would stand, by bisection: large pools are asked at every event. They are filled in the order
    /// of addresses, so whether it goes behind all others is asked first.
    private func place(of worker: WorkerID) -> Int {
        if slots.isEmpty || slots[slots.count - 1].worker < worker { return slots.count }
        return slots.place { $0.worker < worker }
    }

    private mutating func insert(_ slot: Slot) {
        let place = place(of: slot.worker)
        slots.insert(slot, at: place)
        precondition(
            (place == 0 || slots[place - 1].worker < slot.worker)
                && (place + 1 == slots.count || slot.worker < slots[place + 1].worker), "slots out of order: \(slots)")
        if slot.supervised { supervisedCount += 1 }
    }

    /// Every change of an occupant goes through here, so that the counts are right, and nobody but the newest lives there.
    private mutating func set(_ index: Int, _ occupant: Occupant) {
        let resident = occupant.resident
        precondition(
            resident == nil || resident == slots[index].newest, "an old process lives at \(slots[index]): \(occupant)")
        if slots[index].occupant.isStarting { startingCount -= 1 }
        if occupant.isStarting { startingCount += 1 }
        if slots[index].occupant.isUp { upCount -= 1 }
        if occupant.isUp { upCount += 1 }
        slots[index].occupant = occupant
        if changes?.contains(slots[index].worker) == false { changes!.append(slots[index].worker) }
        if changes?.count == Pool.tooManyChanges { changes = nil }
    }

    /// The slot at `worker`, if there is one.
    public subscript(worker: WorkerID) -> Slot? { index(worker).map { slots[$0] } }

    /// Whether `incarnation` is the process that lives at `worker`.
    public func holds(_ worker: WorkerID, _ incarnation: Incarnation) -> Bool { incarnation == resident(of: worker) }

    /// The process that lives at `worker`, if one has joined there.
    func resident(of worker: WorkerID) -> Incarnation? {
        index(worker).flatMap { slots[$0].occupant.resident }
    }

    /// Whether `incarnation` lives at `worker` and a gang may have it.
    func isUp(_ worker: WorkerID, _ incarnation: Incarnation) -> Bool {
        if case .up(incarnation, _, _) = self[worker]?.occupant { true } else { false }
    }

    /// How many workers are up, known without looking at any.
    private(set) var upCount = 0

    /// Whether `incarnation` lived at `worker` when the coordinator died, and has not come back.
    func isAway(_ worker: WorkerID, _ incarnation: Incarnation) -> Bool {
        if case .away(incarnation, _, _) = self[worker]?.occupant { true } else { false }
    }

    /// Workers that are up, by address.
    public var up: [FreeWorker] {
        var up: [FreeWorker] = []
        up.reserveCapacity(upCount)
        for slot in slots {
            guard case .up(_, let numerics, _) = slot.occupant else { continue }
            up.append(FreeWorker(worker: slot.worker, numerics: numerics))
        }
        return up
    }

    /// Supervised slots in which a process may be started at `now`; those whose last process failed only when `retrying`.
    func startable(retrying: Bool, at now: Instant) -> [WorkerID] {
        guard supervisedCount > 0 else { return [] }
        return slots.filter { slot in
            guard slot.supervised else { return false }
            switch slot.occupant {
            case .empty: return true
            case .failed(let until): return retrying && until <= now
            case .starting, .up, .leaving, .away: return false
            }
        }.map(\.worker)
    }

    /// When the first of the slots whose last process failed may have another one.
    var earliestRetry: Instant? {
        guard supervisedCount > 0 else { return nil }
        return slots.compactMap { slot in
            if slot.supervised, case .failed(let until) = slot.occupant { until } else { nil }
        }.min()
    }

    /// How long a slot stays empty after `failures` processes in a row that ended before they joined: not at all after the
    /// first, which a kill or a full table of processes explains, and up to half a minute after those that follow, so that
    /// what heals by itself may do so before the run's budget of restarts is used up.
    static func pause(after failures: Int) -> TimeSpan {
        failures < 2 ? .zero : min(.seconds(Int64(30)), .milliseconds(500) * (1 << Int64(min(failures - 2, 10))))
    }

    /// Slots whose process was started before `limit` and has not joined.
    func overdue(startedBefore limit: Instant) -> [WorkerID] {
        guard startingCount > 0 else { return [] }
        return slots.filter { if case .starting(let since, _) = $0.occupant { since <= limit } else { false } }.map(
            \.worker)
    }

    /// When the first of the processes that have not joined was started.
    var earliestStart: Instant? {
        guard startingCount > 0 else { return nil }
        return slots.compactMap { if case .starting(let since, _) = $0.occupant { since } else { nil } }.min()
    }

    /// A supervisor looks after slots 0 ..< `count` of `node`.
    mutating func offer(node: NodeID, count: Int) {
        for number in 0..<count {
            let worker = WorkerID(node: node, slot: number)
            if let known = index(worker) {
                if !slots[known].supervised { supervisedCount += 1 }
                slots[known].supervised = true
            } else {
                insert(Slot(worker: worker, supervised: true, occupant: .empty, newest: Incarnation(0)))
            }
        }
    }

    /// A process is being started in `worker`.
    mutating func starting(_ worker: WorkerID, at now: Instant) {
        guard let slot = index(worker) else { preconditionFailure("a process starts in the unknown slot \(worker)") }
        set(slot, .starting(since: now, isDismissed: false))
    }

    /// The process started in `worker` is told to end, and is told again when it is still there after a while.
    mutating func dismissStarting(_ worker: WorkerID, at now: Instant) {
        if let slot = index(worker) { set(slot, .starting(since: now, isDismissed: true)) }
    }

    /// Where a process that asks for `wanted` on `node` goes: its slot, else the first unsupervised slot of the node
    /// with nothing in it, else a new one.
    func address(wanted: WorkerID?, node: NodeID) -> WorkerID {
        if let wanted { return wanted }
        let first = place(of: WorkerID(node: node, slot: 0))
        let here = slots[first...].prefix { $0.worker.node == node }
        if let free = here.first(where: { !$0.supervised && $0.occupant == .empty }) { return free.worker }
        return WorkerID(node: node, slot: (here.last?.worker.slot ?? -1) + 1)
    }

    /// A process joins at `worker`; returns its incarnation, one above the newest there was.
    mutating func join(_ worker: WorkerID, numerics: InternedText, processID: Int) -> Incarnation {
        if index(worker) == nil {
            insert(Slot(worker: worker, supervised: false, occupant: .empty, newest: Incarnation(0)))
        }
        let slot = index(worker)!
        let incarnation = Incarnation(slots[slot].newest.number + 1)
        slots[slot].newest = incarnation
        slots[slot].failedStarts = 0
        set(slot, .up(incarnation, numerics: numerics, processID: processID))
        return incarnation
    }

    /// The process at `worker` is told to end.
    mutating func dismiss(_ worker: WorkerID) {
        guard let slot = index(worker), case .up(let incarnation, _, _) = slots[slot].occupant else { return }
        set(slot, .leaving(incarnation))
    }

    /// The process started in `worker` ended before it joined.
    mutating func fail(_ worker: WorkerID, at now: Instant) {
        guard let slot = index(worker) else { return }
        slots[slot].failedStarts += 1
        set(slot, .failed(until: now + Pool.pause(after: slots[slot].failedStarts)))
    }

    /// Nothing lives on `nodes` any more; returns the processes that did, by address.
    mutating func vacate(_ nodes: [NodeID]) -> [(worker: WorkerID, incarnation: Incarnation)] {
        var gone: [(worker: WorkerID, incarnation: Incarnation)] = []
        for node in nodes.sorted() {
            var slot = place(of: WorkerID(node: node, slot: 0))
            while slot < slots.count, slots[slot].worker.node == node {
                if let incarnation = resident(of: slots[slot].worker) {
                    gone.append((slots[slot].worker, incarnation))
                    set(slot, .empty)
                }
                slot += 1
            }
        }
        return gone
    }

    /// Nothing lives at `worker` any more.
    mutating func vacate(_ worker: WorkerID) {
        if let slot = index(worker) { set(slot, .empty) }
    }

    /// No process of before is left, and no supervisor either.
    mutating func vacateAll() {
        for slot in slots.indices {
            set(slot, .empty)
            slots[slot].supervised = false
        }
        supervisedCount = 0
    }

    /// A new coordinator goes on. Who had joined is expected back; but in a supervised slot only if it is among `living`,
    /// those in which the supervisor has a process. Whoever was told to end is not known to have heard it: it is nobody
    /// now, and ends when its slot is started anew, or comes back as someone new. Returns the processes that are gone.
    mutating func coordinatorRestarted(
        living: [WorkerID], at now: Instant
    ) -> [(worker: WorkerID, incarnation: Incarnation)] {
        var gone: [(worker: WorkerID, incarnation: Incarnation)] = []
        for index in slots.indices {
            let slot = slots[index]
            let lives = !slot.supervised || living.contains(slot.worker)
            switch slot.occupant {
            case .up(let incarnation, let numerics, let processID), .away(let incarnation, let numerics, let processID):
                if !lives { gone.append((slot.worker, incarnation)) }
                set(index, lives ? .away(incarnation, numerics: numerics, processID: processID) : .empty)
            case .starting(_, let isDismissed):
                set(index, lives ? .starting(since: now, isDismissed: isDismissed) : .empty)
            case .leaving, .failed, .empty: set(index, .empty)
            }
            slots[index].supervised = false  // Until the supervisor offers it again.
        }
        supervisedCount = 0
        return gone
    }

    /// The process at `worker` is back, if it was expected; false when it was not.
    mutating func takeBack(_ worker: WorkerID, _ incarnation: Incarnation) -> Bool {
        guard let slot = index(worker), case .away(incarnation, let numerics, let processID) = slots[slot].occupant
        else { return false }
        set(slot, .up(incarnation, numerics: numerics, processID: processID))
        return true
    }

    /// Where each of `workers` stands in `slots`. Large gangs are nearly in order of address: a slot is looked for behind
    /// the one before, then where the order that one broke goes on.
    /// - Precondition: all of them have a slot.
    func places(of workers: [WorkerID]) -> [Int] {
        var (next, ordered) = (0, 0)
        return workers.map { worker in
            let place = [next, ordered].first { $0 < slots.count && slots[$0].worker == worker } ?? index(worker)
            guard let place else { preconditionFailure("there is no slot \(worker)") }
            ordered = place == next ? place + 1 : ordered + 1
            next = place + 1
            return place
        }
    }

    /// What the arithmetic of the process at `worker` depends on, if a gang may have it.
    func numerics(of worker: WorkerID) -> InternedText? {
        if case .up(_, let numerics, _) = self[worker]?.occupant { numerics } else { nil }
    }

    /// Whether every one of `members` is the process that lives at its slot, which stood at its place in `places` once.
    func holdsAll(_ members: [Member], near places: [Int]) -> Bool {
        for rank in members.indices {
            let place = places[rank]
            if place < slots.count, slots[place].worker == members[rank].worker {
                guard slots[place].occupant.resident == members[rank].incarnation else { return false }
            } else if !isElsewhere(members[rank]) {
                return false
            }
        }
        return true
    }

    /// Whether `member` lives at its slot, wherever that stands. Kept out of the loop that asks it, which is walked for every
    /// member of a gang and hardly ever comes here.
    @inline(never)
    private func isElsewhere(_ member: Member) -> Bool { holds(member.worker, member.incarnation) }

    /// A gang was taken from the workers that are up.
    mutating func noteTaken() { changes = [] }
}

extension Array {
    /// Where the elements begin that `isBefore` does not hold of, by bisection; it holds of none behind them.
    func place(where isBefore: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isBefore(self[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension Pool.Occupant {
    /// Whether a process has been started and has not joined.
    var isStarting: Bool { if case .starting = self { true } else { false } }

    /// Whether a process has joined and was not told to end.
    var isUp: Bool { if case .up = self { true } else { false } }

    /// The process that lives there, if one has joined.
    var resident: Incarnation? {
        switch self {
        case .up(let incarnation, _, _), .away(let incarnation, _, _), .leaving(let incarnation): incarnation
        case .empty, .starting, .failed: nil
        }
    }
}
