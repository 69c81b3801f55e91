// The words for effects and times in tables of failures, one spelling for cluster files and recorded histories. Refuses
// bare numbers.

import Primitives

extension FailureEffect {
    /// The words there are, for whoever wrote another.
    public static let words =
        "kill_node, kill_job, corrupt, `slow=0.5 for 10min`, `spike=2.9` or `spike=2.9 for 30 steps`"

    /// Reads one of `words`; nil for anything else.
    public init?(inWords text: String) {
        switch text {
        case "kill_node": self = .killNode
        case "kill_job": self = .killJob
        case "corrupt": self = .corrupt
        default:
            let words = text.split(separator: " ")
            if let spike = FailureEffect.spike(words) {
                self = spike
                return
            }
            guard words.count == 3, words[0].hasPrefix("slow="), words[1] == "for",
                let factor = Double(words[0].dropFirst(5)), factor > 0, factor < 1,
                let span = TimeSpan(inWords: String(words[2]))
            else { return nil }
            self = .slow(factor: factor, for: span)
        }
    }

    private static func spike(_ words: [Substring]) -> FailureEffect? {
        guard let first = words.first, first.hasPrefix("spike="), let rise = Double(first.dropFirst(6)), rise > 0,
            rise < 100
        else { return nil }
        if words.count == 1 { return .spike(rise: rise, healing: nil) }
        guard words.count == 4, words[1] == "for", words[3] == "steps", let steps = Int(words[2]),
            (1...1_000_000).contains(steps)
        else { return nil }
        return .spike(rise: rise, healing: steps)
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
