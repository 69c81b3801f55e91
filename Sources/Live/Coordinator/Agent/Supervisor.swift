// Starts worker processes on this host, learns of their ends from the kernel, and takes them along when it ends. One
// thread that lives as long as the supervisor does all of it, because a parent-death signal follows the spawning thread
// and not the process. It lives in the agent, which a coordinator's death leaves alone. Refuses to decide when a process is
// started again: the control plane does.

import CHost
import ControlPlane
import Foundation
import Primitives
import Synchronization
import Wire

/// A process that a supervisor started has ended.
public struct ProcessEnd: Equatable, Sendable {
    /// The slot it was started for.
    public var worker: WorkerID
    /// Its process.
    public var processID: Int
    /// How it ended.
    public var how: LossCause

    /// The end of `processID` in the slot `worker`.
    public init(worker: WorkerID, processID: Int, how: LossCause) {
        self.worker = worker
        self.processID = processID
        self.how = how
    }
}

/// Keeps the worker processes of one host.
public final class Supervisor: Sendable {
    /// How a worker process is started.
    public struct Launch: Sendable {
        /// The executable's path.
        public var executable: String
        /// Its arguments for a slot, without the executable itself.
        public var arguments: @Sendable (WorkerID) -> [String]
        /// The file that takes its output; `launch` counts the processes of a slot from 1.
        public var log: @Sendable (WorkerID, _ launch: Int) -> String

        /// A way to start processes.
        public init(
            executable: String, arguments: @escaping @Sendable (WorkerID) -> [String],
            log: @escaping @Sendable (WorkerID, Int) -> String
        ) {
            self.executable = executable
            self.arguments = arguments
            self.log = log
        }
    }

    private enum Request: Sendable {
        case start(WorkerID)
        case kill(WorkerID)
        case terminate(WorkerID)
        case pause(WorkerID, until: UInt64)
        case survey(@Sendable ([WorkerID]) -> Void)
        case end(grace: TimeSpan)
    }

    private let launch: Launch
    private let onEnd: @Sendable (ProcessEnd) -> Void
    private let requests = Mailbox<Request>()
    private let finished = DispatchSemaphore(value: 0)
    private let hasEnded = Mutex(false)
    private let lifeline: (reader: Int32, writer: Int32)

    /// A supervisor whose thread runs from now on. `onEnd` is called on that thread.
    /// - Throws: `SupervisorError` when the host has no descriptors left.
    public init(_ launch: Launch, onEnd: @escaping @Sendable (ProcessEnd) -> Void) throws(SupervisorError) {
        self.launch = launch
        self.onEnd = onEnd
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw SupervisorError(what: "make a pipe", errno: errno) }
        lifeline = (ends[0], ends[1])
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let thread = Thread { [self] in work() }
        thread.name = "supervisor"
        thread.start()
    }

    /// Starts a process in the slot; one that still lives there is killed first.
    public func start(_ worker: WorkerID) { requests.post(.start(worker)) }

    /// Kills the process in the slot with SIGKILL, if there is one, and what it has started in its group.
    public func kill(_ worker: WorkerID) { requests.post(.kill(worker)) }

    /// Asks the process in the slot with SIGTERM to end, if there is one.
    public func terminate(_ worker: WorkerID) { requests.post(.terminate(worker)) }

    /// Stops the process in the slot with SIGSTOP, if there is one, and lets it go on with SIGCONT after `span`.
    public func pause(_ worker: WorkerID, for span: TimeSpan) {
        let until = DispatchTime.now().uptimeNanoseconds + UInt64(max(0, span.nanoseconds))
        requests.post(.pause(worker, until: until))
    }

    /// Tells `body` the slots in which a process lives, on the thread that learns of ends: each end that is not in the list
    /// yet is told after it.
    public func survey(_ body: @escaping @Sendable (_ living: [WorkerID]) -> Void) {
        if hasEnded.withLock({ $0 }) { body([]) } else { requests.post(.survey(body)) }
    }

    /// Waits until all processes have ended, kills those that have not after `grace`, and ends the thread; nothing the
    /// second time.
    public func end(grace: TimeSpan) {
        let isFirst = hasEnded.withLock { hasEnded in
            defer { hasEnded = true }
            return !hasEnded
        }
        guard isFirst else { return }
        requests.post(.end(grace: grace))
        finished.wait()
        close(lifeline.writer)
        close(lifeline.reader)
    }

    // MARK: The supervisor's thread

    private struct Child {
        var worker: WorkerID
        var processID: pid_t
        var descriptor: Int32
        /// When it goes on; nil unless it is stopped.
        var pausedUntil: UInt64?
    }

    private func work() {
        var children: [Child] = []
        var launches: [WorkerID: Int] = [:]
        var deadline: UInt64?
        while true {
            for request in requests.takeAll() {
                switch request {
                case .start(let worker):
                    for child in children where child.worker == worker { Glibc.kill(-child.processID, SIGKILL) }
                    launches[worker, default: 0] += 1
                    start(worker, launch: launches[worker]!, into: &children)
                case .kill(let worker):
                    for child in children where child.worker == worker { Glibc.kill(-child.processID, SIGKILL) }
                case .terminate(let worker):
                    for child in children where child.worker == worker { Glibc.kill(child.processID, SIGTERM) }
                case .pause(let worker, let until):
                    for index in children.indices where children[index].worker == worker {
                        Glibc.kill(children[index].processID, SIGSTOP)
                        children[index].pausedUntil = until
                    }
                case .survey(let body): body(children.map(\.worker))
                case .end(let grace):
                    deadline = DispatchTime.now().uptimeNanoseconds + UInt64(max(0, grace.nanoseconds))
                }
            }
            if let deadline {
                if children.isEmpty { break }
                if DispatchTime.now().uptimeNanoseconds >= deadline {
                    for child in children { Glibc.kill(-child.processID, SIGKILL) }
                }
            }
            let wakings = children.compactMap(\.pausedUntil) + (deadline.map { [$0] } ?? [])
            wait(for: children, deadline: wakings.min())
            reap(&children)
            resume(&children)
        }
        finished.signal()
    }

    private func wait(for children: [Child], deadline: UInt64?) {
        var polled = [pollfd(fd: requests.wakeUp.descriptor, events: Int16(POLLIN), revents: 0)]
        polled += children.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
        // After the last deadline everything has been killed: what is left is a matter of milliseconds.
        let now = DispatchTime.now().uptimeNanoseconds
        let timeout = deadline.map { Int32($0 > now ? ($0 - now) / 1_000_000 + 1 : 20) } ?? -1
        _ = poll(&polled, nfds_t(polled.count), timeout)
    }

    private func reap(_ children: inout [Child]) {
        var living: [Child] = []
        for child in children {
            var status: Int32 = 0
            guard waitpid(child.processID, &status, WNOHANG) == child.processID else {
                living.append(child)
                continue
            }
            close(child.descriptor)
            let how: LossCause =
                switch ChildEnd(status: status) {
                case .exited(let code): .exited(code: code)
                case .signalled(let signal): .signalled(signal)
                }
            onEnd(ProcessEnd(worker: child.worker, processID: Int(child.processID), how: how))
        }
        children = living
    }

    /// Lets processes go on that have been stopped long enough. A process that has ended is none of `children`, so that
    /// no stranger with its number is signalled.
    private func resume(_ children: inout [Child]) {
        let now = DispatchTime.now().uptimeNanoseconds
        for index in children.indices {
            guard let until = children[index].pausedUntil, until <= now else { continue }
            Glibc.kill(children[index].processID, SIGCONT)
            children[index].pausedUntil = nil
        }
    }

    private func start(_ worker: WorkerID, launch number: Int, into children: inout [Child]) {
        do {
            // Its standard input is the reading end of a pipe that nobody writes to: it ends when this process does.
            let processID = try Spawning(
                executable: launch.executable, arguments: launch.arguments(worker), input: lifeline.reader,
                log: launch.log(worker, number)
            ).start()
            let descriptor = chost_pidfd_open(processID)
            guard descriptor >= 0 else { throw SupervisorError(what: "watch a process", errno: -descriptor) }
            children.append(Child(worker: worker, processID: processID, descriptor: descriptor))
        } catch {
            // As a shell does for a command that cannot be executed.
            onEnd(ProcessEnd(worker: worker, processID: 0, how: .left("\(error)")))
        }
    }
}

/// Why a host would not start processes.
public struct SupervisorError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What was tried.
    public var what: String
    /// The system's error number.
    public var errno: Int32
    /// What failed and why.
    public var description: String { "cannot \(what): \(String(cString: strerror(errno)))" }
}
