// `understudy simulate`: one history of a run on a cluster nobody has rented, or the distribution of many. Says first how
// to get the same again. Refuses to decide what to do about the result; it says what the biggest losses were.

import ArgumentParser
import ControlPlane
import Foundation
import Journaling
import Primitives
import Reports
import Simulation

struct SimulateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate", abstract: "Live a run through on a simulated cluster, failures included.",
        discussion: """
            Examples:
              understudy simulate jobs/opt-175b.yaml --cluster clusters/opt-124x8-a100.yaml
              understudy simulate jobs/llama3-405b.yaml --cluster clusters/llama3-2048x8-h100.yaml --until 54d --replicas 100

            One history is a run like any other: show, incidents and timeline work on it. Many are a distribution, and \
            nothing of them is kept.
            """)

    @OptionGroup var input: SimulationOptions

    @Option(name: .long, help: ArgumentHelp("Live so many lives, from the seed on.", valueName: "count"))
    var replicas: Int?

    @OptionGroup var runs: RunsOption
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let replicas, !(1...1_000_000).contains(replicas) {
            throw ValidationError("--replicas takes a number from 1 to 1000000")
        }
    }

    func run() throws {
        let read = try input.read()
        let again =
            "understudy simulate \(input.commandLine) --seed \(input.seed)"
            + (replicas.map { " --replicas \($0)" } ?? "")
        if !output.json { print("seed \(input.seed); again with: \(again)") }
        if let replicas {
            let lives = try livesOf(read, first: input.seed, count: replicas)
            let document = try ReplicasDocument(read, lives, again: again)
            output.print(document) { width, style in document.lines(width: width, style: style) }
        } else {
            try liveOne(read)
        }
    }

    private func liveOne(_ read: SimulationInput) throws {
        let (folder, tally) = try recordSimulation(read, seed: input.seed, in: runs.directory)
        let source = try readRun(folder)
        let plot = "\(folder.exports)/loss.svg"
        do { try lossPlot(source).write(toFile: plot, atomically: true, encoding: .utf8) } catch {
            warn("the loss plot \(plot) cannot be written: \(error.localizedDescription)")
        }
        let scenario = try read.scenario(seed: input.seed)
        output.print(RunDocument(source)) { width, style in
            simulationLines(source, tally, read, scenario, width: width, style: style)
        }
    }
}

/// One history in a page: what happened, where the time went, what it cost, what to change.
private func simulationLines(
    _ source: RunSource, _ tally: RunTally, _ input: SimulationInput, _ scenario: Scenario, width: Int?, style: Style
) -> [String] {
    let history = source.history
    let ledger = history.ledger
    var lines = [style.apply(.bold, to: source.name) + ": " + source.reason]
    var facts = Table([.left(""), .flexible("")])
    facts.add(["gang", "\(input.job.spec.nodes) nodes of \(input.cluster.name), \(input.cluster.spares.count) spares"])
    facts.add(["steps", "\(history.committed) of \(scenario.plan.steps)"])
    facts.add(["step", "\(scenario.cost.step) undisturbed, \(input.stepSource)"])
    facts.add(["took", "\(ledger.elapsed); without a failure \(scenario.cost.step * Int64(history.committed))"])
    facts.add(["interruptions", "\(tally.interruptions) in \(tally.segments) segments"])
    facts.add(["cost", "\(compact(input.dollars(ledger.elapsed))) USD for \(input.paidNodes) nodes"])
    lines += facts.lines(width: width, style: .plain, hasHeader: false).map { "  " + $0 }
    lines += ["", style.apply(.bold, to: "Where the time went")]
    lines += ledgerTable(history).lines(width: width, style: style)
    if !tally.causes.isEmpty {
        var causes = Table([.left("CAUSE"), .right("STRUCK")])
        for (cause, count) in tally.causes.sorted(by: { ($1.count, $0.cause) < ($0.count, $1.cause) }) {
            causes.add([cause, "\(count)"])
        }
        lines += ["", style.apply(.bold, to: "What broke")] + causes.lines(width: width, style: style)
    }
    lines += ["", style.apply(.bold, to: "What to change")] + advice(ledger, tally, scenario).map { "  " + $0 }
    lines += ["", "see more with: understudy incidents \(source.name), understudy timeline \(source.name)"]
    return lines
}

/// The biggest loss and what it answers to.
private func advice(_ ledger: Ledger, _ tally: RunTally, _ scenario: Scenario) -> [String] {
    let losses = LedgerItem.allCases.filter { $0 != .productive && ledger[$0] > .zero }
        .sorted { ledger[$0] > ledger[$1] }
    guard let worst = losses.first, tally.interruptions > 0 else { return ["nothing was lost worth a change"] }
    let remedy =
        switch worst {
        case .replayed: "save more often"
        case .checkpoint: "save less often, or make the snapshot shorter"
        case .detection: "notice failures sooner"
        case .restart, .queued: "more spares, a faster swap, a faster restart, or `recovery: peer`"
        case .stalled, .productive: "nothing else"
        }
    let share = percent(ledger[worst].seconds / max(1, ledger.elapsed.seconds))
    let between = TimeSpan.seconds(ledger.elapsed.seconds / Double(tally.interruptions))
    let daly = CheckpointInterval.daly(cost: scenario.cost.snapshot, meanTimeBetweenFailures: between)
    let interval = scenario.cost.step * Int64(scenario.plan.checkpointInterval)
    let steps = max(1, Int((daly.seconds / scenario.cost.step.seconds).rounded()))
    return [
        "\(share) of the time went to \(worst.rawValue): \(remedy)",
        "a failure every \(between): Daly's interval is \(daly) (\(steps) steps), the job saves every \(interval)",
    ]
}
