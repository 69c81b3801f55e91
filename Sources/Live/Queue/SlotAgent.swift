// The agent of one machine: offers its slots to a queue's controller and keeps in each slot the worker that the
// controller wants there, and no other. It reports what lives where every half second and does what is missing; when the
// controller does not know it (any more) it ends everything and begins anew. Refuses to know jobs: a worker is told by its
// job's coordinator what to compute.

import ControlPlane
import Foundation
import Journaling
import LiveCoordinator
import Logging
import Messages
import Primitives
import Synchronization
import Wire

/// Why an agent ended.
public enum AgentEnd: Error, Equatable, Sendable, CustomStringConvertible {
    /// It was asked to.
    case stopped
    /// The controller does not want it.
    case refused(because: String)
    /// No controller answered at first.
    case noAnswer(endpoint: String, within: TimeSpan)

    /// What happened, as a sentence.
    public var description: String {
        switch self {
        case .stopped: "the agent was stopped"
        case .refused(let reason): "the controller refuses this agent: \(reason)"
        case .noAnswer(let endpoint, let span):
            "no coordinator of a queue answers at \(endpoint) within \(span); start one with: "
                + "understudy coordinator --queue queue"
        }
    }
}

/// What other threads may ask of an agent.
public enum AgentRequest: Sendable {
    /// A worker process ended.
    case workerEnded(ProcessEnd)
    /// The check of this machine ended.
    case checkEnded(ProcessEnd)
    /// The agent shall end its workers and itself.
    case stop
}

/// How the workers of an agent are started, beside where their coordinator is.
public struct WorkerLaunch: Sendable {
    /// The worker program.
    public var executable: String
    /// The folder for the workers' sockets, for jobs that stay on this machine.
    public var sockets: String
    /// Where workers of other machines reach those of this one; nil to let each worker choose.
    public var exchange: String?
    /// The file with the key that everybody has; nil for none.
    public var keyPath: String?
    /// The folder in which the runs lie on this machine; nil when they lie where the controller says.
    public var runs: String?

    /// A way to start workers.
    public init(
        executable: String, sockets: String, exchange: String? = nil, keyPath: String? = nil, runs: String? = nil
    ) {
        self.executable = executable
        self.sockets = sockets
        self.exchange = exchange
        self.keyPath = keyPath
        self.runs = runs
    }

    /// The arguments of a worker in `slot` whose coordinator listens at `endpoint`, for an agent whose controller is at
    /// `controller`.
    func arguments(in slot: WorkerID, endpoint: String, controller: Endpoint) -> [String] {
        // What cannot be read the worker refuses in its log.
        let place = (try? Endpoint(endpoint)).map { "\($0.seen(from: controller))" } ?? endpoint
        let reach = place.hasPrefix("ipc:") ? ["--sockets", sockets] : exchange.map { ["--exchange", $0] } ?? []
        return ["--coordinator", place, "--node", slot.node.name, "--slot", "\(slot.slot)"] + reach
            + (keyPath.map { ["--key", $0] } ?? []) + (runs.map { ["--runs", $0] } ?? [])
            + ["--patience", "120", "--supervised"]
    }

    /// The folder of `run` as this machine has it.
    func folder(of run: RunFolder) -> RunFolder { runs.map { RunFolder("\($0)/\(run.id)") } ?? run }
}

/// Keeps the worker processes of one machine's slots.
public final class SlotAgent {
    private struct Slot {
        var wanted: SlotOrder?
        /// What the process in it was started for.
        var living: SlotOrder?
        /// Not before this is a process started again for the same order.
        var rest = Instant.zero
    }

    /// How often it reports.
    private static let period = TimeSpan.milliseconds(500)
    /// How long a slot rests after its process ended, so that one that cannot live does not burn the machine.
    private static let rest = TimeSpan.milliseconds(1_000)

    private let node: NodeID
    private let link: QueueLink
    private let mailbox: Mailbox<AgentRequest>
    private let supervisor: Supervisor
    private let book: OrderBook
    private let log: Logger
    private var slots: [Slot]
    private var session = SlotAgent.newSession()
    private var heard = 0
    private var isKnown = false
    /// Whether all processes must end before a new session begins.
    private var isStartingOver = false
    private var nextReport = Instant.zero
    private var firstReport: Instant?
    private let check: HealthCheck?
    /// Whether the check has ended once: nobody is asked for work before.
    private var isChecked: Bool
    /// What it found last.
    private var problem: String?

    /// Orders by slot, for the supervisor's thread.
    private final class OrderBook: Sendable {
        let orders = Mutex<[Int: SlotOrder]>([:])
    }

    /// An agent for `slots` slots of `node` that speaks through `link`, starts workers as `workers` says, and takes work while
    /// `health` finds nothing.
    /// - Throws: `SupervisorError` when the host has no descriptors left.
    public init(
        node: NodeID, slots count: Int, link: QueueLink, mailbox: Mailbox<AgentRequest>, workers: WorkerLaunch,
        health: HealthCheck.Plan? = nil, log: Logger
    ) throws {
        self.node = node
        self.link = link
        self.mailbox = mailbox
        self.log = log
        slots = Array(repeating: Slot(), count: count)
        check = try health.map { try HealthCheck($0) { mailbox.post(.checkEnded($0)) } }
        isChecked = health == nil
        let book = OrderBook()
        self.book = book
        let controller = link.endpoint
        let launch = Supervisor.Launch(
            executable: workers.executable,
            arguments: { worker in
                guard let order = book.orders.withLock({ $0[worker.slot] }) else {
                    preconditionFailure("\(worker) is started for an order")
                }
                return workers.arguments(in: worker, endpoint: order.endpoint, controller: controller)
            },
            log: { worker, number in
                let order = book.orders.withLock { $0[worker.slot] }
                return order.map { workers.folder(of: RunFolder($0.folder)).log(worker, launch: number) } ?? "/dev/null"
            })
        supervisor = try Supervisor(launch) { mailbox.post(.workerEnded($0)) }
    }

    /// Serves until it is stopped or refused. No worker lives when it returns.
    /// - Parameter patience: how long to wait for the controller's first answer; later it is waited for without end.
    public func serve(patience: TimeSpan) throws -> AgentEnd {
        defer {
            for index in slots.indices { supervisor.kill(address(index)) }
            supervisor.end(grace: .zero)
            check?.end()
        }
        while true {
            let now = monotonicNow()
            check?.look(at: now)
            if !isKnown, let firstReport, now > firstReport + patience {
                return .noAnswer(endpoint: "\(link.endpoint)", within: patience)
            }
            if nextReport <= now {
                nextReport = now + SlotAgent.period
                try report()
            }
            let next = min(nextReport, check?.deadline ?? nextReport)
            for words in try link.wait(timeout: next - monotonicNow(), watching: mailbox.wakeUp.descriptor) {
                if let end = take(words) { return end }
            }
            for request in mailbox.takeAll() {
                switch request {
                case .workerEnded(let end): take(end)
                case .checkEnded(let end): takeCheck(end)
                case .stop:
                    try link.send([Line("leave").with("session", session)])
                    return .stopped
                }
            }
            reconcile()
        }
    }

    private func report() throws {
        guard !isStartingOver, isChecked else { return }
        firstReport = firstReport ?? monotonicNow()
        let taken = slots.indices.filter { slots[$0].living != nil }
        try link.send([
            AgentReport(session: session, node: node, slots: slots.count, heard: heard, taken: taken, problem: problem)
                .line
        ])
    }

    private func take(_ words: QueueWords) -> AgentEnd? {
        guard let first = words.lines.first else { return nil }
        switch first.head {
        case "refused":
            guard !isKnown else {
                log.warning("refused", metadata: ["because": "\(first["because"] ?? "")"])
                return nil
            }
            return .refused(because: first["because"] ?? "no reason given")
        case "unknown" where first["session"] == session:
            log.notice("the controller does not know this agent any more; it begins anew")
            isStartingOver = true
            for index in slots.indices { slots[index].wanted = nil }
        case "orders" where first["session"] == session && !isStartingOver:
            isKnown = true
            guard let number = Int(first["number"] ?? ""), number >= heard else { return nil }
            heard = number
            let orders = words.lines.dropFirst().compactMap { try? SlotOrder($0) }
            for index in slots.indices {
                let wanted = orders.first { $0.slot == index }
                if wanted != slots[index].wanted { slots[index].rest = .zero }
                slots[index].wanted = wanted
            }
        default: break
        }
        return nil
    }

    private func take(_ end: ProcessEnd) {
        guard slots.indices.contains(end.worker.slot) else { return }
        log.info("a worker ended", metadata: ["slot": "\(end.worker.slot)", "how": "\(end.how.sentence)"])
        slots[end.worker.slot].living = nil
        slots[end.worker.slot].rest = monotonicNow() + SlotAgent.rest
        nextReport = monotonicNow()
    }

    private func takeCheck(_ end: ProcessEnd) {
        guard let check else { return }
        let found = check.ended(end.how, at: monotonicNow())
        if found != problem || !isChecked {
            log.notice("checked this machine", metadata: ["problem": "\(found ?? "none")"])
            nextReport = monotonicNow()
        }
        (problem, isChecked) = (found, true)
    }

    /// Ends what is not wanted, and starts what is missing in slots that are empty.
    private func reconcile() {
        for index in slots.indices {
            if let living = slots[index].living {
                if living != slots[index].wanted { supervisor.kill(address(index)) }
            } else if let wanted = slots[index].wanted, slots[index].rest <= monotonicNow() {
                book.orders.withLock { $0[index] = wanted }
                slots[index].living = wanted
                supervisor.start(address(index))
            }
        }
        guard isStartingOver, slots.allSatisfy({ $0.living == nil }) else { return }
        isStartingOver = false
        session = SlotAgent.newSession()
        heard = 0
        nextReport = monotonicNow()
    }

    private func address(_ slot: Int) -> WorkerID { WorkerID(node: node, slot: slot) }

    private static func newSession() -> String { "\(getpid())-\(RunClock.wallNanoseconds)" }
}
