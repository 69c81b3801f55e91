// The formats of squeue's `-o`: `%.8i %-20j %t %R`, a letter a field, with a width and a dot for flush right. The letters
// are Slurm's where it has the field. Refuses letters that it does not know, by name.

import ControlPlane
import Primitives

/// A format as it was asked for.
struct QueueFormat {
    private enum Part {
        case text(String)
        case field(Character, width: Int?, isRight: Bool)
    }

    private var parts: [Part] = []

    /// The fields, with their titles.
    private static let fields: [(letter: Character, title: String, value: @Sendable (JobRow) -> String)] = [
        ("i", "JOBID", { "\($0.job)" }), ("j", "NAME", { $0.name }), ("u", "USER", { $0.user }),
        ("t", "ST", { $0.code }), ("T", "STATE", { $0.state }), ("Q", "PRIORITY", { "\($0.priority)" }),
        ("C", "SLOTS", { "\($0.slots)" }), ("M", "TIME", { "\($0.ran)" }), ("N", "NODELIST", { $0.nodes }),
        ("r", "REASON", { $0.reason }), ("R", "NODELIST(REASON)", { $0.nodes.isEmpty ? "(\($0.reason))" : $0.nodes }),
        ("Z", "FOLDER", { $0.folder }), ("a", "TEAM", { $0.team }), ("d", "DUE", { $0.due.map { "\($0)" } ?? "-" }),
    ]

    /// What is wrong with a format.
    struct Problem: Error {
        let description: String
    }

    /// Reads `text`.
    init(_ text: String) throws(Problem) {
        var rest = Substring(text)
        while let percent = rest.firstIndex(of: "%") {
            if percent != rest.startIndex { parts.append(.text(String(rest[..<percent]))) }
            rest = rest[percent...].dropFirst()
            let isRight = rest.first == "."
            if isRight || rest.first == "-" { rest = rest.dropFirst() }
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            guard let letter = rest.popFirst(), QueueFormat.fields.contains(where: { $0.letter == letter }) else {
                let known = QueueFormat.fields.map { "%\($0.letter)" }.joined(separator: " ")
                throw Problem(description: "'\(text)' has a field that is none of \(known)")
            }
            parts.append(
                .field(letter, width: digits.isEmpty ? nil : min(Int(digits) ?? 1_000, 1_000), isRight: isRight))
        }
        if !rest.isEmpty { parts.append(.text(String(rest))) }
    }

    /// The line of titles.
    var header: String { line { $0.title } }

    /// The line of `row`.
    func line(_ row: JobRow) -> String { line { $0.value(row) } }

    private func line(
        _ value: ((letter: Character, title: String, value: @Sendable (JobRow) -> String)) -> String
    ) -> String {
        parts.map { part in
            switch part {
            case .text(let text): return text
            case .field(let letter, let width, let isRight):
                guard let field = QueueFormat.fields.first(where: { $0.letter == letter }) else { return "" }
                let text = value(field)
                guard let width else { return text }
                let cut = String(text.prefix(width))
                let padding = String(repeating: " ", count: width - cut.count)
                return isRight ? padding + cut : cut + padding
            }
        }.joined()
    }
}
