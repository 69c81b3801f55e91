// A rule of style as a value: what must not be written, where, and what to write instead. The replacement stands in
// every message, so that nobody has to look the rule up. Refuses to judge taste: each ban protects a promise.

import Foundation

/// Something that may not stand in some files.
struct Ban {
    /// The text that is looked for.
    let needle: String
    /// What to do instead, as a sentence for the message.
    let instead: String
    /// Whether comments and strings are searched too.
    var everywhere = false

    /// Where `needle` stands in `text` as a word of its own: the index of each line from 1. A letter, digit or `_` may
    /// not stand before it unless it begins with a mark itself, nor behind it unless it ends with one.
    func lines(in text: String) -> [Int] {
        // Most files hold no banned word at all: ask the C library before looking closely.
        guard strstr(text, needle) != nil else { return [] }
        return text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap { index, line in
            occurs(in: line) ? index + 1 : nil
        }
    }

    private func occurs(in line: Substring) -> Bool {
        func isWord(_ character: Character?) -> Bool {
            character.map { $0.isLetter || $0.isNumber || $0 == "_" } ?? false
        }
        let isPath = needle.first == "/"
        return line.ranges(of: needle).contains { range in
            let before = range.lowerBound == line.startIndex ? nil : line[line.index(before: range.lowerBound)]
            let after = range.upperBound == line.endIndex ? nil : line[range.upperBound]
            let begins = isPath ? !isWord(before) && !".-}*)".contains(before ?? " ") : !isWord(before)
            return (begins || needle.first == ".") && (!isWord(after) || !isWord(needle.last))
        }
    }

    /// The rule's findings in `file`, each with its place and the replacement.
    func findings(in file: RepositoryFile) -> [String] {
        let text = everywhere ? file.text : file.code
        return lines(in: text).map { "\(file.path):\($0): `\(needle)`: \(instead)" }
    }
}
