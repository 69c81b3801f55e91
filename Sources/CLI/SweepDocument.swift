// A sweep as a document, a table and a chart. The knee is where the rest of the way to the best is not worth a further
// value: the first row within 1 % of the least median time to do a step's work. Refuses to interpolate.

import Primitives
import Reports
import Simulation

/// One thing varied.
struct SweepDocument: Codable {
    struct Row: Codable {
        var value: String
        /// Days to the end, or to the end of the simulated time.
        var days: Quantile
        var days_p95: Quantile
        var usd: Quantile
        var ettr: Quantile
        var interruptions: Quantile
        /// US dollars for a thousand steps: comparable when runs are cut off at one time.
        var usd_per_thousand_steps: Quantile
        /// Days for a thousand steps.
        var days_per_thousand_steps: Quantile

        init(_ value: String, _ input: SimulationInput, _ lives: [RunTally]) throws {
            self.value = value
            func median(_ p: Double = 0.5, _ figure: (RunTally) -> Double) -> Quantile {
                Distribution(lives.map(figure)).quantile(p)
            }
            func perThousand(_ figure: Double, _ life: RunTally) -> Double {
                figure * 1_000 / Double(max(1, life.committed))
            }
            days = median { $0.elapsed.seconds / 86_400 }
            days_p95 = median(0.95) { $0.elapsed.seconds / 86_400 }
            usd = median { input.dollars($0.elapsed) }
            ettr = median { $0.effectiveTrainingTimeRatio }
            interruptions = median { Double($0.interruptions) }
            usd_per_thousand_steps = median { perThousand(input.dollars($0.elapsed), $0) }
            days_per_thousand_steps = median { perThousand($0.elapsed.seconds / 86_400, $0) }
        }
    }
    var schema = "understudy/sweep/v1"
    var over: String
    var again: String
    var replicas: Int
    var rows: [Row]
    /// The first value within 1 % of the best.
    var knee: String

    init(over: String, again: String, replicas: Int, rows: [Row]) {
        self.over = over
        self.again = again
        self.replicas = replicas
        self.rows = rows
        let best = rows.map(\.days_per_thousand_steps.value).min() ?? 0
        knee = rows.first { $0.days_per_thousand_steps.value <= best * 1.01 }?.value ?? ""
    }

    /// The document as text.
    func lines(width: Int?, style: Style) -> [String] {
        var table = Table([
            .left(over.uppercased()), .right("DAYS P50"), .right("DAYS P95"), .right("USD"), .right("ETTR"),
            .right("INTERRUPTIONS"), .right("DAYS/1000 STEPS"), .left(""),
        ])
        for row in rows {
            table.add([
                row.value, fixed(row.days.value, 2), fixed(row.days_p95.value, 2), compact(row.usd.value),
                percent(row.ettr.value), fixed(row.interruptions.value, 0),
                fixed(row.days_per_thousand_steps.value, 4), row.value == knee ? "<- knee" : "",
            ])
        }
        return table.lines(width: width, style: style)
            + ["The knee is the first value within 1 % of the least time for a step's work; \(replicas) lives each."]
    }
}

/// The chart of a sweep: time and dollars for a step's work, relative to the least of each.
func sweepChart(_ document: SweepDocument) -> String {
    relativeChart(
        title: "\(document.over), \(document.replicas) lives each; knee at \(document.knee)",
        names: ("time", "dollars"),
        points: document.rows.map {
            ($0.value, $0.days_per_thousand_steps.value, $0.usd_per_thousand_steps.value)
        }, marked: document.knee)
}
