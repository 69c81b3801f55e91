// The few SVG elements the plots need, written by hand so that equal data give equal bytes. Refuses scripts, style
// sheets and anything fetched: a figure must look the same in a browser, a README and a paper.

/// A document under construction.
struct SVGText {
    private(set) var text = ""

    /// `content` with what XML reserves escaped, and without control characters, which XML cannot hold.
    static func escaped(_ content: String) -> String {
        var out = ""
        for character in printable(content).unicodeScalars {
            switch character {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            case "\u{fffe}", "\u{ffff}": out += " "
            default: out.unicodeScalars.append(character)
            }
        }
        return out
    }

    /// A coordinate to a tenth of a unit; finer ones are invisible and only make files longer.
    static func number(_ value: Double) -> String {
        let text = fixed(value, 1)
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    /// Adds a line as it is.
    mutating func add(_ line: String) { text += line + "\n" }

    /// Opens a group; its hover title is what a reader sees who points at it.
    mutating func open(_ attributes: String, title: String? = nil) {
        add("<g \(attributes)>" + (title.map { "<title>\(SVGText.escaped($0))</title>" } ?? ""))
    }

    /// Closes the group opened last.
    mutating func close() { add("</g>") }

    /// A straight line.
    mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ attributes: String = "") {
        let ends = [("x1", x1), ("y1", y1), ("x2", x2), ("y2", y2)]
        add(
            "<line " + ends.map { "\($0)=\"\(SVGText.number($1))\"" }.joined(separator: " ") + spaced(attributes) + "/>"
        )
    }

    /// A text whose anchor is at (x, y).
    mutating func label(_ content: String, _ x: Double, _ y: Double, _ attributes: String = "") {
        let place = "x=\"\(SVGText.number(x))\" y=\"\(SVGText.number(y))\""
        add("<text \(place)\(spaced(attributes))>\(SVGText.escaped(content))</text>")
    }

    /// A curve through `points`. A single point is drawn as a line to itself, which round caps make a dot.
    mutating func path(_ points: [PlotPoint], _ attributes: String = "") {
        guard let first = points.first else { return }
        var data = "M\(SVGText.number(first.x)) \(SVGText.number(first.y))"
        for point in points.count == 1 ? points[...] : points.dropFirst() {
            data += "L\(SVGText.number(point.x)) \(SVGText.number(point.y))"
        }
        add("<path d=\"\(data)\"\(spaced(attributes))/>")
    }

    private func spaced(_ attributes: String) -> String { attributes.isEmpty ? "" : " " + attributes }
}

/// About how wide `text` is in a sans-serif face of `size`: enough to keep labels apart, not to justify them.
func estimatedWidth(_ text: String, size: Double) -> Double { Double(text.count) * size * 0.56 }
