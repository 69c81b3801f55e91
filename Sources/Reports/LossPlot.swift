// The training loss of a run as an SVG figure, one colour a segment, so that every restart can be seen: work that was
// thrown away is a pale band, incidents are upright marks, validation losses hollow dots. Equal histories give equal
// bytes. Refuses smoothing: a figure that hides a spike is not evidence.

import ControlPlane
import Journaling
import Primitives

/// Colours of segments, in turn: Okabe and Ito's set without its yellow and black, and two dark ones of Tol's. Their
/// order keeps neighbours apart by at least 32 in CIELAB, also in simulated protan, deutan and tritan sight (the best of
/// all orders); two that are not neighbours come as near as 16, so the segment's number is the second cue.
let segmentColours = ["#0072B2", "#D55E00", "#CC79A7", "#332288", "#009E73", "#E69F00", "#56B4E9", "#882255"]

/// The loss plot of a run, as the text of an SVG file.
///
/// x is the step, y the training loss in nats a token. Steps that no later segment did again are drawn as the curve;
/// the others pale. Each pixel column keeps its extremes, so no spike is lost however many steps there are.
public func lossPlot(_ source: RunSource) -> String {
    LossPlot(source).drawn()
}

/// A loss plot that is being drawn; its parts in drawing order are the methods of LossPlotParts.swift.
struct LossPlot {
    /// The size of the drawing, in its own units.
    static let size = (width: 960.0, height: 540.0)

    let source: RunSource
    let bySegment: SegmentSteps
    let frame: PlotFrame
    let marks: [IncidentMark]
    /// The upper edge of the strip of segments, which lies above the frame.
    let strip: Double
    /// Whether a step was committed whose loss is a number.
    let hasCurve: Bool

    var history: RunHistory { source.history }

    init(_ source: RunSource) {
        self.source = source
        let history = source.history
        bySegment = SegmentSteps(history)
        let losses = (history.steps.map(\.loss) + history.evaluations.map(\.loss)).filter(\.isFinite)
        hasCurve = !losses.isEmpty
        let low = losses.min() ?? 0
        let high = losses.max() ?? 1
        // A flat curve still needs a scale; 1e-3 nats is below what a plot can tell.
        let padding = max(1e-3, (high - low) * 0.05)
        let last = max(1, history.steps.map(\.step).max() ?? 1)
        var frame = PlotFrame(
            left: 68, right: LossPlot.size.width - 24, top: 74, bottom: LossPlot.size.height - 86,
            xRange: 0...Double(last), yRange: (low - padding)...(high + padding))
        marks = IncidentMark.placed(history.incidents, frame)
        let lanes = marks.filter(\.isLabelled).map { $0.lane + 1 }.max() ?? 0
        strip = frame.top + IncidentMark.laneHeight * Double(lanes)
        frame.top = strip + 22
        self.frame = frame
    }

    func drawn() -> String {
        var svg = SVGText()
        let (width, height) = (SVGText.number(LossPlot.size.width), SVGText.number(LossPlot.size.height))
        svg.add(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(width) \(height)\" width=\"\(width)\" "
                + "height=\"\(height)\" role=\"img\" aria-labelledby=\"title desc\" "
                + "font-family=\"Helvetica Neue, Helvetica, Arial, sans-serif\" font-size=\"12\" fill=\"#222\">")
        svg.add("<title id=\"title\">\(SVGText.escaped("Training loss of \(source.name)"))</title>")
        svg.add("<desc id=\"desc\">\(SVGText.escaped(caption))</desc>")
        svg.add("<rect width=\"\(width)\" height=\"\(height)\" fill=\"#ffffff\"/>")
        drawHead(&svg)
        drawAxes(&svg)
        if hasCurve {
            drawSpikes(&svg)
            drawIncidents(&svg)
            drawStrip(&svg)
            drawCheckpoints(&svg)
            drawSegments(&svg)
            drawEvaluations(&svg)
            drawNumbers(&svg)
        } else {
            svg.label(
                "no step was committed", (frame.left + frame.right) / 2, (frame.top + frame.bottom) / 2,
                "text-anchor=\"middle\" fill=\"#666\"")
        }
        drawLegend(&svg)
        svg.add("</svg>")
        return svg.text
    }

    /// The figure in words, for those who cannot see it.
    private var caption: String {
        var sentences = ["Training loss in nats a token over steps, one colour for each of "]
        sentences[0] += counted(history.segments.count, "segment") + "."
        if let last = history.lastStep { sentences.append("It is \(fixed(last.loss, 4)) at step \(last.step).") }
        for incident in history.incidents.prefix(20) {
            sentences.append("\(incident.name) after step \(incident.step): \(incident.sentence).")
        }
        if history.incidents.count > 20 { sentences.append("And \(history.incidents.count - 20) more incidents.") }
        return sentences.joined(separator: " ")
    }
}

/// An incident's place in the plot: its line, and its label in one of the lanes above.
struct IncidentMark: Equatable {
    static let laneHeight = 14.0
    static let laneCount = 4
    static let fontSize = 10.5

    let incident: Incident
    let x: Double
    let text: String
    let left: Double
    /// The lane of the label, from the top; below `laneCount`, or the label is left out.
    let lane: Int

    var isLabelled: Bool { lane < IncidentMark.laneCount }

    /// Places all of `incidents`, with full labels where they fit, else with the names alone; where even those do not
    /// fit, a line stays without label, and says its name to whoever points at it.
    static func placed(_ incidents: [Incident], _ frame: PlotFrame) -> [IncidentMark] {
        let ordered = incidents.sorted { ($0.step, $0.number) < ($1.step, $1.number) }
        let full = lanes(ordered, frame) { $0.label }
        return full.allSatisfy(\.isLabelled) ? full : lanes(ordered, frame) { $0.name }
    }

    private static func lanes(
        _ incidents: [Incident], _ frame: PlotFrame, text: (Incident) -> String
    ) -> [IncidentMark] {
        var ends = [Double](repeating: -.infinity, count: laneCount)
        return incidents.map { incident in
            let x = frame.x(Double(incident.step))
            let text = shortened(text(incident), to: 40)
            let width = estimatedWidth(text, size: fontSize)
            let left = max(frame.left, min(x - 3, frame.right - width))
            // Below the lowest label in the way, so that this mark's line crosses none.
            let lane = (ends.lastIndex { $0 > left } ?? -1) + 1
            if lane < laneCount { ends[lane] = left + width + 8 }
            return IncidentMark(incident: incident, x: x, text: text, left: left, lane: lane)
        }
    }
}
