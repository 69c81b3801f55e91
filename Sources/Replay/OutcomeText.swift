// The outcome of every job as a table of comma-separated values. Times are seconds of the trace's clock, without a
// fraction where there is none, so that tables of simulators that count seconds can be compared to the letter. Refuses
// to round.

import Primitives
import Scheduling

/// `job_id,start_time,end_time,queue,ckpt_times`, a row for each job in the order of submission: when it was started
/// first, when it ended, how long it was queued in all, how often it was stopped for another. Jobs that never started
/// or never ended have empty fields there. The columns are those of HeliosArtifact's simulator.
public func outcomesCSV(_ trace: Trace, _ result: ReplayResult) -> String {
    var text = "job_id,start_time,end_time,queue,ckpt_times\n"
    for (job, outcome) in zip(trace.jobs, result.outcomes) {
        let start = outcome.started.map { secondsText(($0 - .zero)) } ?? ""
        let end = outcome.ended.map { secondsText(($0 - .zero)) } ?? ""
        text += "\(job.name),\(start),\(end),\(secondsText(outcome.queued)),\(outcome.preemptions)\n"
    }
    return text
}

/// `span` in seconds with as many figures after the point as it needs, at most nine.
func secondsText(_ span: TimeSpan) -> String {
    let nanoseconds = span.nanoseconds.magnitude
    let sign = span.nanoseconds < 0 ? "-" : ""
    guard nanoseconds % 1_000_000_000 != 0 else { return "\(sign)\(nanoseconds / 1_000_000_000)" }
    var fraction = String(nanoseconds % 1_000_000_000)
    fraction = String(repeating: "0", count: 9 - fraction.count) + fraction
    while fraction.last == "0" { fraction.removeLast() }
    return "\(sign)\(nanoseconds / 1_000_000_000).\(fraction)"
}
