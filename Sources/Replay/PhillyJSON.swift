// Philly's `cluster_job_log`: a JSON array of jobs with their attempts. A job runs from its first attempt's start to its
// last one's end, on the GPUs of its first attempt; what it lost between attempts is part of its run time, as it was of
// the recorded one. Refuses the other files of that trace.

import Foundation
import Primitives

private struct PhillyJob: Decodable {
    struct Attempt: Decodable {
        struct Detail: Decodable {
            var gpus: [String]
        }
        var start_time: String?
        var end_time: String?
        var detail: [Detail]?
    }
    var jobid: String?
    var vc: String?
    var user: String?
    var submitted_time: String?
    var attempts: [Attempt]?
}

/// One element of the array, or why it is none.
private struct PhillyEntry: Decodable {
    var job: PhillyJob?

    init(from decoder: any Decoder) throws { job = try? PhillyJob(from: decoder) }
}

/// Reads the JSON array in `bytes`; problems carry the line on which the job's object begins.
func readPhillyJSON(_ bytes: [UInt8], into collector: inout TraceCollector) throws(TraceError) {
    let entries: [PhillyEntry]
    do { entries = try JSONDecoder().decode([PhillyEntry].self, from: Data(bytes)) } catch {
        throw .badRows(
            [TraceProblem(line: 1, problem: "this is no JSON array of jobs: \(error.localizedDescription)")], count: 1)
    }
    for (entry, line) in zip(entries, linesOfElements(bytes)) {
        guard let job = entry.job else {
            collector.report(line, "a field of this job has the wrong type")
            continue
        }
        guard let name = job.jobid, let text = job.submitted_time, let submitted = calendarSeconds(text) else {
            collector.report(line, "this job lacks a jobid or a submitted_time")
            continue
        }
        let attempts = job.attempts ?? []
        guard let first = attempts.first, let begin = first.start_time, begin != "None" else {
            collector.leaveOut("jobs that never started")
            continue
        }
        guard let end = attempts.last?.end_time, end != "None" else {
            collector.leaveOut("jobs that never ended")
            continue
        }
        guard let from = calendarSeconds(begin), let to = calendarSeconds(end) else {
            collector.report(line, "an attempt of this job has a start_time or an end_time that is no time")
            continue
        }
        let gpus = (first.detail ?? []).reduce(0) { $0 + $1.gpus.count }
        guard gpus > 0 else {
            collector.leaveOut("jobs without a GPU")
            continue
        }
        collector.add(
            name: name, submitted: submitted, duration: to - from, gpus: gpus, team: job.vc ?? "-", line: line)
    }
}

/// The lines, from 1, on which the elements of the outermost array begin.
private func linesOfElements(_ bytes: [UInt8]) -> [Int] {
    var lines: [Int] = []
    var (line, depth, isText, isEscaped) = (1, 0, false, false)
    for byte in bytes {
        if byte == UInt8(ascii: "\n") { line += 1 }
        if isText {
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isText = false
            }
            continue
        }
        switch byte {
        case UInt8(ascii: "\""): isText = true
        case UInt8(ascii: "["), UInt8(ascii: "{"):
            if depth == 1 { lines.append(line) }
            depth += 1
        case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
        default: break
        }
    }
    return lines
}
