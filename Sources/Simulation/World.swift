// The world at the grain of messages: takes the next thing that happens, moves the clock to it, lets it happen. Around
// the real control plane stand processes, a network, a disk and a user, all as unreliable as the schedule says. After
// everything that happens the witness has been asked. Refuses threads, wall clocks and any randomness but the seed's.

import ControlPlane
import Journaling
import Messages
import Primitives

/// Something that is going to happen.
enum Happening {
    /// The run is submitted, or taken up by a new coordinator process: by the agent of that number, or by a user.
    case coordinatorStarts(agent: Int?)
    /// The control plane asked to be woken.
    case wake
    /// A message reaches the coordinator.
    case toCoordinator(WorkerMessage, ConnectionID, Incarnation)
    /// A message reaches a worker.
    case toWorker(CoordinatorMessage, ConnectionID, Incarnation)
    /// The coordinator notices that a connection has closed.
    case closed(ConnectionID)
    /// The way from or to a process may be open again.
    case opens(process: Int, isUp: Bool)
    /// A process notices that its coordinator is gone.
    case lost(ConnectionID)
    /// A process reaches for the coordinator.
    case connects(process: Int)
    /// A process looks at its lease and says that it lives.
    case beats(process: Int)
    /// What the training thread was at is done.
    case workEnds(process: Int)
    /// A member's sum reaches another.
    case sum(process: Int, Generation, step: Int, rank: Int, UInt64)
    /// The checkpoint writer has done its next part.
    case writes(process: Int)
    /// The supervisor learns of a process's end.
    case processEnded(process: Int, LossCause)
    /// An agent that ends, or has died, takes what is left of its processes along.
    case agentEnds(Int, LossCause)
    /// By now it must be known that a process of this slot is gone that ended unnoticed.
    case mustBeKnown(WorkerID, Incarnation, epoch: Int)
    /// Something starts an external worker.
    case externalStarts(place: Int)
    /// A fault strikes.
    case fault(Int)
}

/// One run in the making.
struct World<Control: DecisionMaker> {
    /// A connection, as the coordinator knows it.
    struct Link {
        var process: Int
        var isOpen: Bool
    }

    let schedule: Schedule
    let promises: Promises
    let run = RunID("drill-0001")
    let home = NodeID("a")
    let abroad = NodeID("b")

    var now = Instant.zero
    var queue = EventQueue<Happening>()
    var witness: Witness
    var disk = SimulatedDisk()
    var network: RandomStream
    var work: RandomStream

    // The coordinator's process, while it is up. Its number rises with every one, so that what was meant for the last
    // one is not taken for the next one's.
    var control: Control
    var isUp = false
    var epoch = 0
    var journal: [Record] = []
    /// What the journal must lead to; nil when the coordinator died with something undurable in mind.
    var expected: Coordinator?
    var waking: Instant?
    var outcome: Outcome?

    /// The process that starts the coordinator and supervises the workers, by number; another one is another number.
    var agent = 0
    var isAgentUp = false
    /// When the run was complete.
    var doneAt: Instant?

    var processes: [SimulatedProcess] = []
    var alive = 0
    var links: [Link] = []
    var effects: [SimulatedTrainer.Effect] = []

    // Faults that wait for their moment, and those that last.
    var crashAfter: Int?
    var crashTakesAgent = false
    var keepsLastRecord = false
    var badStarts = 0
    var badSpares = 0
    var noise: (kind: FaultKind, until: Instant, share: Double) = (.slowNetwork, .zero, 0)
    var diskFullUntil = Instant.zero
    var diskErrorUntil = Instant.zero
    var diskSlowUntil = Instant.zero

    var figures = Figures()
    /// Lines of the story; nil when nobody wants to read it.
    var story: [String]?

    /// A world in which nothing has happened yet.
    init(_ schedule: Schedule, promises: Promises, history: FaultFreeHistory, tellsStory: Bool) {
        self.schedule = schedule
        control = Control(
            job: schedule.job, assignment: Dispatcher.Assignment(run: run, folder: "", job: []),
            coordinator: Coordinator())
        self.promises = promises
        witness = Witness(plan: schedule.plan, history: history)
        network = RandomStream(seed: schedule.seed, named: "network")
        work = RandomStream(seed: schedule.seed, named: "work")
        story = tellsStory ? [] : nil
    }

    /// The longest that a fault lasts after the last one has struck.
    static var longestFault: TimeSpan { .seconds(Int64(43)) }

    /// Lets everything happen, to the end or to the first violation.
    mutating func live() -> Verdict {
        let healed = schedule.horizon + World.longestFault
        let limit = healed + schedule.patience
        queue.add(.coordinatorStarts(agent: nil), at: .zero)
        for place in 0..<schedule.externalWorkers { queue.add(.externalStarts(place: place), at: .zero) }
        for index in schedule.faults.indices { queue.add(.fault(index), at: schedule.faults[index].at) }
        var violation: Violation?
        do throws(Broken) {
            while let next = queue.next() {
                let end = doneAt.map { $0 + schedule.job.faultTolerance.lease * 3 + World.longestFault * 2 } ?? limit
                if next.at > end {
                    try checkEnd()
                    break
                }
                now = next.at
                figures.happenings += 1
                try happen(next.item)
                if doneAt != nil, alive == 0 { break }
            }
            try checkJournal()
        } catch {
            violation = Violation(seed: schedule.seed, invariant: error.invariant, at: now, what: error.what)
            tell("VIOLATION \(error.invariant.rawValue): \(error.what)")
        }
        return verdict(violation, healed: healed)
    }

    private mutating func verdict(_ violation: Violation?, healed: Instant) -> Verdict {
        figures.runs = 1
        figures.virtualTime = now - .zero
        figures.commits = witness.figures.commits
        figures.generations = witness.figures.generations
        figures.resumptions = witness.figures.resumptions
        if let doneAt {
            figures.completed = 1
            figures.longestRecovery = max(.zero, doneAt - healed)
        }
        return Verdict(
            violation: violation, outcome: outcome, records: journal, story: story ?? [], figures: figures)
    }

    private mutating func happen(_ happening: Happening) throws(Broken) {
        switch happening {
        case .coordinatorStarts(let agent): try coordinatorStarts(by: agent)
        case .wake: try wake()
        case .toCoordinator(let message, let connection, let incarnation):
            try reachCoordinator(message, connection, incarnation)
        case .toWorker(let message, let connection, let incarnation):
            try reachWorker(message, connection, incarnation)
        case .closed(let connection): try noticeClosed(connection)
        case .opens(let process, let isUp): try open(process, isUp: isUp)
        case .lost(let connection): noticeLost(connection)
        case .connects(let process): connect(process)
        case .beats(let process): beat(process)
        case .workEnds(let process): try workEnds(process)
        case .sum(let process, let generation, let step, let rank, let value):
            try receive(process, generation, step: step, rank: rank, value)
        case .writes(let process): try write(process)
        case .processEnded(let process, let how): try reap(process, how)
        case .agentEnds(let number, let how): endSupervised(by: number, how)
        case .mustBeKnown(let worker, let incarnation, let epoch):
            try checkKnown(worker, incarnation, epoch)
        case .externalStarts(let place):
            if doneAt == nil { startProcess(wanted: nil, node: abroad, place: place) }
        case .fault(let index):
            if doneAt == nil { try strike(schedule.faults[index]) }
        }
    }

    /// What must hold when the time is up.
    private func checkEnd() throws(Broken) {
        if doneAt != nil {
            guard let left = processes.first(where: \.isAlive) else { return }
            throw Broken(.placement, "process \(left.id) has outlived its run")
        }
        guard schedule.mode == .liveness else { return }
        let phase = currentRun.map { "\($0.phase) at step \($0.committed)" } ?? "without a coordinator"
        throw Broken(.progress, "\(schedule.patience) after everything healed the run is \(phase)")
    }

    /// The journal is whole: it replays, and its books add up.
    private func checkJournal() throws(Broken) {
        var history = RunHistory()
        for record in journal { history.add(record) }
        if isUp, history.coordinator != control.coordinator {
            throw Broken(.journal, "the journal does not lead to the coordinator's state")
        }
        if let fault = history.accountingFault { throw Broken(.accounting, fault) }
        guard let first = journal.first, let last = journal.last, let run = history.coordinator.run, run.isOver else {
            return
        }
        guard history.ledger.elapsed == last.at - first.at else {
            throw Broken(
                .accounting, "the ledger ends at \(history.ledger.elapsed), the run lasted \(last.at - first.at)")
        }
    }

    /// The run, as a coordinator that lives knows it.
    var currentRun: Run? { isUp ? control.coordinator.run : nil }

    /// Adds a line to the story, if somebody wants to read it.
    mutating func tell(_ line: @autoclosure () -> String) {
        if story != nil { story!.append("\(now) \(line())") }
    }
}
