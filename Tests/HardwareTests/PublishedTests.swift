// The model against published measurements. The limits are what it reached when its constants were fitted: a change that
// makes it worse fails here. Rows that it gets wrong are in docs/scoreboard.md. Refuses to fit to rows kept for checking.

import Foundation
import Hardware
import Jobs
import SpecFiles
import Testing

@Suite("Published runs") struct PublishedTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    private static func rows(_ table: String, isFit: Bool) throws -> [MeasuredStep] {
        let path = "\(root)/docs/reference/step_times.csv"
        let all = try StepTable(String(contentsOfFile: path, encoding: .utf8), path: path).entries
        return all.filter { $0.step.table == table && $0.isFit == isFit }.map(\.step)
    }

    @Test(arguments: [
        ("sc21_table1", "megatron-2021", 0.03, 0.12), ("vtrain_multi", "megatron-deepspeed", 0.07, 0.40),
        ("vtrain_single", "megatron-deepspeed", 0.09, 0.30),
    ])
    func `rows kept for checking are predicted`(table: String, software: String, mean: Double, worst: Double) throws {
        let constants = try #require(SoftwareConstants.named(software))
        let rows = try Self.rows(table, isFit: false)
        #expect(rows.count >= 5)
        let error = FitError(rows, constants)
        #expect(error.mean <= mean)
        #expect(error.worst <= worst)
    }

    @Test func `a fit finds constants that explain what constants made`() throws {
        let rows = try Self.rows("sc21_table1", isFit: true)
        let truth = try #require(SoftwareConstants.named("megatron-2021"))
        let made = rows.map { row -> MeasuredStep in
            var row = row
            row.seconds = row.predicted(truth)
            return row
        }
        let found = calibrate(made)
        #expect(FitError(made, found).mean < 0.01)
        #expect(calibrate(made) == found)
    }

    /// Published days of computing, or accelerator-hours, of whole runs that no row was fitted to.
    @Test(arguments: [
        // 33 days on 1,024 accelerators are 811,008 hours (chronicles of OPT, final_update.md).
        ("opt-175b", "opt-124x8-a100", 811_008.0, 0.10),
        // 14.8 days on 10,000 (arXiv 2104.10350).
        ("gpt3-175b", "gpt3-1250x8-v100", 3_552_000, 0.10),
        // LLaMA, arXiv 2302.13971, table 15.
        ("llama-65b", "llama-256x8-a100", 1_022_362, 0.10),
    ])
    func `whole runs take what they took`(job: String, cluster: String, hours: Double, within: Double) throws {
        let spec = try SpecReader.job(path: "\(Self.root)/jobs/\(job).yaml", overrides: []).spec
        let machine = try SpecReader.cluster(path: "\(Self.root)/clusters/\(cluster).yaml").machine(spec.precision)
        let estimate = RunEstimate(
            spec.workload, steps: spec.training.steps, on: machine, SoftwareConstants.usual(for: machine).constants)
        #expect(estimate.fits)
        #expect(Paper.isNear(estimate.seconds / 3600 * Double(spec.workers), hours, within: within))
    }
}
