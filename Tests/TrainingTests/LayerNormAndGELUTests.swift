// LayerNorm, GELU and their gradients against naive twins in double precision.

import CKernels
import Foundation
import Testing

@Suite struct LayerNormAndGELUTests {
    static let rows = 6

    /// The mean and 1 / √(variance + 1e-5) of a row.
    private func statistics(_ row: ArraySlice<Float>) -> (mean: Double, inverse: Double) {
        let mean = row.reduce(0.0) { $0 + Double($1) } / Double(row.count)
        let variance = row.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(row.count)
        return (mean, 1 / (variance + 1e-5).squareRoot())
    }

    @Test(arguments: widths) func `a row is normalised, scaled and shifted`(width: Int) {
        let rows = Self.rows
        // A mean far from zero, which a difference of squares would not survive.
        let x = normals("x", rows * width).map { $0 + 30 }
        let weight = normals("weight", width)
        let bias = normals("bias", width)
        var y = unwritten(rows * width)
        var mean = unwritten(rows)
        var inverse = unwritten(rows)
        ckernels_layer_norm(x, weight, bias, &y, &mean, &inverse, rows, width)
        let naive = x.indices.map { index -> Double in
            let (row, column) = index.quotientAndRemainder(dividingBy: width)
            let (mean, inverse) = statistics(x[row * width..<(row + 1) * width])
            return (Double(x[index]) - mean) * inverse * Double(weight[column]) + Double(bias[column])
        }
        // A row of one number has no deviation: the rounding of its mean counts 1 / √1e-5 times as much.
        #expect(largestDifference("LayerNorm of \(width)", y, naive) < (width == 1 ? 1e-3 : 2e-5))
    }

    @Test(arguments: widths, [0, 1])
    func `the gradient of a normalised row is added or written`(width: Int, accumulate: Int32) {
        let rows = Self.rows
        let x = normals("x", rows * width)
        let weight = normals("weight", width)
        let dy = normals("dy", rows * width)
        let before = normals("before", rows * width)
        let rowStatistics = (0..<rows).map { statistics(x[$0 * width..<($0 + 1) * width]) }

        var naive = before.map { accumulate == 1 ? Double($0) : 0 }
        var naiveWeight = [Double](repeating: 0, count: width)
        var naiveBias = naiveWeight
        for (row, (mean, inverse)) in rowStatistics.enumerated() {
            let n = (0..<width).map { (Double(x[row * width + $0]) - mean) * inverse }
            let g = (0..<width).map { Double(dy[row * width + $0]) * Double(weight[$0]) }
            let gAverage = g.reduce(0, +) / Double(width)
            let gnAverage = zip(g, n).reduce(0) { $0 + $1.0 * $1.1 } / Double(width)
            for column in 0..<width {
                naive[row * width + column] += inverse * (g[column] - gAverage - n[column] * gnAverage)
                naiveWeight[column] += Double(dy[row * width + column]) * n[column]
                naiveBias[column] += Double(dy[row * width + column])
            }
        }
        let naiveSums = (0..<width).map { column in (0..<rows).reduce(0) { $0 + naive[$1 * width + column] } }

        var dx = accumulate == 1 ? before : unwritten(rows * width)
        var dweight = unwritten(width)
        var dbias = unwritten(width)
        var sums = unwritten(width)
        ckernels_layer_norm_backward(
            dy, x, weight, rowStatistics.map { Float($0.mean) }, rowStatistics.map { Float($0.inverse) }, &dx,
            accumulate, &dweight, &dbias, &sums, rows, width)
        // With one number in a row all but rounding cancels, and 1 / √1e-5 multiplies the rounding.
        let tolerance = width == 1 ? 1e-4 : 1e-5
        #expect(largestDifference("LayerNorm of \(width), dx", dx, naive) < tolerance)
        #expect(largestDifference("LayerNorm of \(width), dweight", dweight, naiveWeight) < 1e-5)
        #expect(largestDifference("LayerNorm of \(width), dbias", dbias, naiveBias) < 1e-5)
        #expect(largestDifference("LayerNorm of \(width), column sums", sums, naiveSums) < 6 * tolerance)
    }

    /// GELU's tanh form and its derivative, as Hendrycks and Gimpel write it.
    private func gelu(_ x: Double) -> (value: Double, derivative: Double) {
        let c = (2 / Double.pi).squareRoot()
        let t = tanh(c * (x + 0.044715 * x * x * x))
        return (x / 2 * (1 + t), (1 + t) / 2 + x / 2 * (1 - t * t) * c * (1 + 3 * 0.044715 * x * x))
    }

    @Test func `GELU and its gradient are accurate to 1e-6 from -12 to 12`() {
        let x = (-1200...1201).map { Float($0) / 100 }
        let width = x.count / 2
        let dy = [Float](repeating: 1, count: x.count)
        var y = unwritten(x.count)
        ckernels_gelu(x, &y, x.count)
        var again = unwritten(x.count)
        var dx = unwritten(x.count)
        var sums = unwritten(width)
        ckernels_gelu_backward(x, dy, &again, &dx, &sums, 2, width)
        let values = x.map { gelu(Double($0)).value }
        let derivatives = x.map { gelu(Double($0)).derivative }
        let relative = zip(y, values).map { Float((Double($0) - $1) / max(abs($1), 1e-3)) }
        #expect(largestDifference("GELU, relative", relative, values.map { _ in 0 }) < 1e-6)
        #expect(largestDifference("GELU's derivative", dx, derivatives) < 5e-7)
        #expect(zip(again, y).allSatisfy { $0 == $1 })
        #expect((0..<width).allSatisfy { sums[$0] == dx[$0] + dx[width + $0] })
    }

    @Test func `GELU's gradient is written over the gradient it came from`() {
        let x = normals("x", 60)
        var gradient = normals("dy", 60)
        let dy = gradient
        var y = unwritten(60)
        var sums = unwritten(20)
        gradient.withUnsafeMutableBufferPointer { gradient in
            ckernels_gelu_backward(x, gradient.baseAddress!, &y, gradient.baseAddress!, &sums, 3, 20)
        }
        let naive = zip(x, dy).map { gelu(Double($0)).derivative * Double($1) }
        #expect(largestDifference("GELU's gradient in place", gradient, naive) < 2e-6)
    }

    @Test func `what is not a number stays that`() {
        var y = unwritten(3)
        ckernels_gelu([.nan, 1, .infinity], &y, 3)
        #expect(y[0].isNaN && y[1].isFinite && y[2] == .infinity)
    }
}
