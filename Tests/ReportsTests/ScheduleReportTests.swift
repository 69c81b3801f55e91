// The report of a trace replay: what its charts show adds up to the figures beside them, and its size follows from a
// screen's and not from the trace's. What it looks like is judged in a browser. Refuses policies' worth.

import Foundation
import Primitives
import Replay
import Scheduling
import Testing

@testable import Reports

@Suite("The report of a trace")
struct ScheduleReportTests {
    private let pool = NodePool(accelerator: "gpu", count: 4, gpusPerNode: 8)

    /// `count` jobs of 1 to 16 GPUs, one every 30 s.
    private func trace(_ count: Int) -> Trace {
        var stream = RandomStream(seed: 9, named: "test/report")
        let jobs = (0..<count).map { index in
            TraceJob(
                name: "\(index)<b>", submitted: .zero + .seconds(Int64(index * 30)),
                duration: .seconds(Int64(1 + stream.integer(below: 600))), gpus: 1 + stream.integer(below: 16))
        }
        return Trace(jobs: jobs, teams: [])
    }

    private func report(_ trace: Trace, _ policies: [Policy]) -> (ScheduleReport, [ReplayResult]) {
        let results = policies.map { policy in
            var options = ReplayOptions(policy: policy, pools: [pool])
            options.keepsHistory = true
            return replay(trace, options)
        }
        let parts = zip(policies, results).map { ScheduleReport.Part($0, $1) }
        return (ScheduleReport(title: "made up", trace, pools: [pool], parts: parts), results)
    }

    @Test func `the cluster over time adds up to the figures`() throws {
        let trace = trace(300)
        let (report, results) = report(trace, [.fifo, .srtf])
        for (policy, result) in zip(report.policies, results) {
            let held = result.outcomes.reduce(0) { $0 + $1.heldGPUSeconds }
            let drawn = policy.course.used.reduce(0, +) * policy.course.part_s * 32
            #expect(abs(drawn - held) < held * 1e-4, "\(policy.figures.policy): \(drawn) of \(held)")
            let scattered = policy.course.fragmented.reduce(0, +) * policy.course.part_s * 32
            #expect(abs(scattered - result.fragmentedGPUSeconds) <= held * 1e-4)
            #expect(policy.course.closed.allSatisfy { $0 == 0 })
        }
    }

    @Test func `distributions are bounded, rise to one and begin and end with the least and the greatest`() throws {
        let trace = trace(2_000)
        let (report, results) = report(trace, [.fifo])
        let times = zip(trace.jobs, results[0].outcomes).compactMap { job, outcome in
            outcome.ended.map { ($0 - job.submitted).seconds }
        }
        let completion = try #require(report.policies.first).completion
        #expect(completion.seconds.count <= ScheduleReport.points && completion.seconds == completion.seconds.sorted())
        #expect(completion.share.last == 1 && completion.share == completion.share.sorted())
        #expect(completion.seconds.first == rounded(try #require(times.min())))
        #expect(completion.seconds.last == rounded(try #require(times.max())))
    }

    @Test func `few jobs are drawn one by one and many as how full their nodes were`() throws {
        let (few, _) = report(trace(50), [.fifo])
        let bars = try #require(few.policies.first).nodes
        #expect(bars.fill.isEmpty && Set(bars.bars.map(\.job)).count == 50)
        let (many, results) = report(trace(8_000), [.fifo])
        let nodes = try #require(many.policies.first).nodes
        #expect(nodes.bars.isEmpty && nodes.fill.count == 4)
        #expect(nodes.fill.allSatisfy { $0.count == ScheduleReport.parts })
        // Eighths of a node, rounded: within a sixteenth of the truth in the mean.
        let drawn =
            nodes.fill.joined().reduce(0.0) { $0 + Double($1.wholeNumberValue ?? 0) } / Double(4 * ScheduleReport.parts)
        let held = results[0].outcomes.reduce(0) { $0 + $1.heldGPUSeconds } / 4 / many.length_s
        #expect(abs(drawn - held) < 0.5, "\(drawn) of \(held)")
    }

    @Test func `the page asks for nothing, ends no script early, and does not grow with the trace`() {
        let (small, _) = report(trace(300), [.fifo, .easy])
        let page = scheduleReportPage(small)
        #expect(!page.contains("{{") && !page.contains("http://") && !page.contains("https://"))
        #expect(page.components(separatedBy: "</script>").count == 3 && !page.contains("299<b>"))
        let (large, _) = report(trace(20_000), [.fifo, .easy])
        #expect(scheduleReportPage(large).utf8.count < 250_000)
    }

    @Test func `six figures are kept of every number`() {
        #expect(rounded(123_456_789) == 123_457_000 && rounded(0.000_123_456_78) == 0.000_123_457)
        #expect(rounded(0) == 0 && rounded(-1.234_567_8) == -1.234_57 && rounded(999_999.6) == 1_000_000)
    }
}
