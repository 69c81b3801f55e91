// The tables a run's page is made of: segments, the ledger, checkpoints, workers. Each is a function of a history, so
// that `show` and the end of `launch` cannot disagree. Refuses to draw (LossPlot, Timeline) and to lay out pages.

import ControlPlane
import Journaling
import Primitives

/// The segments of `history`: where each began and ended, how fast it went, and why it ended.
public func segmentTable(_ history: RunHistory) -> Table {
    var table = Table([
        .right("SEGMENT"), .right("GENERATION"), .left("STEPS"), .left("RESTORED"), .right("AT"), .right("DURATION"),
        .right("TOKENS/S"), .flexible("ENDED BECAUSE"),
    ])
    let bySegment = SegmentSteps(history)
    for segment in history.segments {
        let speed = history.tokensPerSecond(of: bySegment.ranges[segment.index], since: segment.began)
        table.add([
            "\(segment.index + 1)", "\(segment.generation)", segment.stepsText,
            segment.isFromMembers ? "members" : segment.restored == 0 ? "start" : "step \(segment.restored)",
            "\(segment.formedAt - history.start)",
            "\((segment.end ?? history.now) - segment.formedAt)", speed.map(compact) ?? "-",
            history.endText(segment) ?? "goes on",
        ])
    }
    return table
}

extension Segment {
    /// The steps it committed: `101-140`; `none` when it committed none.
    var stepsText: String { lastStep.map { "\(restored + 1)-\($0)" } ?? "none" }
}

extension LedgerItem {
    /// What the item is, in few words.
    public var sentence: String {
        switch self {
        case .productive: "steps that raised the highest committed step"
        case .replayed: "steps done again, and parts of steps thrown away"
        case .stalled: "no coordinator"
        case .detection: "from a fault to its detection"
        case .restart: "starting processes and restoring state"
        case .checkpoint: "snapshots that training waited for"
        case .queued: "no gang yet, or the run had ended"
        }
    }
}

/// Where the time of `history` went, to the nanosecond: the seconds of the items add up to the last row's.
public func ledgerTable(_ history: RunHistory) -> Table {
    var table = Table([.left("TIME"), .right("SECONDS"), .right("SHARE"), .flexible("WHAT IT IS")])
    let elapsed = history.ledger.elapsed
    func share(_ span: TimeSpan) -> String {
        elapsed > .zero ? percent(span.seconds / elapsed.seconds) : "-"
    }
    for item in LedgerItem.allCases {
        let span = history.ledger[item]
        table.add(
            [item.rawValue, exactSeconds(span), share(span), item.sentence], emphasis: span == .zero ? .dim : .plain)
    }
    table.add(["elapsed", exactSeconds(elapsed), share(elapsed), "the sum"], emphasis: .bold)
    return table
}

/// A span in seconds with all nine figures after the point.
func exactSeconds(_ span: TimeSpan) -> String {
    let ns = span.nanoseconds.magnitude
    let fraction = String(ns % 1_000_000_000)
    let zeros = String(repeating: "0", count: 9 - fraction.count)
    return (span.nanoseconds < 0 ? "-" : "") + "\(ns / 1_000_000_000).\(zeros)\(fraction)"
}

/// The checkpoints of `history` that became durable, and whether each is still kept.
public func checkpointTable(_ history: RunHistory) -> Table {
    var table = Table([
        .right("STEP"), .right("SEGMENT"), .right("AT"), .right("SIZE"), .right("WRITTEN IN"), .left("STATE"),
        .left("WEIGHTS SHA-256"),
    ])
    let kept = history.coordinator.run?.checkpoints.map(\.step) ?? []
    for (index, point) in history.checkpoints.enumerated() {
        // A step that was done again may have been saved again; only its newest folder can be the one that is kept.
        let isNewest = !history.checkpoints[(index + 1)...].contains { $0.step == point.step }
        let isKept = isNewest && kept.contains(point.step)
        table.add(
            [
                "\(point.step)", "\(point.segment + 1)", "\(point.at - history.start)", "\(point.size)",
                "\(point.took)", isKept ? "kept" : "gone", String(point.weightsSHA256.prefix(16)),
            ], emphasis: isKept ? .plain : .dim)
    }
    return table
}

/// The worker processes of `history`: the rank each has in the gang, and what became of it.
public func workerTable(_ history: RunHistory) -> Table {
    var table = Table([
        .right("RANK"), .left("WORKER"), .right("PID"), .left("NODE"), .right("INCARNATION"), .right("JOINED"),
        .flexible("STATE"),
    ])
    for process in history.processes {
        let rank = history.rank(of: process)
        table.add(
            [
                rank.map(String.init) ?? "-", "\(process.worker)", "\(process.processID)", "\(process.node)",
                "\(process.incarnation)", "\(process.joinedAt - history.start)", history.stateText(process),
            ], emphasis: process.lostAt == nil ? .plain : .dim)
    }
    return table
}

extension RunHistory {
    /// The rank of `process` in the newest gang it was a member of, if any.
    func rank(of process: WorkerProcess) -> Int? {
        for segment in segments.reversed() {
            if let rank = segment.members.firstIndex(where: {
                $0.worker == process.worker && $0.incarnation == process.incarnation
            }) {
                return rank
            }
        }
        return nil
    }

    /// What `process` is doing, or how and when it was lost.
    func stateText(_ process: WorkerProcess) -> String {
        if let lostAt = process.lostAt { return "\(process.lost?.sentence ?? "was lost") at \(lostAt - start)" }
        guard let run = coordinator.run, !run.isOver else { return "the run is over" }
        guard run.rank(of: process.worker, process.incarnation) != nil else { return "waits for a gang" }
        switch run.phase {
        case .forming(let missing, _): return missing.contains(process.worker) ? "restores" : "has restored"
        case .running: return "computes"
        case .stopping: return "saves"
        case .waiting, .over: return "waits for a gang"
        }
    }
}
