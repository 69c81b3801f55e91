// The event queue under a steady load, for benchmarks: the queue itself is this module's own, so the loop is here.
// Refuses to be part of any world.

import Primitives

/// Takes `count` events out of a queue with `pending` in it, and puts each back later; returns the last instant.
public func turnQueue(pending: Int, count: Int) -> Instant {
    var queue = EventQueue<Int>()
    var stream = RandomStream(seed: 1, named: "queue")
    for item in 0..<pending { queue.add(item, at: Instant(nanoseconds: Int64(stream.integer(below: 1_000_000)))) }
    var state: UInt64 = 1
    var last = Instant.zero
    for _ in 0..<count {
        let (at, item) = queue.next()!
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        queue.add(item, at: at + TimeSpan(nanoseconds: Int64(state >> 44)))
        last = at
    }
    return last
}
