// How fast the models are: layouts evaluated, the published runs as their shipped files describe them, the event queue
// alone, and many lives. Times are the machine's; run it on a quiet one. Refuses to judge them.

import Failures
import Foundation
import Hardware
import Primitives
import Simulation
import SpecFiles
import Synchronization

@main
enum SimulationBenchmark {
    static func main() throws {
        let root = CommandLine.arguments.count > 1 ? CommandLine.arguments[1] : "."
        let lives = CommandLine.arguments.count > 2 ? Int(CommandLine.arguments[2]) ?? 1_000 : 1_000
        let history = try FailureScript(
            csv: String(contentsOfFile: "\(root)/clusters/opt-history.csv", encoding: .utf8))
        let opt = try scenario(root, "opt-175b", "opt-124x8-a100", script: history, until: nil)
        let llama = try scenario(root, "llama3-405b", "llama3-2048x8-h100", until: .seconds(Int64(54 * 86_400)))
        // Whoever changes what a life costs compares two programs in turns, and has no time for the rest.
        if !CommandLine.arguments.dropFirst(3).contains("only") {
            report("OPT, 124 nodes, with its history", opt)
            report("Llama 3, 2,048 nodes, 54 days", llama)
            measureQueue()
            try measureLayouts(root)
        }
        let began = ContinuousClock.now
        let next = Mutex(0)
        DispatchQueue.concurrentPerform(iterations: ProcessInfo.processInfo.activeProcessorCount) { _ in
            while next.withLock({ next in
                defer { next += 1 }
                return next < lives ? next : nil
            }).map({ _ = tally(llama.life(seed: UInt64($0 + 1))) }) != nil {}
        }
        let took = seconds(since: began)
        print("\(lives) lives of Llama 3 on all cores: \(text(took)) s; peak memory \(peakMemory()) MB")
    }

    private static func scenario(
        _ root: String, _ job: String, _ cluster: String, script: FailureScript = FailureScript([]), until: TimeSpan?
    ) throws -> Scenario {
        try Scenario(
            job: SpecReader.job(path: "\(root)/jobs/\(job).yaml").spec,
            cluster: SpecReader.cluster(path: "\(root)/clusters/\(cluster).yaml"), seed: 1, script: script, until: until
        )
    }

    private static func report(_ name: String, _ scenario: Scenario) {
        var best = Double.infinity
        var result: RunTally?
        for _ in 0..<5 {
            let began = ContinuousClock.now
            result = tally(scenario)
            best = min(best, seconds(since: began))
        }
        print(
            "\(name): \(text(best * 1_000)) ms (best of 5), \(result!.events) events, "
                + "\(result!.interruptions) interruptions, \(result!.elapsed)")
    }

    private static func measureQueue() {
        for pending in [64, 16_384] {
            let count = 5_000_000
            let began = ContinuousClock.now
            let last = turnQueue(pending: pending, count: count)
            let rate = Double(count) / seconds(since: began) / 1e6
            print("event queue, \(pending) pending: \(text(rate)) million events/s, the last at \(last)")
        }
    }

    /// Estimates of time and memory of GPT-3's workload, each with another micro-batch and another number of stages.
    private static func measureLayouts(_ root: String) throws {
        let spec = try SpecReader.job(path: "\(root)/jobs/gpt3-175b.yaml").spec
        let machine = try SpecReader.cluster(path: "\(root)/clusters/megatron-selene-a100.yaml").machine(spec.precision)
        let constants = SoftwareConstants.usual(for: machine).constants
        let count = 1_000_000
        var work = spec.workload
        var total = 0.0
        let began = ContinuousClock.now
        for index in 0..<count {
            work.microBatch = 1 + index % 4
            work.layout.pipeline = 1 << (index % 7)
            work.layout.zeroStage = index % 4
            let estimate = RunEstimate(work, steps: 1, on: machine, constants)
            total += estimate.time.total + estimate.memory.total
        }
        let took = seconds(since: began)
        print(
            "layouts: \(text(Double(count) / took * 60 / 1e6)) million evaluations of time and memory a minute on one core "
                + "(checksum \(total))")
    }

    private static func seconds(since began: ContinuousClock.Instant) -> Double {
        let span = (ContinuousClock.now - began).components
        return Double(span.seconds) + Double(span.attoseconds) * 1e-18
    }

    private static func text(_ value: Double) -> String { String(format: "%.2f", value) }

    private static func peakMemory() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return Int(usage.ru_maxrss) / 1_024
    }
}
