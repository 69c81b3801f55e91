// The logs of a run as documents: a line for each line of a log, and who failed first. A process writes both of its
// streams into one file, so a line does not say which it came by. Refuses to interpret what was written beyond the level
// that a line bears.

import Journaling
import Primitives

/// A line of a process's log.
public struct LogLineDocument: Equatable, Sendable, Codable {
    /// `understudy/log-line/v1`.
    public var schema = DocumentSchema.logLine
    /// The run's name.
    public var run: String
    /// When it was written, by its host's clock, in seconds since 1970: finer it is not known. A line that says nothing of
    /// it was written after the line before; left out where none before it says so.
    public var unix_s: Int64?
    /// Who wrote it: a worker's address, or `coordinator`.
    public var process: String
    /// The node of the worker that wrote it; left out where no worker did.
    public var node: String?
    /// The rank that the worker had last; left out when it never had one.
    public var rank: Int?
    /// Which of the processes that were started in the worker's slot, from 1; left out where no worker wrote it.
    public var launch: Int?
    /// `info`, `warning`, `error` and the like; left out where the line bears none.
    public var level: String?
    /// The line as it was written.
    public var text: String

    /// The document of `line` of the run named `run`.
    public init(_ line: LogLine, run: String) {
        self.run = run
        unix_s = line.unixSeconds
        process = line.process
        node = line.launch.flatMap { _ in line.process.split(separator: "/").first.map(String.init) }
        rank = line.rank
        launch = line.launch
        level = LogLineDocument.level(of: line.text)
        text = line.text
    }

    /// The word behind the stamp, if it is one of the levels that the project's programs log with.
    private static func level(of text: String) -> String? {
        guard unixSeconds(stampOf: text[...]) != nil else { return nil }
        let words = text.split(separator: " ", maxSplits: 2)
        guard words.count > 1 else { return nil }
        let word = words[1].last == ":" ? words[1].dropLast() : words[1]
        return ["trace", "debug", "info", "notice", "warning", "error", "critical"].first { $0 == word }
    }
}

/// Who failed first, and what it wrote last.
public struct FirstFailureDocument: Equatable, Sendable, Codable {
    /// `understudy/first-failure/v1`.
    public var schema = DocumentSchema.firstFailure
    /// The run's name.
    public var run: String
    /// What happened; left out when nothing has failed.
    public var incident: IncidentEntry?
    /// The worker that was lost; left out where no worker in particular was.
    public var worker: String?
    /// Its rank.
    public var rank: Int?
    /// The last lines that it wrote, oldest first; left out when it left no log.
    public var last_lines: [String]?

    /// The document of what failed first in `history`, and the last `count` lines of who it was.
    public init(_ logs: [ProcessLog], _ history: RunHistory, run: String, lines count: Int = 20) {
        self.run = run
        guard let first = FirstFailure(logs, history, lines: count) else { return }
        incident = IncidentEntry(first.incident, history)
        worker = first.lost?.worker.description
        rank = first.lost?.rank
        last_lines = first.lastLines
    }
}
