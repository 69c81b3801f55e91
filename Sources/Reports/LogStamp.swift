// The instants that log lines begin with, `2026-01-31T12:00:00Z` and `2026-01-31T14:00:00+0200`: a worker writes its host's
// time and the coordinator writes UTC, so the two are in one order only as seconds since 1970. Refuses any other form.

import Primitives

/// The seconds since 1970 that `line` begins with; nil when it begins with no stamp.
func unixSeconds(stampOf line: Substring) -> Int64? {
    let bytes = Array(line.utf8.prefix(25))
    guard bytes.count >= 20, bytes[10] == UInt8(ascii: "T") else { return nil }
    func number(_ from: Int, _ count: Int) -> Int? {
        guard from + count <= bytes.count else { return nil }
        var value = 0
        for byte in bytes[from..<from + count] {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return value
    }
    guard let year = number(0, 4), let month = number(5, 2), let day = number(8, 2), let hour = number(11, 2),
        let minute = number(14, 2), let second = number(17, 2), (1...12).contains(month), (1...31).contains(day)
    else { return nil }
    let local = Int64(daysSince1970(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second)
    guard bytes[19] != UInt8(ascii: "Z") else { return local }
    let minutesAt = bytes.count > 22 && bytes[22] == UInt8(ascii: ":") ? 23 : 22
    guard let hours = number(20, 2), let minutes = number(minutesAt, 2) else { return nil }
    switch bytes[19] {
    case UInt8(ascii: "+"): return local - Int64(hours * 3_600 + minutes * 60)
    case UInt8(ascii: "-"): return local + Int64(hours * 3_600 + minutes * 60)
    default: return nil
    }
}
