// A simulated worker process: the thread that listens, keeps the lease and sends heartbeats, around the training thread
// and the checkpoint writer. Refuses to act by itself: the world wakes it.

import ControlPlane
import Messages
import Primitives

/// A checkpoint on its way to the disk.
struct Write {
    var generation: Generation
    var step: Int
    var state: UInt64
    /// It has its name and is not synced yet.
    var isPublished = false
}

/// A message that is held back on its way.
enum Held {
    case up(WorkerMessage, ConnectionID, Incarnation)
    case down(CoordinatorMessage, ConnectionID, Incarnation)
}

/// One worker process, from its start to its end.
struct SimulatedProcess {
    /// Its number among all processes of the schedule, from 1.
    let id: Int
    /// The slot it was started for; nil for one that asks for any.
    let wanted: WorkerID?
    /// The machine it runs on.
    let node: NodeID
    /// Its place among the external workers; nil for a supervised one.
    let place: Int?
    /// The agent that started it, by number; nil for an external one.
    let agent: Int?

    var isAlive = true
    /// Its agent has learned of its end.
    var isReaped = false
    /// Whether its connection's other end has welcomed it.
    var isWelcomed = false
    /// What it has to say and cannot yet, because no coordinator knows it.
    var unsaid: [WorkerMessage] = []
    /// The last it said of a checkpoint since it was called into its gang: who died may not have written it down.
    var lastReceipt: WorkerMessage?
    /// Its connection to the coordinator, as it sees it.
    var connection: ConnectionID?
    var incarnation = Incarnation(0)
    /// Its slot, once it was welcomed.
    var worker: WorkerID?
    var trainer: SimulatedTrainer?
    var lease: TimeSpan
    var heartbeat: TimeSpan
    var lastHeard: Instant
    var write: Write?

    /// When the micro-batches that it computes began and will be done, and how many they are.
    var computes: (from: Instant, until: Instant, count: Int)?

    // What is wrong with it; instants in the past mean nothing is.
    var pausedUntil = Instant.zero
    var hungUntil = Instant.zero
    var slowUntil = Instant.zero
    var slowness = 1
    /// Whether it was ever made slow.
    var wasSlow = false
    /// Nothing passes from it to the coordinator.
    var muteUntil = Instant.zero
    /// Nothing passes from the coordinator to it.
    var deafUntil = Instant.zero
    /// Nothing passes between it and other workers.
    var isolatedUntil = Instant.zero
    /// What passes between it and other workers is lost.
    var losesSumsUntil = Instant.zero
    var diesInWrite = false
    var diesInRestore = false

    var heldUp: [Held] = []
    var heldDown: [Held] = []

    // A connection keeps the order of what it carries: nothing arrives before what was sent before it.
    var lastUp = Instant.zero
    var lastDown = Instant.zero

    /// Whether a message may still pass through `connection`.
    func speaks(through connection: ConnectionID) -> Bool { isAlive && self.connection == connection }

    /// Its slot; of a process that was never welcomed, one that nobody has.
    var slot: WorkerID { worker ?? WorkerID(node: node, slot: -1) }

    /// How many of its micro-batches are done: none of those that it hangs in.
    func microBatchesDone(at now: Instant) -> Int {
        guard let computes, hungUntil <= now, computes.until > computes.from else { return 0 }
        let elapsed = min(now, computes.until) - computes.from
        return Int(elapsed.nanoseconds / max(1, (computes.until - computes.from).nanoseconds / Int64(computes.count)))
    }

    /// Whether it is still the member it was in `generation`: it has not been welcomed again since it was formed, after
    /// its connection broke. Then nobody owes it word of that generation's end.
    func isStillMember(of membership: SimulatedTrainer.Membership) -> Bool {
        let member = membership.members[membership.rank]
        return member.worker == worker && member.incarnation == incarnation
    }
}
