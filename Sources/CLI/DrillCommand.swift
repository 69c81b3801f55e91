// `understudy drill`: runs the real control plane in a simulated world, once a seed, under faults of every kind, and
// says which invariant did not hold where. Prints first how to do exactly the same again. Refuses files: nothing of a
// drill is kept.

import ArgumentParser
import Foundation
import Primitives
import Reports
import Simulation

struct DrillCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drill", abstract: "Test the control plane in a simulated world, a fault schedule a seed.",
        discussion: """
            Exit code 1 says that an invariant was violated; the seed, what happened and the command that shows it are \
            printed. With --queue it lives through queues of jobs, a policy after the other, instead of runs.

            Examples:
              understudy drill --seeds 100000
              understudy drill --seed 4711 --mode safety --trace
              understudy drill --queue --seeds 100000
            """)

    enum Mode: String, ExpressibleByArgument, CaseIterable { case safety, liveness, both }

    @Option(help: "How many seeds.")
    var seeds = 10_000
    @Option(name: .customLong("from"), help: "The first seed.")
    var first: UInt64 = 1
    @Option(help: "Steps in each run.")
    var steps = 60
    @Option(help: "This seed only.")
    var seed: UInt64?
    @Flag(help: "Tell the story of the seed, event by event.")
    var trace = false
    @Flag(help: "Test the controller of a queue.")
    var queue = false
    @Option(
        help: "safety: faults to the end. liveness: all heals, and the run must complete. both: every other seed.")
    var mode = Mode.both

    func validate() throws {
        guard seeds > 0, steps > 0 else { throw ValidationError("--seeds and --steps take numbers above 0") }
        guard !queue || steps == 60 && mode == .both else {
            throw ValidationError("--steps and --mode are of runs; --queue goes with neither")
        }
        guard !trace || seed != nil else { throw ValidationError("--trace tells one story; name it with --seed N") }
    }

    func run() throws {
        if queue { return try runQueues() }
        let drill = Drill(
            first: seed ?? first, count: seed == nil ? seeds : 1, steps: steps,
            mode: SimulationMode(rawValue: mode.rawValue))
        let end = drill.first + UInt64(drill.count) - 1
        print(
            "seeds \(drill.first) to \(end), \(steps) steps each; again with: \(command(from: drill.first, drill.count))"
        )
        if seed != nil, trace {
            for line in simulate(drill.schedule(drill.first), tellsStory: true).story { print(line) }
        }
        let began = ContinuousClock.now
        let outcome = carryOut(drill) { done, violations in
            warn("\(done) of \(drill.count) seeds, violations so far: \(violations)")
        }
        report(outcome.figures, took: ContinuousClock.now - began)
        guard let violation = outcome.violations.first else {
            print("no invariant was violated")
            return
        }
        report(violation, drill)
        for other in outcome.violations.dropFirst() { print("also: \(other)") }
        throw Failure(.failed, "\(outcome.violations.count) of \(outcome.figures.runs) runs violate an invariant")
    }

    private func runQueues() throws {
        if let seed, trace {
            for line in simulateQueue(seed).story { print(line) }
        }
        let began = ContinuousClock.now
        let outcome = drillQueues(from: seed ?? first, seed == nil ? seeds : 1) { done, failures in
            warn("\(done) of \(seeds) seeds, violations so far: \(failures)")
        }
        let seconds = DrillCommand.seconds(ContinuousClock.now - began)
        print(
            "\(outcome.lives) lives of a queue in \(TimeSpan.seconds(seconds)): "
                + "\(String(format: "%.0f", Double(outcome.lives) / seconds)) seeds/s; \(outcome.facts) facts, "
                + "\(outcome.jobs) jobs, \(outcome.starts) starts, \(outcome.preemptions) preemptions")
        guard let worst = outcome.failures.first else { return print("no invariant was violated") }
        for failure in outcome.failures {
            print("VIOLATION seed \(failure.seed) (\(failure.policy)): \(failure.problem ?? "")")
        }
        print("see it with: understudy drill --queue --seed \(worst.seed) --trace")
        throw Failure(.failed, "\(outcome.failures.count) of \(outcome.lives) lives violate an invariant")
    }

    private static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    }

    private func command(from first: UInt64, _ count: Int) -> String {
        "understudy drill --from \(first) --seeds \(count) --steps \(steps) --mode \(mode.rawValue)"
    }

    private func report(_ figures: Figures, took duration: Duration) {
        let seconds = DrillCommand.seconds(duration)
        let rate = { (amount: Double) in String(format: "%.0f", amount / seconds) }
        print(
            "\(figures.runs) runs in \(TimeSpan.seconds(seconds)): \(rate(Double(figures.runs))) seeds/s, "
                + "\(rate(figures.virtualTime.seconds / 3_600)) virtual hours/s, "
                + "\(rate(Double(figures.happenings))) happenings/s")
        print(
            "\(figures.completed) completed; \(figures.commits) commits, \(figures.generations) gangs, "
                + "\(figures.resumptions) resumptions; longest way to the end after healing \(figures.longestRecovery)")
        let struck = zip(FaultKind.allCases, figures.struck).map { "\($0.rawValue) \($1)" }
        print("faults that struck: \(struck.joined(separator: ", "))")
    }

    private func report(_ violation: Violation, _ drill: Drill) {
        print("VIOLATION \(violation)")
        print("see it with: understudy drill --seed \(violation.seed) --steps \(steps) --mode \(mode.rawValue) --trace")
        let smallest = minimised(drill.schedule(violation.seed)) {
            simulate($0).violation?.invariant == violation.invariant
        }
        print("the fewest faults that lead to it:")
        for fault in smallest.faults { print("    \(fault)") }
        guard trace else { return }
        print("its story with those alone:")
        for line in simulate(smallest, tellsStory: true).story { print(line) }
    }
}
