// Numbers of a file: whole, decimal, and their ranges. Refuses what YAML 1.1 allows and people do not expect: octal,
// hexadecimal, sexagesimal, infinity, quotes around a number.

/// Which decimal numbers a key takes.
struct NumberRange {
    /// As it stands behind "must be": `above 0`.
    let noun: String
    let contains: (Double) -> Bool

    static var positive: NumberRange { NumberRange(noun: "above 0") { $0 > 0 } }
    static var nonNegative: NumberRange { NumberRange(noun: "at least 0") { $0 >= 0 } }
    static var atLeastOne: NumberRange { NumberRange(noun: "at least 1") { $0 >= 1 } }
    static var fraction: NumberRange { NumberRange(noun: "at least 0 and below 1") { $0 >= 0 && $0 < 1 } }
}

enum Number {
    /// A decimal number: `12`, `-3.5`, `3e-4`, `50_257`; nil for anything else, and for what a Double cannot hold.
    static func parse(_ text: some StringProtocol) -> Double? {
        guard let first = text.utf8.first, text.utf8.allSatisfy(isPart), first != UInt8(ascii: "_"),
            text.utf8.contains(where: { (0x30...0x39).contains($0) }),
            let value = Double(String(text).filter { $0 != "_" }), value.isFinite
        else { return nil }
        return value
    }

    /// A whole number, also one written `1e5`; nil for anything else.
    static func parseWhole(_ text: String) -> Int? {
        if let value = Int(text.filter { $0 != "_" }), parse(text) != nil { return value }
        return parse(text).flatMap { $0.magnitude <= 0x1p53 ? Int(exactly: $0) : nil }
    }

    private static func isPart(_ byte: UInt8) -> Bool { isDigit(byte) || "+-.eE_".utf8.contains(byte) }
    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}

extension Section {
    /// The whole number under `key`.
    /// - Parameter fallback: the default; nil when the key is required.
    func whole(_ key: String, in range: ClosedRange<Int>, default fallback: Int? = nil, example: String) -> Field<Int> {
        scalar(
            key, fallback: fallback ?? max(range.lowerBound, 1), isRequired: fallback == nil, wanted: "a whole number",
            example: example
        ) { scalar in
            guard !scalar.isQuoted, let value = Number.parseWhole(scalar.text) else {
                reportNoNumber(scalar, wanted: "a whole number", example: example)
                return nil
            }
            guard range.contains(value) else {
                let noun = value < range.lowerBound ? "at least \(range.lowerBound)" : "at most \(range.upperBound)"
                reading.report(
                    .outOfRange, "`\(scalar.key)` must be \(noun), not \(scalar.text)", at: scalar.place)
                return nil
            }
            return value
        }
    }

    /// The decimal number under `key`.
    /// - Parameter fallback: the default; nil when the key is required.
    func decimal(
        _ key: String, _ range: NumberRange, default fallback: Double? = nil, example: String
    ) -> Field<Double> {
        scalar(key, fallback: fallback ?? 1, isRequired: fallback == nil, wanted: "a number", example: example) {
            guard !$0.isQuoted, let value = Number.parse($0.text) else {
                reportNoNumber($0, wanted: "a number", example: example)
                return nil
            }
            guard range.contains(value) else {
                reading.report(.outOfRange, "`\($0.key)` must be \(range.noun), not \($0.text)", at: $0.place)
                return nil
            }
            return value
        }
    }

    /// The seed under `key`: any whole number of 64 bits.
    func seed(_ key: String, default fallback: UInt64) -> Field<UInt64> {
        scalar(key, fallback: fallback, isRequired: false, wanted: "a whole number", example: "1234") { scalar in
            let whole = Number.parseWhole(scalar.text)
            if !scalar.isQuoted, let value = UInt64(scalar.text) ?? whole.flatMap(UInt64.init(exactly:)) {
                return value
            }
            guard !scalar.isQuoted, Number.parse(scalar.text) != nil else {
                reportNoNumber(scalar, wanted: "a whole number", example: "1234")
                return nil
            }
            reading.report(
                .outOfRange, "`\(scalar.key)` must be a whole number from 0 to \(UInt64.max), not \(scalar.text)",
                at: scalar.place)
            return nil
        }
    }

    private func reportNoNumber(_ scalar: Scalar, wanted: String, example: String) {
        let isQuotedNumber = scalar.isQuoted && Number.parse(scalar.text) != nil
        let said = isQuotedNumber ? "the text \(scalar.place.text)" : "`\(scalar.text)`"
        reading.report(
            .wrongType, "`\(scalar.key)` must be \(wanted), not \(said)", at: scalar.place,
            hint: isQuotedNumber ? "remove the quotes" : "for example `\(example)`")
    }
}
