// The world at the grain of steps: thousands of nodes, months of virtual time, and the same coordinator as live. Between
// two things that could matter it runs ahead in closed form, so its cost grows with incidents and checkpoints, not with
// steps and accelerators. It is also the cluster's resource manager: it brings spares in and repaired nodes back.
// Refuses to decide anything about the run; it tells facts and carries commands out.

import ControlPlane
import Failures
import Hardware
import Journaling
import Primitives

/// One simulated life of a run. There is one of each, and nobody copies it. What is asked of it at every event is asked of
/// a `mutating` function, even where nothing changes: the others are given two kilobytes on the stack.
struct StepWorld: ~Copyable {
    enum Happening {
        case struck(Int)
        case detected(Int)
        case arrives(Int)
        case repaired(Int)
        case formed(Generation)
        case pause(Int)
        case saved(Generation, Int, TimeSpan)
        case evaluated(Generation, Int)
        case fastAgain(Int)
        case horizon
    }

    enum NodeState { case pool, broken, repairing, reserve, arriving }

    /// A gang that computes: the next step, when it began or begins, and how far the world may run ahead.
    struct Progress {
        var next: Int
        var since: Instant
        var pace: TimeSpan
        var pauseAfter: Int
        var snapshot = TimeSpan.zero
        /// Whether its steps are told in ranges that nobody judges.
        var isQuiet: Bool
        var token: Int
    }

    let scenario: Scenario
    let breakdowns: [Breakdown]
    var coordinator = Coordinator()
    var queue = EventQueue<Happening>()
    var states: [NodeState]
    var inPool = 0
    var arriving = 0
    /// The nodes in reserve, ascending.
    var shelf: [Int]
    var brokenCount = 0
    /// The nodes that each breakdown took from the gang, until it is detected.
    var victims: [Int: [Int]] = [:]
    /// Nodes that are slow now.
    var slow: [(breakdown: Int, factor: Double)] = []
    var progress: Progress?
    var pendingSnapshot = TimeSpan.zero
    var pendingEvaluation = TimeSpan.zero
    var abortedThrough = Generation(0)
    /// Which batches the gang's steps take.
    var course = Course()
    /// Rises of the loss, in the order they were drawn.
    var excursions: [Excursion] = []
    var tokens = 0
    var members = 0
    var isOver = false
    var tally: RunTally
    var sequence = 0
    let sink: ((Record) throws -> Void)?

    init(_ scenario: Scenario, sink: ((Record) throws -> Void)?) {
        self.scenario = scenario
        self.sink = sink
        breakdowns = scenario.breakdowns()
        states = scenario.nodes.indices.map { $0 < scenario.plan.workers ? .arriving : .reserve }
        shelf = Array(scenario.nodes.indices.dropFirst(scenario.plan.workers))
        tally = RunTally(seed: scenario.seed)
    }

    /// Lives the run through to its end.
    mutating func live() throws -> RunTally {
        try tell(.jobSubmitted(run: scenario.run, plan: scenario.plan), at: .zero)
        arriving = scenario.plan.workers
        for node in 0..<scenario.plan.workers { try arrive(node, at: .zero) }
        queue.add(inOrder: breakdowns.indices.map { (breakdowns[$0].at, .struck($0)) })
        queue.add(.horizon, at: scenario.horizon)
        while !isOver, let (now, happening) = queue.next() { try meet(happening, at: now) }
        precondition(isOver, "nothing is going to happen any more, and the run is not over: \(scenario.run)")
        return tally
    }

    private mutating func meet(_ happening: Happening, at now: Instant) throws {
        switch happening {
        case .struck(let index): try strike(index, at: now)
        case .detected(let index): try detect(index, at: now)
        case .arrives(let node): try arrive(node, at: now)
        case .repaired(let node): try repaired(node, at: now)
        case .formed(let generation):
            guard brokenCount == 0, generation > abortedThrough else { break }
            try tell(.gangFormed(run: scenario.run, generation: generation), at: now)
        case .pause(let token):
            guard progress?.token == token else { break }
            try advance(to: now)
        case .saved(let generation, let step, let took):
            guard generation > abortedThrough, brokenCount == 0 else { break }
            try advance(to: now)
            try tell(
                .checkpointWritten(
                    run: scenario.run, generation: generation, step: step, weightsSHA256: "simulated",
                    size: scenario.cost.checkpointSize, took: took), at: now)
            try pauseAgain(at: now)
        case .evaluated(let generation, let step):
            guard generation > abortedThrough else { break }
            try advance(to: now)
            try tell(
                .evaluated(
                    run: scenario.run, generation: generation, step: step, loss: loss(of: step)), at: now)
        case .fastAgain(let index):
            slow.removeAll { $0.breakdown == index }
            try stopAtNextStep(at: now)
        case .horizon:
            try advance(to: now)
            try tell(.interruptRequested(run: scenario.run, because: "the simulated time is over"), at: now)
            try pauseAgain(at: now)
        }
    }

    /// Tells the control plane a fact, records it, and carries out what it asks for.
    mutating func tell(_ event: Event, at now: Instant) throws {
        let commands = coordinator.handle(event, at: now)
        tally.add(event, commands, at: now)
        if let sink {
            sequence += 1
            try sink(
                Record(
                    sequence: sequence, at: now, wallNanoseconds: now.nanoseconds, event: event, commands: commands))
        }
        for command in commands { carryOut(command, at: now) }
    }

    private mutating func carryOut(_ command: Command, at now: Instant) {
        let cost = scenario.cost
        switch command {
        case .form(_, let generation, let members, let restore, let transfers, let course):
            progress = nil
            self.course = course
            self.members = members.count
            let load =
                transfers.map { $0.isEmpty ? TimeSpan.zero : cost.peerTransfer }
                ?? (restore > 0 ? cost.restore : .zero)
            queue.add(.formed(generation), at: now + cost.regroup + load)
        case .begin: begin(at: now)
        case .saveCheckpoint(_, let generation, let step):
            pendingSnapshot += cost.snapshot
            queue.add(.saved(generation, step, cost.write), at: now + pendingSnapshot + cost.write)
        case .evaluate(_, let generation, let step):
            pendingEvaluation += cost.evaluation
            queue.add(.evaluated(generation, step), at: now + pendingSnapshot + pendingEvaluation)
        case .abort(_, let generation, _):
            abortedThrough = generation
            stop()
        case .regroup: stop()
        case .finish:
            isOver = true
            stop()
        case .compare: preconditionFailure("no states are compared at the grain of steps")
        case .startWorker, .evict, .welcome, .refuse, .wait, .decide, .commit, .deleteCheckpoint: break
        }
    }

    mutating func stop() {
        progress = nil
        pendingSnapshot = .zero
        pendingEvaluation = .zero
    }
}
