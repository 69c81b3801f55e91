// The network of the simulated world. A connection keeps order and loses nothing while it lasts, as ZeroMQ's do over
// TCP: a partition holds messages back, and only a closed connection loses them. What breaks even those promises does so
// for a while, when the schedule says so. Refuses to look into what it carries.

import ControlPlane
import Messages
import Primitives

extension World {
    /// How long the next message takes.
    mutating func delay() -> TimeSpan {
        var longest = schedule.linkJitter.nanoseconds
        if noise.kind == .slowNetwork, now < noise.until { longest = 2_000_000_000 }
        return schedule.linkDelay + TimeSpan(nanoseconds: Int64(network.next() % UInt64(longest)))
    }

    /// How many of the next message arrive: one, but for a noisy network.
    private mutating func copies() -> Int {
        guard now < noise.until, noise.kind == .loss || noise.kind == .duplication, network.uniform() < noise.share
        else { return 1 }
        return noise.kind == .loss ? 0 : 2
    }

    private var keepsOrder: Bool { noise.kind != .reordering || now >= noise.until }

    // MARK: From a worker to the coordinator

    mutating func sendUp(_ message: WorkerMessage, from process: Int, as incarnation: Incarnation) {
        guard let connection = processes[process - 1].connection else { return }
        for _ in 0..<copies() {
            var at = now + delay()
            if keepsOrder {
                at = max(at, processes[process - 1].lastUp)
                processes[process - 1].lastUp = at
            }
            queue.add(.toCoordinator(message, connection, incarnation), at: at)
        }
    }

    mutating func reachCoordinator(
        _ message: WorkerMessage, _ connection: ConnectionID, _ incarnation: Incarnation
    ) throws(Broken) {
        guard isUp, links[connection.number].isOpen else { return }
        let index = links[connection.number].process - 1
        if holds(.up(message, connection, incarnation), index, until: processes[index].muteUntil) { return }
        tell("process \(index + 1) as \(incarnation) says \(message)")
        witness.speaker = index + 1
        try decide(.message(message, from: connection, incarnation: incarnation))
    }

    // MARK: From the coordinator to a worker

    mutating func sendDown(_ message: CoordinatorMessage, _ connection: ConnectionID, _ incarnation: Incarnation) {
        guard links.indices.contains(connection.number), links[connection.number].isOpen else { return }
        let index = links[connection.number].process - 1
        for _ in 0..<copies() {
            var at = now + delay()
            if keepsOrder {
                at = max(at, processes[index].lastDown)
                processes[index].lastDown = at
            }
            queue.add(.toWorker(message, connection, incarnation), at: at)
        }
    }

    mutating func reachWorker(
        _ message: CoordinatorMessage, _ connection: ConnectionID, _ incarnation: Incarnation
    ) throws(Broken) {
        let index = links[connection.number].process - 1
        guard processes[index].speaks(through: connection) else { return }
        let open = max(processes[index].deafUntil, processes[index].pausedUntil)
        if holds(.down(message, connection, incarnation), index, until: open) { return }
        try hear(message, process: index + 1)
    }

    // MARK: What waits

    /// Holds a message back while its way is closed, or while others are held back that were sent before it.
    private mutating func holds(_ message: Held, _ index: Int, until open: Instant) -> Bool {
        if case .up = message {
            if open <= now, processes[index].heldUp.isEmpty { return false }
            if processes[index].heldUp.isEmpty { queue.add(.opens(process: index + 1, isUp: true), at: open) }
            processes[index].heldUp.append(message)
        } else {
            if open <= now, processes[index].heldDown.isEmpty { return false }
            if processes[index].heldDown.isEmpty { queue.add(.opens(process: index + 1, isUp: false), at: open) }
            processes[index].heldDown.append(message)
        }
        return true
    }

    /// What was held back arrives, in the order in which it was sent, unless the way has been closed again.
    mutating func open(_ process: Int, isUp: Bool) throws(Broken) {
        let index = process - 1
        let open = isUp ? processes[index].muteUntil : max(processes[index].deafUntil, processes[index].pausedUntil)
        if open > now {
            queue.add(.opens(process: process, isUp: isUp), at: open)
            return
        }
        var held: [Held] = []
        if isUp { swap(&held, &processes[index].heldUp) } else { swap(&held, &processes[index].heldDown) }
        for message in held {
            switch message {
            case .up(let message, let connection, let incarnation):
                try reachCoordinator(message, connection, incarnation)
            case .down(let message, let connection, let incarnation):
                try reachWorker(message, connection, incarnation)
            }
        }
    }

    // MARK: Connections

    mutating func connect(_ process: Int) {
        let index = process - 1
        guard processes[index].isAlive, processes[index].connection == nil else { return }
        let open = max(processes[index].pausedUntil, processes[index].muteUntil, processes[index].deafUntil)
        if open > now || !isUp {
            queue.add(.connects(process: process), at: max(open, now + .milliseconds(500)))
            return
        }
        let connection = ConnectionID(links.count)
        links.append(Link(process: process, isOpen: true))
        processes[index].connection = connection
        processes[index].lastUp = now
        processes[index].lastDown = now
        let before = processes[index].worker.map {
            Residence(run: run, worker: $0, incarnation: processes[index].incarnation)
        }
        let hello = Hello(
            version: protocolVersion, worker: processes[index].wanted, node: processes[index].node,
            processID: process, exchangeEndpoint: "\(process)", numerics: "symbolic", before: before)
        sendUp(.hello(hello), from: process, as: Incarnation(0))
    }

    mutating func noticeClosed(_ connection: ConnectionID) throws(Broken) {
        guard links[connection.number].isOpen else { return }
        let process = processes[links[connection.number].process - 1]
        if process.muteUntil > now || !process.heldUp.isEmpty {
            // The end of a connection comes after what was sent through it, and no faster.
            queue.add(.closed(connection), at: max(process.muteUntil, now) + .milliseconds(1))
            return
        }
        links[connection.number].isOpen = false
        try decide(.closed(connection))
    }

    /// The connection of `process` closes. The coordinator notices after all that was said through it, if it does.
    mutating func disconnect(_ process: Int, isNoticed: Bool) {
        guard let connection = processes[process - 1].connection else { return }
        processes[process - 1].connection = nil
        processes[process - 1].isWelcomed = false
        if isNoticed { queue.add(.closed(connection), at: max(now + delay(), processes[process - 1].lastUp)) }
    }

    /// The coordinator's process is gone. What it said still arrives; then its end is noticed.
    mutating func closeAllLinks() {
        for index in links.indices where links[index].isOpen {
            links[index].isOpen = false
            let noticed = max(now + delay(), processes[links[index].process - 1].lastDown)
            queue.add(.lost(ConnectionID(index)), at: noticed)
        }
    }

    /// A process whose coordinator is gone looks for it again.
    mutating func noticeLost(_ connection: ConnectionID) {
        let process = links[connection.number].process
        guard processes[process - 1].speaks(through: connection) else { return }
        let open = max(processes[process - 1].deafUntil, processes[process - 1].pausedUntil)
        if open > now || !processes[process - 1].heldDown.isEmpty {
            queue.add(.lost(connection), at: max(open, now) + .milliseconds(1))
            return
        }
        processes[process - 1].connection = nil
        processes[process - 1].isWelcomed = false
        queue.add(.connects(process: process), at: now + .milliseconds(500))
    }
}
