// A mapping of a file and the typed access to its keys. Every read returns a usable field and reports what is wrong, so
// that one reading finds all errors. Refuses to check values against one another; the readers of jobs and clusters do.

/// One mapping of a file, its unknown keys reported at its making.
struct Section {
    let reading: Reading
    let schema: Schema
    /// The path in the schema, `train`; `""` at the top.
    let path: String
    /// The path in messages and origins: the schema's, with the index or name of a list's item.
    let name: String
    /// The key or item that the section stands under.
    let place: Place
    /// False when the section itself is at fault: then its missing keys are no news.
    private let complainsOfMissing: Bool
    private let entries: [SpecEntry]

    /// The section that `node` holds; nil is a section that is not there.
    /// - Parameter isRequired: whether keys without default are missed when the section is not there.
    init(
        reading: Reading, schema: Schema, path: String, name: String, node: SpecNode?, place: Place, isRequired: Bool
    ) {
        self.reading = reading
        self.schema = schema
        self.path = path
        self.name = name
        self.place = place
        guard let node else {
            (entries, complainsOfMissing) = ([], isRequired)
            return
        }
        switch node.content {
        case .mapping(let mapping): (entries, complainsOfMissing) = (mapping, true)
        case .null: (entries, complainsOfMissing) = ([], isRequired)
        case .scalar, .list:
            (entries, complainsOfMissing) = ([], false)
            let title = name.isEmpty ? "a \(schema.noun) file" : "`\(name)`"
            reading.report(.wrongType, "\(title) must be a mapping, not \(node.noun)", at: node.place)
        }
        reportUnknownKeys()
    }

    private func reportUnknownKeys() {
        for entry in entries where isUnknown(entry) {
            let home = name.isEmpty ? "at the top of the file" : "under `\(name)`"
            reading.report(
                .unknownKey, "unknown key `\(entry.key)` \(home)", at: entry.keyPlace,
                hint: schema.hint(for: entry.key, at: path))
        }
    }

    private func isUnknown(_ entry: SpecEntry) -> Bool {
        !schema.keys(at: path).contains { $0.name == entry.key || $0.alias == entry.key }
    }

    private func meant(by entry: SpecEntry) -> String? { schema.meant(by: entry.key, at: path)?.key.name }

    /// The dotted key of `key` in this section.
    func dotted(_ key: String) -> String { name.isEmpty ? key : "\(name).\(key)" }

    /// The entry under `key` or its alias; when both are there, an argument's beats the file's, and different values
    /// of equal rank are an error.
    func entry(_ key: String) -> SpecEntry? {
        let named = entries.first { $0.key == key }
        guard let alias = schema.keys(at: path).first(where: { $0.name == key })?.alias,
            let other = entries.first(where: { $0.key == alias })
        else { return named }
        guard let named else { return other }
        let kinds = (named.keyPlace.source.kind, other.keyPlace.source.kind)
        if kinds == (.file, .argument) { return other }
        if kinds == (.argument, .file) { return named }
        if case .scalar(let a, _) = named.value.content, case .scalar(let b, _) = other.value.content, a != b {
            let (first, second) = isBefore(named, other) ? (named, other) : (other, named)
            reading.report(
                .aliasConflict, "`\(second.key)` and `\(first.key)` are two names of one value, and differ",
                at: second.value.place, hint: "`\(first.key)` is \(first.value.place.text); keep one of them")
        }
        return named
    }

    private func isBefore(_ a: SpecEntry, _ b: SpecEntry) -> Bool {
        (a.keyPlace.line, a.keyPlace.column) < (b.keyPlace.line, b.keyPlace.column)
    }

    /// Reports that `key` is missing, unless the section itself is at fault or a misspelt key is complained about.
    func reportMissing(_ key: String, example: String) {
        guard complainsOfMissing, !entries.contains(where: { isUnknown($0) && meant(by: $0) == key }) else { return }
        let title = name.isEmpty ? "the \(schema.noun)" : "`\(name)`"
        reading.report(.missing, "\(title) lacks `\(key)`", at: place, hint: "for example `\(key): \(example)`")
    }

    /// The value under `key` as `parse` understands its text; `parse` reports what it does not understand.
    /// - Parameters:
    ///   - fallback: the default, or, when `isRequired`, the harmless stand-in.
    ///   - example: a value for the hint when there is none.
    func scalar<Value>(
        _ key: String, fallback: Value, isRequired: Bool, wanted: String, example: String, parse: (Scalar) -> Value?
    ) -> Field<Value> {
        let dotted = dotted(key)
        guard let entry = entry(key) else {
            if isRequired { reportMissing(key, example: example) }
            return Field(key: dotted, value: fallback, place: nil, isSound: !isRequired)
        }
        reading.note(dotted, at: entry.value.place)
        var value: Value?
        switch entry.value.content {
        case .scalar(let text, let isQuoted):
            value = parse(Scalar(key: dotted, text: text, isQuoted: isQuoted, place: entry.value.place))
        case .null:
            reading.report(
                .missing, "`\(dotted)` has no value", at: entry.value.place, hint: "for example `\(key): \(example)`")
        case .list, .mapping:
            reading.report(
                .wrongType, "`\(dotted)` must be \(wanted), not \(entry.value.noun)", at: entry.value.place,
                hint: "for example `\(key): \(example)`")
        }
        return Field(key: dotted, value: value ?? fallback, place: entry.value.place, isSound: value != nil)
    }

    /// The section under `key`.
    func section(_ key: String, isRequired: Bool, example: String) -> Section {
        let entry = entry(key)
        if entry == nil, isRequired { reportMissing(key, example: example) }
        if let entry, case .null = entry.value.content {
            reading.report(
                .missing, "`\(dotted(key))` has no value", at: entry.value.place,
                hint: "for example `\(key): \(example)`")
        }
        let isNull = if case .null? = entry?.value.content { true } else { false }
        return Section(
            reading: reading, schema: schema, path: path.isEmpty ? key : "\(path).\(key)", name: dotted(key),
            node: isNull ? nil : entry?.value, place: entry?.keyPlace ?? place, isRequired: false)
    }

    /// The sections under `key` by their own names: a mapping of mappings.
    func namedSections(_ key: String, example: String) -> [(name: String, section: Section)] {
        guard let entry = entry(key) else {
            reportMissing(key, example: example)
            return []
        }
        guard case .mapping(let entries) = entry.value.content else {
            reading.report(
                .wrongType, "`\(dotted(key))` must be a mapping, not \(entry.value.noun)", at: entry.value.place)
            return []
        }
        return entries.map { item in
            let section = Section(
                reading: reading, schema: schema, path: dotted(key), name: "\(dotted(key)).\(item.key)",
                node: item.value, place: item.keyPlace, isRequired: true)
            return (item.key, section)
        }
    }

    /// The items of the list under `key`, with the key's place; none when it is not there or is no list.
    func list(_ key: String, isRequired: Bool, example: String) -> Field<[SpecNode]> {
        let dotted = dotted(key)
        guard let entry = entry(key) else {
            if isRequired { reportMissing(key, example: example) }
            return Field(key: dotted, value: [], place: nil, isSound: !isRequired)
        }
        reading.note(dotted, at: entry.keyPlace)
        guard case .list(let items) = entry.value.content else {
            reading.report(
                .wrongType, "`\(dotted)` must be a list, not \(entry.value.noun)", at: entry.value.place,
                hint: "for example `\(key): \(example)`")
            return Field(key: dotted, value: [], place: entry.value.place, isSound: false)
        }
        return Field(key: dotted, value: items, place: entry.keyPlace, isSound: true)
    }

    /// The items of the list under `key` as sections, `nodes[0]`, `nodes[1]`, ….
    func sections(_ key: String, isRequired: Bool, example: String) -> Field<[Section]> {
        list(key, isRequired: isRequired, example: example).map { items in
            items.enumerated().map { index, item in
                Section(
                    reading: reading, schema: schema, path: path.isEmpty ? key : "\(path).\(key)",
                    name: "\(dotted(key))[\(index)]", node: item, place: item.place, isRequired: true)
            }
        }
    }
}
