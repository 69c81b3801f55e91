// The kernels on flat vectors, biases and embeddings against naive twins. Refuses to test speed.

import CKernels
import Testing
import Training

@Suite struct VectorKernelTests {
    @Test(arguments: widths) func `vectors are added and scaled`(width: Int) {
        let a = normals("a", width)
        let b = normals("b", width)
        var sum = unwritten(width)
        ckernels_add(a, b, &sum, width)
        #expect(sum == zip(a, b).map { $0 + $1 })
        ckernels_scale(&sum, 3, width)
        #expect(sum == zip(a, b).map { ($0 + $1) * 3 })
    }

    @Test func `a vector is added onto itself`() {
        var a = normals("a", 50)
        let twice = a.map { $0 * 2 }
        a.withUnsafeMutableBufferPointer { a in
            VectorMath.add(into: a.baseAddress!, a: a.baseAddress!, b: a.baseAddress!, count: a.count)
        }
        #expect(a == twice)
    }

    @Test(arguments: [0, 1, 15, 4096, 4097, 20_000]) func `the sum of squares is exact to 1e-13`(count: Int) {
        let a = normals("squares", count)
        let naive = a.reduce(0.0) { $0 + Double($1) * Double($1) }
        let difference = abs(ckernels_sum_of_squares(a, count) - naive) / max(naive, 1)
        print("sum of \(count) squares: relative difference \(difference)")
        #expect(difference < 1e-13)
        #expect(VectorMath.norm(a, count: count) == ckernels_sum_of_squares(a, count).squareRoot())
    }

    @Test(arguments: widths) func `biases are filled in and added row by row`(width: Int) {
        let a = normals("a", 3 * width)
        let bias = normals("bias", width)
        var filled = unwritten(3 * width)
        ckernels_fill_rows(bias, &filled, 3, width)
        #expect(filled == bias + bias + bias)
        var added = unwritten(3 * width)
        ckernels_add_bias(a, bias, &added, 3, width)
        #expect(added == a.indices.map { a[$0] + bias[$0 % width] })
    }

    @Test(arguments: widths) func `columns are summed in the rows' order`(width: Int) {
        let a = normals("columns", 9 * width)
        var sums = unwritten(width)
        ckernels_column_sums(a, &sums, 9, width)
        #expect(sums == (0..<width).map { column in (0..<9).reduce(0) { $0 + a[$1 * width + column] } })
    }

    @Test(arguments: widths) func `tokens and positions are looked up`(width: Int) {
        let table = normals("tokens", 7 * width)
        let positions = normals("positions", 4 * width)
        let ids = tokens("ids", 8, of: 7)
        var out = unwritten(8 * width)
        ckernels_embed(ids, table, positions, &out, 2, 4, width)
        let naive = out.indices.map { index in
            let (row, column) = index.quotientAndRemainder(dividingBy: width)
            return table[Int(ids[row]) * width + column] + positions[row % 4 * width + column]
        }
        #expect(out == naive)
    }

    @Test(arguments: widths) func `gradients of looked-up rows are added in the rows' order`(width: Int) {
        let gradient = normals("gradient", 8 * width)
        let ids = tokens("ids", 8, of: 3)
        var table = normals("before", 3 * width)
        var naiveTable = table
        var naivePositions = [Float](repeating: 0, count: 4 * width)
        for row in 0..<8 {
            for column in 0..<width {
                naiveTable[Int(ids[row]) * width + column] += gradient[row * width + column]
                naivePositions[row % 4 * width + column] += gradient[row * width + column]
            }
        }
        var positions = unwritten(4 * width)
        ckernels_embed_backward(ids, gradient, &table, &positions, 2, 4, width)
        #expect(table == naiveTable)
        #expect(positions == naivePositions)
    }
}
