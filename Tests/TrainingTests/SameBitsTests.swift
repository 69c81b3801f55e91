// One number for the bits of every kernel, the same on every processor. `swift test -Xcc -DDISPATCHED=` runs it on the
// baseline instruction set, `-Xcc '-DDISPATCHED=__attribute__((target("arch=x86-64-v3")))'` on AVX2. Refuses to say
// whether the numbers are right: the other tests do.

import CKernels
import Testing

@Suite struct SameBitsTests {
    /// FNV-1a over the bits of floats.
    private func digest(_ lists: [Float]...) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for value in lists.joined() { hash = (hash ^ UInt64(value.bitPattern)) &* 0x0000_0100_0000_01b3 }
        return hash
    }

    static let rows = 37
    static let width = 171

    private func layerNorm() -> UInt64 {
        let (rows, width) = (Self.rows, Self.width)
        let x = normals("x", rows * width)
        var y = unwritten(rows * width)
        var mean = unwritten(rows)
        var inverse = unwritten(rows)
        let weight = normals("weight", width)
        ckernels_layer_norm(x, weight, normals("bias", width), &y, &mean, &inverse, rows, width)
        var dx = normals("dx", rows * width)
        var (dweight, dbias, sums) = (unwritten(width), unwritten(width), unwritten(width))
        ckernels_layer_norm_backward(
            normals("dy", rows * width), x, weight, mean, inverse, &dx, 1, &dweight, &dbias, &sums, rows, width)
        return digest(y, mean, inverse, dx, dweight, dbias, sums)
    }

    private func gelu() -> UInt64 {
        let (rows, width) = (Self.rows, Self.width)
        let x = normals("x", rows * width, deviation: 4)
        var (y, again, dx) = (unwritten(x.count), unwritten(x.count), unwritten(x.count))
        var sums = unwritten(width)
        ckernels_gelu(x, &y, x.count)
        ckernels_gelu_backward(x, normals("dy", x.count), &again, &dx, &sums, rows, width)
        return digest(y, again, dx, sums)
    }

    private func softmax() -> UInt64 {
        let (rows, width) = (Self.rows, Self.width)
        let first = width - rows
        var scores = normals("scores", rows * width, deviation: 3)
        var (maximum, inverseSum) = (unwritten(rows), unwritten(rows))
        var again = scores
        var gradient = normals("gradient", rows * width)
        ckernels_causal_softmax(&scores, rows, width, first, width, &maximum, &inverseSum)
        ckernels_causal_softmax_backward(&again, &gradient, rows, width, first, width, maximum, inverseSum)
        var logits = normals("logits", rows * width, deviation: 3)
        let targets = tokens("targets", rows, of: width)
        var (most, sum, target) = (unwritten(rows), unwritten(rows), unwritten(rows))
        ckernels_cross_entropy(logits, targets, &most, &sum, &target, rows, width)
        ckernels_cross_entropy_backward(&logits, targets, most, sum, 0.125, rows, width)
        return digest(scores, again, gradient, maximum, inverseSum, logits, most, sum, target)
    }

    private func vectors() -> UInt64 {
        let count = Self.rows * Self.width
        var parameters = normals("parameters", count)
        var mean = normals("mean", count)
        var square = normals("square", count).map { $0 * $0 }
        let step = ckernels_adamw_step(
            gradient_scale: 0.3, keep: 0.999, mean_rate: 0.1, square_keep: 0.95, square_rate: 0.05,
            square_correction: 1.7, step_size: 0.003, epsilon: 1e-8)
        ckernels_adamw(&parameters, normals("gradient", count), &mean, &square, count, step)
        var sums = unwritten(Self.width)
        ckernels_column_sums(mean, &sums, Self.rows, Self.width)
        return digest(parameters, mean, square, sums) ^ ckernels_sum_of_squares(mean, count).bitPattern
    }

    @Test func `every kernel gives the same bits on every processor`() {
        #expect(layerNorm() == 3_294_698_448_021_602_058)
        #expect(gelu() == 8_003_103_394_102_704_855)
        #expect(softmax() == 4_681_202_009_238_112_416)
        #expect(vectors() == 6_701_948_846_327_904_402)
    }
}
