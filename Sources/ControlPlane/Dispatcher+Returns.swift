// Who comes back to a coordinator that was started again: the processes that the one before had welcomed, known by run,
// slot, incarnation and process. Each has as long to come back as a silent process is believed. Refuses to take anybody's
// word for who he was: where the journal says something else, he is a newcomer.

import Messages
import Primitives

extension Dispatcher {
    /// From now on the processes that the pool believes in are expected.
    mutating func expectReturns(at now: Instant) {
        inherited = coordinator.run?.generation ?? Generation(0)
        for slot in coordinator.pool.slots {
            if case .away(let incarnation, _, _) = slot.occupant { detector.heard(slot.worker, incarnation, at: now) }
        }
    }

    /// Takes a process back that greets as one of the expected; false when it is none of them.
    mutating func takeBack(_ hello: Hello, from connection: ConnectionID, at now: Instant) -> Bool {
        guard let before = hello.before, before.run == assignment.run, before.worker.node == hello.node else {
            return false
        }
        if movesBack(hello, before, to: connection, at: now) { return true }
        guard
            case .away(before.incarnation, InternedText(hello.numerics), hello.processID) =
                coordinator.pool[before.worker]?.occupant
        else { return false }
        greeting = (connection, hello)
        tell(
            .workerReturned(worker: before.worker, incarnation: before.incarnation, processID: hello.processID),
            at: now)
        greeting = nil
        return true
    }

    /// Whether a process that has returned greets through another connection while others are still expected: no gang was
    /// formed meanwhile, so it has missed nothing but its welcome, and gets that again.
    private mutating func movesBack(
        _ hello: Hello, _ before: Residence, to connection: ConnectionID, at now: Instant
    ) -> Bool {
        guard coordinator.run?.isReturning == true, let session = sessions[before.worker],
            session.incarnation == before.incarnation, session.processID == hello.processID
        else { return false }
        closures.removeAll { $0.session == session }
        greeting = (connection, hello)
        welcome(before.worker, before.incarnation, at: now)
        greeting = nil
        return true
    }

    /// A process that was expected has ended.
    mutating func loseAway(_ worker: WorkerID, _ processID: Int, _ how: LossCause, at now: Instant) {
        guard case .away(let incarnation, _, processID) = coordinator.pool[worker]?.occupant else { return }
        detector.forget(worker)
        tell(.workerLost(worker: worker, incarnation: incarnation, how: how), at: now)
    }

    /// A process that was expected has not come back in time.
    mutating func giveUp(_ worker: WorkerID, silentFor span: TimeSpan, at now: Instant) {
        guard let slot = coordinator.pool[worker], case .away(let incarnation, _, let processID) = slot.occupant else {
            return
        }
        if slot.supervised {
            outputs.append(.killProcess(worker))
            unexplained.append(processID)
        }
        tell(.workerLost(worker: worker, incarnation: incarnation, how: .silent(span)), at: now)
    }
}
