// Quantities of a file: a number and its unit, `500ms`, `80GB`, `312TFLOPs`, `27.20 USD/h`. Refuses bare numbers, zero
// among them: people read them differently, and a file is read for years.

import Primitives

/// The units of one kind of quantity.
struct UnitFamily {
    /// What the quantity is, `a time`.
    let noun: String
    /// A quantity for hints.
    let example: String
    /// The units with what one of each is worth in the first.
    let units: [(name: String, factor: Double)]
    /// Whether people write a space before the unit.
    var isSpaced = false

    /// Times, in nanoseconds.
    static let time = UnitFamily(
        noun: "a time", example: "10s",
        units: [
            ("ns", 1), ("us", 1e3), ("ms", 1e6), ("s", 1e9), ("min", 60e9), ("h", 3600e9), ("d", 86_400e9),
        ])
    /// Sizes, in bytes.
    static let size = UnitFamily(
        noun: "a size", example: "4GB",
        units: [
            ("B", 1), ("kB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12), ("KiB", 0x1p10), ("MiB", 0x1p20),
            ("GiB", 0x1p30),
        ])
    /// Rates of floating-point operations, in operations a second.
    static let rate = UnitFamily(
        noun: "a rate", example: "240GFLOPs",
        units: [("MFLOPs", 1e6), ("GFLOPs", 1e9), ("TFLOPs", 1e12), ("PFLOPs", 1e15)])
    /// Prices, in US dollars an hour.
    static let price = UnitFamily(
        noun: "a price", example: "27.20 USD/h", units: [("USD/h", 1)], isSpaced: true)

    /// Rates of data, in bytes a second; networks are sold in bits.
    static let bandwidth = UnitFamily(
        noun: "a bandwidth", example: "300GB/s",
        units: [
            ("B/s", 1), ("kB/s", 1e3), ("MB/s", 1e6), ("GB/s", 1e9), ("TB/s", 1e12), ("Mb/s", 1e6 / 8),
            ("Gb/s", 1e9 / 8), ("Tb/s", 1e12 / 8),
        ])
    /// Power, in watts.
    static let power = UnitFamily(
        noun: "a power", example: "6.5kW", units: [("W", 1), ("kW", 1e3), ("MW", 1e6)])

    /// `number` with a unit, as a suggestion.
    func suggestion(for number: String) -> String {
        let unit = example.drop { $0.isNumber || $0 == "." || $0 == " " }
        return "\(number)\(isSpaced ? " " : "")\(unit)"
    }
}

extension Section {
    /// The time under `key`, of at least `minimum` and at most ten years.
    func time(_ key: String, atLeast minimum: TimeSpan, default fallback: TimeSpan) -> Field<TimeSpan> {
        let range = Double(minimum.nanoseconds)...Double(3650 * 86_400) * 1e9
        return quantity(
            key, .time, in: range, bounds: "\(TimeText.exact(minimum)) to 3650d", default: Double(fallback.nanoseconds)
        ).map { TimeSpan(nanoseconds: Int64($0.rounded())) }
    }

    /// The mean time between failures under `key`: rare ones are centuries apart.
    func meanTime(_ key: String) -> Field<TimeSpan> {
        quantity(key, .time, in: 1e9...8.64e18, bounds: "1s to 100000d", example: "747d").map {
            TimeSpan(nanoseconds: Int64($0.rounded()))
        }
    }

    /// The rate under `key`, in operations a second; nil when it is not given.
    func rateIfGiven(_ key: String) -> Double? {
        let field = quantity(key, .rate, in: 0...1e21, bounds: "1MFLOPs to 1000000PFLOPs", default: 0)
        return field.value > 0 ? field.value : nil
    }

    /// The size under `key`, of at least a byte.
    func size(_ key: String) -> Field<ByteCount> {
        quantity(key, .size, in: 1...1e18, bounds: "1B to 1000000TB").map { ByteCount(Int64($0.rounded())) }
    }

    /// The rate under `key`, in operations a second.
    func rate(_ key: String) -> Field<Double> {
        quantity(key, .rate, in: 1e6...1e21, bounds: "1MFLOPs to 1000000PFLOPs")
    }

    /// The bandwidth under `key`, in bytes a second.
    func bandwidth(_ key: String) -> Field<Double> {
        quantity(key, .bandwidth, in: 1...1e18, bounds: "1B/s to 1000000TB/s")
    }

    /// The power under `key`, in watts.
    func power(_ key: String) -> Field<Double> { quantity(key, .power, in: 1...1e9, bounds: "1W to 1000MW") }

    /// The price under `key`, in US dollars an hour.
    func price(_ key: String, default fallback: Double) -> Field<Double> {
        quantity(key, .price, in: 0...1e9, bounds: "0 USD/h to 1000000000 USD/h", default: fallback)
    }

    /// The time that `scalar` says; nil, after a complaint unless `isQuiet`, when it says none above zero.
    func span(_ scalar: Scalar, isQuiet: Bool) -> TimeSpan? {
        let quiet = Reading()
        guard let value = UnitFamily.time.measure(scalar, reportingTo: isQuiet ? quiet : reading) else { return nil }
        if (1...Double(3650 * 86_400) * 1e9).contains(value) { return TimeSpan(nanoseconds: Int64(value.rounded())) }
        if !isQuiet {
            reading.report(
                .outOfRange, "`\(scalar.key)` cannot be \(scalar.text)", at: scalar.place, hint: "allowed: 1ns to 3650d"
            )
        }
        return nil
    }

    private func quantity(
        _ key: String, _ family: UnitFamily, in range: ClosedRange<Double>, bounds: String,
        default fallback: Double? = nil, example: String? = nil
    ) -> Field<Double> {
        scalar(
            key, fallback: fallback ?? range.lowerBound, isRequired: fallback == nil,
            wanted: "\(family.noun) with its unit", example: example ?? family.example
        ) { scalar in
            guard let value = family.measure(scalar, reportingTo: reading) else { return nil }
            guard range.contains(value) else {
                reading.report(
                    .outOfRange, "`\(scalar.key)` cannot be \(scalar.text)", at: scalar.place,
                    hint: "allowed: \(bounds)")
                return nil
            }
            return value
        }
    }
}

extension UnitFamily {
    /// The quantity in the family's first unit; nil after reporting what is wrong with it.
    func measure(_ scalar: Scalar, reportingTo reading: Reading) -> Double? {
        let names = units.map(\.name)
        // The longest unit first, because `10ms` ends in `s` too.
        let unit = units.sorted { $0.name.count > $1.name.count }.first { scalar.text.hasSuffix($0.name) }
        if let unit {
            let number = scalar.text.dropLast(unit.name.count)
            if let value = Number.parse(number.hasSuffix(" ") ? number.dropLast() : number) {
                return value * unit.factor
            }
        }
        if Number.parse(scalar.text) != nil {
            reading.report(
                .unit, "`\(scalar.key)` lacks a unit: `\(scalar.text)`", at: scalar.place,
                hint: "write `\(suggestion(for: scalar.text))`; units: \(names.joined(separator: " "))")
            return nil
        }
        let number = scalar.text.prefix { $0.isNumber || "+-._".contains($0) }
        let rest = scalar.text.dropFirst(number.count)
        let word = rest.drop { $0 == " " }
        guard Number.parse(number) != nil else {
            reading.report(
                .wrongType, "`\(scalar.key)` must be \(noun) with its unit, not `\(scalar.text)`",
                at: scalar.place, hint: "for example `\(example)`; units: \(names.joined(separator: " "))")
            return nil
        }
        // `msec`, `hours` and `minutes` begin with what is meant.
        let near =
            Suggestion.nearest(to: String(word), among: names)
            ?? names.filter { word.hasPrefix($0) }.max { $0.count < $1.count }
        let offset = number.unicodeScalars.count + rest.unicodeScalars.count - word.unicodeScalars.count
        reading.report(
            .unit, "`\(scalar.key)` has an unknown unit: `\(word)`",
            at: scalar.place(offset: offset, length: word.unicodeScalars.count),
            hint: (near.map { "did you mean `\($0)`? " } ?? "") + "units: \(names.joined(separator: " "))")
        return nil
    }
}

enum TimeText {
    /// `span` in the largest unit of at most a second that it is a whole number of, so that it reads back exactly.
    static func exact(_ span: TimeSpan) -> String {
        let ns = span.nanoseconds
        for (size, unit) in [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us")] as [(Int64, String)]
        where ns % size == 0 {
            return "\(ns / size)\(unit)"
        }
        return "\(ns)ns"
    }
}
