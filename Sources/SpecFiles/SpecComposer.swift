// YAML text to a SpecNode, by way of Yams' composed nodes, which carry line and column. Here syntax errors become
// complaints, and duplicate keys too: the library stops at the first of them, so they are hidden from it one by one and
// reported with the rest. Refuses to interpret scalars: YAML 1.1 would make `no` a boolean and 010 an 8.

import Yams

struct SpecComposer {
    /// The text's source; lines and columns refer to it.
    let source: Source
    /// Scalars in front of the text on its only line; 0 for files.
    let columnOffset: Int
    let reading: Reading
    /// Characters that were replaced to hide a duplicate key, with where.
    private var hidden: [(line: Int, column: Int, original: Unicode.Scalar)] = []
    private var nodes = 0

    /// What stands for the first character of a hidden key, another for each: from the private use area, so that no
    /// file means anything by it. A hundred, because each costs another parse; more double keys than that are not told
    /// one by one.
    private static let masks: Range<UInt32> = 0xE000..<0xE064
    /// More values than any person writes; aliases can multiply a short text to billions.
    private static let mostNodes = 100_000

    init(source: Source, columnOffset: Int = 0, reading: Reading) {
        self.source = source
        self.columnOffset = columnOffset
        self.reading = reading
    }

    /// The only document in `text`; nil after reporting why there is none. No document at all is nil, unreported.
    mutating func compose(_ text: String) -> SpecNode? {
        var text = text
        while true {
            do {
                guard let root = try Parser(yaml: text, encoding: .utf8).singleRoot() else { return nil }
                return convert(root)
            } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
                if hide(context.mark, in: &text) { continue }
                reading.report(
                    .duplicateKey, "the key `\(keys.first ?? "")` is given twice", at: place(context.mark, 1))
            } catch {
                report(error)
            }
            return nil
        }
    }

    // MARK: - Errors

    private func report(_ error: any Error) {
        switch error {
        case YamlError.composer(_, "but found another document", let mark, _):
            reading.report(
                .severalDocuments, "a second document starts here", at: place(mark, 3),
                hint: "keep one document in a file")
        case YamlError.scanner(let context, let problem, let mark, _),
            YamlError.parser(let context, let problem, let mark, _),
            YamlError.composer(let context, let problem, let mark, _):
            let isTab = problem.contains("cannot start any token") && place(mark, 1).text == "\t"
            let message = [context?.text, problem].compactMap(\.self).joined(separator: ": ")
            reading.report(
                .syntax, "not YAML: \(message)", at: place(mark, 1),
                hint: isTab ? "indent with spaces" : hint(context, at: place(mark, 1)))
        case YamlError.reader(let problem, _, let value, _):
            let scalar = source.lines.enumerated().lazy.compactMap { index, line in
                line.unicodeScalars.enumerated().first { $0.element.value == UInt32(bitPattern: value) }
                    .map { Place(source: source, line: index + 1, column: $0.offset + 1, length: 1) }
            }.first
            let start = Place(source: source, line: 1, column: 1, length: 1)
            reading.report(.syntax, "not YAML: \(problem)", at: scalar ?? start, hint: "remove the character")
        default:
            reading.report(.syntax, "not YAML: \(error)", at: Place(source: source, line: 1, column: 1, length: 1))
        }
    }

    private func hint(_ context: YamlError.Context?, at place: Place) -> String? {
        guard let context, (1..<place.line).contains(context.mark.line) else { return nil }
        return "it began in line \(context.mark.line)"
    }

    /// Masks the key at `mark`; false when the text there cannot be a masked key.
    private mutating func hide(_ mark: Mark, in text: inout String) -> Bool {
        var lines = Source(path: source.name, text: text).lines.map { Array($0.unicodeScalars) }
        guard lines.indices.contains(mark.line - 1) else { return false }
        var column = mark.column - 1
        let line = lines[mark.line - 1]
        if line.indices.contains(column), line[column] == "\"" || line[column] == "'" { column += 1 }
        guard line.indices.contains(column), line[column].properties.isAlphabetic,
            let mask = Unicode.Scalar(Self.masks.lowerBound + UInt32(hidden.count)), hidden.count < Self.masks.count
        else { return false }
        hidden.append((mark.line, mark.column, line[column]))
        lines[mark.line - 1][column] = mask
        text = lines.map { String(String.UnicodeScalarView($0)) }.joined(separator: "\n") + "\n"
        return true
    }

    // MARK: - Conversion

    private func place(_ mark: Mark, _ length: Int) -> Place {
        // A complaint about the end of the file points behind the last line that has one.
        guard mark.line <= source.lines.count else {
            let last = max(1, source.lines.count)
            return Place(source: source, line: last, column: source.line(last).unicodeScalars.count + 1, length: 1)
        }
        return Place(source: source, line: mark.line, column: mark.column + columnOffset, length: length)
    }

    private mutating func convert(_ node: Node) -> SpecNode? {
        nodes += 1
        guard nodes <= Self.mostNodes else {
            if nodes == Self.mostNodes + 1 {
                reading.report(.tooLarge, "aliases multiply the file beyond 100,000 values", path: source.name)
            }
            return nil
        }
        let start = node.mark.map { place($0, 1) } ?? Place(source: source, line: 1, column: 1, length: 1)
        switch node {
        case .scalar(let scalar): return convert(scalar, at: start)
        case .sequence(let sequence):
            var items: [SpecNode] = []
            for item in sequence {
                guard let item = convert(item) else { return nil }
                items.append(item)
            }
            return SpecNode(content: .list(items), place: start)
        case .mapping(let mapping):
            return convert(mapping).map { SpecNode(content: .mapping($0), place: start) }
        case .alias: preconditionFailure("the parser resolves aliases")
        }
    }

    private func convert(_ scalar: Node.Scalar, at start: Place) -> SpecNode {
        var place = start
        place.length = length(of: scalar, at: start)
        let isQuoted = scalar.style != .plain && scalar.style != .any
        if !isQuoted, ["", "~", "null", "Null", "NULL"].contains(scalar.string) {
            return SpecNode(content: .null, place: place)
        }
        return SpecNode(content: .scalar(scalar.string, isQuoted: isQuoted), place: place)
    }

    private mutating func convert(_ mapping: Node.Mapping) -> [SpecEntry]? {
        var entries: [SpecEntry] = []
        var lines: [String: Int] = [:]
        for (keyNode, valueNode) in mapping {
            guard let key = convert(keyNode), var value = convert(valueNode) else { return nil }
            guard case .scalar(let text, _) = key.content else {
                reading.report(.wrongType, "a key must be a word, not \(key.noun)", at: key.place)
                continue
            }
            if case .null = value.content { value.place = key.place }
            let name = unmasked(text, at: key.place)
            if let first = lines[name] {
                reading.report(
                    .duplicateKey, "the key `\(name)` is given twice", at: key.place,
                    hint: "the first is in line \(first); remove one")
            } else {
                lines[name] = key.place.line
                entries.append(SpecEntry(key: name, keyPlace: key.place, value: value))
            }
        }
        return entries
    }

    private func unmasked(_ key: String, at place: Place) -> String {
        guard let first = key.unicodeScalars.first, Self.masks.contains(first.value),
            let mask = hidden.first(where: { $0.line == place.line && $0.column == place.column - columnOffset })
        else { return key }
        return String(Character(mask.original)) + String(String.UnicodeScalarView(key.unicodeScalars.dropFirst()))
    }

    /// How much of its first line a scalar takes, quotes included.
    private func length(of scalar: Node.Scalar, at start: Place) -> Int {
        let rest = Array(source.line(start.line).unicodeScalars.dropFirst(start.column - 1))
        switch scalar.style {
        case .singleQuoted: return (rest.dropFirst().firstIndex(of: "'") ?? rest.count - 1) + 1
        case .doubleQuoted:
            var isEscaped = false
            for (index, character) in rest.enumerated().dropFirst() {
                if character == "\"", !isEscaped { return index + 1 }
                isEscaped = character == "\\" && !isEscaped
            }
            return max(1, rest.count)
        case .literal, .folded: return 1
        case .plain, .any: return max(1, min(rest.count, scalar.string.unicodeScalars.count))
        }
    }
}
