// "Did you mean": the word of a list that a mistyped one was probably meant to be. Refuses to guess far: a wrong
// suggestion costs more than none.

enum Suggestion {
    /// The candidate with the fewest typing errors away from `word`, if they are at most a third of its letters; else
    /// the only candidate that contains it. The first of equals.
    static func nearest(to word: String, among candidates: [String]) -> String? {
        let lowered = Array(word.lowercased())
        let limit = max(1, lowered.count / 3)
        var best: (candidate: String, distance: Int)?
        for candidate in candidates {
            let distance = typingErrors(lowered, Array(candidate.lowercased()))
            if distance <= limit, distance < lowered.count, distance < best?.distance ?? .max {
                best = (candidate, distance)
            }
        }
        if let best { return best.candidate }
        let containing = candidates.filter { lowered.count >= 4 && $0.lowercased().contains(word.lowercased()) }
        return containing.count == 1 ? containing[0] : nil
    }

    /// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b` (optimal string alignment).
    static func typingErrors(_ a: [Character], _ b: [Character]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            for j in b.indices {
                var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
                row.append(cost)
            }
            (beforeLast, last) = (last, row)
        }
        return last[b.count]
    }

    /// The three multiples of `divisor` nearest to `value`, positive, ascending: `12, 16, 20`.
    static func multiples(of divisor: Int, near value: Int) -> String {
        let middle = max(2, (value + divisor / 2) / divisor)
        return [middle - 1, middle, middle + 1].map { String($0 * divisor) }.joined(separator: ", ")
    }
}
