// The host's steady clock, for time-outs and for measuring: it never goes back and nobody sets it. Refuses to tell the
// date, and to be compared with another host's.

import Glibc
import Primitives

/// Nanoseconds since an instant that is fixed while the host is up.
public func monotonicNow() -> Instant {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
}
