// Texts of a file: names that become folders, and words of a short list. Refuses to change what was written:
// only the case of listed words is forgiven.

extension Section {
    /// The name under `key`: fit for a folder, a URL and a shell without quotes.
    func name(_ key: String, example: String) -> Field<String> {
        scalar(key, fallback: "", isRequired: true, wanted: "a text", example: example) { scalar in
            let text = scalar.text
            let isSafe = text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "-_.".utf8.contains(byte)
                }
            }
            let startsWell = text.first.map { $0.isLetter || $0.isNumber } ?? false
            guard isSafe, startsWell, text.utf8.count <= 64 else {
                reading.report(
                    .badForm, "`\(scalar.key)` is no name for a folder: `\(text)`", at: scalar.place,
                    hint: "up to 64 letters, digits, `-`, `_` and `.`, the first a letter or digit")
                return nil
            }
            return text
        }
    }

    /// The word under `key`, one of `Choice`'s.
    func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: String, default fallback: Choice?, standIn: Choice, as _: Choice.Type = Choice.self
    ) -> Field<Choice> {
        let words = Choice.allCases.map(\.rawValue)
        let value = scalar(
            key, fallback: fallback ?? standIn, isRequired: fallback == nil, wanted: "a word",
            example: standIn.rawValue
        ) { scalar -> Choice? in
            if let value = Choice(rawValue: scalar.text.lowercased()) { return value }
            let near = Suggestion.nearest(to: scalar.text, among: words)
            let allowed = words.joined(separator: ", ")
            reading.report(
                .unknownValue, "`\(scalar.key)` cannot be `\(scalar.text)`", at: scalar.place,
                hint: near.map { "did you mean `\($0)`? allowed: \(allowed)" } ?? "allowed: \(allowed)")
            return nil
        }
        return value
    }

    /// The switch under `key`: `true` or `false`, and nothing else that YAML 1.1 takes for one.
    func flag(_ key: String, default fallback: Bool) -> Field<Bool> {
        scalar(key, fallback: fallback, isRequired: false, wanted: "true or false", example: "true") { scalar in
            if let value = Bool(scalar.text.lowercased()) { return value }
            reading.report(
                .unknownValue, "`\(scalar.key)` cannot be `\(scalar.text)`", at: scalar.place,
                hint: "allowed: true, false")
            return nil
        }
    }

    /// Whether the file gives `key`.
    func has(_ key: String) -> Bool { entry(key) != nil }

    /// The field of a key that the file does not give.
    func absent<Value>(_ key: String, _ value: Value) -> Field<Value> {
        Field(key: dotted(key), value: value, place: nil, isSound: true)
    }
}
