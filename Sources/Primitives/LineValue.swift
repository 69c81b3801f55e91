// How each primitive is written in a Line. Doubles are written with the fewest digits that read back to the same bits.

/// A value with one spelling in a record.
public protocol LineValue {
    /// The value as it stands behind `name=`.
    var lineText: String { get }
    /// Reads what `lineText` wrote; nil when the text is not such a value.
    init?(lineText: String)
}

extension String: LineValue {
    /// The text itself.
    public var lineText: String { self }
    /// Any text.
    public init?(lineText: String) { self = lineText }
}

extension Int: LineValue {
    /// Decimal digits.
    public var lineText: String { String(self) }
    /// Decimal digits.
    public init?(lineText: String) { self.init(lineText) }
}

extension Int64: LineValue {
    /// Decimal digits.
    public var lineText: String { String(self) }
    /// Decimal digits.
    public init?(lineText: String) { self.init(lineText) }
}

extension UInt64: LineValue {
    /// Decimal digits.
    public var lineText: String { String(self) }
    /// Decimal digits.
    public init?(lineText: String) { self.init(lineText) }
}

extension Bool: LineValue {
    /// `true` or `false`.
    public var lineText: String { self ? "true" : "false" }
    /// `true` or `false`.
    public init?(lineText: String) { self.init(lineText) }
}

extension Double: LineValue {
    /// The shortest digits that read back to the same bits.
    public var lineText: String { description }
    /// A decimal number, `nan` or `inf`.
    public init?(lineText: String) { self.init(lineText) }
}

extension TimeSpan: LineValue {
    /// Nanoseconds with their unit: `1500ns`.
    public var lineText: String { "\(nanoseconds)ns" }
    /// Nanoseconds with their unit.
    public init?(lineText: String) {
        guard lineText.hasSuffix("ns"), let count = Int64(lineText.dropLast(2)) else { return nil }
        self.init(nanoseconds: count)
    }
}

extension Instant: LineValue {
    /// Nanoseconds since the run's epoch: `1500ns`.
    public var lineText: String { "\(nanoseconds)ns" }
    /// Nanoseconds since the run's epoch.
    public init?(lineText: String) {
        guard let span = TimeSpan(lineText: lineText) else { return nil }
        self.init(nanoseconds: span.nanoseconds)
    }
}

extension RunID: LineValue {
    /// The run's name.
    public var lineText: String { name }
    /// The run's name.
    public init?(lineText: String) { self.init(lineText) }
}

extension NodeID: LineValue {
    /// The node's name.
    public var lineText: String { name }
    /// The node's name.
    public init?(lineText: String) { self.init(lineText) }
}

extension WorkerID: LineValue {
    /// `node/slot`.
    public var lineText: String { description }
    /// `node/slot`.
    public init?(lineText: String) { self.init(lineText) }
}

extension Incarnation: LineValue {
    /// The number.
    public var lineText: String { String(number) }
    /// The number.
    public init?(lineText: String) {
        guard let number = Int(lineText) else { return nil }
        self.init(number)
    }
}

extension Generation: LineValue {
    /// The number.
    public var lineText: String { String(number) }
    /// The number.
    public init?(lineText: String) {
        guard let number = Int(lineText) else { return nil }
        self.init(number)
    }
}

extension Range: LineValue where Bound == Int {
    /// `lower..<upper`.
    public var lineText: String { "\(lowerBound)..<\(upperBound)" }
    /// `lower..<upper`.
    public init?(lineText: String) {
        let ends = lineText.split(separator: "..<", omittingEmptySubsequences: false)
        guard ends.count == 2, let lower = Int(ends[0]), let upper = Int(ends[1]), lower <= upper else { return nil }
        self = lower..<upper
    }
}
