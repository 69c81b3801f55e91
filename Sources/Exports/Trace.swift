// A run as a tree of tracks with slices, instants, counters and flows: what every trace viewer shows, before any of
// their formats. Refuses to know a format, and to round: every time is an integer number of nanoseconds.

import Primitives

/// What stands beside a slice or an instant in a viewer's detail panel.
public struct TraceArgument: Equatable, Sendable {
    /// A value in one of the types that all formats have.
    public enum Value: Equatable, Sendable {
        case integer(Int64)
        case real(Double)
        case text(String)
    }

    /// Its name.
    public var name: String
    /// What it says.
    public var value: Value

    /// An argument of text.
    static func text(_ name: String, _ value: String) -> TraceArgument {
        TraceArgument(name: name, value: .text(value))
    }
    /// An argument of a whole number.
    static func integer(_ name: String, _ value: Int) -> TraceArgument {
        TraceArgument(name: name, value: .integer(Int64(value)))
    }
    /// An argument of a number.
    static func real(_ name: String, _ value: Double) -> TraceArgument {
        TraceArgument(name: name, value: .real(value))
    }
}

/// A row of a trace, or a group of rows.
public struct TraceTrack: Equatable, Sendable {
    /// What a track holds.
    public enum Kind: Equatable, Sendable {
        /// Other tracks only.
        case group
        /// Slices and instants.
        case slices
        /// Values of a quantity in `unit`.
        case counter(unit: String)
    }

    /// Its index among the trace's tracks.
    public var index: Int
    /// The index of the group it is in; nil at the top.
    public var parent: Int?
    /// Its name.
    public var name: String
    /// What it holds.
    public var kind: Kind
}

/// A stretch of time on a track. Slices of one track nest or follow each other; they never cross.
public struct TraceSlice: Equatable, Sendable {
    /// The index of its track.
    public var track: Int
    /// Its name.
    public var name: String
    /// From when.
    public var from: Instant
    /// Until when; equal to `from` for an instant.
    public var to: Instant
    /// What else is known of it.
    public var arguments: [TraceArgument] = []
    /// Flows that start here.
    public var flowsOut: [UInt64] = []
    /// Flows that end here.
    public var flowsIn: [UInt64] = []

    /// Whether it is an instant.
    public var isInstant: Bool { from == to }
}

/// A value of a counter track from an instant on.
public struct TraceSample: Equatable, Sendable {
    /// The index of its track.
    public var track: Int
    /// From when.
    public var at: Instant
    /// The value.
    public var value: Double
}

/// How much of a run a trace tells.
public enum TraceDetail: String, CaseIterable, Sendable, Comparable {
    /// Segments, incidents, checkpoints and what each worker did.
    case segments
    /// Also every step, and the curves.
    case steps
    /// Also the parts of every step on every worker.
    case parts

    /// Less detail sorts first.
    public static func < (a: TraceDetail, b: TraceDetail) -> Bool {
        allCases.firstIndex(of: a)! < allCases.firstIndex(of: b)!
    }
}

/// A run for a trace viewer.
public struct Trace: Equatable, Sendable {
    /// Rows and groups, parents first, in the order they are to be shown.
    public private(set) var tracks: [TraceTrack] = []
    /// Stretches and instants, for each track by begin, the enclosing one first.
    public private(set) var slices: [TraceSlice] = []
    /// Counters, for each track by time.
    public private(set) var samples: [TraceSample] = []
    /// Only what touches this stretch is kept; nil for all.
    public let window: ClosedRange<Instant>?

    /// An empty trace of `window`.
    init(window: ClosedRange<Instant>?) { self.window = window }

    /// Adds a track and returns its index.
    mutating func track(_ name: String, in parent: Int? = nil, _ kind: TraceTrack.Kind) -> Int {
        tracks.append(TraceTrack(index: tracks.count, parent: parent, name: name, kind: kind))
        return tracks.count - 1
    }

    /// Adds a slice, or an instant where it has no length, if it touches the window.
    mutating func add(_ slice: TraceSlice) {
        precondition(slice.from <= slice.to, "\(slice.name) ends before it begins")
        if let window, slice.to < window.lowerBound || slice.from > window.upperBound { return }
        slices.append(slice)
    }

    /// Adds a counter's value, if it lies in the window.
    mutating func add(_ sample: TraceSample) {
        if let window, !window.contains(sample.at) { return }
        samples.append(sample)
    }

    /// Brings every track's slices into order: by begin, an enclosing slice before what is in it. Slices are added in
    /// whatever order suits the source.
    mutating func arrange() {
        let order = slices.enumerated().sorted { a, b in
            (a.element.track, a.element.from, b.element.to, a.offset)
                < (b.element.track, b.element.from, a.element.to, b.offset)
        }
        slices = order.map(\.element)
    }
}
