// Rows and fields of a text, and numbers and times in them, read from bytes: eighty thousand rows as Strings would take
// longer than replaying them. Refuses line breaks inside quotation marks, which no trace has.

import Primitives

/// One row of a table.
struct TraceRow {
    /// The whole text.
    let bytes: [UInt8]
    /// Its line, from 1.
    let line: Int
    /// Where its fields are.
    let fields: [Range<Int>]

    /// The text of field `index`, without spaces around it and without quotation marks.
    func text(_ index: Int) -> String { String(decoding: bytes[fields[index]], as: UTF8.self) }

    /// Whether field `index` has nothing in it.
    func isEmpty(_ index: Int) -> Bool { fields[index].isEmpty }

    /// Field `index` as a decimal number, `66`, `66.0`, `-1.5e3`; nil when it is none.
    func number(_ index: Int) -> Double? {
        let field = fields[index]
        // Whole numbers, which most are, without a String.
        if field.count <= 15, field.count > 0, bytes[field].allSatisfy({ $0 >= 48 && $0 <= 57 }) {
            return Double(bytes[field].reduce(0) { $0 * 10 + Int($1 - 48) })
        }
        return Double(text(index)).flatMap { $0.isFinite ? $0 : nil }
    }
}

/// The rows of a text, one after the other.
struct TraceLines {
    private let bytes: [UInt8]
    private var position = 0
    private var line = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { position = 3 }  // A byte order mark.
    }

    /// The next line that is not empty, cut at `separator`; at runs of white space where it is a space.
    mutating func next(separator: UInt8) -> TraceRow? {
        while position < bytes.count {
            let start = position
            var end = start
            while end < bytes.count, bytes[end] != 10 { end += 1 }
            position = end + 1
            line += 1
            if end > start, bytes[end - 1] == 13 { end -= 1 }
            let fields = separator == 32 ? words(start..<end) : cells(start..<end, separator)
            if fields.count > 1 || !(fields.first?.isEmpty ?? true) {
                return TraceRow(bytes: bytes, line: line, fields: fields)
            }
        }
        return nil
    }

    private func words(_ range: Range<Int>) -> [Range<Int>] {
        bytes[range].split { $0 == 32 || $0 == 9 }.map { $0.startIndex..<$0.endIndex }
    }

    private func cells(_ range: Range<Int>, _ separator: UInt8) -> [Range<Int>] {
        var fields: [Range<Int>] = []
        fields.reserveCapacity(16)
        var start = range.lowerBound
        var isQuoted = false
        for index in range {
            if bytes[index] == 34 { isQuoted.toggle() }
            if bytes[index] == separator, !isQuoted {
                fields.append(trimmed(start..<index))
                start = index + 1
            }
        }
        fields.append(trimmed(start..<range.upperBound))
        return fields
    }

    private func trimmed(_ range: Range<Int>) -> Range<Int> {
        var (low, high) = (range.lowerBound, range.upperBound)
        while low < high, bytes[low] == 32 || bytes[low] == 9 { low += 1 }
        while low < high, bytes[high - 1] == 32 || bytes[high - 1] == 9 { high -= 1 }
        if high - low >= 2, bytes[low] == 34, bytes[high - 1] == 34 { return low + 1..<high - 1 }
        return low..<high
    }
}

/// Seconds since 1970 of `2017-10-09 07:01:55` or `2017-10-09T07:01:55`, with or without a fraction and a zone that is
/// UTC (traces give local time without saying which; only differences matter). Nil for anything else.
func calendarSeconds(_ text: String) -> Double? {
    let parts = text.split { " T".contains($0) }
    guard parts.count >= 2 else { return nil }
    let date = parts[0].split(separator: "-").compactMap { Int($0) }
    let clock = parts[1].prefix { "0123456789:.".contains($0) }.split(separator: ":")
    guard date.count == 3, clock.count == 3, let hour = Int(clock[0]), let minute = Int(clock[1]),
        let second = Double(clock[2]), (1...12).contains(date[1]), (1...31).contains(date[2]),
        (0..<24).contains(hour), (0..<60).contains(minute), (0..<61).contains(second)
    else { return nil }
    return Double(daysSince1970(date[0], date[1], date[2]) * 86_400 + hour * 3_600 + minute * 60) + second
}
