// A complaint as text: position, code, message, the source line, carets under what is meant, and the hint behind them.
// Control characters of a file never reach the terminal. Refuses to know whether it writes to a terminal: the caller
// asks for colour.

extension Diagnostic {
    /// The complaint as two or three lines without a line break at the end, as compilers print it.
    /// - Parameter color: whether ANSI escape codes set off the position, the severity and the carets.
    public func rendered(color: Bool) -> String {
        func paint(_ text: String, _ code: String) -> String { color ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text }
        let shade = severity == .error ? "1;31" : "1;35"
        var position = Diagnostic.printable(path)
        if let line { position += ":\(line)" }
        if line != nil, let column { position += ":\(column)" }
        let head = paint("\(severity.rawValue)[\(code.id)]", shade)
        var text = "\(paint("\(position):", "1")) \(head): \(Diagnostic.printable(message))"
        let advice = hint.map(Diagnostic.printable)
        guard let excerpt else {
            if let advice { text += "\n    hint: \(advice)" }
            return text
        }
        let number = line.map(String.init) ?? "-s"
        let gutter = String(repeating: " ", count: max(0, 5 - number.count)) + number
        let carets = paint(String(repeating: "^", count: excerpt.length), shade)
        text += "\n\(gutter) | \(excerpt.text)"
        text += "\n      | \(String(repeating: " ", count: excerpt.column - 1))\(carets)"
        if let advice { text += " \(advice)" }
        return text
    }

    /// The source line cut to a width that terminals show, with the column and the number of carets in what is left.
    private var excerpt: (text: String, column: Int, length: Int)? {
        guard let sourceLine, let column else { return nil }
        let width = 110
        let scalars = Array(Diagnostic.printable(sourceLine).unicodeScalars)
        let start = scalars.count <= width ? 0 : max(0, min(column - 1 - width / 2, scalars.count - width))
        let end = min(scalars.count, start + width)
        var text = String.UnicodeScalarView(scalars[start..<end])
        if start > 0 { text.replaceSubrange(text.startIndex...text.startIndex, with: ["…"]) }
        if end < scalars.count { text.replaceSubrange(text.index(before: text.endIndex)..., with: ["…"]) }
        let shown = max(1, min(column - start, text.count + 1))
        return (String(text), shown, max(1, min(length, text.count - shown + 1)))
    }

    /// `text` with every control character, tabs included, replaced by one space, so that columns stay.
    private static func printable(_ text: String) -> String {
        var out = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let isControl = scalar.properties.generalCategory == .control || scalar.properties.isBidiControl
            out.append(isControl ? " " : scalar)
        }
        return String(out)
    }
}
