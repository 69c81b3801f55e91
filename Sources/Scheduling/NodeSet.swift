// A set of small integers that finds its least member in a few instructions: a bit a number, and a bit a word of those.
// Placement asks for "the first completely free node" thousands of times a second. Refuses negative numbers and growth.

/// A set of the integers below a bound.
struct NodeSet: Equatable, Sendable {
    private var words: [UInt64]
    /// Bit `w` says whether word `w` has a member.
    private var summary: [UInt64]
    /// How many members there are.
    private(set) var count = 0

    /// The empty set of integers below `bound`.
    init(below bound: Int) {
        let wordCount = (bound + 63) / 64
        words = [UInt64](repeating: 0, count: wordCount)
        summary = [UInt64](repeating: 0, count: (wordCount + 63) / 64)
    }

    /// Whether `number` is a member.
    func contains(_ number: Int) -> Bool { words[number >> 6] & (1 << UInt64(number & 63)) != 0 }

    /// Adds `number`, which is no member.
    mutating func insert(_ number: Int) {
        words[number >> 6] |= 1 << UInt64(number & 63)
        summary[number >> 12] |= 1 << UInt64((number >> 6) & 63)
        count += 1
    }

    /// Takes out `number`, which is a member.
    mutating func remove(_ number: Int) {
        words[number >> 6] &= ~(1 << UInt64(number & 63))
        if words[number >> 6] == 0 { summary[number >> 12] &= ~(1 << UInt64((number >> 6) & 63)) }
        count -= 1
    }

    /// The least member that is at least `number`; nil when there is none.
    func first(from number: Int = 0) -> Int? {
        var word = number >> 6
        guard word < words.count else { return nil }
        let here = words[word] & (~0 << UInt64(number & 63))
        if here != 0 { return word << 6 + here.trailingZeroBitCount }
        word += 1
        var block = word >> 6
        guard block < summary.count else { return nil }
        var blocks = summary[block] & (~0 << UInt64(word & 63))
        while blocks == 0 {
            block += 1
            guard block < summary.count else { return nil }
            blocks = summary[block]
        }
        word = block << 6 + blocks.trailingZeroBitCount
        return word << 6 + words[word].trailingZeroBitCount
    }
}
