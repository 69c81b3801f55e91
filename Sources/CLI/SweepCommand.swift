// `understudy sweep`: the same run with one thing varied, each value over the same seeds, so that differences are the
// variation's and not chance's. A table, a chart, and the knee: where more stops helping. Refuses two dimensions.

import ArgumentParser
import Foundation
import Hardware
import Jobs
import Primitives
import Reports
import Simulation

struct SweepCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sweep", abstract: "Vary one thing of a simulated run: what it costs and when it ends.",
        discussion: """
            What can be varied:  checkpoint.save_interval=50,100,200   spares=0,4,16   detect=10s,1min,10min
                                 recovery=peer,checkpoint              nodes=64,128,256

            Example:  understudy sweep jobs/llama3-405b.yaml --cluster clusters/llama3-2048x8-h100.yaml --until 10d \
            --over checkpoint.save_interval=25,50,100,200,400 --replicas 20
            """)

    @OptionGroup var input: SimulationOptions

    @Option(name: .long, help: ArgumentHelp("What to vary, and its values.", valueName: "key=a,b,c"))
    var over: String

    @Option(name: .long, help: ArgumentHelp("Lives for each value.", valueName: "count"))
    var replicas = 20

    @Option(name: .long, help: ArgumentHelp("Write the chart to this SVG file.", valueName: "file"))
    var svg: String?

    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...100_000).contains(replicas) else { throw ValidationError("--replicas takes 1 to 100000") }
        _ = try variation()
    }

    func run() throws {
        let (key, values) = try variation()
        let read = try input.read()
        let again = "understudy sweep \(input.commandLine) --seed \(input.seed) --over \(over) --replicas \(replicas)"
        if !output.json { print("seeds from \(input.seed); again with: \(again)") }
        var rows: [SweepDocument.Row] = []
        for value in values {
            let varied = try key.vary(read, to: value)
            let lives = try livesOf(varied, first: input.seed, count: replicas)
            rows.append(try SweepDocument.Row(value, varied, lives))
        }
        let document = SweepDocument(over: key.rawValue, again: again, replicas: replicas, rows: rows)
        if let svg {
            do { try sweepChart(document).write(toFile: svg, atomically: true, encoding: .utf8) } catch {
                throw Failure(.failed, "the chart \(svg) cannot be written: \(error.localizedDescription)")
            }
        }
        output.print(document) { width, style in document.lines(width: width, style: style) }
    }

    private func variation() throws -> (SweepKey, [String]) {
        let parts = over.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2, let key = SweepKey(rawValue: parts[0]) else {
            throw ValidationError(
                "--over takes \(SweepKey.allCases.map(\.rawValue).joined(separator: "=…, "))=…, not '\(over)'")
        }
        let values = parts[1].split(separator: ",").map(String.init)
        guard values.count >= 2 else {
            throw ValidationError("--over takes at least two values, as in \(key.rawValue)=a,b")
        }
        return (key, values)
    }
}

/// What a sweep can vary.
enum SweepKey: String, CaseIterable {
    case saveInterval = "checkpoint.save_interval"
    case spares
    case detect
    case recovery
    case nodes

    /// `input` with this set to `value`.
    func vary(_ input: SimulationInput, to value: String) throws -> SimulationInput {
        var varied = input
        func whole(from least: Int) throws -> Int {
            guard let count = Int(value), count >= least else {
                throw Failure(.usage, "\(rawValue) takes whole numbers from \(least), not '\(value)'")
            }
            return count
        }
        switch self {
        case .saveInterval: varied.job.spec.checkpoint.interval = try whole(from: 1)
        case .spares: varied.cluster.spares.count = try whole(from: 0)
        case .nodes:
            varied.job.spec.nodes = try whole(from: 1)
            guard varied.job.spec.nodes <= varied.job.spec.training.microBatches else {
                throw Failure(
                    .usage, "\(value) nodes, but a step has \(varied.job.spec.training.microBatches) micro-batches")
            }
        case .detect:
            guard let span = TimeSpan(argument: value), span >= .zero else {
                throw Failure(.usage, "detect takes times like 30s, not '\(value)'")
            }
            for index in varied.cluster.failureModes.indices { varied.cluster.failureModes[index].detect = span }
        case .recovery:
            guard let recovery = FaultToleranceSpec.Recovery(rawValue: value) else {
                throw Failure(.usage, "recovery is peer or checkpoint, not '\(value)'")
            }
            varied.job.spec.faultTolerance.recovery = recovery
            varied.job.spec.faultTolerance.onWorkerLoss = recovery == .peer ? .spare : .wait
        }
        return varied
    }
}
