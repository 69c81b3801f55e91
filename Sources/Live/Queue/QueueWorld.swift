// The world of a queue: takes the next thing that happens (words of agents and people, a coordinator's end, a deadline),
// hands it to the controller, makes the record durable, and does what was asked: starts and stops one coordinator process
// a job, and tells agents who belongs in their slots. Refuses every decision, and everything inside a run.
//
// Orders to agents are not sent once and hoped for: each agent is told all that belongs in its slots whenever that
// changes and whenever it reports, and it does what is missing. A lost message costs half a second.

import ControlPlane
import Foundation
import Journaling
import LiveCoordinator
import Logging
import Messages
import Primitives
import Wire

/// What other threads may ask of a queue's world.
public enum QueueRequest: Sendable {
    /// A coordinator process ended.
    case coordinatorEnded(ProcessEnd)
    /// The controller shall stop: every job is saved and goes on when the queue is served again.
    case stop
}

/// Serves one queue until it is told to stop.
public final class QueueWorld {
    /// An agent that is there.
    struct KnownAgent {
        let session: String
        let node: NodeID
        var peer: PeerID
        var lastHeard: Instant
        /// What its machine's check of itself has found.
        var problem: String?
        /// What it was told last, and how many times it was told something else.
        var orders: [SlotOrder] = []
        var number = 0
        /// For each slot the number of the orders that emptied it.
        var emptied: [Int: Int] = [:]
    }

    /// How long an agent may be silent. It speaks twenty times in that span.
    public static let silence = TimeSpan.seconds(10 as Int64)
    /// How often the world looks after agents, checkpoints and coordinators that could not be started yet.
    private static let tick = TimeSpan.milliseconds(250)
    /// How often it does while a coordinator's answer is awaited, for which others may wait.
    private static let shortTick = TimeSpan.milliseconds(25)

    private let folder: QueueFolder
    private let port: QueuePort
    private let mailbox: Mailbox<QueueRequest>
    private let supervisor: Supervisor
    private let log: Logger
    private let clock: RunClock
    private let launches: CoordinatorLaunches
    private var endpoints: JobEndpoints
    private var sequence: Int
    private(set) var queue: QueueController
    private var agents: [KnownAgent] = []
    /// Jobs to be driven as soon as the process that drove them before has let go of their runs.
    private var starting: [(job: Int, stint: Int)] = []
    /// Those of them that were found to have no port to listen at.
    private var withoutPort: Set<Int> = []
    private var resizes = ResizeDesk()
    private var nextTick = Instant.zero

    /// A world for the queue in `folder`, whose agents and users speak at `port`. The jobs' coordinators, which are
    /// `executable`, listen at `endpoints`, with the key in the file `keyPath` if there is one.
    /// - Throws: `SupervisorError` when the host has no descriptors left.
    public init(
        _ folder: QueueFolder, port: QueuePort, endpoints: JobEndpoints, keyPath: String?,
        mailbox: Mailbox<QueueRequest>, executable: String, log: Logger
    ) throws {
        self.folder = folder
        self.port = port
        self.endpoints = endpoints
        self.mailbox = mailbox
        self.log = log
        launches = CoordinatorLaunches(keyPath: keyPath)
        supervisor = try Supervisor(launches.launch(of: executable)) { mailbox.post(.coordinatorEnded($0)) }
        clock = RunClock(epoch: folder.epoch, last: folder.last.at)
        sequence = folder.last.sequence
        queue = folder.controller
    }

    /// Serves the queue until `stop` is asked, and lets every job save itself then.
    /// - Throws: `JournalError` when a record cannot be made durable; the jobs save themselves first.
    public func serve() throws {
        defer {
            for job in 1..<queue.jobs.count + 1 where queue[job].isDriven { supervisor.terminate(name(job)) }
            supervisor.end(grace: QueueController.stopPatience)
        }
        if sequence > 0 { try handle(.controllerResumed) }
        while true {
            for heard in try port.wait(timeout: timeout(), watching: mailbox.wakeUp.descriptor) { try take(heard) }
            for request in mailbox.takeAll() {
                switch request {
                case .stop: return
                case .coordinatorEnded(let end): try take(end)
                }
            }
            let now = clock.now
            if let deadline = queue.nextDeadline, deadline <= now { try handle(.timePassed) }
            if nextTick <= now {
                nextTick = now + (resizes.isEmpty ? QueueWorld.tick : QueueWorld.shortTick)
                try lookAround(at: now)
            }
        }
    }

    private func timeout() -> TimeSpan {
        let now = clock.now
        return max(.zero, min(nextTick, queue.nextDeadline ?? nextTick) - now)
    }

    /// Looks for agents that are silent, checkpoints that are new, and runs that are free to be driven.
    private func lookAround(at now: Instant) throws {
        for agent in agents where agent.lastHeard + QueueWorld.silence < now {
            agents.removeAll { $0.session == agent.session }
            try handle(.nodeLost(agent.node, because: "its agent was silent for \(QueueWorld.silence)"))
        }
        try noteCheckpoints()
        try noteResizes()
        for (job, stint) in starting {
            let run = RunFolder(queue[job].submission.folder)
            guard queue[job].stint == stint, queue[job].isDriven else {
                starting.removeAll { $0.job == job && $0.stint == stint }
                continue
            }
            guard !LiveRun.isDriven(run) else { continue }
            guard let endpoint = endpoints.take(job, stint) else {
                if withoutPort.insert(job).inserted {
                    log.warning("every port for coordinators is taken; it waits", metadata: ["job": "\(job)"])
                }
                continue
            }
            withoutPort.remove(job)
            starting.removeAll { $0.job == job && $0.stint == stint }
            let workers = queue[job].submission.range.map { _ in queue.workers(of: job) }
            launches.note(job, CoordinatorLaunches.Job(run: run, endpoint: "\(endpoint)", workers: workers))
            supervisor.start(name(job))
        }
        try giveOrders()
    }

    /// Tells the controller how far running jobs are saved, so that it stops those that lose least.
    private func noteCheckpoints() throws {
        for job in 1..<queue.jobs.count + 1 where queue[job].isDriven {
            let names =
                (try? FileManager.default.contentsOfDirectory(
                    atPath: RunFolder(queue[job].submission.folder).checkpoints)) ?? []
            let newest = names.compactMap { $0.hasPrefix("step-") ? Int($0.dropFirst(5)) : nil }.max() ?? 0
            if newest > queue[job].savedStep { try handle(.saved(job: job, step: newest)) }
        }
    }

    /// Tells the controller which jobs go on with other slots.
    private func noteResizes() throws {
        resizes.withdraw { [queue] in queue[$0].phase != .running || queue[$0].stint != $1 }
        for answer in resizes.takeAnswers() {
            guard answer.line.head == "done" else {
                log.info("a resize was refused", metadata: ["job": "\(answer.job)", "why": "\(answer.line.text)"])
                continue
            }
            try handle(.resized(job: answer.job, stint: answer.stint, without: answer.leaving))
        }
    }

    // MARK: What happens

    private func take(_ end: ProcessEnd) throws {
        let job = end.worker.slot
        log.info("a coordinator ended", metadata: ["job": "\(job)", "how": "\(end.how.sentence)"])
        try noteCheckpoints()
        endpoints.giveBack(job)
        try handle(.coordinatorEnded(job: job, stint: queue[job].stint, how: end.how))
    }

    private func take(_ heard: QueuePort.Heard) throws {
        let words: QueueWords
        switch heard.words {
        case .success(let said): words = said
        case .failure(let error):
            log.warning("dropped what is no word of a queue", metadata: ["because": "\(error)"])
            return try port.send([.refused(error.description)], to: heard.peer)
        }
        guard let first = words.lines.first else { return }
        do {
            switch first.head {
            case "report": try take(AgentReport(first), from: heard.peer)
            case "leave":
                let session: String = try first.read("session")
                for agent in agents where agent.session == session {
                    agents.removeAll { $0.session == session }
                    try handle(.nodeLeft(agent.node))
                }
            default: try port.send(try answer(words.lines), to: heard.peer)
            }
        } catch let error as LineError {
            try port.send([.refused(error.description)], to: heard.peer)
        }
    }

    /// Takes an agent's report. One that is not known must begin anew: what is in its slots belongs to nobody here.
    private func take(_ report: AgentReport, from peer: PeerID) throws {
        guard let index = agents.firstIndex(where: { $0.session == report.session }) else {
            guard report.heard == 0, report.taken.isEmpty else {
                return try port.send([Line("unknown").with("session", report.session)], to: peer)
            }
            let event = QueueEvent.nodeJoined(report.node, slots: report.slots, problem: report.problem)
            if let objection = queue.objection(to: event, at: clock.now) {
                return try port.send([.refused(objection)], to: peer)
            }
            agents.append(
                KnownAgent(
                    session: report.session, node: report.node, peer: peer, lastHeard: clock.now,
                    problem: report.problem))
            try handle(event)
            return try order(agents.count - 1)
        }
        agents[index].peer = peer
        agents[index].lastHeard = clock.now
        if agents[index].problem != report.problem {
            agents[index].problem = report.problem
            try handle(.healthChanged(report.node, problem: report.problem))
        }
        let agent = agents[index]
        // Only a report that knows of the orders which emptied a slot can say that it is empty.
        let empty = agent.emptied.keys.sorted().filter { slot in
            report.heard >= agent.emptied[slot] ?? 0 && !report.taken.contains(slot)
        }
        for slot in empty {
            agents[index].emptied[slot] = nil
            try handle(.slotEmptied(WorkerID(node: agent.node, slot: slot)))
        }
        try order(index)
    }

    /// Does what a person asks, and says what came of it.
    private func answer(_ words: [Line]) throws -> [Line] {
        try noteCheckpoints()
        // One instant for all: what there is no objection to now might not be kept a moment later.
        let now = clock.now
        if let answer = try queue.answer(to: words, at: now) { return answer }
        let event = try QueueEvent(words[0])
        guard event.isForPeople else { return [.refused("\(words[0].head) is not a user's to say")] }
        if let objection = queue.objection(to: event, at: now) { return [.refused(objection)] }
        try handle(event, at: now)
        guard case .submitted = event else { return [Line("done")] }
        let job = queue.jobs.count
        return [Line("done").with("job", job).with("ends", queue.plannedEnd(of: job, at: now).map { $0 - now })]
    }

    // MARK: What follows

    private func handle(_ event: QueueEvent) throws { try handle(event, at: clock.now) }

    private func handle(_ event: QueueEvent, at now: Instant) throws {
        let commands = queue.handle(event, at: now)
        sequence += 1
        try folder.journal.append(
            QueueRecord(
                sequence: sequence, at: now, wallNanoseconds: RunClock.wallNanoseconds, event: event,
                commands: commands))
        for command in commands {
            log.info("\(command.line.text)", metadata: ["after": "\(event.line.head)"])
            switch command {
            case .start(let job, let stint, _):
                starting.append((job, stint))
                nextTick = now
            case .stop(let job, let stint, _):
                if starting.contains(where: { $0 == (job, stint) }) {
                    // Nothing runs yet: it has ended before it began.
                    starting.removeAll { $0 == (job, stint) }
                    mailbox.post(
                        .coordinatorEnded(ProcessEnd(worker: name(job), processID: 0, how: .signalled(Int(SIGTERM)))))
                } else {
                    supervisor.terminate(name(job))
                }
            case .kill(let job, _): supervisor.kill(name(job))
            case .resize(let job, let stint, let workers, let leaving, _):
                let request = ResizeRequest(workers: workers, leaving: leaving, bringsWorkers: true)
                resizes.ask(request, job: job, stint: stint, run: RunFolder(queue[job].submission.folder))
                nextTick = now
            case .vacate, .replace: break  // The orders below say it.
            }
        }
        try giveOrders()
    }

    /// Tells every agent for which something has changed.
    private func giveOrders() throws {
        for index in agents.indices where orders(for: agents[index].node) != agents[index].orders { try order(index) }
    }

    /// Tells an agent what belongs in its slots.
    private func order(_ index: Int) throws {
        let orders = orders(for: agents[index].node)
        if orders != agents[index].orders {
            agents[index].number += 1
            for old in agents[index].orders where !orders.contains(old) {
                agents[index].emptied[old.slot] = agents[index].number
            }
            agents[index].orders = orders
        }
        let head = Line("orders").with("session", agents[index].session).with("number", agents[index].number)
        try port.send([head] + orders.map(\.line), to: agents[index].peer)
    }

    private func orders(for name: NodeID) -> [SlotOrder] {
        guard let node = queue.nodes.first(where: { $0.name == name }) else { return [] }
        return node.occupants.enumerated().compactMap { slot, occupant in
            guard let occupant, !occupant.isLeaving, let endpoint = endpoints[occupant.job, occupant.stint] else {
                return nil
            }
            return SlotOrder(
                slot: slot, job: occupant.job, stint: occupant.stint, endpoint: "\(endpoint)",
                folder: queue[occupant.job].submission.folder)
        }
    }

    /// The supervisor knows processes by slots; a job's coordinator is in the slot with its number.
    private func name(_ job: Int) -> WorkerID { WorkerID(node: NodeID("queue"), slot: job) }
}

extension QueueEvent {
    /// Whether people may say it.
    fileprivate var isForPeople: Bool {
        switch self {
        case .submitted, .cancelled, .priorityChanged, .cordoned, .drained, .evicted, .undrained: true
        default: false
        }
    }
}
