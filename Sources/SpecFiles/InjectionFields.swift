// One item of a job file's `inject`: `{at: step=120, fail: rank 2, kind: kill}`. Refuses to know whether the fault can
// strike; JobChecks does.

import Jobs

/// The values of one injected fault.
struct InjectionFields {
    let step: Field<Int>
    let rank: Field<Int>
    let kind: Field<Injection.Kind>
    /// The item as a whole.
    let place: Place

    init(_ section: Section) {
        place = section.place
        step = InjectionFields.number(section, key: "at", word: "step", example: "step=120")
        rank = InjectionFields.number(section, key: "fail", word: "rank", example: "rank 2")
        kind = section.choice("kind", default: nil, standIn: .kill)
    }

    /// Reads `word=N` or `word N`; both are written for both, in files and on command lines.
    private static func number(_ section: Section, key: String, word: String, example: String) -> Field<Int> {
        section.scalar(key, fallback: 0, isRequired: true, wanted: "`\(example)`", example: example) { scalar in
            let parts = scalar.text.split(maxSplits: 1) { $0 == " " || $0 == "=" }
            if parts.count == 2, parts[0] == word, let number = Number.parseWhole(String(parts[1])) { return number }
            let hint: String
            if Number.parseWhole(scalar.text) != nil {
                let separator = example.contains("=") ? "=" : " "
                hint = "write `\(word)\(separator)\(scalar.text)`"
            } else {
                hint = "for example `\(example)`"
            }
            section.reading.report(
                .badForm, "`\(scalar.key)` must name a \(word), not `\(scalar.text)`", at: scalar.place, hint: hint)
            return nil
        }
    }
}
