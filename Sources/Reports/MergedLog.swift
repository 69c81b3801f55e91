// The logs of a run's processes as one: every line with who wrote it, in the order of their instants. A log knows seconds,
// so lines of one second keep their file's order and files theirs. Refuses to open files: they come as text.

import ControlPlane
import Journaling
import Primitives

/// What one process wrote.
public struct ProcessLog: Equatable, Sendable {
    /// Who wrote it: a worker's address, or `coordinator`.
    public var name: String
    /// Which of the processes that were started in the worker's slot, from 1; nil for the coordinator.
    public var launch: Int?
    /// The text.
    public var text: String
    /// The incarnation that the worker was welcomed as; nil when it never was, and for the coordinator.
    public var incarnation: Incarnation?

    /// The log of `name`, its incarnation read from its own words.
    public init(name: String, launch: Int? = nil, text: String) {
        self.name = name
        self.launch = launch
        self.text = text
        for line in text.split(separator: "\n") where line.contains("welcomed") {
            let word = line.split(separator: " ").first { $0.hasPrefix("incarnation=") }
            if let number = word.flatMap({ Int($0.dropFirst("incarnation=".count)) }) {
                incarnation = Incarnation(number)
                return
            }
        }
    }

    /// Its lines, each with the second it bears; a line without one continues the line before.
    /// - Parameter isWhole: whether nothing will be added to its last line, if that has no end yet.
    fileprivate func dated(isWhole: Bool = true) -> [(second: Int64?, line: String)] {
        var second: Int64?
        let ended = isWhole ? text[...] : text[..<(text.lastIndex(of: "\n") ?? text.startIndex)]
        return ended.split(separator: "\n", omittingEmptySubsequences: true).map { line in
            second = unixSeconds(stampOf: line) ?? second
            return (second, String(line))
        }
    }
}

/// A line of a process's log.
public struct LogLine: Equatable, Sendable {
    /// When it was written, in seconds since 1970; nil before the first line of its process that says so.
    public var unixSeconds: Int64?
    /// Who wrote it: a worker's address, or `coordinator`.
    public var process: String
    /// Which of the processes that were started in the worker's slot, from 1; nil for the coordinator.
    public var launch: Int?
    /// The rank that its writer had last, if it ever had one.
    public var rank: Int?
    /// The line as it was written.
    public var text: String

    /// The line `text` of `process`.
    public init(unixSeconds: Int64? = nil, process: String, launch: Int? = nil, rank: Int? = nil, text: String) {
        self.unixSeconds = unixSeconds
        self.process = process
        self.launch = launch
        self.rank = rank
        self.text = text
    }

    /// Who wrote it, as lines for people begin.
    fileprivate var head: String { LogLine.head(process, rank) }

    fileprivate static func head(_ process: String, _ rank: Int?) -> String {
        rank.map { "rank \($0) \(process)" } ?? process
    }
}

extension RunHistory {
    /// The rank that the writer of `log` had last, if it ever had one.
    public func rank(of log: ProcessLog) -> Int? {
        guard let incarnation = log.incarnation else { return nil }
        return processes.first { $0.worker.description == log.name && $0.incarnation == incarnation }.flatMap(rank)
    }
}

/// Reads logs that grow: each look hands out the lines that no look before did. A process may write while another's lines
/// of the same second are handed out already, so what was read is counted log by log.
public struct LogReader: Sendable {
    private var handedOut: [String: Int] = [:]

    /// Nothing has been read.
    public init() {}

    /// The new lines of `logs` in the order of their instants.
    /// - Parameters:
    ///   - ranks: only what processes of these ranks wrote; empty for all. A process without a rank is waited for.
    ///   - isLast: whether the logs will not grow any more, so that lines without an end count.
    public mutating func next(
        _ logs: [ProcessLog], _ history: RunHistory, ranks: [Int] = [], isLast: Bool = true
    ) -> [LogLine] {
        var lines: [(line: LogLine, order: Int)] = []
        for log in logs {
            let rank = history.rank(of: log)
            guard ranks.isEmpty || rank.map(ranks.contains) ?? false else { continue }
            let key = "\(log.name) \(log.launch ?? 0)"
            let dated = log.dated(isWhole: isLast)
            for (second, text) in dated.dropFirst(handedOut[key] ?? 0) {
                let line = LogLine(
                    unixSeconds: second, process: log.name, launch: log.launch, rank: rank, text: text)
                lines.append((line, lines.count))
            }
            handedOut[key] = dated.count
        }
        // A line before its process's first stamp is older than whatever bears one.
        return lines.sorted { ($0.line.unixSeconds ?? .min, $0.order) < ($1.line.unixSeconds ?? .min, $1.order) }
            .map(\.line)
    }
}

/// `lines` for people, each behind who wrote it; `logs` are all there are, so that every look indents alike.
public func logText(_ lines: [LogLine], of logs: [ProcessLog], _ history: RunHistory) -> [String] {
    let width = logs.map { LogLine.head($0.name, history.rank(of: $0)).count }.max() ?? 0
    return lines.map { line in
        let padding = String(repeating: " ", count: max(0, width - line.head.count))
        return "\(line.head)\(padding) | \(printable(line.text))"
    }
}

/// Who failed first, and what it wrote last.
struct FirstFailure {
    /// What happened.
    var incident: Incident
    /// The worker that was lost and its rank; nil where no worker in particular was.
    var lost: (worker: WorkerID, rank: Int)?
    /// The last lines that worker wrote; nil when it left no log.
    var lastLines: [String]?

    /// The first failure of `history`; nil when nothing failed.
    init?(_ logs: [ProcessLog], _ history: RunHistory, lines count: Int) {
        guard let first = history.incidents.min(by: { ($0.at, $0.number) < ($1.at, $1.number) }) else { return nil }
        incident = first
        guard case .interruption(.workerLost(let worker, let rank, _)) = first.cause,
            history.segments.indices.contains(first.segment)
        else { return }
        lost = (worker, rank)
        let incarnation = history.segments[first.segment].members[rank].incarnation
        let log = logs.first { $0.name == worker.description && $0.incarnation == incarnation }
        lastLines = log.map { $0.dated().suffix(count).map(\.line) }
    }
}

/// The rank that failed first, why, and the last `count` lines of what it wrote; nil when nothing failed.
public func firstFailure(_ logs: [ProcessLog], _ history: RunHistory, lines count: Int = 20) -> [String]? {
    guard let first = FirstFailure(logs, history, lines: count) else { return nil }
    let incident = first.incident
    let head =
        "\(incident.name) at \(incident.at - history.start), after step \(incident.step): \(printable(incident.sentence))"
        + (incident.injection == nil ? "" : " (a drill)")
    guard let lost = first.lost else { return [head] }
    guard let lines = first.lastLines else { return [head, "rank \(lost.rank) (\(lost.worker)) left no log"] }
    return [head, "the last lines of rank \(lost.rank) (\(lost.worker)):"] + lines.map { "    \(printable($0))" }
}
