// The logs of a run's processes as one: every line with who wrote it, in the order of their instants. A log knows seconds,
// so lines of one second keep their file's order and files theirs. Refuses to open files: they come as text.

import ControlPlane
import Journaling
import Primitives

/// What one process wrote.
public struct ProcessLog: Equatable, Sendable {
    /// Who wrote it: a worker's address, or `coordinator`.
    public var name: String
    /// The text.
    public var text: String
    /// The incarnation that the worker was welcomed as; nil when it never was, and for the coordinator.
    public var incarnation: Incarnation?

    /// The log of `name`, its incarnation read from its own words.
    public init(name: String, text: String) {
        self.name = name
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
    fileprivate var dated: [(second: String, line: String)] {
        var second = ""
        return text.split(separator: "\n", omittingEmptySubsequences: false).filter { !$0.isEmpty }.map { line in
            let stamp = line.prefix(19)
            if stamp.count == 19, stamp.dropFirst(4).first == "-", stamp.dropFirst(10).first == "T" {
                second = String(stamp)
            }
            return (second, String(line))
        }
    }
}

extension RunHistory {
    /// The rank that the writer of `log` had last, if it ever had one.
    public func rank(of log: ProcessLog) -> Int? {
        guard let incarnation = log.incarnation else { return nil }
        return processes.first { $0.worker.description == log.name && $0.incarnation == incarnation }.flatMap(rank)
    }
}

/// The lines of `logs` in the order of their instants, each behind who wrote it.
/// - Parameter ranks: only what processes of these ranks wrote; empty for all.
public func mergedLog(_ logs: [ProcessLog], _ history: RunHistory, ranks: [Int] = []) -> [String] {
    var lines: [(second: String, order: Int, text: String)] = []
    let heads = logs.map { log in history.rank(of: log).map { "rank \($0) \(log.name)" } ?? log.name }
    let width = heads.map(\.count).max() ?? 0
    for (log, head) in zip(logs, heads) {
        if !ranks.isEmpty, !(history.rank(of: log).map(ranks.contains) ?? false) { continue }
        let padded = head + String(repeating: " ", count: width - head.count)
        for (second, line) in log.dated { lines.append((second, lines.count, "\(padded) | \(printable(line))")) }
    }
    return lines.sorted { ($0.second, $0.order) < ($1.second, $1.order) }.map(\.text)
}

/// The rank that failed first, why, and the last `count` lines of what it wrote; nil when nothing failed.
public func firstFailure(_ logs: [ProcessLog], _ history: RunHistory, lines count: Int = 20) -> [String]? {
    guard let incident = history.incidents.min(by: { ($0.at, $0.number) < ($1.at, $1.number) }) else { return nil }
    var out = [
        "\(incident.name) at \(incident.at - history.start), after step \(incident.step): \(printable(incident.sentence))"
            + (incident.injection == nil ? "" : " (a drill)")
    ]
    guard case .interruption(.workerLost(let worker, let rank, _)) = incident.cause,
        history.segments.indices.contains(incident.segment)
    else { return out }
    let incarnation = history.segments[incident.segment].members[rank].incarnation
    guard let log = logs.first(where: { $0.name == worker.description && $0.incarnation == incarnation }) else {
        return out + ["rank \(rank) (\(worker)) left no log"]
    }
    out.append("the last lines of rank \(rank) (\(worker)):")
    return out + log.dated.suffix(count).map { "    \(printable($0.line))" }
}
