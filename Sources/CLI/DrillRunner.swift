// Many simulated runs on all cores: each thread takes the next few seeds, lives through their schedules and adds up what
// they came to. Seeds do not depend on one another, so their order does not matter. Refuses to print.

import Foundation
import Primitives
import Simulation
import Synchronization

/// What shall be rehearsed.
struct Drill: Sendable {
    /// The first seed.
    var first: UInt64
    /// How many seeds.
    var count: Int
    /// Steps in each run.
    var steps: Int
    /// What is demanded; nil for each of both with every other seed.
    var mode: SimulationMode?

    /// The schedule of `seed`.
    func schedule(_ seed: UInt64) -> Schedule {
        Schedule(seed: seed, mode: mode ?? (seed % 2 == 0 ? .liveness : .safety), steps: steps)
    }
}

/// What a drill came to.
struct DrillOutcome: Sendable {
    /// Figures over all of its runs.
    var figures = Figures()
    /// The violations found, by seed; not all when there are many.
    var violations: [Violation] = []
}

/// Runs all of `drill` on as many threads as there are cores. Stops soon after ten violations.
/// - Parameter progress: told about every hundred thousand seeds how many are done, and how many violations there are.
func carryOut(_ drill: Drill, progress: @Sendable (Int, Int) -> Void) -> DrillOutcome {
    struct Shared {
        var next = 0
        var outcome = DrillOutcome()
    }
    let shared = Mutex(Shared())
    let cores = max(1, ProcessInfo.processInfo.activeProcessorCount)
    SeedsInHand.prepare(threads: cores)
    DispatchQueue.concurrentPerform(iterations: cores) { thread in
        while true {
            let chunk = shared.withLock { shared -> Range<Int> in
                let start = shared.outcome.violations.count < 10 ? shared.next : drill.count
                shared.next = min(drill.count, start + 64)
                if start / 100_000 < shared.next / 100_000, start > 0, !(start..<shared.next).isEmpty {
                    progress(shared.next, shared.outcome.violations.count)
                }
                return start..<shared.next
            }
            guard !chunk.isEmpty else { break }
            var part = DrillOutcome()
            for offset in chunk {
                let seed = drill.first &+ UInt64(offset)
                SeedsInHand.take(seed, thread: thread)
                let verdict = simulate(drill.schedule(seed))
                part.figures.add(verdict.figures)
                if let violation = verdict.violation { part.violations.append(violation) }
            }
            SeedsInHand.take(0, thread: thread)
            shared.withLock { [part] in
                $0.outcome.figures.add(part.figures)
                $0.outcome.violations += part.violations
            }
        }
    }
    return shared.withLock { shared in
        shared.outcome.violations.sort { $0.seed < $1.seed }
        return shared.outcome
    }
}

/// The seeds that threads are at, for the last words of a process that a precondition ends: the control plane checks
/// its own invariants, and a failure there is as much a find as one the simulation reports.
private enum SeedsInHand {
    nonisolated(unsafe) static var seeds: UnsafeMutablePointer<UInt64>?
    nonisolated(unsafe) static var count = 0

    static func prepare(threads: Int) {
        guard seeds == nil else { return }
        seeds = .allocate(capacity: threads)
        seeds!.initialize(repeating: 0, count: threads)
        count = threads
        for trap in [SIGILL, SIGTRAP] {
            signal(trap) { number in
                SeedsInHand.speak()
                signal(number, SIG_DFL)
                raise(number)
            }
        }
    }

    static func take(_ seed: UInt64, thread: Int) { seeds![thread] = seed }

    /// Writes the seeds to standard error without allocating anything: this runs in a signal's handler.
    static func speak() {
        func write(_ text: StaticString) { _ = Glibc.write(2, text.utf8Start, text.utf8CodeUnitCount) }
        write("drill: a check inside the control plane failed at one of these seeds:")
        for index in 0..<count where seeds![index] != 0 {
            write(" ")
            var divisor: UInt64 = 1
            while seeds![index] / divisor >= 10 { divisor *= 10 }
            while divisor > 0 {
                var digit = UInt8(ascii: "0") + UInt8(seeds![index] / divisor % 10)
                _ = Glibc.write(2, &digit, 1)
                divisor /= 10
            }
        }
        write("; see each with: understudy drill --seed N --trace\n")
    }
}
