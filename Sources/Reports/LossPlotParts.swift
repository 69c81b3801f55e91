// The parts of the loss plot, in the order they are drawn; see LossPlot.swift.

import ControlPlane
import Journaling
import Primitives

extension LossPlot {
    /// Title and figures.
    func drawHead(_ svg: inout SVGText) {
        let title = shortened("\(source.name): \(source.reason)", to: 84)
        svg.label(title, 24, 30, "font-size=\"17\" font-weight=\"600\"")
        var figures = ["\(counted(history.committed, "step")), \(compact(history.tokens)) tokens"]
        if let ratio = history.ledger.effectiveTrainingTimeRatio {
            figures.append("ETTR \(percent(ratio)) of \(history.ledger.elapsed - history.ledger[.queued])")
        }
        if let speed = history.productiveTokensPerSecond { figures.append("\(compact(speed)) tokens/s") }
        if let last = history.lastStep { figures.append("training loss \(fixed(last.loss, 3))") }
        if let last = history.lastEvaluation { figures.append("validation loss \(fixed(last.loss, 3))") }
        let wrong = history.steps.count { !$0.loss.isFinite }
        if wrong > 0 { figures.append("\(counted(wrong, "step")) with a loss that is no number") }
        svg.label(figures.joined(separator: "  ·  "), 24, 51, "fill=\"#555\"")
    }

    /// Grid, ticks and what the axes are.
    func drawAxes(_ svg: inout SVGText) {
        svg.open("stroke=\"#e4e4e4\" stroke-width=\"1\"")
        let y = niceTicks(frame.yRange, count: 6)
        for value in y.ticks { svg.line(frame.left, frame.y(value), frame.right, frame.y(value)) }
        svg.close()
        svg.open("fill=\"#555\"")
        for value in y.ticks {
            svg.label(fixed(value, y.places), frame.left - 8, frame.y(value) + 4, "text-anchor=\"end\"")
        }
        let x = niceTicks(frame.xRange, count: 8)
        for value in x.ticks where value == value.rounded() {
            svg.label(fixed(value, 0), frame.x(value), frame.bottom + 19, "text-anchor=\"middle\"")
        }
        svg.close()
        svg.open("stroke=\"#555\" stroke-width=\"1\"")
        svg.line(frame.left, frame.bottom, frame.right, frame.bottom)
        for value in x.ticks where value == value.rounded() {
            svg.line(frame.x(value), frame.bottom, frame.x(value), frame.bottom + 5)
        }
        svg.close()
        svg.label("step", (frame.left + frame.right) / 2, frame.bottom + 38, "text-anchor=\"middle\"")
        let middle = SVGText.number((frame.top + frame.bottom) / 2)
        svg.label(
            "training loss (nats a token)", 0, 0,
            "transform=\"translate(22 \(middle)) rotate(-90)\" text-anchor=\"middle\"")
    }

    /// An upright line an incident, with its label above the plot.
    func drawIncidents(_ svg: inout SVGText) {
        guard !marks.isEmpty else { return }
        svg.open("stroke=\"#8a8a8a\" stroke-width=\"1\" stroke-dasharray=\"2 3\"")
        let lanes = (marks.filter(\.isLabelled).map(\.lane).max() ?? -1) + 1
        let first = strip - IncidentMark.laneHeight * Double(lanes)
        for mark in marks {
            let hover = "\(mark.incident.name), \(mark.incident.origin), after step \(mark.incident.step): "
            svg.open("class=\"incident\"", title: hover + mark.incident.sentence)
            let top = mark.isLabelled ? first + IncidentMark.laneHeight * Double(mark.lane) : strip
            svg.line(mark.x, top, mark.x, frame.bottom)
            if mark.isLabelled {
                svg.label(
                    mark.text, mark.left, top - 3,
                    "font-size=\"\(SVGText.number(IncidentMark.fontSize))\" fill=\"#555\" stroke=\"none\"")
            }
            svg.close()
        }
        svg.close()
    }

    /// A short tick on the axis for every step with a checkpoint; at most one a unit of width.
    func drawCheckpoints(_ svg: inout SVGText) {
        var last = -Double.infinity
        svg.open("class=\"checkpoints\" stroke=\"#333\" stroke-width=\"1.6\"")
        for step in history.checkpoints.map(\.step).sorted() where frame.x(Double(step)) >= last + 1 {
            last = frame.x(Double(step))
            svg.line(last, frame.bottom, last, frame.bottom - 7)
        }
        svg.close()
    }

    /// A bar a segment, from the step it restored to its last, in the first of three rows that is free there: where two
    /// overlap, work was done again, and that part of the earlier bar is pale.
    func drawStrip(_ svg: inout SVGText) {
        svg.open("class=\"strip\"")
        var ends = [0, 0, 0]
        for segment in history.segments {
            guard let last = segment.lastStep else { continue }
            let row = ends.firstIndex { $0 <= segment.restored } ?? ends.count - 1
            ends[row] = last
            let y = strip + 2 + 6 * Double(row)
            let kept = max(segment.restored, min(last, bySegment.limits[segment.index]))
            for (from, to, opacity) in [(segment.restored, kept, "1"), (kept, last, "0.35")] where from < to {
                let x = frame.x(Double(from))
                let box = [("x", x), ("y", y), ("width", max(1, frame.x(Double(to)) - x)), ("height", 4.5)]
                let attributes = box.map { "\($0)=\"\(SVGText.number($1))\"" }.joined(separator: " ")
                svg.add("<rect \(attributes) fill=\"\(colour(segment.index))\" fill-opacity=\"\(opacity)\"/>")
            }
        }
        svg.close()
    }

    /// The curve of each segment: what counts on top of what was thrown away. Because steps are done again to the
    /// same bits, the two lie on one another; only a wide and pale band under the curve can be seen beside it.
    func drawSegments(_ svg: inout SVGText) {
        for isKept in [false, true] {
            svg.open("fill=\"none\" stroke-linejoin=\"round\" stroke-linecap=\"round\"")
            for segment in history.segments {
                let curves = self.curves(of: segment, kept: isKept)
                guard !curves.isEmpty else { continue }
                let title = "segment \(segment.index + 1), generation \(segment.generation): steps "
                let wasLeft = !isKept && isLeft(segment)
                let pen =
                    isKept
                    ? "stroke-width=\"1.6\""
                    : wasLeft
                        ? "stroke-width=\"0.8\" stroke-opacity=\"0.7\""
                        : "stroke-width=\"7\" stroke-opacity=\"0.28\""
                let what = isKept ? "segment" : wasLeft ? "left" : "discarded"
                svg.open(
                    "class=\"\(what)\" stroke=\"\(colour(segment.index))\" \(pen)",
                    title: title + segment.stepsText + (isKept ? "" : wasLeft ? ", left by a rollback" : ", done again")
                )
                for curve in curves { svg.path(curve) }
                svg.close()
            }
            svg.close()
        }
    }

    /// Whether a rollback left the end of `segment`: other steps came in its place, and not the same ones again.
    private func isLeft(_ segment: Segment) -> Bool {
        history.segments[(segment.index + 1)...].contains {
            $0.course != segment.course && $0.restored < segment.lastStep ?? 0
        }
    }

    /// A band over each excursion that a rollback answered, and a bar under the axis along the batches that it left out.
    func drawSpikes(_ svg: inout SVGText) {
        let answered = history.decisions.filter { if case .rollBack = $0.verdict { !$0.isDry } else { false } }
        guard !answered.isEmpty else { return }
        svg.open("class=\"spikes\"")
        for decision in answered {
            guard case .rollBack(let to, let batches, _, _) = decision.verdict else { continue }
            let (from, end) = (frame.x(Double(decision.alarm.onset)), frame.x(Double(decision.alarm.step)))
            svg.open("fill=\"#D55E00\" fill-opacity=\"0.14\"", title: decision.sentence)
            rectangle(&svg, x: from, y: frame.top, width: max(2, end - from), height: frame.bottom - frame.top)
            svg.close()
            guard let batches else { continue }
            let last = frame.x(min(frame.xRange.upperBound, Double(to + batches.count)))
            svg.open(
                "fill=\"#D55E00\"", title: "batches \(batches.lowerBound) to \(batches.upperBound - 1) are left out")
            rectangle(&svg, x: frame.x(Double(to)), y: frame.bottom + 1, width: last - frame.x(Double(to)), height: 4)
            svg.close()
        }
        svg.close()
    }

    private func rectangle(_ svg: inout SVGText, x: Double, y: Double, width: Double, height: Double) {
        let box = [("x", x), ("y", y), ("width", width), ("height", height)]
        svg.add("<rect \(box.map { "\($0)=\"\(SVGText.number($1))\"" }.joined(separator: " "))/>")
    }

    func colour(_ segment: Int) -> String { segmentColours[segment % segmentColours.count] }

    /// The points of a segment's steps that count, or of those that do not, split where a loss is no number. The curve
    /// of discarded steps begins at the last kept one, so that the two meet.
    private func curves(of segment: Segment, kept: Bool) -> [[PlotPoint]] {
        let steps = history.steps[bySegment.ranges[segment.index]]
        let limit = bySegment.limits[segment.index]
        guard kept || steps.contains(where: { $0.step > limit }) else { return [] }
        var curves: [[PlotPoint]] = [[]]
        for point in steps where kept ? point.step <= limit : point.step >= limit {
            if point.loss.isFinite {
                curves[curves.count - 1].append(PlotPoint(x: frame.x(Double(point.step)), y: frame.y(point.loss)))
            } else if curves[curves.count - 1] != [] {
                curves.append([])
            }
        }
        return curves.filter { !$0.isEmpty }.map { decimated($0, columnWidth: 1) }
    }

    /// Hollow dots for validation losses that count, joined by a broken line.
    func drawEvaluations(_ svg: inout SVGText) {
        let points = history.evaluations.filter {
            $0.loss.isFinite && bySegment.counts(segment: $0.segment, step: $0.step)
        }.map { PlotPoint(x: frame.x(Double($0.step)), y: frame.y($0.loss)) }
        guard !points.isEmpty else { return }
        svg.open("class=\"validation\" fill=\"none\" stroke=\"#111\" stroke-width=\"1.1\"", title: "validation loss")
        svg.path(decimated(points, columnWidth: 1), "stroke-dasharray=\"5 3\"")
        for point in decimated(points, columnWidth: 4) {
            svg.add(
                "<circle cx=\"\(SVGText.number(point.x))\" cy=\"\(SVGText.number(point.y))\" r=\"3.4\" fill=\"#fff\"/>")
        }
        svg.close()
    }

    /// Each segment's number at its beginning, above the curve there: the second cue beside its colour. It steps aside
    /// where it would lie on the one before, and is left out where that would lead too far.
    func drawNumbers(_ svg: inout SVGText) {
        svg.open(
            "font-size=\"12\" font-weight=\"700\" stroke=\"#fff\" stroke-width=\"3\" paint-order=\"stroke\" "
                + "stroke-linejoin=\"round\"")
        var before: (y: Double, end: Double)?
        for segment in history.segments {
            let steps = history.steps[bySegment.ranges[segment.index]].filter(\.loss.isFinite)
            guard let first = steps.first else { continue }
            let text = "\(segment.index + 1)"
            let start = frame.x(Double(first.step)) + 1
            let near = steps.prefix { frame.x(Double($0.step)) <= start + 14 }.map { frame.y($0.loss) }
            var place = PlotPoint(x: start, y: max(frame.top + 10, (near.min() ?? 0) - 6))
            if let before, abs(place.y - before.y) < 12, place.x < before.end {
                guard before.end < start + 24 else { continue }
                place = PlotPoint(x: before.end, y: before.y)
            }
            before = (place.y, place.x + estimatedWidth(text, size: 14) + 4)
            svg.label(text, place.x, place.y, "fill=\"\(colour(segment.index))\"")
        }
        svg.close()
    }

    /// What the marks mean, for those that are there.
    func drawLegend(_ svg: inout SVGText) {
        let y = LossPlot.size.height - 20
        var x = frame.left
        func entry(_ text: String, _ draw: (inout SVGText, Double) -> Void) {
            draw(&svg, x)
            svg.label(text, x + 32, y + 4, "fill=\"#444\" font-size=\"11\"")
            x += 32 + estimatedWidth(text, size: 11) + 22
        }
        guard hasCurve else { return }
        entry("training loss, a colour a segment") { svg, x in
            for part in 0..<min(3, max(1, history.segments.count)) {
                let from = x + 9 * Double(part)
                svg.line(from, y, from + 8, y, "stroke=\"\(colour(part))\" stroke-width=\"2.4\"")
            }
        }
        let thrownAway = history.segments.filter { !curves(of: $0, kept: false).isEmpty }
        if thrownAway.contains(where: isLeft) {
            entry("rolled back, data left out") { svg, x in
                svg.line(x, y - 4, x + 26, y - 4, "stroke=\"\(colour(0))\" stroke-width=\"0.8\" stroke-opacity=\"0.7\"")
                svg.open("fill=\"#D55E00\"")
                rectangle(&svg, x: x, y: y, width: 26, height: 4)
                svg.close()
            }
        }
        if thrownAway.contains(where: { !isLeft($0) }) {
            entry("thrown away, done again") { svg, x in
                svg.line(x, y, x + 26, y, "stroke=\"\(colour(0))\" stroke-width=\"7\" stroke-opacity=\"0.28\"")
            }
        }
        if !history.evaluations.isEmpty {
            entry("validation loss") { svg, x in
                svg.line(x, y, x + 26, y, "stroke=\"#111\" stroke-width=\"1.1\" stroke-dasharray=\"5 3\"")
                svg.add(
                    "<circle cx=\"\(SVGText.number(x + 13))\" cy=\"\(SVGText.number(y))\" r=\"3.4\" fill=\"#fff\" "
                        + "stroke=\"#111\" stroke-width=\"1.1\"/>")
            }
        }
        if !marks.isEmpty {
            entry("incident") { svg, x in
                svg.line(x + 20, y - 8, x + 20, y + 8, "stroke=\"#8a8a8a\" stroke-dasharray=\"2 3\"")
            }
        }
        if !history.checkpoints.isEmpty {
            entry("checkpoint") { svg, x in
                svg.line(x + 20, y - 4, x + 20, y + 4, "stroke=\"#333\" stroke-width=\"1.6\"")
            }
        }
    }
}
