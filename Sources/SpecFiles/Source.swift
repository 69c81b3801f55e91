// Where a value was written: a file or one `-s` argument, and the stretch of one of its lines. Columns count Unicode
// scalars from 1, as libyaml does. Refuses to read files (SpecText does) and to know YAML.

/// A text that values come from. A class, because every place points at it.
final class Source: Sendable {
    enum Kind { case file, argument }
    /// A file, or an argument on the command line.
    let kind: Kind
    /// The path as given, or the argument with its `-s`.
    let name: String
    /// The lines without their breaks.
    let lines: [String]

    /// The file at `path` with the contents `text`.
    init(path: String, text: String) {
        kind = .file
        name = path
        lines = Source.split(text)
    }

    /// The argument of one `-s`.
    init(argument: String) {
        kind = .argument
        name = "-s \(argument)"
        lines = [argument]
    }

    /// Line `number`, from 1; empty past the end.
    func line(_ number: Int) -> String { lines.indices.contains(number - 1) ? lines[number - 1] : "" }

    /// Splits where YAML does: at \n, \r\n, \r, next line, line and paragraph separators.
    private static func split(_ text: String) -> [String] {
        var lines: [String] = []
        var line = String.UnicodeScalarView()
        var previous: Unicode.Scalar?
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n" where previous == "\r": break
            case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}":
                lines.append(String(line))
                line = String.UnicodeScalarView()
            default: line.append(scalar)
            }
            previous = scalar
        }
        if !line.isEmpty { lines.append(String(line)) }
        return lines
    }
}

/// A stretch of one line of a source.
struct Place: Sendable {
    let source: Source
    /// From 1.
    var line: Int
    /// From 1, in Unicode scalars.
    var column: Int
    /// In Unicode scalars; at least 1.
    var length: Int

    /// The part of this place that starts `offset` scalars into it.
    func part(offset: Int, length: Int) -> Place {
        Place(source: source, line: line, column: column + offset, length: max(1, length))
    }

    /// The text that stands there.
    var text: String {
        String(String.UnicodeScalarView(source.line(line).unicodeScalars.dropFirst(column - 1).prefix(length)))
    }

    /// Where the value comes from, for people: `jobs/quickstart.yaml:14` or `-s`.
    var origin: String { source.kind == .argument ? "-s" : "\(source.name):\(line)" }
}
