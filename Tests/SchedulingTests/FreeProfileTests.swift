// The profile of free GPUs against the plainest one there is: a value for each second. Refuses whole schedulers.

import Primitives
import Testing

@testable import Scheduling

@Suite("Free profile")
struct FreeProfileTests {
    /// The earliest second from `now` on from which `gpus` are free for `span` seconds, in `free`, a value a second; the
    /// last holds for ever.
    private func earliest(_ free: [Int], gpus: Int, for span: Int, from now: Int) -> Int {
        var since = now
        for second in now..<free.count {
            if free[second] < gpus { since = second + 1 } else if second + 1 - since >= span { return since }
        }
        return since
    }

    @Test func `requests of every size and length start when second by second they would`() {
        for seed in UInt64(1)...20 {
            var stream = RandomStream(seed: seed, named: "test/profile")
            let horizon = 60_000
            let ends = (0..<40).map { _ in (at: 1 + stream.integer(below: 300), gpus: 1 + stream.integer(below: 8)) }
                .sorted { $0.at < $1.at }
            let total = ends.reduce(8) { $0 + $1.gpus }
            var plain = [Int](repeating: 8, count: horizon)
            for end in ends { for second in end.at..<horizon { plain[second] += end.gpus } }
            var profile = FreeProfile(
                free: 8, from: .zero, ends: ends.map { (at: Int64($0.at) * 1_000_000_000, gpus: $0.gpus) })
            var now = 0
            for _ in 0..<400 {
                now += [0, 0, 0, 1, 7][stream.integer(below: 5)]
                let gpus = 1 + stream.integer(below: stream.integer(below: 4) == 0 ? total : 8)
                let span = 1 + stream.integer(below: 200)
                let start = earliest(plain, gpus: gpus, for: span, from: now)
                for second in start..<start + span { plain[second] -= gpus }
                let found = profile.reserve(
                    gpus: gpus, for: .seconds(Int64(span)), from: Instant.zero + .seconds(Int64(now)))
                guard found == Instant.zero + .seconds(Int64(start)) else {
                    Issue.record("seed \(seed): \(gpus) GPUs for \(span) s from \(now) s: \(found), not \(start) s")
                    return
                }
            }
            #expect(plain.allSatisfy { $0 >= 0 })
        }
    }

    @Test func `a bound never says later than a request that is at most as large and as long`() {
        var stream = RandomStream(seed: 5, named: "test/bounds")
        var bounds = StartBounds(most: 1 << 20)
        var noted: [(gpus: Int32, span: Int64, start: Int64)] = []
        for _ in 0..<500 {
            let gpus = Int32(1 + stream.integer(below: 1 << (1 + stream.integer(below: 20))))
            let span = Int64(1 + stream.integer(below: 1 << (1 + stream.integer(below: 50))))
            let bound = bounds.bound(gpus: gpus, span: span)
            let known = noted.filter { $0.gpus <= gpus && $0.span <= span }.map(\.start).max() ?? .min
            #expect(bound <= known)
            let start = max(0, known) + Int64(stream.integer(below: 100))
            bounds.note(gpus: gpus, span: span, start: start)
            noted.append((gpus, span, start))
        }
        // What was noted is known of what is clearly larger and longer; of less than some milliseconds nothing is.
        let hour = 3_600_000_000_000 as Int64
        bounds.note(gpus: 5, span: hour, start: 1 << 50)
        #expect(bounds.bound(gpus: 10, span: 2 * hour) == 1 << 50)
    }
}
