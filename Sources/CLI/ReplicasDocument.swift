// The distribution over many lives as a document and as a table. Refuses means; see Distribution.

import Primitives
import Reports
import Simulation

/// What many lives of a run came to.
struct ReplicasDocument: Codable {
    struct Row: Codable {
        var figure: String
        var unit: String
        var p5: Quantile
        var p50: Quantile
        var p95: Quantile
    }
    var schema = "understudy/replicas/v1"
    var again: String
    var first_seed: UInt64
    var replicas: Int
    /// Lives that completed every step before the simulated time was over.
    var completed: Int
    var ideal_days: Double
    var rows: [Row]
    /// How often each cause struck the gang.
    var causes: [Row]

    init(_ input: SimulationInput, _ lives: [RunTally], again: String) throws {
        self.again = again
        first_seed = lives[0].seed
        replicas = lives.count
        completed = lives.count { $0.outcome == .completed }
        ideal_days = try input.scenario(seed: lives[0].seed).idealTime.seconds / 86_400
        func row(_ figure: String, _ unit: String, _ value: (RunTally) -> Double) -> Row {
            let all = Distribution(lives.map(value))
            return Row(
                figure: figure, unit: unit, p5: all.quantile(0.05), p50: all.quantile(0.5), p95: all.quantile(0.95))
        }
        rows = [
            row("time", "days") { $0.elapsed.seconds / 86_400 },
            row("cost", "USD") { input.dollars($0.elapsed) },
            row("interruptions", "") { Double($0.interruptions) },
            row("ETTR", "%") { $0.effectiveTrainingTimeRatio * 100 },
            row("steps", "") { Double($0.committed) },
        ]
        var names: [String] = []
        for life in lives { for (cause, _) in life.causes where !names.contains(cause) { names.append(cause) } }
        causes = names.sorted().map { name in row(name, "") { Double($0.count(of: name)) } }
    }

    /// The document as text.
    func lines(width: Int?, style: Style) -> [String] {
        func table(_ title: String, _ rows: [Row]) -> [String] {
            var table = Table([.left(title), .right("P5"), .right("P50"), .right("P95"), .left("P50 IS WITHIN (95 %)")])
            for row in rows {
                func text(_ value: Double) -> String {
                    value >= 10_000 ? compact(value) : fixed(value, row.unit.isEmpty ? 0 : 1)
                }
                table.add([
                    row.unit.isEmpty ? row.figure : "\(row.figure) (\(row.unit))", text(row.p5.value),
                    text(row.p50.value), text(row.p95.value), "\(text(row.p50.low)) to \(text(row.p50.high))",
                ])
            }
            return table.lines(width: width, style: style)
        }
        return
            ["\(replicas) lives, \(completed) completed; without a failure it takes \(fixed(ideal_days, 1)) days"]
            + table("FIGURE", rows) + (causes.isEmpty ? [] : [""] + table("CAUSE", causes))
    }
}
