// The page's document and its file: no spike is lost, accounts add up, rows unfold to the timeline, and the file asks for
// nothing. What it looks like is judged in a browser. Refuses to repeat what the other documents' tests hold.

import Foundation
import Journaling
import Primitives
import Testing

@testable import Reports

@Suite("The page of a run")
struct PageTests {
    /// A run of 400 steps whose losses leap at known steps, killed twice.
    private func leaping(_ spikes: [Int: Double]) -> Rehearsal {
        var rehearsal = Rehearsal("leaping-0001", steps: 400, interval: 50)
        let calm = rehearsal.loss
        rehearsal.loss = { step in spikes[step] ?? calm(step) }
        rehearsal.start()
        rehearsal.train(to: 130)
        rehearsal.fulfil(rehearsal.kill(rank: 1, injection: 0))
        rehearsal.train(to: 290)
        rehearsal.fulfil(rehearsal.kill(rank: 0))
        rehearsal.train(to: 400)
        return rehearsal
    }

    /// The points of a curve as they were before they became differences.
    private func points(_ curve: Curve) -> [(segment: Int, step: Int, loss: Double)] {
        curve.segments.flatMap { part in
            var step = 0
            return zip(part.step, part.loss).map { difference, loss in
                step += difference
                return (part.segment, step, loss)
            }
        }
    }

    @Test func `a spike of one step is in the curve however few points there are`() {
        let spikes = [17: 9.5, 133: 0.25, 260: 12.0, 261: 0.125, 399: 8.0]
        let history = leaping(spikes).history
        let few = Curve(history, points: 24)
        let shown = points(few)
        #expect(few.steps_per_pair > 20 && shown.count < 70, "\(few.steps_per_pair) \(shown.count)")
        for (step, loss) in spikes.sorted(by: { $0.key < $1.key }) {
            #expect(shown.contains { $0.step == step && $0.loss == loss }, "step \(step)")
        }
        // The ends of every segment are there too, so that no segment looks shorter than it was.
        for segment in few.segments {
            let steps = history.steps.filter { $0.segment == segment.segment - 1 }.map(\.step)
            let own = shown.filter { $0.segment == segment.segment }.map(\.step)
            #expect(own.first == steps.first && own.last == steps.last && own == own.sorted())
        }
    }

    @Test func `with room for all steps the curve is every step, and a part of it is that part`() {
        let history = leaping([:]).history
        let all = Curve(history, points: 10_000)
        #expect(all.steps_per_pair == 1)
        #expect(points(all).map(\.step) == history.steps.map(\.step))
        let part = Curve(history, steps: 120...140, points: 10_000)
        #expect(points(part).map(\.step) == history.steps.map(\.step).filter { (120...140).contains($0) })
    }

    @Test func `a loss that is no number is kept as a point of its own`() {
        var history = leaping([200: .nan]).history
        #expect(points(Curve(history, points: 24)).contains { $0.step == 200 && $0.loss.isNaN })
        history = leaping([1: .nan, 2: .infinity]).history
        let losses = points(Curve(history, points: 24)).map(\.loss)
        #expect(losses.first?.isNaN == true && losses.filter(\.isFinite).count > 10)
    }

    @Test(arguments: Rehearsal.plays)
    func `incidents and what lies outside of them cost what the ledger lost, at every record`(
        play: @Sendable () -> Rehearsal
    ) {
        let rehearsal = play()
        var history = RunHistory()
        for record in rehearsal.records {
            history.add(record)
            #expect(history.accountingFault == nil, "after record \(record.sequence)")
        }
        let page = PageDocument(rehearsal.source)
        #expect(page.incidents.id == history.incidents.map(\.name))
        let (costs, outside, ledger) = (page.incidents.costs, page.outside_incidents, page.ledger)
        func sum(_ column: [Int64]) -> Int64 { column.reduce(0, +) }
        #expect(costs.total + outside.total_ns == ledger.elapsed_ns - ledger.productive_ns)
        #expect(sum(costs.replayed_ns) + (outside.replayed_ns ?? 0) == ledger.replayed_ns)
        #expect(sum(costs.detection_ns) + (outside.detection_ns ?? 0) == ledger.detection_ns)
        #expect(sum(costs.restart_ns) + (outside.restart_ns ?? 0) == ledger.restart_ns)
        for (number, saves) in zip(page.incidents.remedies.incident, page.incidents.remedies.saves_ns) {
            let incident = history.incidents[number - 1]
            #expect(saves >= 0 && saves <= incident.cost.total.nanoseconds, "\(incident.name)")
        }
    }

    @Test func `steps that are lost twice are paid by who lost them last, the others by who lost them first`() {
        var rehearsal = Rehearsal(steps: 60, interval: 10)
        rehearsal.start()
        rehearsal.train(to: 19)
        rehearsal.fulfil(rehearsal.kill(rank: 1, injection: 0))  // Back to 10: 11 to 19 are lost.
        rehearsal.train(to: 14)
        rehearsal.fulfil(rehearsal.kill(rank: 0))  // Back to 10 again: 11 to 14 are lost a second time.
        rehearsal.train(to: 60)
        let incidents = rehearsal.history.incidents
        #expect(incidents.map(\.lostSteps) == [9, 4])
        // The first pays for the steps before the second kill, and for 15 to 19 behind it; step 11 waits for a snapshot.
        #expect(incidents[0].replay == .milliseconds(9 * 100 - 5))
        #expect(incidents[1].replay == .milliseconds(4 * 100 - 5))
        #expect(rehearsal.history.accountingFault == nil)
        #expect(rehearsal.history.outsideIncidents[.replayed] == .zero)
    }

    @Test func `remedies say what they would have saved of this incident`() throws {
        let history = Rehearsal.twiceKilled().history
        let incident = try #require(history.incidents.first)
        let remedies = history.remedies(for: incident)
        // Killed after step 14 with a checkpoint at 10; every 5 steps would have left the same 4 to be done again.
        let survivor = try #require(remedies.first { $0.advice.contains("recovery: peer") })
        // Step 11 waits for a snapshot of 5 ms, which no incident is to blame for; the step that was cut off would have
        // been cut off all the same.
        #expect(survivor.saves_ns == 395_000_000 && incident.cost[.replayed] == .milliseconds(405))
        #expect(!remedies.contains { $0.advice.hasPrefix("Save every") })
        // After step 25 with a checkpoint at 20, every 5 steps would have left none.
        let second = history.incidents[1]
        let interval = try #require(history.remedies(for: second).first { $0.advice.hasPrefix("Save every 5 steps") })
        #expect(interval.saves_ns == second.cost[.replayed].nanoseconds)
    }

    @Test(arguments: [Rehearsal.twiceKilled, Rehearsal.troubled, Rehearsal.recovering, Rehearsal.running])
    func `the rows unfold to the timeline`(play: @Sendable () -> Rehearsal) {
        let history = play().history
        let timeline = Timeline(history)
        for row in TimelineRow.rows(of: history) {
            let expected = timeline.spans.filter { $0.worker.description == row.worker && $0.activity != .checkpoint }
            #expect(unfolded(row, history).sorted() == expected.map { text($0.activity, $0.from, $0.to) }.sorted())
        }
        #expect(TimelineRow.rows(of: history).map(\.worker) == timeline.workers.map(\.description))
    }

    private func text(_ activity: Activity, _ from: Instant, _ to: Instant) -> String {
        "\(activity.rawValue) \(from.nanoseconds) \(to.nanoseconds)"
    }

    private func unfolded(_ row: TimelineRow, _ history: RunHistory) -> [String] {
        func numbers(_ pairs: [Int]) -> [Int] {
            stride(from: 0, to: pairs.count, by: 2).flatMap { Array(pairs[$0]...pairs[$0 + 1]) }
        }
        let segments = history.segments
        let waits = numbers(row.waits).map { text(.idle, segments[$0 - 2].end!, segments[$0 - 1].formedAt) }
        let whole = numbers(row.segments).flatMap { number -> [String] in
            let segment = segments[number - 1]
            return [
                text(.restore, segment.formedAt, segment.began!),
                text(.train, segment.began!, segment.end ?? history.now),
            ]
        }
        let spelled = row.spans.map { span in
            text(
                span.activity, history.start + TimeSpan(nanoseconds: span.from_ns),
                history.start + TimeSpan(nanoseconds: span.to_ns))
        }
        return waits + whole + spelled
    }

    @Test func `the document reads back to itself and names its schema`() throws {
        let page = PageDocument(Rehearsal.troubled().source)
        let text = encodeJSON(page, isCompact: true)
        #expect(text.contains("\"schema\":\"understudy/page/v2\"") && !text.contains("\n"))
        #expect(try JSONDecoder().decode(PageDocument.self, from: Data(text.utf8)) == page)
    }

    @Test func `the file carries everything and asks for nothing`() {
        let page = PageDocument(Rehearsal.troubled().source)
        let text = pageText(PageCarriage(pages: [page]), title: "a <title> & more")
        #expect(!text.contains("{{") && text.contains("a &lt;title&gt; &amp; more"))
        #expect(!text.contains("://") && !text.contains("@import") && !text.contains("src="))
        // The data can end neither its element nor begin another: it holds no `<` at all.
        let data = text.firstRange(of: "id=\"data\">").map { text[$0.upperBound...].prefix { $0 != "<" } } ?? ""
        let carried = try? JSONDecoder().decode(PageCarriage.self, from: Data(data.utf8))
        #expect(carried?.pages == [page])
    }

    /// The text of a phrase, as the page makes it.
    private func text(_ phrase: String, _ patterns: [String]) throws -> String? {
        guard !phrase.isEmpty else { return nil }
        var words = phrase.split(separator: " ", omittingEmptySubsequences: false)[...]
        let pattern = patterns[try #require(Int(words.removeFirst()))]
        return pattern.split(separator: " ", omittingEmptySubsequences: false)
            .map { $0 == "#" ? words.removeFirst() : $0 }.joined(separator: " ")
    }

    @Test func `a phrase reads back to its text, and texts that differ in numbers share a pattern`() throws {
        let texts = [
            "rank 7 (node-15/0) was silent for 5m33s", "rank 12 (node-3/0) was silent for 2s", "", " ", "#",
            "a # b  c 1 ", "7", "no number at all", "step 5 of #",
        ]
        var phrases = Phrases()
        let made = texts.map { phrases.add($0) }
        #expect(try zip(made, texts).allSatisfy { try text($0, phrases.patterns) == $1 })
        #expect(made[0] == "0 7 (node-15/0) 5m33s" && made[1] == "0 12 (node-3/0) 2s")
        #expect(phrases.patterns[0] == "rank # # was silent for #")
        #expect(phrases.add(nil) == "")
    }

    @Test(arguments: Rehearsal.plays)
    func `the columns of a page say of segments and incidents what the other documents say`(
        play: @Sendable () -> Rehearsal
    ) throws {
        let rehearsal = play()
        let (page, history) = (PageDocument(rehearsal.source), rehearsal.history)
        func known<Number: SignedInteger>(_ number: Number) -> Number? { number == -1 ? nil : number }
        let (segments, incidents) = (page.segments, page.incidents)
        for (index, entry) in SegmentsDocument(rehearsal.source).segments.enumerated() {
            #expect(segments.generation[index] == entry.generation && segments.at_ns[index] == entry.at_ns)
            #expect(segments.restored_step[index] == entry.restored_step)
            #expect(known(segments.last_step[index]) == entry.last_step)
            #expect(known(segments.last_kept_step[index]) == entry.last_kept_step)
            #expect(known(segments.began_at_ns[index]) == entry.began_at_ns)
            #expect(known(segments.ended_at_ns[index]) == entry.ended_at_ns)
            #expect(known(segments.tokens_per_second[index]) == entry.tokens_per_second.map { Int($0.rounded()) })
            #expect(try text(segments.ended_because[index], page.patterns) == entry.ended_because)
        }
        for (index, entry) in IncidentsDocument(rehearsal.source).incidents.enumerated() {
            let incident = history.incidents[index]
            #expect(incidents.id[index] == entry.id && incidents.at_ns[index] == entry.at_ns)
            #expect(incidents.step[index] == entry.step && incidents.lost_steps[index] == entry.lost_steps)
            #expect(try text(incidents.place[index], page.patterns) == entry.place)
            #expect(try text(incidents.cause[index], page.patterns) == entry.cause)
            #expect(try text(incidents.short_cause[index], page.patterns) == incident.shortCause)
            #expect(try text(incidents.action[index], page.patterns) == entry.action)
            #expect(known(incidents.downtime_ns[index]) == entry.downtime_ns)
            #expect(incidents.interruptions.contains(index + 1) == incident.isInterruption)
            #expect(incidents.drills.contains(index + 1) == entry.is_injected)
            #expect(incidents.open.contains(index + 1) == incident.isOpen)
            let rows = incidents.remedies.incident.indices.filter { incidents.remedies.incident[$0] == index + 1 }
            let remedies = try rows.map { row in
                Remedy(
                    advice: try text(incidents.remedies.advice[row], page.patterns) ?? "",
                    saves_ns: incidents.remedies.saves_ns[row])
            }
            #expect(remedies == history.remedies(for: incident))
        }
    }

    @Test func `a run without a record has a page too`() {
        let page = PageDocument(RunSource(history: RunHistory()))
        #expect(page.curve.segments.isEmpty && page.rows.isEmpty && page.workers == 0)
        #expect(pageText(PageCarriage(pages: [page]), title: "nothing").hasSuffix("</html>\n"))
    }
}
