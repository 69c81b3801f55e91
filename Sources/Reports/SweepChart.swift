// Two curves over one varied thing: time and dollars, each relative to its least, on one drawing. Categories stand at
// equal distances, because what is varied may be a word; the knee is marked. Refuses to smooth.

/// A chart of `points`, one a category: its label, and two positive values.
public func relativeChart(
    title: String, names: (first: String, second: String), points: [(label: String, first: Double, second: Double)],
    marked: String
) -> String {
    var svg = SVGText()
    svg.add(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 640 320\" font-family=\"sans-serif\" font-size=\"12\">"
    )
    svg.add("<rect width=\"640\" height=\"320\" fill=\"white\"/>")
    svg.label(title, 320, 20, "text-anchor=\"middle\" font-weight=\"bold\"")
    let least = (points.map(\.first).min() ?? 1, points.map(\.second).min() ?? 1)
    let curves = [points.map { $0.first / least.0 }, points.map { $0.second / least.1 }]
    let most = max(1.01, curves.flatMap(\.self).max() ?? 1)
    let frame = PlotFrame(
        left: 60, right: 620, top: 40, bottom: 270, xRange: -0.5...Double(points.count) - 0.5,
        yRange: 1...1 + (most - 1) * 1.05)
    let (ticks, places) = niceTicks(frame.yRange, count: 5)
    for tick in ticks {
        svg.line(frame.left, frame.y(tick), frame.right, frame.y(tick), "stroke=\"#ddd\"")
        svg.label(fixed(tick, max(places, 2)), frame.left - 6, frame.y(tick) + 4, "text-anchor=\"end\"")
    }
    if let knee = points.firstIndex(where: { $0.label == marked }) {
        let x = frame.x(Double(knee))
        svg.line(x, frame.top, x, frame.bottom, "stroke=\"#888\" stroke-dasharray=\"4 3\"")
        svg.label("knee", x + 4, frame.top + 10, "fill=\"#555\"")
    }
    for (index, point) in points.enumerated() {
        let weight = point.label == marked ? " font-weight=\"bold\"" : ""
        svg.label(point.label, frame.x(Double(index)), 290, "text-anchor=\"middle\"\(weight)")
    }
    for (curve, (color, name, y)) in zip(curves, [("#1f77b4", names.first, 308.0), ("#d62728", names.second, 308.0)]) {
        svg.path(
            curve.enumerated().map { PlotPoint(x: frame.x(Double($0.offset)), y: frame.y($0.element)) },
            "fill=\"none\" stroke=\"\(color)\" stroke-width=\"2\"")
        for (index, value) in curve.enumerated() {
            svg.add(
                "<circle cx=\"\(fixed(frame.x(Double(index)), 1))\" cy=\"\(fixed(frame.y(value), 1))\" r=\"3\" "
                    + "fill=\"\(color)\"/>")
        }
        svg.label(name + ", relative to its least", color == "#1f77b4" ? 60 : 340, y, "fill=\"\(color)\"")
    }
    svg.add("</svg>")
    return svg.text
}
