// All of the control plane that stands between a world's network and the coordinator: turns what peers say into facts,
// and commands into what peers are told. It holds what a coordinator that restarts may forget: connections, heartbeats,
// contributions to the step that is being computed. A value like the coordinator, so that the simulated world runs the
// same code as the live one. Refuses sockets, processes, files and clocks: each is an input or an output.

import Jobs
import Messages
import Primitives

/// The control plane with its ears and its voice.
public struct Dispatcher: Equatable, Sendable {
    /// Something that happened in the world.
    public enum Input: Equatable, Sendable {
        /// A fact that needs no translation.
        case fact(Event)
        /// A process behind a connection said something, as `incarnation`.
        case message(WorkerMessage, from: ConnectionID, incarnation: Incarnation)
        /// A connection closed. All that was said through it came before.
        case closed(ConnectionID)
        /// A process that was started for `worker` ended.
        case processEnded(worker: WorkerID, processID: Int, how: LossCause)
        /// It is `nextDeadline`, or later.
        case timePassed
    }

    /// Something the world shall do, in the order given.
    public enum Output: Equatable, Sendable {
        /// Make a record durable before anything that follows.
        case record(Event, [Command])
        /// Tell a process something.
        case send(CoordinatorMessage, to: ConnectionID, incarnation: Incarnation)
        /// Start a process in a supervised slot.
        case startProcess(WorkerID)
        /// Kill the process in a supervised slot, if there is one.
        case killProcess(WorkerID)
        /// Delete a checkpoint.
        case deleteCheckpoint(step: Int)
        /// Something was heard that is no fact; people may want to know how often.
        case dropped(reason: String)
        /// The run is over.
        case finished(Outcome)
    }

    /// How long a closed connection of a supervised process waits for the supervisor's word on how it ended.
    static let explanationTime = TimeSpan.milliseconds(100)

    /// The job of the run.
    public let job: JobSpec
    /// What every welcomed process is told of it.
    public let assignment: Assignment
    /// The coordinator.
    public internal(set) var coordinator: Coordinator
    /// The gang that goes on, if any.
    public internal(set) var gang: Gang?

    var sessions = Sessions()
    var detector: FailureDetector
    /// Who is introducing himself in the input that is being handled.
    var greeting: (connection: ConnectionID, hello: Hello)?
    /// Closed connections of supervised processes whose end the supervisor will explain in a moment.
    var closures: [Closure] = []
    /// Supervised processes that were lost before the supervisor told of their end: the telling is no news.
    var unexplained: [Int] = []
    /// Processes that have been one end of a pair whose sums did not pass, once for each time.
    var involvements: [Holder] = []
    /// Processes that were told of as stragglers.
    var stragglers: [Holder] = []
    /// What steps have taken until now.
    var stepTiming: TimingEstimate?
    var nextHeartbeat = Instant.zero
    /// The newest generation when this coordinator took over from one that died: who returns is told of its end.
    var inherited = Generation(0)
    var outputs: [Output] = []

    /// What a process is told of the run when it is welcomed.
    public struct Assignment: Equatable, Sendable {
        /// The run.
        public var run: RunID
        /// Its folder, as the coordinator's machine names it.
        public var folder: String
        /// Its job as bytes; see `CoordinatorMessage.welcome`.
        public var job: [UInt8]

        /// An assignment from its parts.
        public init(run: RunID, folder: String, job: [UInt8]) {
            self.run = run
            self.folder = folder
            self.job = job
        }
    }

    struct Closure: Equatable, Sendable {
        var session: Session
        var until: Instant
    }

    /// A dispatcher for a run whose journal leads to `coordinator`.
    public init(job: JobSpec, assignment: Assignment, coordinator: Coordinator) {
        self.job = job
        self.assignment = assignment
        self.coordinator = coordinator
        let tolerance = job.faultTolerance
        detector = FailureDetector(
            interval: tolerance.heartbeatInterval, atLeast: tolerance.detection.silenceAtLeast,
            timeout: tolerance.heartbeatTimeout)
    }

    /// Takes what happened at `now`; returns what is to be done, in order.
    public mutating func handle(_ input: Input, at now: Instant) -> [Output] {
        outputs.removeAll(keepingCapacity: true)
        switch input {
        case .fact(let event):
            tell(event, at: now)
            if case .coordinatorRestarted = event { expectReturns(at: now) }
        case .message(let message, let connection, let incarnation):
            take(message, from: connection, incarnation, at: now)
        case .closed(let connection): close(connection, at: now)
        case .processEnded(let worker, let processID, let how): explain(worker, processID, how, at: now)
        case .timePassed: pass(at: now)
        }
        return outputs
    }

    /// The process that lives at `worker`, if one has been welcomed there.
    public func session(of worker: WorkerID) -> Session? { sessions[worker] }

    /// When the dispatcher wants `timePassed`, if nothing happens before; nil when the run is over.
    public var nextDeadline: Instant? {
        [
            coordinator.nextDeadline, detector.nextDeadline, gang?.watch.nextDeadline, closures.first?.until,
            nextHeartbeat,
        ].compactMap { $0 }.min()
    }

    // MARK: Ends of processes

    private mutating func close(_ connection: ConnectionID, at now: Instant) {
        guard let session = sessions[connection] else { return }
        if coordinator.pool[session.worker]?.supervised == true {
            closures.append(Closure(session: session, until: now + Dispatcher.explanationTime))
        } else {
            lose(session, .connectionClosed, at: now)
        }
    }

    private mutating func explain(_ worker: WorkerID, _ processID: Int, _ how: LossCause, at now: Instant) {
        closures.removeAll { $0.session.worker == worker && $0.session.processID == processID }
        if let session = sessions[worker], session.processID == processID {
            lose(session, how, at: now)
        } else if let known = unexplained.firstIndex(of: processID) {
            unexplained.remove(at: known)
        } else if case .starting = coordinator.pool[worker]?.occupant {
            tell(.workerStartFailed(worker: worker, how: how), at: now)
        } else {
            loseAway(worker, processID, how, at: now)
        }
    }

    /// Whatever is due because time has passed.
    private mutating func pass(at now: Instant) {
        while let closure = closures.first, closure.until <= now {
            closures.removeFirst()
            guard sessions[closure.session.worker] == closure.session else { continue }
            unexplained.append(closure.session.processID)
            lose(closure.session, .connectionClosed, at: now)
        }
        loseSilent(at: now)
        loseStanding(at: now)
        if let deadline = coordinator.nextDeadline, deadline <= now { tell(.deadlineReached, at: now) }
        if nextHeartbeat <= now {
            for session in sessions.all { send(.heartbeat, to: session) }
            nextHeartbeat = now + job.faultTolerance.heartbeatInterval
        }
    }

    mutating func lose(_ session: Session, _ how: LossCause, at now: Instant) {
        sessions.remove(session.worker, session.incarnation)
        detector.forget(session.worker)
        involvements.removeAll { $0.worker == session.worker && $0.incarnation == session.incarnation }
        stragglers.removeAll { $0.worker == session.worker && $0.incarnation == session.incarnation }
        tell(.workerLost(worker: session.worker, incarnation: session.incarnation, how: how), at: now)
    }

    // MARK: Facts

    /// Tells the coordinator of `event`, has the record made durable, and passes its commands on.
    mutating func tell(_ event: Event, at now: Instant) {
        let commands = coordinator.handle(event, at: now)
        outputs.append(.record(event, commands))
        for command in commands { carryOut(command, at: now) }
    }

    mutating func send(_ message: CoordinatorMessage, to session: Session) {
        outputs.append(.send(message, to: session.connection, incarnation: session.incarnation))
    }

    /// Equal in all that decides; not in what belongs to the handling of one input.
    public static func == (a: Dispatcher, b: Dispatcher) -> Bool {
        a.job == b.job && a.assignment == b.assignment && a.coordinator == b.coordinator && a.gang == b.gang
            && a.sessions == b.sessions && a.detector == b.detector && a.closures == b.closures
            && a.unexplained == b.unexplained && a.involvements == b.involvements && a.stragglers == b.stragglers
            && a.stepTiming == b.stepTiming
            && a.nextHeartbeat == b.nextHeartbeat && a.inherited == b.inherited
    }
}
