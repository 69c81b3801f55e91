// That whoever falls silent for good is found out in time (L2): the promise of the timeout, held against the processes
// that really ended. Refuses to know how it is found out, and to expect anything of a coordinator that was not there.

import ControlPlane
import Primitives

extension World {
    /// What the last word of a process may take to arrive, beside what holds it back: the slowest network there is.
    private static var slowestWord: TimeSpan { .milliseconds(2_100) }

    /// A process has ended and no connection closes: nothing but its silence can tell.
    mutating func expectDetection(of process: Int) {
        let ended = processes[process - 1]
        guard isUp, let worker = ended.worker, ended.connection != nil else { return }
        let tolerance = schedule.job.faultTolerance
        let lastWord = max(now, ended.muteUntil, ended.lastUp) + World.slowestWord
        queue.add(
            .mustBeKnown(worker, ended.incarnation, epoch: epoch),
            at: lastWord + tolerance.heartbeatTimeout + tolerance.heartbeatInterval)
    }

    /// Nobody is told of as a straggler who was never slow.
    func checkBlame(_ event: Event) throws(Broken) {
        guard case .stragglerFound(_, _, let report) = event,
            let process = processes.first(where: {
                $0.worker == report.worker && $0.incarnation == report.incarnation
            })
        else { return }
        guard process.wasSlow else {
            throw Broken(.detection, "\(report.worker)#\(report.incarnation) is taken for a straggler, and is none")
        }
    }

    /// The slot must not be believed to hold that process any more.
    func checkKnown(_ worker: WorkerID, _ incarnation: Incarnation, _ epoch: Int) throws(Broken) {
        guard isUp, epoch == self.epoch, control.coordinator.pool.holds(worker, incarnation) else { return }
        throw Broken(
            .detection,
            "\(worker)#\(incarnation) ended unnoticed, and is believed to live after "
                + "\(schedule.job.faultTolerance.heartbeatTimeout) of silence")
    }
}
