// The parent of a launched run: it starts the coordinator and, for it, the workers, so that either may die and the other
// lives. A coordinator that a signal ends is started again with the same run, address and lock, within a budget; one that
// returns has said what happened, and its exit code is the agent's. Refuses to know anything of the run: it holds no state
// that the journal has, and decides nothing but this.

import CHost
import ControlPlane
import Foundation
import Journaling
import Primitives
import Synchronization
import Wire

/// Keeps a coordinator and its workers.
public final class Agent {
    /// How the processes are started.
    public struct Programs: Sendable {
        /// The coordinator's executable.
        public var coordinator: String
        /// Its arguments: where it listens, the descriptors of the agent's channel and of the run's lock, and whether it
        /// takes over from one that died.
        public var coordinatorArguments:
            @Sendable (_ endpoint: String, _ channel: Int32, _ lock: Int32, _ takesOver: Bool) -> [String]
        /// The worker's executable.
        public var worker: String
        /// Its arguments for a slot, with the coordinator's endpoint.
        public var workerArguments: @Sendable (WorkerID, _ endpoint: String) -> [String]

        /// Programs from their parts.
        public init(
            coordinator: String,
            coordinatorArguments: @escaping @Sendable (String, Int32, Int32, Bool) -> [String],
            worker: String, workerArguments: @escaping @Sendable (WorkerID, String) -> [String]
        ) {
            self.coordinator = coordinator
            self.coordinatorArguments = coordinatorArguments
            self.worker = worker
            self.workerArguments = workerArguments
        }
    }

    /// How a launched run came to its end.
    public enum Ending: Equatable, Sendable {
        /// The coordinator returned this code.
        case exited(code: Int32)
        /// The last of `restarts` coordinators in a row that committed no step was ended by this signal.
        case gaveUp(restarts: Int, signal: Int)
    }

    private let programs: Programs
    private let lock: RunLock
    private let supervisor: Supervisor
    private let post: AgentPost
    private let signals = Mailbox<Int>()
    private var sources: [any DispatchSourceSignal] = []
    private var budget: RestartBudget
    /// Signals of users, in order: a coordinator that takes over is told of them again.
    private var interrupts: [Int] = []
    private var hasBegun = false
    private let onRestart: (_ signal: Int) -> Void

    /// An agent for the run that `lock` is of. Nobody is started yet.
    /// - Parameters:
    ///   - endpoint: where the coordinator shall listen.
    ///   - restarts: coordinators that may be started in a row without a committed step.
    ///   - log: the file that takes a worker's output.
    ///   - onRestart: told of each signal that ended a coordinator, before the next one is started.
    /// - Throws: `SupervisorError` when the host has no descriptors left.
    public init(
        _ programs: Programs, of lock: RunLock, endpoint: String, restarts: Int,
        log: @escaping @Sendable (WorkerID, _ launch: Int) -> String, onRestart: @escaping (_ signal: Int) -> Void
    ) throws(SupervisorError) {
        self.programs = programs
        self.lock = lock
        self.onRestart = onRestart
        budget = RestartBudget(limit: restarts)
        let post = AgentPost(endpoint: endpoint)
        self.post = post
        supervisor = try Supervisor(
            Supervisor.Launch(
                executable: programs.worker, arguments: { programs.workerArguments($0, post.endpoint) }, log: log)
        ) { post.send(.ended($0)) }
    }

    /// Starts a coordinator, and another one whenever a signal ends it, until one returns or too many have died.
    /// - Throws: `SupervisorError` when a coordinator cannot be started.
    public func work() throws(SupervisorError) -> Ending {
        defer { supervisor.end(grace: .zero) }
        catchSignals()
        while true {
            let (ours, theirs) = try LineChannel.pair()
            let processID = try start(theirs)
            // On the thread that learns of ends, so that each is either in this list or told after it.
            supervisor.survey { [post] living in post.open(ours, living: living) }
            for signal in interrupts { ours.send(AgentWord.interrupt(signal: signal).line) }
            let status = try serve(ours, processID)
            post.close()
            switch status {
            case .exited(let code): return .exited(code: Int32(code))
            case .signalled(let signal):
                guard budget.take() else { return .gaveUp(restarts: budget.limit, signal: signal) }
                onRestart(signal)
            }
        }
    }

    /// Starts a coordinator with its end of a channel, which is closed here then: its end is the end of both.
    private func start(_ channel: consuming LineChannel) throws(SupervisorError) -> pid_t {
        let processID = try Spawning(
            executable: programs.coordinator,
            arguments: programs.coordinatorArguments(post.endpoint, channel.descriptor, lock.descriptor, hasBegun),
            inherited: [channel.descriptor, lock.descriptor]
        ).start()
        withExtendedLifetime(channel) {}
        return processID
    }

    /// Does what the coordinator asks for until it has ended; returns how.
    private func serve(_ channel: LineChannel, _ processID: pid_t) throws(SupervisorError) -> ChildEnd {
        let watch = chost_pidfd_open(processID)
        guard watch >= 0 else { throw SupervisorError(what: "watch a process", errno: -watch) }
        defer { Glibc.close(watch) }
        var isOpen = true
        while true {
            // A closed channel stays readable, and its process ends in a moment.
            var items = [watch, signals.wakeUp.descriptor, isOpen ? channel.descriptor : -1]
                .map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            _ = poll(&items, nfds_t(items.count), -1)
            for signal in signals.takeAll() {
                interrupts.append(signal)
                channel.send(AgentWord.interrupt(signal: signal).line)
            }
            while isOpen, let order = next(from: channel, &isOpen) { follow(order) }
            var status: Int32 = 0
            if waitpid(processID, &status, WNOHANG) == processID {
                // What it asked for before it died is recorded, and may not have been read yet.
                while isOpen, let order = next(from: channel, &isOpen) { follow(order) }
                return ChildEnd(status: status)
            }
        }
    }

    private func next(from channel: LineChannel, _ isOpen: inout Bool) -> AgentOrder? {
        switch channel.receive() {
        case .line(let line): return try? AgentOrder(line)
        case .nothing: return nil
        case .closed:
            isOpen = false
            return nil
        }
    }

    private func follow(_ order: AgentOrder) {
        switch order {
        case .listening(let endpoint): post.endpoint = endpoint
        case .begun: hasBegun = true
        case .progressed: budget.progressed()
        case .start(let worker): supervisor.start(worker)
        case .kill(let worker): supervisor.kill(worker)
        case .pause(let worker, let span): supervisor.pause(worker, for: span)
        case .end(let grace):
            supervisor.end(grace: grace)
            post.send(.allEnded)
        }
    }

    private func catchSignals() {
        for number in [SIGINT, SIGTERM, SIGHUP] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { [signals] in signals.post(Int(number)) }
            source.resume()
            sources.append(source)
        }
    }
}

/// What an agent's threads share: where the coordinator listens, and the line to the one that lives.
private final class AgentPost: Sendable {
    private let state: Mutex<(endpoint: String, channel: LineChannel?)>

    init(endpoint: String) { state = Mutex((endpoint, nil)) }

    var endpoint: String {
        get { state.withLock { $0.endpoint } }
        set { state.withLock { $0.endpoint = newValue } }
    }

    /// Tells a new coordinator who lives; from here on it is told of ends.
    func open(_ channel: LineChannel, living: [WorkerID]) {
        for worker in living { channel.send(AgentWord.living(worker).line) }
        channel.send(AgentWord.ready.line)
        state.withLock { $0.channel = channel }
    }

    /// The coordinator has ended. What happens until the next one is started, that one is told by who lives.
    func close() { state.withLock { $0.channel = nil } }

    func send(_ word: AgentWord) { state.withLock { $0.channel }?.send(word.line) }
}

/// How a child ended, from its wait status.
enum ChildEnd: Equatable, Sendable {
    /// It returned this code.
    case exited(code: Int)
    /// This signal ended it.
    case signalled(Int)

    /// The ending that `waitpid` told by `status`.
    init(status: Int32) {
        let signal = Int(status & 0x7f)
        self = signal == 0 ? .exited(code: Int((status >> 8) & 0xff)) : .signalled(signal)
    }
}
