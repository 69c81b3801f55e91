// A history of failures as a person writes it down, to be lived through again: a CSV file whose first line names the
// columns. Every complaint names its line. Refuses YAML and guesses: a history is a table.

import Hardware
import Primitives

/// A recorded history of failures.
public struct FailureScript: Equatable, Sendable {
    /// What broke, in order of time.
    public var breakdowns: [Breakdown]

    /// A history of `breakdowns`.
    public init(_ breakdowns: [Breakdown]) { self.breakdowns = breakdowns.sorted { $0.at < $1.at } }

    /// Why a file is no history.
    public struct Malformed: Error, Equatable, Sendable, CustomStringConvertible {
        /// The line, from 1.
        public var line: Int
        /// What is wrong with it, and what would be right.
        public var problem: String
        /// `line 3: …`.
        public var description: String { "line \(line): \(problem)" }
    }

    /// The columns of a history's file.
    public static let header = "at,cause,first_node,node_count,effect,detect,repair"

    /// Reads `csv`: the header above, then a failure a line; empty lines and lines that begin with `#` are passed over.
    /// Times are a number and `s`, `min`, `h` or `d`; the effect is one of `FailureEffect.words`. Planned maintenance is a `kill_node` that is detected at once.
    /// - Throws: `Malformed` for the first line that is not so.
    public init(csv: String) throws(Malformed) {
        var found: [Breakdown] = []
        var hasHeader = false
        for (index, row) in csv.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let text = row.hasSuffix("\r") ? row.dropLast() : row
            guard !text.allSatisfy(\.isWhitespace), !text.hasPrefix("#") else { continue }
            guard hasHeader else {
                guard text == FailureScript.header else {
                    throw Malformed(line: index + 1, problem: "the first line must be \(FailureScript.header)")
                }
                hasHeader = true
                continue
            }
            found.append(try FailureScript.breakdown(text, line: index + 1))
        }
        self.init(found)
    }

    private static func breakdown(_ text: Substring, line: Int) throws(Malformed) -> Breakdown {
        let cells = text.split(separator: ",", omittingEmptySubsequences: false).map(trimmed)
        guard cells.count == 7 else {
            throw Malformed(line: line, problem: "\(cells.count) columns where 7 are wanted: \(header)")
        }
        func time(_ column: Int) throws(Malformed) -> TimeSpan {
            guard let span = TimeSpan(inWords: cells[column]) else {
                throw Malformed(line: line, problem: "`\(cells[column])` is no time; for example 90s, 15min, 2.5h, 25d")
            }
            return span
        }
        guard let first = Int(cells[2]), let count = Int(cells[3]), first >= 0, count >= 0, count < 1_000_000 else {
            throw Malformed(line: line, problem: "first_node and node_count are whole numbers from 0")
        }
        return Breakdown(
            at: Instant.zero + (try time(0)), cause: cells[1], nodes: first..<first + count,
            effect: try effect(cells[4], line: line), detect: try time(5), repair: try time(6))
    }

    private static func effect(_ text: String, line: Int) throws(Malformed) -> FailureEffect {
        guard let effect = FailureEffect(inWords: text) else {
            throw Malformed(
                line: line, problem: "the effect `\(text)` is none of \(FailureEffect.words)")
        }
        return effect
    }

    private static func trimmed(_ text: Substring) -> String {
        String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
