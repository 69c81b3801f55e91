// Who holds up a step: one that stands still, one of a pair that cannot reach each other, nobody while things get done.
// Refuses silence; FailureDetectorTests have it.

import ControlPlane
import Messages
import Primitives
import Testing

struct StepWatchTests {
    private static let generation = Generation(3)
    private func at(_ milliseconds: Int64) -> Instant { .zero + .milliseconds(milliseconds) }

    /// A watch over `count` members of 4 micro-batches each that takes a step for 400 ms, which gives a member 4 times
    /// (100 ms + 4 * 50 ms) * 4 = 4.8 s.
    private func watch(over count: Int, expecting each: TimeSpan? = .milliseconds(100)) -> StepWatch {
        var watch = StepWatch(
            StepWatchTests.generation, parts: (0..<count).map { $0 * 4..<$0 * 4 + 4 },
            limits: StepWatch.Limits(
                perMicroBatch: each.map { TimingEstimate(first: $0) }, factor: 4, atLeast: .seconds(Int64(2)),
                patience: .seconds(Int64(120)), interval: .milliseconds(100)))
        watch.begin(1, at: .zero)
        return watch
    }

    private func at(
        _ activity: WorkerProgress.Activity, _ done: Int = 0, missing: [Int] = [], step: Int = 1
    ) -> WorkerProgress {
        WorkerProgress(
            generation: StepWatchTests.generation, step: step, activity: activity, done: done, missing: missing)
    }

    private func look(_ watch: inout StepWatch, at now: Int64, involved: [Int]? = nil) -> StepWatch.Verdict? {
        watch.look(at: at(now), suspected: [], involved: involved ?? [0, 0, 0, 0])
    }

    @Test func `a member that stands still in the middle of a step is named, with what it was at`() {
        var watch = watch(over: 2)
        watch.saw(at(.computing, 1), of: 0, at: at(200))
        watch.saw(at(.exchanging, 0, missing: [0]), of: 1, at: at(400))
        for beat in 3...40 as ClosedRange<Int64> { watch.saw(at(.computing, 1), of: 0, at: at(beat * 100)) }
        #expect(watch.nextDeadline == at(5_000))
        #expect(look(&watch, at: 4_999) == nil)
        #expect(look(&watch, at: 5_000) == .hung(rank: 0, doing: .computing, for: .milliseconds(4_800)))
    }

    @Test func `a slow member that gets things done is believed for as long as it takes`() {
        var watch = watch(over: 2)
        watch.saw(at(.exchanging, 0, missing: [0]), of: 1, at: at(400))
        for done in 1...60 {
            let now = Int64(done) * 2_000
            watch.saw(at(.computing, done), of: 0, at: at(now))
            #expect(look(&watch, at: now) == nil)
        }
    }

    @Test func `before a step has been seen, and at the disk, members are believed for the longest time`() {
        var first = watch(over: 2, expecting: nil)
        #expect(look(&first, at: 119_999) == nil)
        #expect(look(&first, at: 120_000) == .hung(rank: 0, doing: .waiting, for: .seconds(Int64(120))))
        var saving = watch(over: 1)
        saving.saw(at(.saving, step: 2), of: 0, at: at(1_000))
        #expect(saving.nextDeadline == at(121_000))
    }

    @Test func `after a step that was held up for minutes a hang is believed for no longer than before any step`() {
        var watch = watch(over: 2, expecting: .seconds(Int64(60)))
        #expect(watch.nextDeadline == at(960_000), "as long as 4 of the quickest steps there were")
        var timing = TimingEstimate(first: .seconds(Int64(60)))
        timing.observe(.milliseconds(100))
        watch.expect(timing)
        #expect(watch.nextDeadline == at(120_000))
    }

    @Test func `nobody else is blamed while somebody is silent`() {
        var watch = watch(over: 2)
        #expect(watch.look(at: at(5_000), suspected: [1], involved: [0, 0]) == nil)
        #expect(watch.nextDeadline == at(5_100))
        #expect(look(&watch, at: 5_100) == .hung(rank: 0, doing: .waiting, for: .milliseconds(5_100)))
    }

    @Test func `the member that nobody's sums reach is named, whoever waits for it`() {
        var watch = watch(over: 4)
        for rank in [0, 1, 3] { watch.saw(at(.exchanging, 2, missing: [2]), of: rank, at: at(400)) }
        watch.saw(at(.exchanging, 0, missing: [0, 1, 3]), of: 2, at: at(400))
        #expect(look(&watch, at: 5_200) == .cutOff(rank: 2, from: [0, 1, 3], for: .milliseconds(4_800)))
    }

    @Test func `of two that cannot reach each other the one that was in such a pair before goes`() {
        for (involved, expected) in [([0, 0], 1), ([1, 0], 0), ([1, 1], 1)] {
            var watch = watch(over: 2)
            watch.saw(at(.exchanging, 0, missing: [1]), of: 0, at: at(400))
            watch.saw(at(.exchanging, 1, missing: [0]), of: 1, at: at(400))
            #expect(
                look(&watch, at: 5_200, involved: involved)
                    == .cutOff(rank: expected, from: [1 - expected], for: .milliseconds(4_800)))
        }
    }

    @Test func `who waits for a member that still computes blames nobody`() {
        var watch = watch(over: 2)
        watch.saw(at(.exchanging, 0, missing: [1]), of: 0, at: at(400))
        watch.saw(at(.computing, 3), of: 1, at: at(5_000))
        #expect(look(&watch, at: 5_200) == nil)
    }

    @Test func `a step that is complete is no longer watched, and tells what it took`() {
        var watch = watch(over: 2)
        watch.contributed(0, step: 1)
        watch.contributed(1, step: 1)
        #expect(watch.nextDeadline == nil)
        #expect(watch.complete(at: at(800)) == .milliseconds(200))
        #expect(watch.complete(at: at(900)) == nil)
    }
}
