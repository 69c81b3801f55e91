// The faults a schedule may inflict. All of a schedule's faults are drawn before it begins, each with an instant and
// everything that is random about it, so that any of them can be taken out and the rest stay as they are: that is what
// makes a schedule small. Refuses to know the world: a fault that finds nothing to break breaks nothing.

import Primitives

/// What may break.
public enum FaultKind: String, CaseIterable, Codable, Sendable {
    /// A worker process dies.
    case crash
    /// A worker process dies, and no connection closes: its machine lost its power.
    case silentCrash = "silent-crash"
    /// A worker process dies while it next writes a checkpoint.
    case crashInWrite = "crash-in-write"
    /// A worker process dies while it next restores a state.
    case crashInRestore = "crash-in-restore"
    /// All worker processes of a node die at once.
    case nodeLoss = "node-loss"
    /// Power is lost everywhere: every process dies, and what the disk had not synced may be gone or torn.
    case blackout
    /// The coordinator and its agent die, before or after any of the next things that it does, and take the supervised
    /// workers along.
    case coordinatorCrash = "coordinator-crash"
    /// The coordinator alone dies, before or after any of the next things that it does; it is started again at once.
    case coordinatorRestart = "coordinator-restart"
    /// The next processes that are started end before they join.
    case badStart = "bad-start"
    /// The next process that is welcomed says goodbye.
    case badSpare = "bad-spare"
    /// A process stands still for less than the time-out, or for more than the lease, and then goes on.
    case pause
    /// A process that answers, but whose training stands still for a while.
    case hang
    /// A process computes 2 to 20 times slower for a while.
    case straggler
    /// A bit of a process's state flips in its memory.
    case memoryFlip = "memory-flip"
    /// A member's own sum of one step's gradients is no number.
    case notANumber = "not-a-number"
    /// A member adds up one step's gradients wrongly.
    case wrongSum = "wrong-sum"
    /// Nothing passes between a worker and the coordinator for a while.
    case partition
    /// Nothing passes from a worker to the coordinator for a while.
    case deafCoordinator = "deaf-coordinator"
    /// Nothing passes from the coordinator to a worker for a while.
    case deafWorker = "deaf-worker"
    /// Nothing passes between a worker and the other workers for a while.
    case peerPartition = "peer-partition"
    /// What a worker and the other workers send each other is lost for a while.
    case brokenPeers = "broken-peers"
    /// A connection closes, and the process lives.
    case brokenConnection = "broken-connection"
    /// Messages take up to 2 s for a while.
    case slowNetwork = "slow-network"
    /// Messages are lost for a while.
    case loss
    /// Messages arrive twice for a while.
    case duplication
    /// Messages overtake one another for a while.
    case reordering
    /// Writes find the disk full for a while.
    case diskFull = "disk-full"
    /// Writes fail with an input/output error for a while.
    case diskError = "disk-error"
    /// Reads and writes take 10 times as long for a while.
    case slowDisk = "slow-disk"
    /// A bit of a checkpoint on the disk flips.
    case bitFlip = "bit-flip"
    /// A user interrupts the run, and resumes it later.
    case interrupt
    /// Whoever places the run wants its gang to have another size, and some slots back.
    case resize
    /// A process that nobody knows speaks to the coordinator as if it were a member.
    case stranger

    /// Whether a run must complete once it is over. ZeroMQ over TCP loses messages only with their connection, repeats
    /// none and keeps their order: without those promises nothing unsafe may happen, but a run need not progress.
    public var isRecoverable: Bool {
        switch self {
        case .loss, .duplication, .reordering: false
        default: true
        }
    }
}

/// One fault of a schedule.
public struct Fault: Equatable, Sendable, CustomStringConvertible {
    /// When it strikes.
    public var at: Instant
    /// What breaks.
    public var kind: FaultKind
    /// Picks the victim among those there are.
    public var target: UInt64
    /// How long it lasts, where it lasts.
    public var span: TimeSpan
    /// How much or how often, from 1; each kind says of what.
    public var amount: Int

    /// `00:00:04.210 pause (2.1s)`.
    public var description: String { "\(at) \(kind.rawValue) (\(span), \(amount))" }
}

/// Which schedules are drawn.
public enum SimulationMode: String, CaseIterable, Sendable {
    /// Every kind of fault, to the end: nothing may break, but the run need not complete.
    case safety
    /// Faults that a live system can meet; then all heals, and the run must complete.
    case liveness
}

extension Fault {
    /// The faults of a schedule: a random subset of the kinds, at random instants before `horizon`, in order.
    static func draw(seed: UInt64, mode: SimulationMode, until horizon: Instant) -> [Fault] {
        let faults = drawFaults(seed: seed, mode: mode, until: horizon) + drawResizes(seed: seed, until: horizon)
        return faults.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
    }

    /// In every other schedule nobody is resized. The instants have a stream of their own, so that the faults beside them
    /// are what they would be without.
    private static func drawResizes(seed: UInt64, until horizon: Instant) -> [Fault] {
        var stream = RandomStream(seed: seed, named: "resizes")
        guard stream.integer(below: 2) == 1 else { return [] }
        return (0..<1 + stream.integer(below: 5)).map { _ in
            Fault(
                at: Instant(nanoseconds: Int64(stream.uniform() * Double(horizon.nanoseconds))), kind: .resize,
                target: stream.next(), span: .zero, amount: 1)
        }
    }

    private static func drawFaults(seed: UInt64, mode: SimulationMode, until horizon: Instant) -> [Fault] {
        var stream = RandomStream(seed: seed, named: "faults")
        let possible = FaultKind.allCases.filter { $0 != .resize && (mode == .safety || $0.isRecoverable) }
        // Few kinds at once reach states that all kinds together hide from one another (swarm testing).
        let share = 0.1 + 0.6 * stream.uniform()
        let enabled = possible.filter { _ in stream.uniform() < share }
        guard !enabled.isEmpty else { return [] }
        let count = stream.integer(below: 12)
        return (0..<count).map { _ in
            let kind = enabled[stream.integer(below: enabled.count)]
            let isLong = stream.integer(below: 2) == 1
            let longest = isLong ? 40_000 : 2_000
            return Fault(
                at: Instant(nanoseconds: Int64(stream.uniform() * Double(horizon.nanoseconds))), kind: kind,
                target: stream.next(), span: .milliseconds(Int64(50 + stream.integer(below: longest))),
                amount: 1 + stream.integer(below: 20))
        }
    }
}
