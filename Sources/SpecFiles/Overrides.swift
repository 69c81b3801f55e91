// `-s train.lr=3e-4`: values from the command line put into the tree of a file before it is read, so that they are
// checked like the file's own and complained about with their argument. Refuses to know which keys exist.

struct Overrides {
    /// No file nests deeper, in parts of a key.
    private static let deepest = 16
    let reading: Reading

    /// `root` with `arguments` applied in their order; later ones win.
    func apply(_ arguments: [String], to root: SpecNode) -> SpecNode {
        var root = root
        for argument in arguments { apply(argument, to: &root) }
        return root
    }

    private func apply(_ argument: String, to root: inout SpecNode) {
        let source = Source(argument: argument)
        let scalars = Array(argument.unicodeScalars)
        let whole = Place(source: source, line: 1, column: 1, length: max(1, scalars.count))
        guard source.lines.count == 1, let equals = scalars.firstIndex(of: "="), equals > 0 else {
            reading.report(
                .badOverride, "an override is written key=value", at: whole, hint: "for example `-s train.lr=3e-4`")
            return
        }
        var path: [(key: String, place: Place)] = []
        var start = 0
        for end in 0...equals where end == equals || scalars[end] == "." {
            let key = String(String.UnicodeScalarView(scalars[start..<end]))
            path.append((key, Place(source: source, line: 1, column: start + 1, length: max(1, end - start))))
            start = end + 1
        }
        if let hole = path.first(where: { $0.key.isEmpty }) {
            reading.report(.badOverride, "the key has an empty part", at: hole.place)
            return
        }
        guard path.count <= Overrides.deepest else {
            reading.report(.badOverride, "the key has more than \(Overrides.deepest) parts", at: whole)
            return
        }
        let text = String(String.UnicodeScalarView(scalars[(equals + 1)...]))
        let found = reading.diagnostics.count
        var composer = SpecComposer(source: source, columnOffset: equals + 1, reading: reading)
        let keyPlace = Place(source: source, line: 1, column: 1, length: equals)
        guard let value = composer.compose(text) ?? (text.isBlank ? SpecNode(content: .null, place: keyPlace) : nil)
        else {
            // Composing without complaint and without result: the value was a comment.
            if reading.diagnostics.count == found {
                reading.report(.badOverride, "the value is a comment", at: whole, hint: "put it in quotes")
            }
            return
        }
        set(value, at: path[...], in: &root)
    }

    private func set(_ value: SpecNode, at path: ArraySlice<(key: String, place: Place)>, in node: inout SpecNode) {
        guard let (key, place) = path.first else {
            node = value
            return
        }
        switch node.content {
        case .null: node = SpecNode(content: .mapping([]), place: place)
        case .mapping, .list, .scalar: break
        }
        switch node.content {
        case .mapping(var entries):
            let index = entries.firstIndex { $0.key == key } ?? entries.count
            if index == entries.count {
                entries.append(
                    SpecEntry(key: key, keyPlace: place, value: SpecNode(content: .null, place: place)))
            }
            if path.count == 1 { entries[index].keyPlace = place }
            set(value, at: path.dropFirst(), in: &entries[index].value)
            node.content = .mapping(entries)
        case .list(var items):
            guard let index = Int(key), items.indices.contains(index) else {
                reading.report(
                    .badOverride, "the list has no item `\(key)`", at: place,
                    hint: items.isEmpty ? "it is empty" : "its items are 0 to \(items.count - 1)")
                return
            }
            set(value, at: path.dropFirst(), in: &items[index])
            node.content = .list(items)
        case .scalar, .null:
            reading.report(
                .badOverride, "`\(key)` cannot be set: above it stands \(node.noun), not a mapping", at: place)
        }
    }
}

extension String {
    /// Whether there is nothing but spaces.
    fileprivate var isBlank: Bool { allSatisfy(\.isWhitespace) }
}
