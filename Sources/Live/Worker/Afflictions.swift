// What a worker suffers in drills: set by the thread that listens, heeded by those that train and write. Everything a
// drill does inside a worker passes through here, so that a worker without drills pays one lock a micro-batch and nothing
// else. Refuses to recover from anything: what follows is met like an accident.

import Foundation
import Messages
import Primitives
import Synchronization
import Training
import Wire

/// The afflictions of one process, and until when each lasts.
final class Afflictions: Sendable {
    private struct State {
        var slow: (factor: Double, until: Instant)?
        var outwards: Instant?
        var inwards: Instant?
        var flipsBit = false
        var flipsParameter = false
        var isNotANumber = false
        var diskFullUntil: Instant?
        var garbage: Range<Int>?
        var rate: (factor: Double, batches: Range<Int>)?
    }

    private let state = Mutex(State())
    /// Words to other members that are held back.
    let embargo = Embargo()

    /// Begins to suffer `affliction` now.
    func suffer(_ affliction: Affliction) {
        let now = monotonicNow()
        switch affliction {
        case .end: kill(getpid(), SIGKILL)
        case .slow(let factor, let span): state.withLock { $0.slow = (factor, now + span) }
        case .partCoordinator(let out, let `in`, let span):
            state.withLock {
                if out { $0.outwards = now + span }
                if `in` { $0.inwards = now + span }
            }
        case .partMember(let rank, let span): embargo.hold(rank, until: now + span)
        case .flipBit: state.withLock { $0.flipsBit = true }
        case .flipParameter: state.withLock { $0.flipsParameter = true }
        case .notANumber: state.withLock { $0.isNotANumber = true }
        case .diskFull(let span): state.withLock { $0.diskFullUntil = now + span }
        case .garbage(let batches): state.withLock { $0.garbage = batches }
        case .learningRate(let factor, let batches): state.withLock { $0.rate = (factor, batches) }
        }
    }

    /// Until when the coordinator does not hear this worker, and until when this worker does not hear it; nil where
    /// they do.
    func parted(at now: Instant) -> (out: Instant?, in: Instant?) {
        state.withLock { ($0.outwards.flatMap { $0 > now ? $0 : nil }, $0.inwards.flatMap { $0 > now ? $0 : nil }) }
    }

    /// Whether the disk is full.
    var isDiskFull: Bool { state.withLock { $0.diskFullUntil.map { $0 > monotonicNow() } ?? false } }

    /// Takes as long again as slowness demands after work that took `span`.
    func drag(after span: TimeSpan) {
        guard let (factor, until) = state.withLock({ $0.slow }), monotonicNow() < until else { return }
        usleep(UInt32(min(60e6, Double(span.nanoseconds) / 1_000 * (factor - 1))))
    }

    /// Puts random tokens in place of those of `batch`, if it is to be garbage: the same for everybody who suffers it, as
    /// a corrupt file would be. Sequences lie in `tokens`, and what follows each token in `targets`.
    func spoil(
        batch: Int, microBatch: Int, tokens: UnsafeMutablePointer<Int32>, targets: UnsafeMutablePointer<Int32>,
        count: Int, vocabulary: Int
    ) {
        guard state.withLock({ $0.garbage?.contains(batch) ?? false }) else { return }
        var stream = RandomStream(seed: 0, named: "garbage/batch/\(batch)/micro-batch/\(microBatch)")
        for index in 0..<count {
            tokens[index] = Int32(stream.integer(below: vocabulary))
            targets[index] = Int32(stream.integer(below: vocabulary))
        }
    }

    /// What the learning rate of the step that takes `batch` is multiplied with.
    func rateFactor(ofBatch batch: Int) -> Double {
        state.withLock { state in state.rate.flatMap { $0.batches.contains(batch) ? $0.factor : nil } ?? 1 }
    }

    /// Damages `parameters`, a vector of `count` floats, as its drill demands; each drill once.
    func damage(parameters: UnsafeMutablePointer<Float>, count: Int) {
        let flips = state.withLock { state in
            defer { state.flipsParameter = false }
            return state.flipsParameter
        }
        if flips { parameters[count / 2] = Float(bitPattern: parameters[count / 2].bitPattern ^ 1) }
    }

    /// Damages `sum`, a vector of `count` floats, as its drill demands; each drill once.
    func damage(_ sum: UnsafeMutablePointer<Float>, count: Int) {
        let (flips, isNotANumber) = state.withLock { state in
            defer { (state.flipsBit, state.isNotANumber) = (false, false) }
            return (state.flipsBit, state.isNotANumber)
        }
        // The highest bit of the mantissa of the number in the middle: as much as a bit can change without a trace.
        if flips { sum[count / 2] = Float(bitPattern: sum[count / 2].bitPattern ^ (1 << 22)) }
        if isNotANumber { sum[count / 2] = .nan }
    }
}
