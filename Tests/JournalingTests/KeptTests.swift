// What a journal keeps beside its records: stale with the next record, absent in a journal of before, and extremes that lose
// no spike at any level. Refuses to know the documents that are kept; Reports' tests do.

import ControlPlane
import Foundation
import Journaling
import Primitives
import Testing

@Suite("What a journal keeps")
struct KeptTests {
    /// A journal of `count` steps in two generations, whose losses are those of `loss`.
    private func journal(_ count: Int, _ loss: (Int) -> Double) throws -> (store: JournalStore, folder: URL) {
        let folder = FileManager.default.temporaryDirectory.appending(path: "kept-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let store = try JournalStore.create(at: folder.appending(path: "run.db").path(), meta: [])
        let run = RunID("long-0001")
        var sequence = 0
        let records = (1...count).map { step -> Record in
            sequence += 1
            let report = StepReport(
                step: step, loss: loss(step), gradientNorm: 1, learningRate: 1e-3, tokens: 1, profile: StepProfile())
            let generation = Generation(step <= count / 3 ? 1 : 2)
            return Record(
                sequence: sequence, at: Instant(nanoseconds: Int64(step) * 1_000_000), wallNanoseconds: 0,
                event: .stepContributed(run: run, generation: generation, report: report),
                commands: [.commit(run: run, generation: generation, step: step)])
        }
        try store.append(contentsOf: records)
        return (store, folder)
    }

    @Test func `what is kept is there until the next record, and only in the form it was made in`() throws {
        let (store, folder) = try journal(3) { _ in 1 }
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(store.kept("page", version: 1) == nil, "a journal of before keeps nothing")
        try store.keep([("page", "a text"), ("entry", "{}")], version: 1, sequence: try store.newestSequence())
        #expect(store.kept("page", version: 1) == "a text" && store.kept("entry", version: 1) == "{}")
        #expect(store.kept("page", version: 2) == nil && store.kept("other", version: 1) == nil)
        let reader = try JournalStore.open(folder.appending(path: "run.db").path(), readOnly: true)
        #expect(reader.kept("page", version: 1) == "a text")
        let next = Record(
            sequence: 4, at: Instant(nanoseconds: 9_000_000), wallNanoseconds: 0, event: .runResumed(run: RunID("a")),
            commands: [])
        try store.append(next)
        #expect(store.kept("page", version: 1) == nil, "it was not made of this record")
    }

    @Test func `the extremes have every spike at every level, and all steps where there is room`() throws {
        let count = 20_000
        let spikes = [7: 9.5, 255: 0.25, 256: 11.0, 6_666: 8.0, 6_667: 0.125, 19_999: 12.0]
        let (store, folder) = try journal(count) { spikes[$0] ?? 2 + 1 / Double($0) }
        defer { try? FileManager.default.removeItem(at: folder) }
        try store.keep([], version: 1, sequence: count)
        for points in [10, 100, 1_000, 100_000] {
            let (stretch, generations) = try store.extremes(steps: 0...Int.max / 2, points: points)
            #expect(generations.map(\.generation) == [1, 2])
            let shown = generations.flatMap(\.points)
            #expect(shown.map(\.step) == shown.map(\.step).sorted(), "in order")
            for (step, loss) in spikes.sorted(by: { $0.key < $1.key }) {
                // Two spikes of one sign in one stretch: the greater stands for both.
                let hasRival = spikes.contains { other in
                    other.key != step && other.key / stretch == step / stretch && (other.value > 2) == (loss > 2)
                }
                let isShown = shown.contains { $0.step == step && $0.loss == loss }
                #expect(hasRival || isShown, "step \(step), \(points) points")
            }
            #expect(shown.first?.step == 1 && shown.last?.step == count)
            #expect((stretch == 1) == (shown.count == count))
            #expect(shown.count <= max(points, 2 * 4 + 4) || stretch == 1)
        }
        let part = try store.extremes(steps: 6_600...6_700, points: 1_000)
        #expect(part.stretch == 1 && part.generations.flatMap(\.points).map(\.step) == Array(6_600...6_700))
    }

    @Test func `a loss that is no number is kept as a point of its own`() throws {
        let (store, folder) = try journal(3_000) { $0 == 1_500 ? .nan : $0 == 1_501 ? .infinity : 2 }
        defer { try? FileManager.default.removeItem(at: folder) }
        try store.keep([], version: 1, sequence: 3_000)
        let shown = try store.extremes(steps: 1...3_000, points: 20).generations.flatMap(\.points)
        #expect(shown.contains { $0.step == 1_500 && $0.loss.isNaN })
    }
}
