// What a drill came to, as a document and as text. Refuses to run anything but what makes a violation small.

import Primitives
import Simulation

/// What a drill of runs came to.
struct DrillDocument: Codable {
    /// How often a kind of fault struck.
    struct Strikes: Codable {
        var kind: FaultKind
        var count: Int
    }

    /// A fault of a schedule.
    struct FaultEntry: Codable {
        var at_ns: Int64
        var kind: FaultKind
        /// How long it lasts, where it lasts.
        var span_ns: Int64
        /// How much or how often; each kind says of what.
        var amount: Int
    }

    /// An invariant that did not hold.
    struct ViolationEntry: Codable {
        var seed: UInt64
        /// Its name in the list of invariants, `S4`.
        var invariant: Invariant
        var at_ns: Int64
        var what: String
        /// The command that shows it.
        var see_it_with: String
        /// The fewest faults that lead to it; left out behind the tenth violation.
        var fewest_faults: [FaultEntry]?
    }

    var schema = "understudy/drill/v1"
    /// The program's version.
    var version = programVersion
    /// The commit of the checkout that the program was built in; left out where it lies in none.
    var commit = sourceCommit()
    /// The command that does the same again.
    var again: String
    var first_seed: UInt64
    var seeds: Int
    var steps: Int
    var mode: DrillCommand.Mode
    /// The promise of the world that was broken on purpose; left out when all were kept.
    var broken: BrokenPromise?
    /// Runs that were lived through; fewer than seeds when many violate an invariant.
    var runs: Int
    var completed: Int
    var took_s: Double
    var seeds_per_second: Double
    var virtual_hours_per_second: Double
    var happenings_per_second: Double
    var commits: Int
    var gangs: Int
    var resumptions: Int
    /// The longest that a run took to complete after everything had healed.
    var longest_recovery_ns: Int64
    var faults_struck: [Strikes]
    /// By seed. Empty is what is hoped for.
    var violations: [ViolationEntry]
    /// The story of the one seed, where it was asked for.
    var story: [String]?

    init(_ drill: Drill, _ outcome: DrillOutcome, took seconds: Double, again: String, mode: DrillCommand.Mode) {
        let figures = outcome.figures
        self.again = again
        self.mode = mode
        first_seed = drill.first
        seeds = drill.count
        steps = drill.steps
        broken = drill.broken
        runs = figures.runs
        completed = figures.completed
        took_s = seconds
        seeds_per_second = Double(figures.runs) / seconds
        virtual_hours_per_second = figures.virtualTime.seconds / 3_600 / seconds
        happenings_per_second = Double(figures.happenings) / seconds
        commits = figures.commits
        gangs = figures.generations
        resumptions = figures.resumptions
        longest_recovery_ns = figures.longestRecovery.nanoseconds
        faults_struck = zip(FaultKind.allCases, figures.struck).map { Strikes(kind: $0, count: $1) }
        violations = outcome.violations.enumerated().map { index, violation in
            ViolationEntry(violation, drill, mode, isMinimised: index < 10)
        }
    }
}

extension DrillDocument.ViolationEntry {
    init(_ violation: Violation, _ drill: Drill, _ mode: DrillCommand.Mode, isMinimised: Bool) {
        seed = violation.seed
        invariant = violation.invariant
        at_ns = violation.at.nanoseconds
        what = violation.what
        see_it_with =
            "understudy drill --seed \(seed) --steps \(drill.steps) --mode \(mode.rawValue)"
            + (drill.broken.map { " --break \($0.rawValue)" } ?? "") + " --trace"
        guard isMinimised else { return }
        fewest_faults = drill.smallest(violation).faults.map {
            .init(at_ns: $0.at.nanoseconds, kind: $0.kind, span_ns: $0.span.nanoseconds, amount: $0.amount)
        }
    }
}

extension DrillDocument {
    /// The figures as text.
    var figureLines: [String] {
        func rounded(_ rate: Double) -> String { String(format: "%.0f", rate) }
        let struck = faults_struck.map { "\($0.kind.rawValue) \($0.count)" }.joined(separator: ", ")
        return [
            "\(runs) runs in \(TimeSpan.seconds(took_s)): \(rounded(seeds_per_second)) seeds/s, "
                + "\(rounded(virtual_hours_per_second)) virtual hours/s, "
                + "\(rounded(happenings_per_second)) happenings/s",
            "\(completed) completed; \(commits) commits, \(gangs) gangs, \(resumptions) resumptions; "
                + "longest way to the end after healing \(TimeSpan(nanoseconds: longest_recovery_ns))",
            "faults that struck: \(struck)",
        ]
    }
}

/// What a drill of queues came to.
struct QueueDrillDocument: Codable {
    /// A life in which something was that must not be.
    struct ViolationEntry: Codable {
        var seed: UInt64
        /// The policy that decided.
        var policy: String
        var what: String
        /// The command that shows it.
        var see_it_with: String
    }

    var schema = "understudy/queue-drill/v1"
    /// The program's version.
    var version = programVersion
    /// The commit of the checkout that the program was built in; left out where it lies in none.
    var commit = sourceCommit()
    /// The command that does the same again.
    var again: String
    var first_seed: UInt64
    var seeds: Int
    /// The promise of the world that was broken on purpose; left out when all were kept.
    var broken: BrokenPromise?
    /// Lives that were lived through; fewer than seeds when many violate an invariant.
    var lives: Int
    var took_s: Double
    var seeds_per_second: Double
    /// Facts that controllers were told.
    var facts: Int
    /// Jobs that were asked for; `refused` of them were not taken.
    var jobs: Int
    var refused: Int
    var starts: Int
    var preemptions: Int
    /// Times a job that lost slots with a machine went on in others.
    var replacements: Int
    /// Times a job that ran was given other slots or had to give some up.
    var resizes: Int
    /// By seed. Empty is what is hoped for.
    var violations: [ViolationEntry]
    /// The story of the one seed, where it was asked for.
    var story: [String]?

    init(
        from first: UInt64, _ count: Int, _ outcome: QueueDrillOutcome, took seconds: Double, broken: BrokenPromise?,
        again: String
    ) {
        self.again = again
        self.broken = broken
        first_seed = first
        seeds = count
        lives = outcome.lives
        took_s = seconds
        seeds_per_second = Double(outcome.lives) / seconds
        facts = outcome.facts
        jobs = outcome.jobs
        refused = outcome.refused
        starts = outcome.starts
        preemptions = outcome.preemptions
        replacements = outcome.replacements
        resizes = outcome.resizes
        let suffix = broken.map { " --break \($0.rawValue)" } ?? ""
        violations = outcome.failures.map {
            ViolationEntry(
                seed: $0.seed, policy: $0.policy, what: $0.problem ?? "",
                see_it_with: "understudy drill --queue --seed \($0.seed)\(suffix) --trace")
        }
    }

    /// The figures as text.
    var figureLine: String {
        "\(lives) lives of a queue in \(TimeSpan.seconds(took_s)): "
            + "\(String(format: "%.0f", seeds_per_second)) seeds/s; \(facts) facts, "
            + "\(jobs) jobs, \(refused) refused, \(starts) starts, \(preemptions) preemptions, "
            + "\(replacements) replacements, \(resizes) resizes"
    }
}
