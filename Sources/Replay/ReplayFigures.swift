// A replay in numbers. Each is defined here and nowhere else, in the glossary's words. Refuses rounding: whoever prints
// rounds.

import Primitives
import Scheduling

/// Figures of one set of jobs.
public struct JobFigures: Equatable, Sendable {
    /// How many jobs ended.
    public var jobs = 0
    /// Mean job completion time, from submission to end, in seconds.
    public var meanJCT = 0.0
    /// Its median and its 99th percentile, in seconds: the value at index ⌊n·p⌋ in ascending order.
    public var medianJCT = 0.0
    /// See `medianJCT`.
    public var p99JCT = 0.0
    /// Mean time in the queue, in seconds.
    public var meanQueue = 0.0
    /// The 99th percentile of the time in the queue, in seconds.
    public var p99Queue = 0.0
    /// Mean of max(1, JCT / max(run time, 10 s)): bounded slowdown (Feitelson et al. 1997, JSSPP).
    public var meanSlowdown = 0.0

    /// Figures of the jobs `indices` of `trace` that ended.
    init(_ indices: [Int], _ trace: Trace, _ outcomes: [JobOutcome]) {
        var times: [Double] = []
        var queues: [Double] = []
        var slowdowns = 0.0
        for index in indices {
            guard let end = outcomes[index].ended else { continue }
            let time = (end - trace.jobs[index].submitted).seconds
            times.append(time)
            queues.append(outcomes[index].queued.seconds)
            slowdowns += max(1, time / max(10, trace.jobs[index].duration.seconds))
        }
        guard !times.isEmpty else { return }
        jobs = times.count
        times.sort()
        queues.sort()
        func quantile(_ sorted: [Double], _ p: Double) -> Double {
            sorted[min(sorted.count - 1, Int(Double(sorted.count) * p))]
        }
        meanJCT = times.reduce(0, +) / Double(jobs)
        medianJCT = quantile(times, 0.5)
        p99JCT = quantile(times, 0.99)
        meanQueue = queues.reduce(0, +) / Double(jobs)
        p99Queue = quantile(queues, 0.99)
        meanSlowdown = slowdowns / Double(jobs)
    }
}

/// Figures of a replay.
public struct ReplayFigures: Equatable, Sendable {
    /// Of all jobs.
    public var all: JobFigures
    /// By GPUs of the gang.
    public var bySize: [(size: String, figures: JobFigures)]
    /// By team, those with most jobs first.
    public var byTeam: [(team: String, figures: JobFigures)]
    /// From the first submission to the last end, in seconds.
    public var makespan = 0.0
    /// GPU time held over GPU time in service.
    public var utilisation = 0.0
    /// GPU time that was free and too scattered for whoever waited, over GPU time in service.
    public var fragmentation = 0.0
    /// GPU time on work that survived over GPU time in service: cluster goodput.
    public var goodput = 0.0
    /// GPU hours that failures threw away.
    public var lostGPUHours = 0.0
    /// GPU hours spent on saving, restoring and resizing.
    public var overheadGPUHours = 0.0
    /// How often a job was stopped for another.
    public var preemptions = 0
    /// How often a failure stopped a job.
    public var interruptions = 0
    /// Nodes that failed.
    public var nodeFailures = 0
    /// Failures that a spare made good.
    public var swaps = 0
    /// Jobs refused at submission.
    public var refused = 0
    /// Jobs that never ended.
    public var unfinished = 0

    /// The figures of `result`, a replay of `trace`.
    public init(_ trace: Trace, _ result: ReplayResult) {
        let outcomes = result.outcomes
        all = JobFigures(Array(trace.jobs.indices), trace, outcomes)
        let classes: [(String, ClosedRange<Int>)] = [
            ("1", 1...1), ("2-4", 2...4), ("5-8", 5...8), ("9-32", 9...32), ("33+", 33...Int.max),
        ]
        bySize = classes.map { name, range in
            (name, JobFigures(trace.jobs.indices.filter { range.contains(trace.jobs[$0].gpus) }, trace, outcomes))
        }.filter { $0.1.jobs > 0 }
        var ofTeam = [[Int]](repeating: [], count: trace.teams.count)
        for index in trace.jobs.indices { ofTeam[trace.jobs[index].team].append(index) }
        byTeam = ofTeam.indices.filter { !ofTeam[$0].isEmpty }
            .sorted { (ofTeam[$1].count, $0) < (ofTeam[$0].count, $1) }
            .map { (trace.teams[$0], JobFigures(ofTeam[$0], trace, outcomes)) }
        let first = trace.jobs.first?.submitted ?? .zero
        makespan = (outcomes.compactMap(\.ended).max().map { $0 - first } ?? .zero).seconds
        var (held, useful) = (0.0, 0.0)
        for (job, outcome) in zip(trace.jobs, outcomes) {
            held += outcome.heldGPUSeconds
            if outcome.ended != nil { useful += job.duration.seconds * Double(job.gpus) }
            lostGPUHours += outcome.lost.seconds * Double(job.gpus) / 3_600
            overheadGPUHours += outcome.overhead.seconds * Double(job.gpus) / 3_600
            preemptions += outcome.preemptions
            interruptions += outcome.failures
            if outcome.refusal != nil { refused += 1 } else if outcome.ended == nil { unfinished += 1 }
        }
        nodeFailures = result.nodeFailures
        swaps = result.swaps
        guard result.openGPUSeconds > 0 else { return }
        utilisation = held / result.openGPUSeconds
        goodput = useful / result.openGPUSeconds
        fragmentation = result.fragmentedGPUSeconds / result.openGPUSeconds
    }

    /// Equal figures.
    public static func == (a: ReplayFigures, b: ReplayFigures) -> Bool {
        a.all == b.all && a.bySize.elementsEqual(b.bySize) { $0 == $1 } && a.byTeam.elementsEqual(b.byTeam) { $0 == $1 }
            && a.makespan == b.makespan && a.utilisation == b.utilisation && a.goodput == b.goodput
            && a.preemptions == b.preemptions && a.interruptions == b.interruptions
    }
}
