// What a plan becomes when things break: the same step lived through many times with the cluster's failures, and the
// checkpoint interval that would have cost least, by formula and by trying. Refuses clusters that name no failures: it
// would have nothing to say.

import Hardware
import Primitives
import Reports
import SpecFiles
import Simulation

/// A run with failures, as a distribution over lives.
struct FailureOutlook: Codable {
    /// The fifth, fiftieth and ninety-fifth of a hundred.
    struct Spread: Codable {
        var p5: Double
        var p50: Double
        var p95: Double

        init(_ values: [Double]) {
            let all = Distribution(values)
            (p5, p50, p95) = (all.quantile(0.05).value, all.quantile(0.5).value, all.quantile(0.95).value)
        }
    }

    /// A checkpoint interval and what a life with it took in the median.
    struct Interval: Codable {
        var steps: Int
        var days: Double
    }

    var replicas: Int
    /// Lives that completed every step before the simulated time was over.
    var completed: Int
    var days: Spread
    var usd: Spread
    var megawatt_hours: Spread?
    var interruptions: Spread
    /// Productive time over elapsed time.
    var ettr: Spread
    var hours_between_interruptions: Double?
    /// The job's own interval, in steps.
    var save_interval: Int
    /// Young's and Daly's optimum for the snapshot's cost, in steps; nil where nothing interrupts the run.
    var young_interval: Int?
    var daly_interval: Int?
    /// Intervals that were tried, each over the same seeds.
    var tried: [Interval]
    /// The one of them that took least.
    var best_interval: Int?

    /// The outlook of `plan` over `replicas` lives from `seed` on; nil where its cluster names no failures.
    init?(_ plan: Plan, replicas: Int, seed: UInt64) throws {
        guard replicas > 0, !plan.cluster.failureModes.isEmpty else { return nil }
        let scenario: Scenario
        do {
            scenario = try Scenario(
                job: plan.job, cluster: plan.cluster, seed: seed, step: .seconds(plan.estimate.time.total))
        } catch { throw Failure(.infeasible, "\(error)") }
        let lives = livesOf(scenario, first: seed, count: replicas)
        self.replicas = replicas
        completed = lives.count { $0.outcome == .completed }
        days = Spread(lives.map { $0.elapsed.seconds / 86_400 })
        usd = Spread(lives.map { plan.dollars($0.elapsed.seconds, spares: plan.cluster.spares.count) })
        let energy = lives.compactMap { plan.megawattHours($0.elapsed.seconds) }
        megawatt_hours = energy.isEmpty ? nil : Spread(energy)
        interruptions = Spread(lives.map { Double($0.interruptions) })
        ettr = Spread(lives.map(\.effectiveTrainingTimeRatio))
        save_interval = scenario.plan.checkpointInterval
        tried = []
        let broken = lives.reduce(0) { $0 + $1.interruptions }
        guard broken > 0 else { return }
        let between = lives.reduce(0) { $0 + $1.elapsed.seconds } / Double(broken)
        hours_between_interruptions = between / 3_600
        let mtbf = TimeSpan.seconds(between)
        func steps(_ span: TimeSpan) -> Int { max(1, Int((span.seconds / scenario.cost.step.seconds).rounded())) }
        let daly = steps(CheckpointInterval.daly(cost: scenario.cost.snapshot, meanTimeBetweenFailures: mtbf))
        young_interval = steps(CheckpointInterval.young(cost: scenario.cost.snapshot, meanTimeBetweenFailures: mtbf))
        daly_interval = daly
        tried = FailureOutlook.tryIntervals(scenario, near: daly, replicas: max(5, replicas / 5), seed: seed)
        best_interval = tried.min { ($0.days, $0.steps) < ($1.days, $1.steps) }?.steps
    }

    /// Half and double Daly's interval, what lies between, and the job's own.
    private static func tryIntervals(
        _ scenario: Scenario, near daly: Int, replicas: Int, seed: UInt64
    ) -> [Interval] {
        let factors = [0.5, 0.71, 1, 1.41, 2]
        var candidates = factors.map { max(1, Int((Double(daly) * $0).rounded())) }
        candidates.append(scenario.plan.checkpointInterval)
        var tried: [Interval] = []
        for steps in candidates.sorted() where tried.last?.steps != steps {
            var varied = scenario
            varied.plan.checkpointInterval = steps
            let days = livesOf(varied, first: seed, count: replicas).map { $0.elapsed.seconds / 86_400 }
            tried.append(Interval(steps: steps, days: Distribution(days).quantile(0.5).value))
        }
        return tried
    }

    /// The outlook as lines of text, beside what the run takes if nothing breaks.
    func lines(_ plan: Plan, width: Int?, style: Style) -> [String] {
        var table = Table([.left("WITH FAILURES"), .right("NONE"), .right("P5"), .right("P50"), .right("P95")])
        func add(_ name: String, none: String, _ spread: Spread, _ text: (Double) -> String) {
            table.add([name, none, text(spread.p5), text(spread.p50), text(spread.p95)])
        }
        let seconds = plan.estimate.seconds
        add("days", none: fixed(seconds / 86_400, 1), days) { fixed($0, 1) }
        add("USD", none: compact(plan.dollars(seconds, spares: 0)), usd) { compact($0) }
        if let megawatt_hours {
            add("MWh", none: compact(plan.megawattHours(seconds) ?? 0), megawatt_hours) { compact($0) }
        }
        add("interruptions", none: "0", interruptions) { fixed($0, 0) }
        add("ETTR", none: percent(1), ettr) { percent($0) }
        var lines = table.lines(width: width, style: style)
        lines.append(
            "from \(replicas) lives of random failures; \(completed) completed; spares are paid for where things break")
        guard let best_interval, let young_interval, let daly_interval, let hours = hours_between_interruptions else {
            return lines
        }
        let all = tried.map { "\($0.steps): \(fixed($0.days, 1))" }.joined(separator: ", ")
        lines.append(
            "an interruption every \(fixed(hours, 1)) h: save every \(young_interval) steps (Young), \(daly_interval) (Daly), "
                + "\(best_interval) (best of those simulated); the job saves every \(save_interval)")
        lines.append("days by steps between saves: \(all)")
        return lines
    }
}
