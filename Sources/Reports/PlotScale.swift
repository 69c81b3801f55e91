// Where numbers lie on a drawing: round ticks, the map from data to coordinates, and curves thinned to what a screen
// can show. Refuses to know what is plotted and to write SVG.

/// Round numbers inside `range`, about `count` of them, a step of 1, 2 or 5 times a power of ten apart, and how many
/// figures after the point tell them apart.
func niceTicks(_ range: ClosedRange<Double>, count: Int) -> (ticks: [Double], places: Int) {
    let rough = (range.upperBound - range.lowerBound) / Double(max(1, count))
    guard rough > 0, rough.isFinite else { return ([range.lowerBound], 2) }
    var power = 1.0
    var places = 0
    while power * 10 <= rough { power *= 10 }
    while power > rough {
        power /= 10
        places += 1
    }
    let step = [1, 2, 5, 10].map { $0 * power }.first { $0 >= rough } ?? rough
    if step >= 10 * power { places = max(0, places - 1) }
    let first = (range.lowerBound / step).rounded(.up)
    let last = (range.upperBound / step).rounded(.down)
    guard first <= last else { return ([], places) }
    return ((0...Int(last - first)).map { (first + Double($0)) * step }, places)
}

/// A rectangle of a drawing and the data it shows, x to the right and y upwards.
struct PlotFrame: Equatable {
    var left: Double
    var right: Double
    var top: Double
    var bottom: Double
    var xRange: ClosedRange<Double>
    var yRange: ClosedRange<Double>

    func x(_ value: Double) -> Double {
        left + (right - left) * (value - xRange.lowerBound) / (xRange.upperBound - xRange.lowerBound)
    }

    func y(_ value: Double) -> Double {
        bottom - (bottom - top) * (value - yRange.lowerBound) / (yRange.upperBound - yRange.lowerBound)
    }
}

/// A point of a curve, in coordinates of the drawing.
struct PlotPoint: Equatable {
    var x: Double
    var y: Double
}

/// `curve` with at most four points in each column of `columnWidth`: the first, the lowest, the highest and the last,
/// in their order. Every extreme stays, so a spike of one step among a million is as high as it was; means and plain
/// strides lose it.
/// - Precondition: the points are in order of x.
func decimated(_ curve: [PlotPoint], columnWidth: Double) -> [PlotPoint] {
    var out: [PlotPoint] = []
    var start = 0
    while start < curve.count {
        let column = (curve[start].x / columnWidth).rounded(.down)
        var (lowest, highest, end) = (start, start, start + 1)
        while end < curve.count, (curve[end].x / columnWidth).rounded(.down) == column {
            if curve[end].y < curve[lowest].y { lowest = end }
            if curve[end].y > curve[highest].y { highest = end }
            end += 1
        }
        var taken = -1
        for index in [start, min(lowest, highest), max(lowest, highest), end - 1] where index > taken {
            out.append(curve[index])
            taken = index
        }
        start = end
    }
    return out
}
