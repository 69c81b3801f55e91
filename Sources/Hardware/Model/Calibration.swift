// Fits the software constants to measurements: the mean absolute logarithm of predicted over measured, every table
// weighing the same however many rows it has, is made small by the simplex method of Nelder and Mead (1965) on the
// constants' logarithms, from several starts. Refuses randomness: equal tables give equal constants.

extension SoftwareConstants {
    /// Where every fit starts.
    public static let start = SoftwareConstants(
        gemm: 0.75, attention: 0.6, elementwise: 1, nodeLinks: 0.75, network: 0.75, launch: 5e-4, fixed: 0.02,
        overlap: 0.5)

    /// The constants as a vector of logarithms, and back; what must stay below 1 does.
    fileprivate var vector: [Double] {
        [gemm, attention, elementwise, nodeLinks, network, launch, fixed, overlap].map { Double.log($0) }
    }

    fileprivate init(vector: [Double]) {
        let values = vector.map { Double.exp($0) }
        self.init(
            gemm: min(values[0], 1), attention: min(values[1], 1.5), elementwise: min(values[2], 4),
            nodeLinks: min(values[3], 1), network: min(values[4], 1), launch: min(values[5], 0.01),
            fixed: min(values[6], 1), overlap: min(values[7], 1))
    }
}

/// The constants that fit `measurements` best.
public func calibrate(_ measurements: [MeasuredStep], from start: SoftwareConstants = .start) -> SoftwareConstants {
    precondition(!measurements.isEmpty, "nothing to fit")
    var tables: [(name: String, rows: Int)] = []
    for table in measurements.map(\.table) {
        if let known = tables.firstIndex(where: { $0.name == table }) {
            tables[known].rows += 1
        } else {
            tables.append((table, 1))
        }
    }
    let weighed = measurements.map { step in
        (step, weight: 1 / Double(tables.count * tables.first { $0.name == step.table }!.rows))
    }
    func loss(_ vector: [Double]) -> Double {
        let constants = SoftwareConstants(vector: vector)
        let error = weighed.reduce(0) {
            $0 + $1.weight * abs(Double.log($1.0.predicted(constants) / $1.0.seconds))
        }
        // Away from the limits, where the slope is lost; far too weak to move a constant that the data tell.
        let pull = zip(vector, start.vector).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        return error + 1e-4 * pull
    }
    var best = start.vector
    for size in [0.5, 0.25, 0.1, 0.3, 0.1] { best = simplex(from: best, size: size, minimising: loss) }
    return SoftwareConstants(vector: best)
}

/// Nelder and Mead's search with its usual coefficients.
private func simplex(from start: [Double], size: Double, minimising loss: ([Double]) -> Double) -> [Double] {
    let n = start.count
    var points = [start] + (0..<n).map { i in start.indices.map { start[$0] + ($0 == i ? size : 0) } }
    var values = points.map(loss)
    for _ in 0..<(200 * n) {
        let order = values.indices.sorted { (values[$0], $0) < (values[$1], $1) }
        points = order.map { points[$0] }
        values = order.map { values[$0] }
        if values[n] - values[0] < 1e-9 { break }
        let centre = start.indices.map { k in points[..<n].reduce(0) { $0 + $1[k] } / Double(n) }
        func along(_ factor: Double) -> [Double] {
            start.indices.map { centre[$0] + factor * (points[n][$0] - centre[$0]) }
        }
        let reflected = along(-1)
        let value = loss(reflected)
        if value < values[0] {
            let expanded = along(-2)
            let further = loss(expanded)
            (points[n], values[n]) = further < value ? (expanded, further) : (reflected, value)
        } else if value < values[n - 1] {
            (points[n], values[n]) = (reflected, value)
        } else {
            let contracted = along(value < values[n] ? -0.5 : 0.5)
            let nearer = loss(contracted)
            if nearer < min(value, values[n]) {
                (points[n], values[n]) = (contracted, nearer)
            } else {
                for i in 1...n {
                    points[i] = start.indices.map { (points[i][$0] + points[0][$0]) / 2 }
                    values[i] = loss(points[i])
                }
            }
        }
    }
    return points[values.indices.min { values[$0] < values[$1] }!]
}
