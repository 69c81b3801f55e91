// Silence, and for how long. Refuses crashes: those are told, not detected.

import ControlPlane
import Primitives
import Testing

struct FailureDetectorTests {
    private func at(_ seconds: Int64) -> Instant { .zero + .seconds(seconds) }

    @Test func `a process is lost once it has been silent for the time-out, and is told once`() {
        var detector = FailureDetector(timeout: .seconds(Int64(5)))
        #expect(detector.nextDeadline == nil)
        detector.heard(worker(0), Incarnation(1), at: at(1))
        detector.heard(worker(1), Incarnation(1), at: at(2))
        #expect(detector.nextDeadline == at(6))
        #expect(detector.lost(at: at(5)).isEmpty)
        let lost = detector.lost(at: at(6))
        #expect(lost.map(\.worker) == [worker(0)])
        #expect(lost.map(\.silent) == [.seconds(Int64(5))])
        #expect(detector.lost(at: at(6)).isEmpty)
        #expect(detector.nextDeadline == at(7))
    }

    @Test func `an old process's heartbeat does not keep a new one alive`() {
        var detector = FailureDetector(timeout: .seconds(Int64(5)))
        detector.heard(worker(0), Incarnation(2), at: at(1))
        detector.heard(worker(0), Incarnation(1), at: at(5))
        #expect(detector.lost(at: at(6)).map(\.incarnation) == [Incarnation(2)])
    }

    @Test func `heartbeats out of order do not set the clock back, and the forgotten are not missed`() {
        var detector = FailureDetector(timeout: .seconds(Int64(5)))
        detector.heard(worker(0), Incarnation(1), at: at(4))
        detector.heard(worker(0), Incarnation(1), at: at(2))
        #expect(detector.nextDeadline == at(9))
        detector.forget(worker(0))
        #expect(detector.lost(at: at(100)).isEmpty)
    }
}
