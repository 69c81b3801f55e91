// What a curve looked like lately: the median and the spread of the newest values that were accepted as ordinary. Both
// are order statistics, because a mean and a standard deviation are moved by the very values they are to expose. Refuses
// to judge which values are ordinary; the detector does.

/// A sliding window of accepted values with its order statistics.
///
/// An update takes two binary searches and moves at most the window's values, a kilobyte at the usual 128.
public struct RobustBaseline: Equatable, Sendable {
    private struct Point: Equatable, Sendable {
        var step: Int
        var value: Double
    }

    /// How many values the statistics are taken over.
    public let window: Int
    /// Accepted values, oldest first. More than the window, so that a run that goes back finds the window of then.
    private var history: [Point] = []
    /// The newest `window` of them in ascending order.
    private var ordered: [Double] = []
    /// Values of which it is not known yet whether they are ordinary, oldest first: at most a window of them, because
    /// only so many could count.
    private var held: [Point] = []

    /// A baseline without values over windows of `window`.
    /// - Precondition: `window` is positive.
    public init(window: Int) {
        precondition(window > 0, "a baseline needs a window")
        self.window = window
    }

    /// How many values the statistics stand on.
    public var count: Int { ordered.count }

    /// Takes `value`, the newest one, which must be finite.
    public mutating func accept(_ value: Double, step: Int) {
        if ordered.count == window { ordered.remove(at: place(of: history[history.count - window].value)) }
        ordered.insert(value, at: place(of: value))
        history.append(Point(step: step, value: value))
        // In bulk, because moving the rest is what costs.
        if history.count == 8 * window { history.removeFirst(4 * window) }
    }

    /// Whether values are held back.
    public var isHolding: Bool { !held.isEmpty }

    /// Holds `value` back, the newest one, which must be finite, until it is known whether it is ordinary.
    public mutating func hold(_ value: Double, step: Int) {
        if held.count == window { held.removeFirst() }
        held.append(Point(step: step, value: value))
    }

    /// What was held back was ordinary.
    public mutating func acceptHeld() {
        let values = held
        held = []
        for point in values { accept(point.value, step: point.step) }
    }

    /// What was held back was not ordinary.
    public mutating func dropHeld() { held = [] }

    /// Forgets every value behind `step`, and those held back; the window is again the one of then, as far as history
    /// reaches.
    public mutating func forget(after step: Int) {
        held = []
        history.removeAll { $0.step > step }
        ordered = history.suffix(window).map(\.value).sorted()
    }

    /// The middle value.
    /// - Precondition: there is one.
    public var median: Double { quantile(0.5) }

    /// The interquartile range over 1.349, which for normal values is their standard deviation; never below a billionth
    /// of the median, so that a curve without noise has a scale too.
    /// - Precondition: there is a value.
    public var spread: Double {
        max((quantile(0.75) - quantile(0.25)) / 1.349, median.magnitude * 1e-9, .leastNormalMagnitude)
    }

    /// By linear interpolation between neighbours (Hyndman and Fan's type 7).
    private func quantile(_ share: Double) -> Double {
        let place = share * Double(ordered.count - 1)
        let below = Int(place)
        let above = min(below + 1, ordered.count - 1)
        return ordered[below] + (ordered[above] - ordered[below]) * (place - Double(below))
    }

    /// The first place whose value is not below `value`.
    private func place(of value: Double) -> Int {
        var (low, high) = (0, ordered.count)
        while low < high {
            let middle = (low + high) / 2
            if ordered[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension RobustBaseline {
    /// `step:value` of every remembered value, oldest first, separated by commas.
    var text: String { RobustBaseline.text(of: history) }

    /// The same of those held back.
    var heldText: String { RobustBaseline.text(of: held) }

    /// Reads what `text` and `heldText` wrote; nil when one is no such list.
    init?(window: Int, text: String, heldText: String) {
        self.init(window: window)
        guard let history = RobustBaseline.points(text), let held = RobustBaseline.points(heldText) else { return nil }
        (self.history, self.held) = (history, held)
        ordered = history.suffix(window).map(\.value).sorted()
    }

    private static func text(of points: [Point]) -> String {
        points.map { "\($0.step):\($0.value)" }.joined(separator: ",")
    }

    private static func points(_ text: String) -> [Point]? {
        var points: [Point] = []
        for item in text.split(separator: ",") {
            let parts = item.split(separator: ":")
            guard parts.count == 2, let step = Int(parts[0]), let value = Double(parts[1]), value.isFinite,
                points.last.map({ $0.step < step }) ?? true
            else { return nil }
            points.append(Point(step: step, value: value))
        }
        return points
    }
}
