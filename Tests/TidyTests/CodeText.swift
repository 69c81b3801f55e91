// Source text with its comments and string literals blanked out, so that a word in a comment is never taken for code.
// A scanner of one pass, because a parser would be the largest dependency of the package. Refuses to be exact: regex
// literals that hold a quote would mislead it, and the code here has none.

/// Replaces every comment and string literal of a source by spaces; line breaks stay where they are.
struct CodeText {
    private var bytes: [UInt8]
    private var at = 0
    private let singleQuotes: Bool

    /// The code of `text`. In C, which has them, `singleQuotes` enclose literals as well.
    static func of(_ text: String, singleQuotes: Bool = false) -> String {
        var scanner = CodeText(bytes: Array(text.utf8), singleQuotes: singleQuotes)
        scanner.skipCode(interpolated: false)
        return String(decoding: scanner.bytes, as: UTF8.self)
    }

    private init(bytes: [UInt8], singleQuotes: Bool) {
        self.bytes = bytes
        self.singleQuotes = singleQuotes
    }

    private func sees(_ text: StaticString) -> Bool {
        guard at + text.utf8CodeUnitCount <= bytes.count else { return false }
        for offset in 0..<text.utf8CodeUnitCount where bytes[at + offset] != text.utf8Start[offset] { return false }
        return true
    }

    private mutating func blank(_ count: Int) {
        for _ in 0..<min(count, bytes.count - at) {
            if bytes[at] != UInt8(ascii: "\n") { bytes[at] = UInt8(ascii: " ") }
            at += 1
        }
    }

    /// Goes through code to its end, or to the parenthesis that closes an interpolation.
    private mutating func skipCode(interpolated: Bool) {
        var depth = 0
        while at < bytes.count {
            switch bytes[at] {
            case UInt8(ascii: "/") where sees("//"):
                while at < bytes.count, bytes[at] != UInt8(ascii: "\n") { blank(1) }
            case UInt8(ascii: "/") where sees("/*"):
                blankComment()
            case UInt8(ascii: "\""):
                blankString(hashes: 0)
            case UInt8(ascii: "#") where hashesBeforeQuote() > 0:
                blankString(hashes: hashesBeforeQuote())
            case UInt8(ascii: "'") where singleQuotes:
                blank(1)
                while at < bytes.count, !sees("'"), !sees("\n") { blank(sees("\\") ? 2 : 1) }
                blank(1)
            case UInt8(ascii: ")") where interpolated && depth == 0:
                return
            case let byte:
                if byte == UInt8(ascii: "(") { depth += 1 }
                if byte == UInt8(ascii: ")") { depth -= 1 }
                at += 1
            }
        }
    }

    private mutating func blankComment() {
        var depth = 0
        repeat {
            if sees("/*") {
                depth += 1
                blank(2)
            } else if sees("*/") {
                depth -= 1
                blank(2)
            } else {
                blank(1)
            }
        } while depth > 0 && at < bytes.count
    }

    /// How many `#` stand here in front of a quotation mark; 0 when there is no such mark.
    private func hashesBeforeQuote() -> Int {
        var end = at
        while end < bytes.count, bytes[end] == UInt8(ascii: "#") { end += 1 }
        return end < bytes.count && bytes[end] == UInt8(ascii: "\"") ? end - at : 0
    }

    private func hashes(from start: Int, are count: Int) -> Bool {
        start + count <= bytes.count && bytes[start..<start + count].allSatisfy { $0 == UInt8(ascii: "#") }
    }

    private mutating func blankString(hashes count: Int) {
        blank(count)
        let isLong = sees("\"\"\"")
        let quotes = isLong ? 3 : 1
        blank(quotes)
        while at < bytes.count {
            if sees("\\"), hashes(from: at + 1, are: count) {
                blank(1 + count)
                if sees("(") {
                    blank(1)
                    skipCode(interpolated: true)
                }
                blank(1)
            } else if isLong ? sees("\"\"\"") : sees("\""), hashes(from: at + quotes, are: count) {
                blank(quotes + count)
                return
            } else if !isLong, sees("\n") {
                return
            } else {
                blank(1)
            }
        }
    }
}
