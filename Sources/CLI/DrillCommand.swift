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
            printed. With --queue it lives through queues of jobs, a policy after the other, instead of runs. What it \
            finds when there is something to find is seen by breaking a promise of the simulated world.

            Examples:
              understudy drill --seeds 100000
              understudy drill --seed 4711 --mode safety --trace
              understudy drill --queue --seeds 100000
              understudy drill --seeds 1000 --break readers-verify
              understudy drill --json | jq .violations
            """)

    enum Mode: String, Codable, ExpressibleByArgument, CaseIterable { case safety, liveness, both }

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
    @Option(
        name: .customLong("break"),
        help: ArgumentHelp(
            "A promise that the world breaks; the last five are of the world of a queue.", valueName: "promise"))
    var broken: BrokenPromise?
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard seeds > 0, steps > 0 else { throw ValidationError("--seeds and --steps take numbers above 0") }
        guard !queue || steps == 60 && mode == .both else {
            throw ValidationError("--steps and --mode are of runs; --queue goes with neither")
        }
        guard !trace || seed != nil else { throw ValidationError("--trace tells one story; name it with --seed N") }
        guard !first.addingReportingOverflow(UInt64(seeds)).overflow else {
            throw ValidationError("there are not \(seeds) seeds from \(first) on; the last is \(UInt64.max)")
        }
        if let broken, (queue ? broken.ofQueues == nil : broken.ofRuns == nil) {
            throw ValidationError(
                "\(broken.rawValue) is a promise of a \(queue ? "run" : "queue, which takes --queue")")
        }
    }

    func run() throws { if queue { try drillQueues() } else { try drillRuns() } }

    /// Where it begins, and how many seeds it takes.
    private var range: (first: UInt64, count: Int) { seed.map { ($0, 1) } ?? (first, seeds) }

    /// The end of a command line that does the same again.
    private var suffix: String { broken.map { " --break \($0.rawValue)" } ?? "" }

    private func drillRuns() throws {
        let drill = Drill(
            first: range.first, count: range.count, steps: steps, mode: SimulationMode(rawValue: mode.rawValue),
            broken: broken)
        let again =
            "understudy drill --from \(drill.first) --seeds \(drill.count) --steps \(steps) --mode \(mode.rawValue)"
            + suffix
        let end = drill.first + UInt64(drill.count - 1)
        let commit = output.json ? "" : sourceCommit().map { ", commit \($0)" } ?? ""
        tell("seeds \(drill.first) to \(end), \(steps) steps each\(commit); again with: \(again)")
        let story = trace ? drill.live(drill.first, tellsStory: true).story : nil
        for line in story ?? [] { tell(line) }
        let began = ContinuousClock.now
        let outcome = carryOut(drill) { done, violations in
            warn("\(done) of \(drill.count) seeds, violations so far: \(violations)")
        }
        let seconds = DrillCommand.seconds(since: began)
        var document = DrillDocument(drill, outcome, took: seconds, again: again, mode: mode)
        document.story = story
        output.print(document) { _, _ in document.figureLines + violationLines(document, drill, outcome.violations) }
        guard outcome.violations.isEmpty else {
            throw Failure(.failed, "\(outcome.violations.count) of \(outcome.figures.runs) runs violate an invariant")
        }
    }

    private func violationLines(_ document: DrillDocument, _ drill: Drill, _ violations: [Violation]) -> [String] {
        guard let violation = violations.first else { return ["no invariant was violated"] }
        let smallest = drill.smallest(violation)
        var lines = [
            "VIOLATION \(violation)", "see it with: \(document.violations[0].see_it_with)",
            "the fewest faults that lead to it:",
        ]
        lines += smallest.faults.map { "    \($0)" }
        if trace { lines += ["its story with those alone:"] + drill.live(smallest, tellsStory: true).story }
        return lines + violations.dropFirst().map { "also: \($0)" }
    }

    private func drillQueues() throws {
        let again = "understudy drill --queue --from \(range.first) --seeds \(range.count)\(suffix)"
        let promises = broken?.ofQueues ?? .kept
        let story = trace ? simulateQueue(range.first, promises: promises).story : nil
        for line in story ?? [] { tell(line) }
        let began = ContinuousClock.now
        let outcome = liveThroughQueues(from: range.first, range.count, promises) { done, failures in
            warn("\(done) of \(range.count) seeds, violations so far: \(failures)")
        }
        let seconds = DrillCommand.seconds(since: began)
        var document = QueueDrillDocument(
            from: range.first, range.count, outcome, took: seconds, broken: broken, again: again)
        document.story = story
        output.print(document) { _, _ in
            guard let worst = document.violations.first else {
                return [document.figureLine, "no invariant was violated"]
            }
            return [document.figureLine]
                + document.violations.map { "VIOLATION seed \($0.seed) (\($0.policy)): \($0.what)" }
                + ["see it with: \(worst.see_it_with)"]
        }
        guard outcome.failures.isEmpty else {
            throw Failure(.failed, "\(outcome.failures.count) of \(outcome.lives) lives violate an invariant")
        }
    }

    /// Prints a line at once, so that it is known whatever follows; a document holds it otherwise.
    private func tell(_ line: String) { if !output.json { print(line) } }

    private static func seconds(since began: ContinuousClock.Instant) -> Double {
        let duration = ContinuousClock.now - began
        return Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    }
}
