// Time as integer nanoseconds. An Instant counts from the epoch of its run; whoever drives the control plane decides
// whether those nanoseconds come from a wall clock or from a queue of events. Refuses floating-point time: sums of
// intervals must add up exactly.

/// A length of time in integer nanoseconds; may be negative where a difference is.
public struct TimeSpan: Hashable, Comparable, Sendable, Codable {
    /// The length in nanoseconds.
    public var nanoseconds: Int64

    /// A span of `nanoseconds`.
    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// The span of no length.
    public static let zero = TimeSpan(nanoseconds: 0)
    /// `count` microseconds.
    public static func microseconds(_ count: Int64) -> TimeSpan { TimeSpan(nanoseconds: count * 1_000) }
    /// `count` milliseconds.
    public static func milliseconds(_ count: Int64) -> TimeSpan { TimeSpan(nanoseconds: count * 1_000_000) }
    /// `count` seconds.
    public static func seconds(_ count: Int64) -> TimeSpan { TimeSpan(nanoseconds: count * 1_000_000_000) }
    /// `count` seconds rounded to the nearest nanosecond.
    /// - Precondition: `count` is finite and fits 292 years.
    public static func seconds(_ count: Double) -> TimeSpan {
        TimeSpan(nanoseconds: Int64((count * 1e9).rounded()))
    }

    /// The length in seconds, for display and for rates.
    public var seconds: Double { Double(nanoseconds) / 1e9 }

    /// The shorter span sorts first.
    public static func < (a: TimeSpan, b: TimeSpan) -> Bool { a.nanoseconds < b.nanoseconds }
    /// The sum of two spans.
    public static func + (a: TimeSpan, b: TimeSpan) -> TimeSpan { TimeSpan(nanoseconds: a.nanoseconds + b.nanoseconds) }
    /// The difference of two spans.
    public static func - (a: TimeSpan, b: TimeSpan) -> TimeSpan { TimeSpan(nanoseconds: a.nanoseconds - b.nanoseconds) }
    /// `a` repeated `n` times.
    public static func * (a: TimeSpan, n: Int64) -> TimeSpan { TimeSpan(nanoseconds: a.nanoseconds * n) }
    /// Adds `b` to `a`.
    public static func += (a: inout TimeSpan, b: TimeSpan) { a.nanoseconds += b.nanoseconds }
    /// Takes `b` from `a`.
    public static func -= (a: inout TimeSpan, b: TimeSpan) { a.nanoseconds -= b.nanoseconds }
}

extension TimeSpan: CustomStringConvertible {
    /// A person's reading of the span in its two largest units: `0.2ms`, `37.4s`, `3m05s`, `1h02m`, `12d07h`.
    public var description: String {
        let ns = nanoseconds.magnitude
        let sign = nanoseconds < 0 ? "-" : ""
        func two(_ value: UInt64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        func tenths(_ value: UInt64, of unit: UInt64) -> String {
            let rounded = (value * 10 + unit / 2) / unit
            return "\(rounded / 10).\(rounded % 10)"
        }
        // From a minute on the nearest second is split: 59.97 s must not read as "0m59s".
        let seconds = (ns + 500_000_000) / 1_000_000_000
        switch ns {
        case 0: return "0s"
        case ..<1_000: return "\(sign)\(ns)ns"
        case ..<999_950: return "\(sign)\(tenths(ns, of: 1_000))us"
        case ..<999_950_000: return "\(sign)\(tenths(ns, of: 1_000_000))ms"
        case ..<59_950_000_000: return "\(sign)\(tenths(ns, of: 1_000_000_000))s"
        case ..<3_599_500_000_000: return "\(sign)\(seconds / 60)m\(two(seconds % 60))s"
        case ..<86_399_500_000_000: return "\(sign)\(seconds / 3600)h\(two(seconds / 60 % 60))m"
        default: return "\(sign)\(seconds / 86_400)d\(two(seconds / 3600 % 24))h"
        }
    }
}

/// A point in time: nanoseconds since the epoch of its run.
public struct Instant: Hashable, Comparable, Sendable, Codable {
    /// Nanoseconds since the run's epoch.
    public var nanoseconds: Int64

    /// The point `nanoseconds` after the run's epoch.
    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// The run's epoch.
    public static let zero = Instant(nanoseconds: 0)

    /// The earlier instant sorts first.
    public static func < (a: Instant, b: Instant) -> Bool { a.nanoseconds < b.nanoseconds }
    /// The instant `b` after `a`.
    public static func + (a: Instant, b: TimeSpan) -> Instant { Instant(nanoseconds: a.nanoseconds + b.nanoseconds) }
    /// The instant `b` before `a`.
    public static func - (a: Instant, b: TimeSpan) -> Instant { Instant(nanoseconds: a.nanoseconds - b.nanoseconds) }
    /// The span from `b` to `a`.
    public static func - (a: Instant, b: Instant) -> TimeSpan { TimeSpan(nanoseconds: a.nanoseconds - b.nanoseconds) }
}

extension Instant: CustomStringConvertible {
    /// The time since the epoch as `HH:MM:SS.mmm`, hours growing without bound, fractions of a millisecond cut off;
    /// `-HH:MM:SS.mmm` before the epoch.
    public var description: String {
        let ms = nanoseconds.magnitude / 1_000_000
        let sign = nanoseconds < 0 && ms > 0 ? "-" : ""
        func pad(_ value: UInt64, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let clock = "\(pad(ms / 3_600_000, 2)):\(pad(ms / 60_000 % 60, 2)):\(pad(ms / 1000 % 60, 2))"
        return "\(sign)\(clock).\(pad(ms % 1000, 3))"
    }
}
