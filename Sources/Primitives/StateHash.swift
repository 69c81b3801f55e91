// A replica's state in one word, by which replicas find out that one of them holds other numbers than the rest. A value
// that travels in messages and journals and is compared. Refuses to compute itself: training knows what a state is, and
// the simulated world has another.

/// The hash of everything that a step changes: parameters and the optimizer's state.
public struct StateHash: Equatable, Hashable, Sendable, CustomStringConvertible, LineValue {
    /// The hash; equal states have equal ones.
    public var value: UInt64

    /// A hash that is known as a number.
    public init(_ value: UInt64) { self.value = value }

    /// Sixteen hexadecimal digits, lower case.
    public var description: String { lineText }

    /// Sixteen hexadecimal digits, lower case.
    public var lineText: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    /// Reads what `lineText` wrote.
    public init?(lineText: String) {
        guard lineText.utf8.count == 16, let value = UInt64(lineText, radix: 16) else { return nil }
        self.value = value
    }
}
