// The live world's clock: nanoseconds since a run was submitted. Within one process it follows the monotonic clock, so
// that a change of the wall clock shortens no step; a resumed run goes on from where the wall clock says it is, and never
// before its journal's last record.

import Foundation
import Primitives
import Wire

/// Tells the instants of a run.
struct RunClock: Sendable {
    private let origin: Instant
    private let base: Instant

    /// The clock of a run submitted at `epoch` (wall nanoseconds since 1970) whose journal reaches `last`.
    init(epoch: Int64, last: Instant) {
        origin = monotonicNow()
        base = max(last, Instant(nanoseconds: RunClock.wallNanoseconds - epoch))
    }

    /// Now.
    var now: Instant { base + (monotonicNow() - origin) }

    /// Nanoseconds since 1970 by the wall clock.
    static var wallNanoseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
