// The loss plot, read back by an XML parser that knows nothing of how it was written: what is drawn, how high, in which
// bytes. Refuses to compare pictures.

import Foundation
import FoundationXML
import Journaling
import Primitives
import Testing

@testable import Reports

/// The elements of an SVG file, as a parser that knows nothing of us reads them.
private final class Elements: NSObject, XMLParserDelegate {
    var found: [(name: String, attributes: [String: String])] = []

    init?(_ text: String) {
        super.init()
        let parser = XMLParser(data: Data(text.utf8))
        parser.delegate = self
        guard parser.parse() else { return nil }
    }

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) {
        found.append((name, attributes))
    }

    func groups(_ style: String) -> Int { found.count { $0.name == "g" && $0.attributes["class"] == style } }
    /// The numbers of all paths' y coordinates.
    var heights: [Double] {
        found.filter { $0.name == "path" }.flatMap { path in
            (path.attributes["d"] ?? "").split(whereSeparator: { "ML".contains($0) }).compactMap {
                $0.split(separator: " ").last.flatMap { Double($0) }
            }
        }
    }
}

@Test func `every segment has a path of its own colour, and what was done again a band`() throws {
    let elements = try #require(Elements(lossPlot(Rehearsal.twiceKilled().source)))
    #expect(elements.groups("segment") == 3)
    #expect(elements.groups("discarded") == 2)
    #expect(elements.groups("incident") == 2)
    let colours = elements.found.filter { $0.attributes["class"] == "segment" }.compactMap { $0.attributes["stroke"] }
    #expect(colours == Array(segmentColours.prefix(3)))
    #expect(elements.found.count { $0.name == "circle" } == 2 + 1)  // Two validation losses and the legend.
}

@Test func `a spike of one step among many is as high as it was`() throws {
    var rehearsal = Rehearsal(steps: 6_000, interval: 1_000, evaluation: 0)
    rehearsal.loss = { step in step == 4_321 ? 9 : 2 + 1 / Double(step) }
    rehearsal.start()
    rehearsal.train(to: 6_000)
    let source = RunSource(history: rehearsal.history)
    let text = lossPlot(source)
    let frame = LossPlot(source).frame
    let elements = try #require(Elements(text))
    let highest = try #require(elements.heights.min())
    #expect(abs(highest - frame.y(9)) <= 0.05, "drawn at \(highest), the loss lies at \(frame.y(9))")
    #expect(text.utf8.count < 60_000, "\(text.utf8.count) bytes")
}

@Test func `thinning keeps first, last and extremes of every column, in order`() {
    var stream = RandomStream(seed: 11, named: "curve")
    let curve = (0..<200_000).map { PlotPoint(x: Double($0) * 868 / 200_000, y: stream.normal()) }
    let thin = decimated(curve, columnWidth: 1)
    #expect(thin.count <= 4 * 868)
    #expect(zip(thin, thin.dropFirst()).allSatisfy { $0.x < $1.x })
    #expect(thin.first == curve.first && thin.last == curve.last)
    #expect(thin.map(\.y).max() == curve.map(\.y).max() && thin.map(\.y).min() == curve.map(\.y).min())
    for column in [0, 17, 867] {
        let all = curve.filter { Int($0.x) == column }.map(\.y)
        let kept = thin.filter { Int($0.x) == column }.map(\.y)
        #expect(kept.max() == all.max() && kept.min() == all.min())
    }
    #expect(decimated([], columnWidth: 1).isEmpty)
}

@Test func `names that XML reserves are escaped, and control characters left out`() throws {
    var rehearsal = Rehearsal("a<b>&\"c\"\u{1b}[31m\u{1}-0001")
    rehearsal.start()
    rehearsal.train(to: 3)
    let text = lossPlot(RunSource(history: rehearsal.history))
    #expect(Elements(text) != nil)
    #expect(text.contains("a&lt;b&gt;&amp;&quot;c&quot; [31m -0001"))
}

@Test func `losses that are no numbers break the curve and are counted`() throws {
    var rehearsal = Rehearsal(evaluation: 0)
    rehearsal.loss = { step in step == 5 || step == 6 ? .nan : step == 9 ? .infinity : 3 }
    rehearsal.start()
    rehearsal.train(to: 12)
    let text = lossPlot(RunSource(history: rehearsal.history))
    let elements = try #require(Elements(text))
    #expect(elements.found.count { $0.name == "path" } == 3)
    #expect(text.contains("3 steps with a loss that is no number"))
    #expect(!text.contains("\"nan") && !text.contains("Mnan"))
}

@Test func `every beginning of a run can be plotted`() {
    let rehearsal = Rehearsal.troubled()
    var history = RunHistory()
    #expect(Elements(lossPlot(RunSource(history: history))) != nil)
    for record in rehearsal.records {
        history.add(record)
        #expect(Elements(lossPlot(RunSource(history: history))) != nil)
    }
}

@Test func `sixty incidents stay readable: labels that would collide are left to the pointer`() throws {
    var rehearsal = Rehearsal(steps: 700, interval: 10, evaluation: 0, restarts: 100)
    rehearsal.start()
    for step in stride(from: 11, through: 661, by: 11) {
        rehearsal.train(to: step)
        rehearsal.fulfil(rehearsal.kill(rank: 0))
    }
    let source = RunSource(history: rehearsal.history)
    #expect(source.history.incidents.count >= 60)
    let marks = LossPlot(source).marks
    for lane in 0..<IncidentMark.laneCount {
        let row = marks.filter { $0.lane == lane }
        #expect(
            zip(row, row.dropFirst()).allSatisfy {
                $0.left + estimatedWidth($0.text, size: IncidentMark.fontSize) <= $1.left
            })
    }
    #expect(try #require(Elements(lossPlot(source))).groups("incident") == source.history.incidents.count)
}

@Test func `ticks are round and inside their range`() {
    #expect(niceTicks(1.83...5.6, count: 6).ticks == [2, 3, 4, 5])
    #expect(niceTicks(0...2_000, count: 8).ticks == [0, 500, 1_000, 1_500, 2_000])
    let fine = niceTicks(2.001...2.004, count: 6)
    #expect(fine.places == 4 || fine.places == 3)
    #expect(Set(fine.ticks.map { fixed($0, fine.places) }).count == fine.ticks.count)
    #expect(niceTicks(3...3, count: 5).ticks == [3])
}

@Test func `equal histories give equal bytes in every process`() {
    let text = lossPlot(Rehearsal.twiceKilled().source)
    #expect("\(text.utf8.count) \(fingerprint(text))" == "6784 39d46a4999af285a")
}
