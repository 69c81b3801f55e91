// `understudy detect`: runs rules for loss spikes over a logged curve, a recorded run, or synthetic curves whose events
// are known. Changes nothing. Refuses to act on what it finds; a run's own policy does.

import ArgumentParser
import ControlPlane
import Foundation
import Jobs
import Reports
import Simulation

struct DetectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "detect", abstract: "Look for loss spikes in a CSV file or a run, by any of the known rules.",
        discussion: """
            A CSV file names its columns in its first line: step, loss, and perhaps grad_norm.

            Rules:
            \(SpikeRuleName.allCases.map { "  \($0.rawValue): \($0.sentence)" }.joined(separator: "\n"))

            Examples:
              understudy detect loss.csv --rule cusum --rule olmo
              understudy detect quickstart-0001 --json
              understudy detect --table
            """)

    @Argument(help: ArgumentHelp("A CSV file, or a run. The newest run when left out.", valueName: "log"))
    var log: String?

    @Option(name: .long, help: ArgumentHelp("A rule; may be given several times.", valueName: "rule"))
    var rule: [SpikeRuleName] = []

    @Option(name: .long, help: "The sum above which Understudy's own rule accepts no value into its baseline.")
    var freezeSum = SpikeDetectorSpec().freezeSum

    @Option(name: .long, help: "The sum above which it holds a value back until the sum is zero again.")
    var holdSum = SpikeDetectorSpec().holdSum

    @Flag(name: .long, help: "Measure every rule on synthetic curves instead.")
    var table = false

    @Option(name: .long, help: "With --table: curves for each event.")
    var trials = 400

    @Option(name: .long, help: "With --table: steps without any event.")
    var quietSteps = 1_000_000

    @Option(name: .long, help: "With --table: autocorrelation of the noise.")
    var autocorrelation = 0.3

    @Option(name: .long, help: "With --table: names the curves.")
    var seed: UInt64 = 1

    @OptionGroup var runs: RunsOption
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard trials > 0, quietSteps > 0 else { throw ValidationError("--trials and --quiet-steps take at least 1") }
        guard autocorrelation >= 0, autocorrelation < 1 else {
            throw ValidationError("--autocorrelation takes 0 or more and less than 1")
        }
        guard !table || log == nil else { throw ValidationError("--table draws its own curves: name no log with it") }
    }

    func run() throws {
        if table {
            measure()
        } else {
            let (source, log) = try curve()
            let document = DetectionDocument(
                source: source, log: log, rules: rule.isEmpty ? [.cusum] : rule, settings: settings)
            output.print(document) { width, style in detectionLines(document, width: width, style: style) }
        }
    }

    private var settings: LossSpikeSpec {
        LossSpikeSpec(detector: SpikeDetectorSpec(holdSum: holdSum, freezeSum: freezeSum))
    }

    /// The curve that was named: a file where there is one, else a run.
    private func curve() throws -> (source: String, LossLog) {
        var isFolder: ObjCBool = false
        guard let log, FileManager.default.fileExists(atPath: log, isDirectory: &isFolder), !isFolder.boolValue else {
            var target = RunArgument()
            target.run = log
            target.runs = runs
            let source = try target.source()
            return (source.history.run?.name ?? "the run", LossLog(source.history))
        }
        do {
            return (log, try LossLog(csv: try String(contentsOfFile: log, encoding: .utf8)))
        } catch let error as LossLog.Malformed {
            throw Failure(.usage, "\(log): \(error)")
        } catch { throw Failure(.failed, "\(log) cannot be read: \(error.localizedDescription)") }
    }

    private func measure() {
        // Measuring takes a while, so what is measured is told first.
        if !output.json {
            print(
                "seed \(seed), \(trials) curves an event, \(quietSteps) quiet steps, autocorrelation \(autocorrelation)"
            )
        }
        let document = RuleTrialsDocument(
            rules: rule.isEmpty ? SpikeRuleName.allCases : rule, settings: settings, trials: trials,
            quietSteps: quietSteps, autocorrelation: autocorrelation, seed: seed)
        // As wide as it is, whatever the terminal: a table of figures that are cut short says nothing.
        output.print(document) { _, _ in document.lines }
    }
}

extension SpikeRuleName: ExpressibleByArgument {}
