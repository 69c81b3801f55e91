// The choice of OpenBLAS's kernels from a processor's flags, and that its results depend on nothing else.

import CBLAS
import Testing
import Training

@Suite struct BLASCoreTests {
    @Test func `the core type follows the instruction sets`() {
        let cpuinfo = "processor\t: 0\nflags\t\t: fpu sse2 avx2 fma avx512f avx512bw avx512dq avx512vl\nbugs\t: none\n"
        let flags = BLASCore.flags(cpuinfo: cpuinfo)
        #expect(flags.count == 8)
        #expect(BLASCore.best(flags: flags) == "SkylakeX")
        #expect(BLASCore.best(flags: flags.filter { $0 != "avx512vl" }) == "Haswell")
        #expect(BLASCore.best(flags: ["fpu", "avx2"]) == nil)
        #expect(BLASCore.flags(cpuinfo: "Features : asimd\n").isEmpty)
    }

    @Test func `numerics name the library, its version and its core type`() {
        let words = BLASCore.numerics.split(separator: " ")
        print(BLASCore.numerics)
        #expect(words.count == 3 && words[0] == "openblas" && words[1].contains("."))
    }

    @Test(arguments: [[64, 64, 64], [64, 200, 33], [7, 5, 3], [300, 130, 70]])
    func `a product has the same bits wherever its matrices lie`(sizes: [Int]) {
        let (m, n, k) = (sizes[0], sizes[1], sizes[2])
        func product(offset: Int) -> [UInt32] {
            let a = [Float](repeating: 0, count: offset) + normals("a", m * k)
            let b = [Float](repeating: 0, count: 3 * offset) + normals("b", k * n)
            var c = unwritten(m * n + offset)
            a.withUnsafeBufferPointer { a in
                b.withUnsafeBufferPointer { b in
                    c.withUnsafeMutableBufferPointer { c in
                        cblas_sgemm(
                            CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(m), Int32(n), Int32(k), 1,
                            a.baseAddress! + offset, Int32(k), b.baseAddress! + 3 * offset, Int32(n), 0,
                            c.baseAddress! + offset, Int32(n))
                    }
                }
            }
            return c.dropFirst(offset).map(\.bitPattern)
        }
        let aligned = product(offset: 0)
        #expect((1...5).allSatisfy { product(offset: $0) == aligned })
    }
}
