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
    /// The promise that the world breaks; nil to keep all.
    var broken: BrokenPromise?

    /// The schedule of `seed`.
    func schedule(_ seed: UInt64) -> Schedule {
        Schedule(seed: seed, mode: mode ?? (seed % 2 == 0 ? .liveness : .safety), steps: steps)
    }

    /// Lives through `schedule`.
    func live(_ schedule: Schedule, tellsStory: Bool = false) -> Verdict {
        simulate(schedule, promises: broken?.ofRuns ?? .kept, tellsStory: tellsStory)
    }

    /// Lives through the schedule of `seed`.
    func live(_ seed: UInt64, tellsStory: Bool = false) -> Verdict { live(schedule(seed), tellsStory: tellsStory) }

    /// The schedule of a violation with as few of its faults as lead to it.
    func smallest(_ violation: Violation) -> Schedule {
        minimised(schedule(violation.seed)) { live($0).violation?.invariant == violation.invariant }
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
/// - Parameter progress: told about every hundred thousand seeds how many were begun, and how many violations there are.
func carryOut(_ drill: Drill, progress: @Sendable (Int, Int) -> Void) -> DrillOutcome {
    var outcome = onAllCores(
        from: drill.first, drill.count, DrillOutcome(), isEnough: { $0.violations.count >= 10 },
        progress: { progress($0, $1.violations.count) },
        live: { seed, part in
            let verdict = drill.live(seed)
            part.figures.add(verdict.figures)
            if let violation = verdict.violation { part.violations.append(violation) }
        },
        add: { total, part in
            total.figures.add(part.figures)
            total.violations += part.violations
        })
    outcome.violations.sort { $0.seed < $1.seed }
    return outcome
}

/// What a drill of queues came to.
struct QueueDrillOutcome: Sendable {
    var lives = 0
    var facts = 0
    var jobs = 0
    var refused = 0
    var starts = 0
    var preemptions = 0
    var replacements = 0
    var resizes = 0
    /// Lives in which something was that must not be, by seed; not all when there are many.
    var failures: [QueueVerdict] = []
}

/// Lives through `count` queues from seed `first` on, on as many threads as there are cores. Stops soon after ten failures.
func liveThroughQueues(
    from first: UInt64, _ count: Int, _ promises: QueuePromises, progress: @Sendable (Int, Int) -> Void
) -> QueueDrillOutcome {
    var outcome = onAllCores(
        from: first, count, QueueDrillOutcome(), isEnough: { $0.failures.count >= 10 },
        progress: { progress($0, $1.failures.count) },
        live: { seed, part in
            let verdict = simulateQueue(seed, promises: promises).verdict(seed)
            part.lives += 1
            part.facts += verdict.facts
            part.jobs += verdict.jobs
            part.refused += verdict.refused
            part.starts += verdict.starts
            part.preemptions += verdict.preemptions
            part.replacements += verdict.replacements
            part.resizes += verdict.resizes
            if verdict.problem != nil { part.failures.append(verdict) }
        },
        add: { total, part in
            total.lives += part.lives
            total.facts += part.facts
            total.jobs += part.jobs
            total.refused += part.refused
            total.starts += part.starts
            total.preemptions += part.preemptions
            total.replacements += part.replacements
            total.resizes += part.resizes
            total.failures += part.failures
        })
    outcome.failures.sort { $0.seed < $1.seed }
    return outcome
}

/// Adds up what `live` makes of `count` seeds from `first` on; threads take 64 at a time until it `isEnough`.
private func onAllCores<Outcome: Sendable>(
    from first: UInt64, _ count: Int, _ none: Outcome, isEnough: @Sendable (Outcome) -> Bool,
    progress: @Sendable (Int, Outcome) -> Void, live: @Sendable (UInt64, inout Outcome) -> Void,
    add: @Sendable (inout Outcome, Outcome) -> Void
) -> Outcome {
    let shared = Mutex((next: 0, outcome: none))
    let cores = max(1, ProcessInfo.processInfo.activeProcessorCount)
    SeedsInHand.prepare(threads: cores)
    DispatchQueue.concurrentPerform(iterations: cores) { thread in
        while true {
            let chunk = shared.withLock { shared -> Range<Int> in
                let start = isEnough(shared.outcome) ? count : shared.next
                shared.next = min(count, start + 64)
                if start / 100_000 < shared.next / 100_000, start > 0, start < shared.next {
                    progress(shared.next, shared.outcome)
                }
                return start..<shared.next
            }
            guard !chunk.isEmpty else { break }
            var part = none
            for offset in chunk {
                let seed = first &+ UInt64(offset)
                SeedsInHand.take(seed, thread: thread)
                live(seed, &part)
            }
            SeedsInHand.take(0, thread: thread)
            shared.withLock { [part] in add(&$0.outcome, part) }
        }
    }
    return shared.withLock { $0.outcome }
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
