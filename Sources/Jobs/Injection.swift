// Faults that a run inflicts on itself, as values: when, on whom, what, for how long; and the words for each, which job
// files, the `inject` command and journals share. Refuses to know whether a fault can be carried out at a given moment:
// the world that would carry it out does.

import Primitives

/// One fault that a run inflicts on itself, once.
public struct Injection: Equatable, Sendable, Codable {
    /// When a fault strikes.
    public enum Moment: Equatable, Sendable, Codable {
        /// Right after the commit of this step (`at: step=N`).
        case step(Int)
        /// This long after the run was submitted (`at: 30s`), or as soon after as there is a gang.
        case elapsed(TimeSpan)
    }

    /// On whom a fault strikes: members of the gang of that moment, or what is not a worker.
    public enum Victim: Equatable, Sendable, Codable {
        /// One rank (`fail: rank 2`).
        case rank(Int)
        /// All ranks of a node; nodes count from 0 in the order of their ranks (`fail: node 1`).
        case node(Int)
        /// Every member (`fail: gang`).
        case gang
        /// The member that joined the gang last: the spare that has just taken over (`fail: newcomer`).
        case newcomer
        /// The connection between two ranks (`fail: link 1-2`).
        case link(Int, Int)
        /// The newest checkpoint, or the disk that checkpoints go to (`fail: checkpoint`).
        case checkpoint
        /// The process that coordinates the run (`fail: coordinator`).
        case coordinator
    }

    /// Which words a partition swallows. The first rank of a link, or the rank that is parted from its coordinator,
    /// counts as inside.
    public enum Direction: String, Equatable, Sendable, Codable, CaseIterable {
        /// Nothing gets through.
        case both
        /// What the victim says does not get out.
        case out
        /// What is said to the victim does not get in.
        case `in`
    }

    /// What is done to the victim.
    public enum Fault: Equatable, Sendable, Codable {
        /// SIGKILL (`kill`).
        case kill
        /// SIGSTOP, and SIGCONT when the time is over (`stop`).
        case stop
        /// Every micro-batch takes this many times as long (`slow=2x`).
        case slow(Double)
        /// Words are held back until the time is over, as a network that is cut for a while holds them back
        /// (`partition`, `partition=out`, `partition=in`).
        case partition(Direction)
        /// One bit of the victim's own sum of the next step's gradients is flipped before it is sent
        /// (`corrupt=gradient`).
        case corruptGradient
        /// One bit of one of the victim's parameters is flipped in its memory (`corrupt=parameters`).
        case corruptParameters
        /// One bit of the newest checkpoint is flipped on disk (`corrupt=checkpoint`).
        case corruptCheckpoint
        /// One number of the victim's own sum of the next step's gradients becomes a NaN (`nan`).
        case notANumber
        /// Checkpoint writes fail with ENOSPC (`disk_full`).
        case diskFull
        /// The victim trains on random tokens, from the second batch after the moment: this many batches (`garbage=20`),
        /// or for the rest of its life (`garbage`). A gang's garbage is bad data, one rank's is a broken worker.
        case garbage(batches: Int?)
        /// The learning rate of `Injection.rateSteps` steps is this many times as high, from the second after the moment
        /// (`lr=30x`). It strikes the gang: replicas with different rates would part.
        case learningRate(Double)
    }

    /// When.
    public var moment: Moment
    /// On whom.
    public var victim: Victim
    /// What.
    public var fault: Fault
    /// For how long; nil for faults that are done when they have struck.
    public var duration: TimeSpan?

    /// How many steps a wrong learning rate lasts.
    public static let rateSteps = 10
    /// How long a fault lasts whose duration is not said.
    public static let standardDuration = TimeSpan.milliseconds(5_000)

    /// A fault from its parts. One that lasts is given `standardDuration` when none is said.
    public init(_ moment: Moment, _ victim: Victim, _ fault: Fault, for duration: TimeSpan? = nil) {
        self.moment = moment
        self.victim = victim
        self.fault = fault
        self.duration = duration ?? (fault.lasts ? Injection.standardDuration : nil)
    }
}

/// Faults at random moments, reproducible from a seed.
public struct InjectionProcess: Equatable, Sendable, Codable {
    /// The mean distance between two faults. Distances are memoryless: geometric in steps, exponential in time.
    public enum Mean: Equatable, Sendable, Codable {
        /// In steps that the run reaches for the first time (`mtbf: 20 steps`).
        case steps(Int)
        /// In time since submission (`mtbf: 30s`).
        case time(TimeSpan)
    }

    /// The mean distance.
    public var mean: Mean
    /// What is inflicted: each time one of these, on a rank of the gang, all equally likely.
    public var faults: [Injection.Fault]
    /// How long those faults last that do.
    public var duration: TimeSpan
    /// Names the random numbers.
    public var seed: UInt64

    /// A process from its parts.
    /// - Precondition: `faults` is not empty.
    public init(mean: Mean, faults: [Injection.Fault], duration: TimeSpan, seed: UInt64) {
        precondition(!faults.isEmpty, "a random process without faults")
        self.mean = mean
        self.faults = faults
        self.duration = duration
        self.seed = seed
    }
}

extension Injection.Fault {
    /// Whether it goes on for a time.
    public var lasts: Bool {
        switch self {
        case .stop, .slow, .partition, .diskFull: true
        case .kill, .corruptGradient, .corruptParameters, .corruptCheckpoint, .notANumber, .garbage, .learningRate:
            false
        }
    }

    /// Whether it strikes a checkpoint or its disk, and no worker.
    public var isOfCheckpoints: Bool { self == .corruptCheckpoint || self == .diskFull }
}

extension Injection {
    /// Why this can never be carried out on a gang of at most `workers`; nil when it can.
    public func objection(workers: Int) -> String? {
        if let objection = victim.objection(workers: workers) { return objection }
        if fault.isOfCheckpoints != (victim == .checkpoint) {
            return
                "`\(fault.text)` strikes \(fault.isOfCheckpoints ? "checkpoints" : "workers"), not the \(victim.text)"
        }
        if victim == .coordinator, fault != .kill { return "a coordinator can only be killed" }
        if case .learningRate = fault, victim != .gang {
            return "replicas with different rates would part: fail the gang"
        }
        if case .link(let a, let b) = victim {
            guard case .partition = fault else { return "a link can only be partitioned" }
            if a == b { return "rank \(a) has no link to itself" }
        }
        return nil
    }

}

extension Injection.Victim {
    /// The highest rank that it names; nil when it names none.
    public var highestRank: Int? {
        switch self {
        case .rank(let rank): rank
        case .link(let a, let b): max(a, b)
        case .node, .gang, .newcomer, .checkpoint, .coordinator: nil
        }
    }

    /// Why there can be no such victim in a gang of at most `workers`; nil when there can.
    public func objection(workers: Int) -> String? {
        guard let rank = highestRank, rank >= workers else { return nil }
        return "there is no rank \(rank) in a gang of \(workers) worker\(workers == 1 ? "" : "s")"
    }
}
