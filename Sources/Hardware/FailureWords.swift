// The words for effects and times in tables of failures, one spelling for cluster files and recorded histories. Refuses
// bare numbers.

import Primitives

extension FailureEffect {
    /// Reads `kill_node`, `kill_job`, `corrupt` or `slow=0.5 for 10min`; nil for anything else.
    public init?(inWords text: String) {
        switch text {
        case "kill_node": self = .killNode
        case "kill_job": self = .killJob
        case "corrupt": self = .corrupt
        default:
            let words = text.split(separator: " ")
            guard words.count == 3, words[0].hasPrefix("slow="), words[1] == "for",
                let factor = Double(words[0].dropFirst(5)), factor > 0, factor < 1,
                let span = TimeSpan(inWords: String(words[2]))
            else { return nil }
            self = .slow(factor: factor, for: span)
        }
    }
}

extension TimeSpan {
    /// Reads a number and its unit, `15min`, of s, min, h and d; nil for anything else and for more than 31 years.
    public init?(inWords text: String) {
        for (unit, seconds) in [("min", 60), ("d", 86_400), ("h", 3_600), ("s", 1)] as [(String, Double)]
        where text.hasSuffix(unit) {
            guard let count = Double(text.dropLast(unit.count)), count >= 0, count * seconds < 1e9 else { return nil }
            self = .seconds(count * seconds)
            return
        }
        return nil
    }
}
