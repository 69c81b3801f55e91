// A worker process: one thread that listens to the coordinator and keeps the lease, one that trains. It trains whatever
// job it is welcomed with, and ends when it is told to, when its supervisor is gone, or when nothing has been heard from
// the coordinator for as long as the lease says: no worker is ever left behind. Refuses to read a job file.

import CHost
import Foundation
import Jobs
import Logging
import Messages
import Primitives
import Training
import Wire

/// What a worker is welcomed with.
struct Assignment: Sendable {
    var run: RunID
    var folder: String
    var job: JobSpec
    var incarnation: Incarnation
}

/// How a worker process is started.
public struct WorkerOptions: Sendable {
    /// Where the coordinator listens.
    public var coordinator: Endpoint
    /// Where this worker listens for the other members' sums.
    public var exchange: Endpoint
    /// The host name that others reach `exchange` under, where it listens on all addresses.
    public var advertisedHost: String?
    /// The machine's name.
    public var node: NodeID
    /// The slot it was started for; nil to be given one.
    public var worker: WorkerID?
    /// Where runs lie on this machine; nil when they lie where the coordinator says.
    public var runs: String?
    /// Whether standard input is the lifeline of a supervisor: its end is the worker's.
    public var supervised: Bool
    /// How long the first answer of the coordinator may take.
    public var patience: TimeSpan

    /// Options from their parts.
    public init(
        coordinator: Endpoint, exchange: Endpoint, advertisedHost: String?, node: NodeID, worker: WorkerID?,
        runs: String?, supervised: Bool, patience: TimeSpan
    ) {
        self.coordinator = coordinator
        self.exchange = exchange
        self.advertisedHost = advertisedHost
        self.node = node
        self.worker = worker
        self.runs = runs
        self.supervised = supervised
        self.patience = patience
    }
}

extension WorkerOptions {
    /// How others reach the socket that listens on `endpoint`: under the host's name, where it listens on all addresses.
    func advertised(_ endpoint: String) -> String {
        let wildcard = "tcp://0.0.0.0:"
        guard let advertisedHost, endpoint.hasPrefix(wildcard) else { return endpoint }
        return "tcp://\(advertisedHost):\(endpoint.dropFirst(wildcard.count))"
    }
}

/// Why a worker process ends.
public enum WorkerEnd: Error, Equatable, Sendable, CustomStringConvertible {
    /// The coordinator let it go.
    case released(because: String)
    /// The coordinator would not have it.
    case refused(because: String)
    /// The supervisor is gone.
    case orphaned
    /// Nothing was heard from the coordinator for as long as the lease says.
    case leaseExpired(after: TimeSpan)
    /// The run's data or job cannot be used here.
    case unusable(reason: String)

    /// The reason as a sentence.
    public var description: String {
        switch self {
        case .released(let reason): "released: \(reason)"
        case .refused(let reason): "the coordinator refuses this worker: \(reason)"
        case .orphaned: "its supervisor is gone"
        case .leaseExpired(let lease): "nothing was heard from the coordinator for \(lease)"
        case .unusable(let reason): reason
        }
    }
}

/// A worker's listening thread.
public final class WorkerDaemon {
    private let options: WorkerOptions
    private let context: ZMQContext
    private let log: Logger
    private let link: CoordinatorLink
    private let exchangeEndpoint: String
    private let orders = Mailbox<CoordinatorMessage>()
    private let replies = Mailbox<WorkerMessage>()
    private let interruption = Interruption()
    private let afflictions = Afflictions()
    private let board = ProgressBoard()
    private let exchange: Handover<Exchange>
    private var incarnation = Incarnation(0)
    /// Who it is to the coordinator that welcomed it; nil before that.
    private var residence: Residence?
    /// Whether the coordinator at the other end knows it. While none does, what it has to say is kept.
    private var isWelcomed = false
    /// Its last word of a checkpoint since it was called into its gang: a coordinator that died may not have written it
    /// down.
    private var receipt: WorkerMessage?
    /// Why it said goodbye; the coordinator only lets it go then.
    private var complaint: String?
    private var heartbeat = TimeSpan.seconds(Int64(1))
    private var lease = TimeSpan.seconds(Int64(15))

    /// A worker that has reached its coordinator.
    /// - Throws: `LinkError` when it cannot, `ZMQError` when it cannot listen.
    public init(_ options: WorkerOptions, key: KeyFile?, log: Logger) throws {
        self.options = options
        self.log = log
        context = try ZMQContext(key: key)
        Exchange.keepMessageMemory()
        let exchange = try Exchange(
            listeningOn: options.exchange, in: context, embargo: afflictions.embargo, add: VectorMath.add)
        exchangeEndpoint = options.advertised(exchange.endpoint)
        self.exchange = Handover(exchange)
        link = try CoordinatorLink(to: options.coordinator, in: context, timeout: options.patience)
    }

    /// Works until there is a reason to end, and returns it.
    public func work() throws -> WorkerEnd {
        let lifeline: [Int32] = options.supervised ? [0] : []
        var lastHeard = monotonicNow()
        var nextHeartbeat = lastHeard
        try greet()
        while true {
            let now = monotonicNow()
            let parted = afflictions.parted(at: now)
            if now - lastHeard >= lease { return .leaseExpired(after: lease) }
            if nextHeartbeat <= now {
                if isWelcomed, parted.out == nil {
                    let sign = board.progress.map { WorkerMessage.progress($0) } ?? .heartbeat
                    _ = try link.send(sign, incarnation: incarnation)
                }
                nextHeartbeat = now + heartbeat
            }
            let words = isWelcomed && parted.out == nil ? [replies.wakeUp.descriptor] : []
            let next = [nextHeartbeat, parted.out, parted.in].compactMap { $0 }.min()! - now
            for event in try wait(next, watching: words + lifeline, isDeaf: parted.in != nil) {
                switch event {
                case .message(let frame):
                    lastHeard = monotonicNow()
                    if let end = try take(frame) { return complaint.map { .unusable(reason: $0) } ?? end }
                case .readable(0): return .orphaned
                case .readable where isWelcomed:
                    for reply in replies.takeAll() {
                        if case .goodbye(let reason) = reply { complaint = reason }
                        try say(reply)
                    }
                case .readable: break
                case .connected: try greet()
                case .dropped(let error): log.warning("dropped a frame", metadata: ["reason": "\(error)"])
                case .disconnected: isWelcomed = false
                case .refused: break
                }
            }
        }
    }

    /// What happens within `timeout`. Who is deaf does not take what the coordinator says; it waits where it is.
    private func wait(
        _ timeout: TimeSpan, watching descriptors: [Int32], isDeaf: Bool
    ) throws -> [LinkEvent] {
        guard isDeaf else { return try link.wait(timeout: timeout, watching: descriptors) }
        let readable = try waitUntilReadable(descriptors.map { .descriptor($0) }, timeout: timeout)
        return zip(descriptors, readable).filter(\.1).map { .readable(descriptor: $0.0) }
    }

    private func say(_ reply: WorkerMessage) throws {
        if case .checkpointWritten = reply { receipt = reply }
        _ = try link.send(reply, incarnation: incarnation)
    }

    private func greet() throws {
        isWelcomed = false
        let hello = Hello(
            version: protocolVersion, worker: options.worker, node: options.node, processID: Int(getpid()),
            exchangeEndpoint: exchangeEndpoint, numerics: BLASCore.numerics, before: residence)
        _ = try link.send(.hello(hello), incarnation: Incarnation(0))
    }

    private func take(_ frame: Frame<CoordinatorMessage>) throws -> WorkerEnd? {
        switch frame.message {
        case .refuse(let reason): return .refused(because: reason)
        case .exit(let reason): return .released(because: reason)
        case .welcome(let worker, let incarnation, let run, let folder, let job, let heartbeat, let lease):
            if let residence, residence.run != run {
                return .unusable(reason: "it works for \(residence.run), and the coordinator drives \(run) now")
            }
            let isNew = residence == nil
            residence = Residence(run: run, worker: worker, incarnation: incarnation)
            self.incarnation = incarnation
            (self.heartbeat, self.lease) = (heartbeat, lease)
            log.info("welcomed", metadata: ["worker": "\(worker)", "incarnation": "\(incarnation)"])
            isWelcomed = true
            guard isNew else {
                if let receipt { try say(receipt) }
                break
            }
            let place = options.runs.map { "\($0)/\(run)" } ?? folder
            do {
                let job = try JSONDecoder().decode(JobSpec.self, from: Data(job))
                startTraining(Assignment(run: run, folder: place, job: job, incarnation: incarnation))
            } catch { return .unusable(reason: "the job is not one this worker can read: \(error)") }
        case .abort(let generation, _):
            interruption.abort(generation)
            orders.post(frame.message)
        case .form(let generation, _, _, _, _, _, _, _):
            receipt = nil
            // Whoever was welcomed anew, after its connection broke, was not told of the end of what it did before; its
            // training thread would wait for the sums of a gang that is no more, and never come to this order.
            interruption.abort(Generation(generation.number - 1))
            orders.post(frame.message)
        case .begin, .saveCheckpoint, .evaluate, .compare, .commit: orders.post(frame.message)
        case .suffer(let affliction):
            log.notice("suffers a drill", metadata: ["what": "\(affliction)"])
            afflictions.suffer(affliction)
        case .heartbeat: break
        }
        return nil
    }

    private func startTraining(_ assignment: Assignment) {
        guard let exchange = exchange.take() else { return }
        let handover = Handover(exchange)
        let thread = Thread { [orders, replies, interruption, afflictions, board, log] in
            do {
                let trainer = try Trainer(
                    assignment, exchange: handover.take()!, interruption: interruption, replies: replies,
                    afflictions: afflictions, board: board, log: log)
                trainer.warmUp { !orders.wakeUp.isRaised }
                while true {
                    orders.wakeUp.wait()
                    for order in orders.takeAll() { trainer.follow(order) }
                }
            } catch { replies.post(.goodbye(reason: "\(error)")) }
        }
        thread.name = "training"
        thread.stackSize = 16 << 20
        thread.start()
    }
}

/// Hands a value that only one thread may use from one thread to another.
private final class Handover<Value>: @unchecked Sendable {
    private var value: Value?
    init(_ value: Value) { self.value = value }
    func take() -> Value? {
        defer { value = nil }
        return value
    }
}
