// What comes out of the queue when. That it is fast is measured by benchmarks/simulation.

import Primitives
import Testing

struct EventQueueTests {
    @Test(arguments: 0..<20 as Range<UInt64>)
    func `what is added in order comes out as if it had been added one by one`(seed: UInt64) {
        var stream = RandomStream(seed: seed, named: "queue")
        func instant(after now: Instant) -> Instant { now + TimeSpan(nanoseconds: Int64(stream.integer(below: 12))) }
        var (together, single) = (EventQueue<Int>(), EventQueue<Int>())
        func both(_ change: (inout EventQueue<Int>) -> Void) {
            change(&together)
            change(&single)
        }
        for item in 0..<5 {
            let at = instant(after: .zero)
            both { $0.add(item, at: at) }
        }
        for round in 1...2 {
            let known = (0..<30).map { _ in instant(after: .zero) }.sorted().enumerated().map {
                (at: $0.element, item: 1_000 * round + $0.offset)
            }
            together.add(inOrder: known)
            for (at, item) in known { single.add(item, at: at) }
            var number = 100 * round
            while let expected = single.nextInstant {
                #expect(together.nextInstant == expected)
                let (next, other) = (together.next()!, single.next()!)
                #expect(next.at == other.at && next.item == other.item)
                guard stream.uniform() < 0.6 else { continue }
                number += 1
                let at = instant(after: next.at)
                both { $0.add(number, at: at) }
            }
            #expect(together.nextInstant == nil && together.next() == nil)
        }
    }
}
