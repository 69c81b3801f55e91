// Lengths that a file may give in steps or in time: `20 steps`, `30s`. Refuses bare numbers, which could be either.

import Primitives

extension Section {
    /// The length under `key`, as `steps` or `time` make it of what is written; `default` where nothing is, and an error
    /// where there is none.
    func stepsOrTime<Value>(
        _ key: String, default standard: Value?, example: String, steps: @escaping (Int) -> Value,
        time: @escaping (TimeSpan) -> Value
    ) -> Field<Value> {
        scalar(
            key, fallback: standard ?? steps(1), isRequired: standard == nil, wanted: "steps or a time",
            example: example
        ) { scalar -> Value? in
            let words = scalar.text.split(separator: " ")
            if words.count == 2, words[1] == "steps" || words[1] == "step",
                let count = Number.parseWhole(String(words[0])), count >= 1
            {
                return steps(count)
            }
            return span(scalar, isQuiet: false).map(time)
        }
    }
}
