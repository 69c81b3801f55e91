// `sweep` over each thing it can vary, on a shipped job for a few simulated days. Refuses figures of the runs; the
// simulation's own tests have those.

import Foundation
import ProcessHarness
import Testing

extension CommandLineTool {
    @Suite("Sweep")
    struct Sweep {
        private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().path

        private struct Document: Decodable {
            struct Row: Decodable {
                struct Quantile: Decodable { var value: Double }
                var value: String
                var days_per_thousand_steps: Quantile
                var usd_per_thousand_steps: Quantile
            }
            var knee: String
            var rows: [Row]
        }

        /// A sweep of OPT's run over `variation`, three days of it with two lives each.
        private func sweep(_ variation: String, _ arguments: [String] = [], in scenario: Scenario) async throws
            -> Document
        {
            let said = try await scenario.understudy(
                [
                    "sweep", "\(Sweep.root)/jobs/opt-175b.yaml", "--cluster",
                    "\(Sweep.root)/clusters/opt-124x8-a100.yaml", "--until", "3d", "--replicas", "2", "--over",
                    variation,
                    "--json",
                ] + arguments)
            #expect(said.code == 0, "\(said.errors)")
            return try JSONDecoder().decode(Document.self, from: Data(said.output.utf8))
        }

        @Test(arguments: [
            "checkpoint.save_interval=100,400", "spares=0,12", "detect=1min,2h", "recovery=checkpoint,peer",
            "nodes=62,124",
        ])
        func `each thing varied has a row a value, and the knee is the first within 1 percent`(
            variation: String
        ) async throws {
            try await Scenario.play { scenario in
                let found = try await sweep(variation, in: scenario)
                let values = try #require(variation.split(separator: "=").last).split(separator: ",").map(String.init)
                #expect(found.rows.map(\.value) == values)
                let times = found.rows.map(\.days_per_thousand_steps.value)
                let knee = times.firstIndex { $0 <= times.min()! * 1.01 }
                #expect(found.knee == found.rows[try #require(knee)].value)
                #expect(times.allSatisfy { $0 > 0 && $0.isFinite })
            }
        }

        @Test func `noticing sooner, more spares and peers never make the same failures cost more`() async throws {
            try await Scenario.play { scenario in
                for (variation, worse) in [("detect=1min,2h", 1), ("spares=0,12", 0), ("recovery=checkpoint,peer", 0)] {
                    let times = try await sweep(variation, in: scenario).rows.map(\.days_per_thousand_steps.value)
                    #expect(times[worse] >= times[1 - worse], "\(variation): \(times)")
                }
            }
        }

        @Test func `the chart names the knee and marks every value`() async throws {
            try await Scenario.play { scenario in
                let found = try await sweep("spares=0,4,12", ["--svg", "chart.svg"], in: scenario)
                let chart = try String(contentsOfFile: "\(scenario.folder)/chart.svg", encoding: .utf8)
                #expect(chart.contains("knee at \(found.knee)") && chart.contains(">knee</text>"))
                #expect(chart.components(separatedBy: "<circle").count - 1 == 6)
                #expect(chart.hasSuffix("</svg>") || chart.hasSuffix("</svg>\n"))
            }
        }
    }
}
