// The world of processes and the wall clock: takes the next thing that happens (a message, a closed connection, a
// process's end, a user's wish, a deadline), hands it to the dispatcher, and carries out what comes back: records first
// made durable, then words to workers, orders to the agent, deletions on disk. Refuses every decision.

import ControlPlane
import Foundation
import Journaling
import Jobs
import Logging
import Messages
import Primitives
import Training
import Wire

/// Somebody who watches a run from within the process that drives it.
public protocol RunObserver: AnyObject {
    /// A record has become durable.
    func recorded(_ record: Record)
    /// Time passes: called at every `interval` or so, on the same thread.
    func tick(at now: Instant)
    /// How often `tick` is wanted.
    var interval: TimeSpan { get }
}

/// What other threads may ask of a world.
public enum WorldRequest: Sendable {
    /// A user sent this signal, because the run shall save and end; sent twice, it shall end at once.
    case interrupt(signal: Int)
}

/// Drives one run with live workers, until it ends.
public final class LiveWorld {
    let run: LiveRun
    private let port: CoordinatorPort
    private let mailbox: Mailbox<WorldRequest>
    /// Who starts and stops workers; nil where they come from elsewhere.
    let agent: AgentLink?
    /// Whether the agent has started a coordinator before that began to drive the run.
    let takesOver: Bool
    private let observer: (any RunObserver)?
    let log: Logger
    let clock: RunClock
    let store: CheckpointStore

    private(set) var dispatcher: Dispatcher
    private let requests: RequestFolder?
    var awaited = AwaitedResizes()
    private var connections = Connections()
    private var sequence: Int
    var injector: Injector
    /// The gang before the one that goes on: who is in this one and was not in that is a newcomer.
    private(set) var formerGang: Gang?
    private var nextTick = Instant.zero
    private var outcome: Outcome?
    private var interrupts = 0
    private var hasProgressed = false
    /// The signal by which a user asked for the end.
    public private(set) var interruptedBy: Int?
    /// How long supervised processes have to end by themselves.
    private var grace = TimeSpan.milliseconds(5_000)
    /// What was heard and is no fact, by reason, in the order of its first appearance.
    public private(set) var dropped: [(reason: String, count: Int)] = []

    /// A world for `run`, whose workers come to `port`, and are started by `agent` where there is one; with `takesOver` they
    /// may have outlived the coordinator of before. Requests of other threads come through `mailbox`.
    /// - Throws: when the job cannot be encoded for the workers.
    public init(
        _ run: LiveRun, port: CoordinatorPort, mailbox: Mailbox<WorldRequest>, agent: AgentLink?, takesOver: Bool,
        observer: (any RunObserver)?, log: Logger
    ) throws {
        self.run = run
        self.port = port
        self.mailbox = mailbox
        self.agent = agent
        self.takesOver = takesOver
        self.observer = observer
        self.log = log
        let last = run.records.last
        clock = RunClock(epoch: run.epoch, last: last?.at ?? .zero)
        store = CheckpointStore(directory: run.folder.checkpoints, run: run.folder.id)
        requests = RequestFolder(run.folder)
        dispatcher = Dispatcher(
            job: run.job,
            assignment: Dispatcher.Assignment(
                run: run.folder.id, folder: run.folder.path, job: Array(try JSONEncoder().encode(run.job))),
            coordinator: run.coordinator)
        sequence = last?.sequence ?? 0
        injector = Injector(run.job, after: run.records)
    }

    /// Runs until the run is over, and lets every worker go. `slots` worker processes of `node` are the agent's. The gang
    /// shall have `workers` members, or, when that is nil, as many as before, which at first is the job's number.
    /// - Throws: `JournalError` when a record cannot be made durable, `AgentGone`; the workers are let go first, and
    ///   everything recorded before is safe.
    public func drive(node: NodeID, slots: Int, workers: Int? = nil) throws -> Outcome {
        defer { agent?.end(grace: grace) }
        do {
            try begin(node: node, slots: slots, workers: workers)
            while true {
                if let outcome { return outcome }
                for event in try port.wait(timeout: timeout(), watching: descriptors) {
                    try take(event)
                }
                if let deadline = dispatcher.nextDeadline, deadline <= clock.now { try handle(.timePassed) }
                try inject(after: nil)
                tick()
            }
        } catch {
            letGo()
            throw error
        }
    }

    /// Lets every worker go without the control plane's word, which can no longer be recorded.
    private func letGo() {
        for connection in connections.open {
            _ = try? port.send(
                .exit(because: "its coordinator ends"), to: connection.peer, incarnation: connection.incarnation)
        }
    }

    private func begin(node: NodeID, slots: Int, workers: Int?) throws {
        switch run.coordinator.run {
        case nil: try handle(.fact(.jobSubmitted(run: run.folder.id, plan: RunPlan(run.job))))
        case let before? where before.isOver || agent != nil && !takesOver:
            for path in try store.removeLeftovers() {
                log.info("removed an unfinished checkpoint", metadata: ["path": "\(path)"])
            }
            try handle(.fact(.runResumed(run: run.folder.id)))
        default:
            // Workers may have outlived the last coordinator, and one may be writing a checkpoint.
            try handle(.fact(.coordinatorRestarted(run: run.folder.id, living: agent?.living ?? [])))
        }
        try beginResized(to: workers)
        agent?.send(.begun)
        if agent != nil { try handle(.fact(.slotsOffered(node: node, slots: slots))) }
        // What came before anybody watched, and what nobody was there to hear.
        for word in try agent?.takeAll() ?? [] { try take(word) }
        for request in requests?.takeAll() ?? [] { try take(request) }
    }

    // MARK: What happens

    private func timeout() -> TimeSpan {
        let now = clock.now
        let next = [dispatcher.nextDeadline, observer == nil ? nil : nextTick, nextInjection].compactMap { $0 }.min()
        return max(.zero, (next ?? now + .milliseconds(1_000)) - now)
    }

    private var descriptors: [Int32] {
        [mailbox.wakeUp.descriptor] + [requests?.descriptor, agent?.descriptor].compactMap { $0 }
    }

    private func tick() {
        let now = clock.now
        guard let observer, nextTick <= now else { return }
        observer.tick(at: now)
        nextTick = now + observer.interval
    }

    private func take(_ event: PortEvent) throws {
        switch event {
        case .readable(let descriptor) where descriptor == requests?.descriptor:
            for request in requests?.takeAll() ?? [] { try take(request) }
        case .readable(let descriptor) where descriptor == agent?.descriptor:
            for word in try agent?.takeAll() ?? [] { try take(word) }
        case .readable:
            for case .interrupt(let signal) in mailbox.takeAll() { try interrupt(signal) }
        case .message(let peer, let frame):
            try handle(
                .message(frame.message, from: connections.number(of: peer), incarnation: frame.incarnation))
        case .closed(let peer):
            if let connection = connections.close(peer) { try handle(.closed(connection)) }
        case .dropped(let peer, let error):
            count(error.description)
            if case .version = error {
                _ = try port.send(.refuse(reason: error.description), to: peer, incarnation: Incarnation(0))
            }
        case .strangerTurnedAway(let failure): count("a stranger was turned away: \(failure)")
        }
    }

    private func take(_ word: AgentWord) throws {
        switch word {
        case .ended(let end): try handle(.processEnded(worker: end.worker, processID: end.processID, how: end.how))
        case .interrupt(let signal): try interrupt(signal)
        case .living, .ready, .allEnded: break  // Answers, to who waited for them.
        }
    }

    private func interrupt(_ signal: Int) throws {
        interruptedBy = signal
        interrupts += 1
        if interrupts == 1 {
            try handle(.fact(.interruptRequested(run: run.folder.id, because: signalName(signal))))
        } else {
            // The journal stays as it is: the run can be resumed like one whose coordinator was killed. Nobody is
            // given time to finish anything.
            grace = .zero
            letGo()
            outcome = .interrupted(checkpoint: dispatcher.coordinator.run?.checkpoints.last?.step ?? 0)
        }
    }

    /// A command asks for something.
    private func take(_ request: (name: String, text: String)) throws {
        let injection: Injection
        do {
            let line = try Line(parsing: request.text.trimmingCharacters(in: .newlines))
            if line.head == "resize" { return try resize(ResizeRequest(line), name: request.name) }
            injection = try Injection(line)
        } catch let error as LineError {
            requests?.answer(request.name, Line("refused").with("because", "it is not understood: \(error)"))
            return
        }
        try carryOut(injection) { requests?.answer(request.name, $0) }
    }

    func answer(_ name: String, _ line: Line) { requests?.answer(name, line) }

    private func count(_ reason: String) {
        if let known = dropped.firstIndex(where: { $0.reason == reason }) {
            dropped[known].count += 1
        } else {
            dropped.append((reason, 1))
            log.warning("dropped what is not a worker's message", metadata: ["reason": "\(reason)"])
        }
    }

    // MARK: What follows

    func handle(_ input: Dispatcher.Input) throws {
        guard outcome == nil else { return }
        let now = clock.now
        var committed: Int?
        let before = dispatcher.gang
        for output in dispatcher.handle(input, at: now) {
            switch output {
            case .record(let event, let commands):
                try append(event, commands, at: now)
                for command in commands { if case .commit(_, _, let step) = command { committed = step } }
            case .send(let message, let connection, let incarnation):
                try send(message, to: connection, incarnation)
            case .startProcess(let worker): agent?.send(.start(worker))
            case .killProcess(let worker): agent?.send(.kill(worker))
            case .deleteCheckpoint(let step): delete(step)
            case .dropped(let reason): count(reason)
            case .finished(let outcome): self.outcome = outcome
            }
        }
        if let before, before.generation != dispatcher.gang?.generation { formerGang = before }
        answerResizes()
        if let committed {
            if !hasProgressed { agent?.send(.progressed) }
            hasProgressed = true
            try inject(after: committed)
        }
    }

    private func append(_ event: Event, _ commands: [Command], at now: Instant) throws {
        sequence += 1
        let record = Record(
            sequence: sequence, at: now, wallNanoseconds: RunClock.wallNanoseconds, event: event, commands: commands)
        try run.journal.append(record)
        observer?.recorded(record)
        for command in commands {
            switch command {
            case .abort(_, _, let reason):
                log.notice("interrupted", metadata: ["because": "\(reason.sentence)"])
            case .evict(let worker, let reason):
                log.warning("evicting", metadata: ["worker": "\(worker)", "because": "\(reason)"])
            default: break
            }
        }
    }

    /// Sends `message`; a connection that is gone is told by the port, and a worker that does not read goes silent.
    func send(_ message: CoordinatorMessage, to connection: ConnectionID, _ incarnation: Incarnation) throws {
        guard let peer = connections.peer(connection, speaksAs: incarnation) else { return }
        if try port.send(message, to: peer, incarnation: incarnation) == .congested {
            count("a worker does not read what it is told")
        }
    }

    private func delete(_ step: Int) {
        do { try store.delete(step: step) } catch {
            log.warning("an old checkpoint stays", metadata: ["step": "\(step)", "reason": "\(error)"])
        }
    }
}
