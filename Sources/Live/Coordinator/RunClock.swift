// The live world's clock: nanoseconds since a run was submitted, or a queue made. Within one process it follows the
// monotonic clock, so that a change of the wall clock shortens no step; what is resumed goes on from where the wall clock
// says it is, and never before its journal's last record.

import Foundation
import Primitives
import Wire

/// Tells the instants of a run or a queue.
public struct RunClock: Sendable {
    private let origin: Instant
    private let base: Instant

    /// The clock of what was submitted or made at `epoch` (wall nanoseconds since 1970) and whose journal reaches `last`.
    public init(epoch: Int64, last: Instant) {
        origin = monotonicNow()
        base = max(last, Instant(nanoseconds: RunClock.wallNanoseconds - epoch))
    }

    /// Now.
    public var now: Instant { base + (monotonicNow() - origin) }

    /// Nanoseconds since 1970 by the wall clock.
    public static var wallNanoseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
