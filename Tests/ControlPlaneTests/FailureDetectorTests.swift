// Silence, and for how long: who is always late is believed longer, who was regular is found out soon. Refuses crashes:
// those are told, not detected.

import ControlPlane
import Foundation
import Primitives
import Testing

struct FailureDetectorTests {
    private static let interval = TimeSpan.milliseconds(100)
    private func at(_ milliseconds: Int64) -> Instant { .zero + .milliseconds(milliseconds) }

    private func detector() -> FailureDetector {
        FailureDetector(
            interval: FailureDetectorTests.interval, atLeast: .seconds(Int64(1)), timeout: .seconds(Int64(10)))
    }

    /// Hears a heartbeat of `worker(0)` after each of `gaps`, waking for others every interval; returns the last instant
    /// and how often it was given up.
    private func hear(_ gaps: [TimeSpan], _ detector: inout FailureDetector) -> (last: Instant, losses: Int) {
        var (now, losses) = (Instant.zero, 0)
        detector.heard(worker(0), Incarnation(1), at: now)
        for gap in gaps {
            let next = now + gap
            while now + FailureDetectorTests.interval < next {
                now = now + FailureDetectorTests.interval
                losses += detector.lost(at: now).count
            }
            now = next
            detector.heard(worker(0), Incarnation(1), isHeartbeat: true, at: now)
        }
        return (now, losses)
    }

    /// The time from the last sign of life to the loss.
    private func timeToLoss(_ detector: inout FailureDetector, from last: Instant) -> TimeSpan {
        var now = last
        while detector.lost(at: now).isEmpty { now = now + .milliseconds(10) }
        return now - last
    }

    @Test func `a worker that was regular is lost after the shortest time, and is told once`() {
        var detector = detector()
        let (last, losses) = hear(Array(repeating: .milliseconds(100), count: 50), &detector)
        #expect(losses == 0)
        #expect(detector.suspicion(of: worker(0), at: last + .milliseconds(299)) == nil)
        #expect(detector.suspicion(of: worker(0), at: last + .milliseconds(300)) == .milliseconds(300))
        #expect(timeToLoss(&detector, from: last) == .seconds(Int64(1)))
        #expect(detector.lost(at: last + .seconds(Int64(2))).isEmpty)
        #expect(detector.nextDeadline == nil)
    }

    @Test func `a suspect that speaks is cleared`() {
        var detector = detector()
        let (last, _) = hear(Array(repeating: .milliseconds(100), count: 50), &detector)
        #expect(detector.lost(at: last + .milliseconds(300)).isEmpty)
        detector.heard(worker(0), Incarnation(1), at: last + .milliseconds(400))
        #expect(detector.suspicion(of: worker(0), at: last + .milliseconds(500)) == nil)
    }

    @Test func `a worker that is always late is believed longer, and never longer than the timeout`() {
        var steady = detector()
        var late = detector()
        let (steadyLast, _) = hear(Array(repeating: .milliseconds(400), count: 50), &steady)
        let (lateLast, losses) = hear((0..<50).map { .milliseconds($0 % 2 == 0 ? 100 : 900) }, &late)
        #expect(losses == 0)
        #expect(timeToLoss(&steady, from: steadyLast) == .seconds(Int64(1)))
        let believed = timeToLoss(&late, from: lateLast)
        #expect(believed > .seconds(Int64(3)) && believed <= .seconds(Int64(10)), "\(believed)")
    }

    /// Delays of a busy machine, from a seed: most heartbeats are nearly in time, some wait for a turn, few for many.
    private func busyGaps(seed: UInt64, count: Int) -> [TimeSpan] {
        var stream = RandomStream(seed: seed, named: "gaps")
        return (0..<count).map { _ in
            let kind = stream.uniform()
            // Exponential delays: 5 ms on average; of one in twenty 80 ms; of one in five hundred 150 ms.
            let mean = kind < 0.002 ? 150.0 : kind < 0.05 ? 80 : 5
            let delay = -mean * log(max(1e-9, 1 - stream.uniform()))
            return .seconds(0.1 + min(delay, 850) / 1_000)
        }
    }

    @Test func `a hundred thousand heartbeats of a busy machine lose nobody`() {
        for seed in 1...10 as ClosedRange<UInt64> {
            var detector = detector()
            let (last, losses) = hear(busyGaps(seed: seed, count: 10_000), &detector)
            #expect(losses == 0)
            #expect(timeToLoss(&detector, from: last) <= .milliseconds(1_500), "seed \(seed)")
        }
    }

    @Test func `silence while the detector stood still itself counts for nobody`() {
        var detector = detector()
        let (last, _) = hear(Array(repeating: .milliseconds(100), count: 50), &detector)
        let awake = last + .seconds(Int64(30))
        #expect(detector.lost(at: awake).isEmpty)
        #expect(timeToLoss(&detector, from: awake) == .seconds(Int64(1)))
    }

    @Test func `an old process's heartbeat does not keep a new one alive`() {
        var detector = detector()
        detector.heard(worker(0), Incarnation(2), at: at(100))
        for beat in 2...12 as ClosedRange<Int64> {
            detector.heard(worker(0), Incarnation(1), isHeartbeat: true, at: at(beat * 100))
        }
        #expect(detector.lost(at: at(1_200)).map(\.incarnation) == [Incarnation(2)])
    }

    @Test func `heartbeats out of order do not set the clock back, and the forgotten are not missed`() {
        var detector = detector()
        detector.heard(worker(0), Incarnation(1), isHeartbeat: true, at: at(200))
        detector.heard(worker(0), Incarnation(1), isHeartbeat: true, at: at(100))
        #expect(detector.nextDeadline == at(1_200))
        detector.forget(worker(0))
        #expect(detector.nextDeadline == nil)
        #expect(detector.lost(at: at(100_000)).isEmpty)
    }
}
