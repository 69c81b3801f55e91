// Policies beside each other as one figure: which part of the jobs had ended after how long, on a logarithmic axis, a
// curve a policy. Refuses more than a dozen curves; nobody could tell them apart.

import Primitives
import Replay

/// The completion times of one policy.
public struct CompletionTimes: Equatable, Sendable {
    /// The policy's name.
    public var policy: String
    /// Job completion times in seconds, ascending.
    public var seconds: [Double]

    /// The completion times of `result`, a replay of `trace` under `policy`.
    public init(policy: String, _ trace: Trace, _ result: ReplayResult) {
        self.policy = policy
        seconds = zip(trace.jobs, result.outcomes).compactMap { job, outcome in
            outcome.ended.map { ($0 - job.submitted).seconds }
        }.sorted()
    }
}

/// The distributions of `policies` as SVG, 860 by 420 units.
public func completionPlot(_ policies: [CompletionTimes], title: String) -> String {
    let colors = [
        "#4477aa", "#ee6677", "#228833", "#aa8800", "#66ccee", "#aa3377", "#555555", "#994455", "#6699cc", "#997700",
        "#44aa99", "#882255",
    ]
    let longest = max(100, policies.compactMap(\.seconds.last).max() ?? 100)
    let decades = (portableLogarithm(longest) / portableLogarithm(10)).rounded(.up)
    let frame = PlotFrame(left: 60, right: 680, top: 40, bottom: 370, xRange: 1...max(2, decades), yRange: 0...1)
    var svg = SVGText()
    svg.add(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 860 420\" font-family=\"sans-serif\" font-size=\"12\">"
    )
    svg.add("<rect width=\"860\" height=\"420\" fill=\"#ffffff\"/>")
    svg.label(title, 60, 24, "font-size=\"14\" fill=\"#222222\"")
    for tenth in stride(from: 0, through: 10, by: 2) {
        let y = frame.y(Double(tenth) / 10)
        svg.line(frame.left, y, frame.right, y, "stroke=\"#dddddd\"")
        svg.label("\(tenth * 10)%", frame.left - 8, y + 4, "text-anchor=\"end\" fill=\"#444444\"")
    }
    let names = ["10s", "100s", "17min", "2.8h", "28h", "12d", "116d"]
    for decade in 1...Int(frame.xRange.upperBound) where decade <= names.count {
        let x = frame.x(Double(decade))
        svg.line(x, frame.top, x, frame.bottom, "stroke=\"#dddddd\"")
        svg.label(names[decade - 1], x, frame.bottom + 18, "text-anchor=\"middle\" fill=\"#444444\"")
    }
    svg.label("completion time, submission to end", 370, 408, "text-anchor=\"middle\" fill=\"#444444\"")
    for (index, times) in policies.enumerated() {
        let color = colors[index % colors.count]
        let count = Double(max(1, times.seconds.count))
        let curve = times.seconds.enumerated().map { rank, seconds in
            PlotPoint(
                x: frame.x(max(1, portableLogarithm(max(10, seconds)) / portableLogarithm(10))),
                y: frame.y(Double(rank + 1) / count))
        }
        svg.path(decimated(curve, columnWidth: 1), "fill=\"none\" stroke=\"\(color)\" stroke-width=\"1.6\"")
        let y = frame.top + 12 + Double(index) * 18
        svg.line(695, y - 4, 715, y - 4, "stroke=\"\(color)\" stroke-width=\"3\"")
        svg.label(times.policy, 722, y, "fill=\"#222222\"")
    }
    svg.add("</svg>")
    return svg.text
}
