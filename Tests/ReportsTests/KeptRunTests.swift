// A long run is shown from what its journal keeps, so that must be what its records show. Refuses to be long: what is kept
// of a short run is made by the same functions.

import Foundation
import Journaling
import Primitives
import Testing

@testable import Reports

@Suite("What is kept of a run")
struct KeptRunTests {
    private func stored(_ rehearsal: Rehearsal) throws -> (journal: JournalStore, folder: URL) {
        let folder = FileManager.default.temporaryDirectory.appending(path: "kept-run-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let journal = try JournalStore.create(at: folder.appending(path: "run.db").path(), meta: [])
        try journal.append(contentsOf: rehearsal.records)
        return (journal, folder)
    }

    @Test func `what is kept of a run that is over is what its records show`() throws {
        let rehearsal = Rehearsal.twiceKilled()
        let (journal, folder) = try stored(rehearsal)
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(try journal.history() == rehearsal.history, "read one at a time")
        #expect(journal.keptEntry == nil && journal.keptPage == nil && journal.keptSummary(in: "runs/x") == nil)
        try KeptRun.keep(rehearsal.source, in: journal)
        #expect(journal.keptEntry == RunEntry(rehearsal.source))
        #expect(journal.keptPage == encodeJSON(PageDocument(rehearsal.source), isCompact: true))
        for width in [nil, 80, 120] {
            let kept = journal.keptSummary(in: "runs/tiny-0001")?.lines(width: width, style: .terminal)
            #expect(kept == runLines(rehearsal.source, width: width, style: .terminal))
        }
        let moved = try #require(journal.keptSummary(in: "/a \"quoted\" place")?.lines())
        let weights = "/a \"quoted\" place/checkpoints/step-00000040/model.safetensors (step 40)"
        #expect(moved.contains { $0.hasSuffix(weights) })
    }

    @Test func `the curve from what is kept is the curve of the records where all steps are shown`() throws {
        let rehearsal = Rehearsal.twiceKilled()
        let (journal, folder) = try stored(rehearsal)
        defer { try? FileManager.default.removeItem(at: folder) }
        try KeptRun.keep(rehearsal.source, in: journal)
        for window in [0...1_000, 12...27, 39...39] {
            #expect(
                try Curve(kept: journal, steps: window, points: 5_000)
                    == Curve(rehearsal.history, steps: window, points: 5_000))
        }
    }

    @Test func `of a run that goes on nothing is kept`() throws {
        let rehearsal = Rehearsal.running()
        let (journal, folder) = try stored(rehearsal)
        defer { try? FileManager.default.removeItem(at: folder) }
        try KeptRun.keep(rehearsal.source, in: journal)
        #expect(journal.keptEntry == nil && journal.keptPage == nil)
    }

    @Test func `a page from documents as text is the page from documents`() {
        let page = PageDocument(Rehearsal.troubled().source)
        let whole = pageText(PageCarriage(pages: [page], server: true), title: "a")
        #expect(pageText(pages: [encodeJSON(page, isCompact: true)], server: true, title: "a") == whole)
    }

    @Test func `a long table is cut in its middle and says so`() {
        var table = Table([.right("N")])
        for number in 1...200 { table.add(["\(number)"]) }
        #expect(table.lines().count == 201)
        table.cut()
        let lines = table.lines()
        #expect(lines.count == 42 && lines[20].hasSuffix("20") && lines[21] == "... 160 lines more ...")
        #expect(lines[22] == "181" && lines.last == "200")
    }

    @Test func `the P95 of a count follows Poisson's tables`() {
        #expect([0, 0.05, 0.5, 1, 5, 10].map(LiveFigures.poissonP95) == [0, 0, 2, 3, 9, 15])
        #expect(LiveFigures.poissonP95(400) == 433)
    }
}
