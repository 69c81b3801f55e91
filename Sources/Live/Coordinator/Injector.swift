// Says which faults a run inflicts on itself when: those of its job, those that a random process draws, those that a user
// asks for meanwhile. Each strikes once in a run's life: what the journal says was inflicted before a resumption is not
// inflicted again. It stands beside the control plane, which must not see what is coming. Refuses to strike: that is the
// world's, which knows processes and files.

import Journaling
import Jobs
import Primitives

/// The faults that are still to come.
struct Injector: Equatable, Sendable {
    /// A fault whose moment has come.
    struct Strike: Equatable, Sendable {
        /// Its number in the run.
        let number: Int
        /// The fault.
        let injection: Injection
    }

    /// Faults at random moments, drawn one at a time.
    private struct Draws: Equatable, Sendable {
        let process: InjectionProcess
        let name: String
        var stream: RandomStream
        /// A step, or nanoseconds since submission.
        var next: Int64 = 0

        init(_ process: InjectionProcess, number: Int) {
            self.process = process
            name = "injections/\(number)"
            stream = RandomStream(seed: process.seed, named: name)
            advance()
        }

        mutating func advance() {
            let logarithm = -portableLogarithm(1 - stream.uniform())  // Exponential, mean 1.
            switch process.mean {
            case .steps(1): next += 1
            case .steps(let mean): next += 1 + Int64(logarithm / -portableLogarithm(1 - 1 / Double(mean)))
            case .time(let mean): next += max(1, Int64(min(logarithm * Double(mean.nanoseconds), 9e17)))
            }
        }

        /// What it inflicts now, on a rank of `workers`. A stream of its own, so that the moments to come do not depend
        /// on what became of the ones before.
        func draw(workers: Int) -> Injection {
            var stream = RandomStream(seed: process.seed, named: "\(name)/\(next)")
            let fault = process.faults[stream.integer(below: process.faults.count)]
            let rank = stream.integer(below: workers)
            return Injection(moment, .rank(rank), fault, for: fault.lasts ? process.duration : nil)
        }

        private var moment: Injection.Moment {
            switch process.mean {
            case .steps: .step(Int(next))
            case .time: .elapsed(TimeSpan(nanoseconds: next))
            }
        }

        func isDue(_ committed: Int, _ elapsed: TimeSpan) -> Bool {
            switch moment {
            case .step(let step): step <= committed
            case .elapsed(let span): span <= elapsed
            }
        }
    }

    private var pending: [Strike]
    private var processes: [Draws]
    private var newest: Int
    /// The highest step that was committed: a step that is done again is not struck again.
    private var reached = 0

    /// The injector of `job`, whose run's `records` may tell some of its faults.
    init(_ job: JobSpec, after records: [Record]) {
        let inflicted = records.compactMap { record in
            if case .faultInjected(_, let infliction) = record.event { infliction.index } else { nil }
        }
        pending = job.injections.enumerated().filter { !inflicted.contains($0.offset) }
            .map { Strike(number: $0.offset, injection: $0.element) }
        newest = max(job.injections.count, (inflicted.max() ?? -1) + 1) - 1
        processes = job.injectionProcesses.enumerated().map { Draws($0.element, number: $0.offset) }
        for record in records { reached = max(reached, record.committedStep ?? 0) }
        let elapsed = (records.last?.at ?? .zero) - Instant.zero
        for index in processes.indices {
            while processes[index].isDue(reached, elapsed) { processes[index].advance() }
        }
    }

    /// Adds a fault that a user asks for; returns its number.
    mutating func add(_ injection: Injection) -> Int {
        let number = nextNumber()
        pending.append(Strike(number: number, injection: injection))
        return number
    }

    /// A number that no drill of the run has.
    mutating func nextNumber() -> Int {
        newest += 1
        return newest
    }

    /// The faults whose moment has come, `elapsed` after submission, with a gang of `workers`; each is told once.
    /// - Parameter committed: the step that has just been committed; nil when none has.
    mutating func due(committed: Int?, elapsed: TimeSpan, workers: Int) -> [Strike] {
        reached = max(reached, committed ?? 0)
        let now = reached
        func isDue(_ strike: Strike) -> Bool {
            switch strike.injection.moment {
            // At a commit only, so that `at: step` strikes while the next step is computed.
            case .step(let step): committed != nil && step <= now && fits(strike.injection, workers)
            case .elapsed(let span): span <= elapsed && fits(strike.injection, workers)
            }
        }
        var due = pending.filter(isDue)
        pending.removeAll { due.contains($0) }
        for index in processes.indices {
            while processes[index].isDue(now, elapsed) {
                due.append(Strike(number: nextNumber(), injection: processes[index].draw(workers: workers)))
                processes[index].advance()
            }
        }
        return due
    }

    /// A rank that a shrunken gang has not is waited for.
    private func fits(_ injection: Injection, _ workers: Int) -> Bool {
        injection.victim.objection(workers: workers) == nil
    }

    /// When, since submission, the next fault at a time is due; nil when none is to come.
    func next(after elapsed: TimeSpan) -> TimeSpan? {
        let times = pending.compactMap { strike -> TimeSpan? in
            if case .elapsed(let span) = strike.injection.moment { span } else { nil }
        }
        let drawn = processes.compactMap { draws -> TimeSpan? in
            if case .time = draws.process.mean { TimeSpan(nanoseconds: draws.next) } else { nil }
        }
        return (times + drawn).filter { $0 > elapsed }.min()
    }
}
