// Matrix products on OpenBLAS, as views and one function. Refuses to own memory, and to know what is multiplied.

import CBLAS

/// A row-major matrix somewhere in memory. Whoever makes one sees to it that the memory outlives it.
struct Matrix {
    /// The first element as stored.
    var base: UnsafeMutablePointer<Float>
    /// The number of rows, after transposition.
    var rows: Int
    /// The number of columns, after transposition.
    var columns: Int
    /// Floats from one stored row to the next.
    var stride: Int
    /// Whether the stored rows are read as columns.
    var isTransposed = false

    /// The matrix stored from `base` on; `stride` is the number of columns unless given.
    init(_ base: UnsafeMutablePointer<Float>, rows: Int, columns: Int, stride: Int? = nil) {
        self.base = base
        self.rows = rows
        self.columns = columns
        self.stride = stride ?? columns
    }

    /// A matrix that is only read.
    init(_ base: UnsafePointer<Float>, rows: Int, columns: Int, stride: Int? = nil) {
        self.init(UnsafeMutablePointer(mutating: base), rows: rows, columns: columns, stride: stride)
    }

    /// The same memory with rows and columns exchanged.
    var transposed: Matrix {
        var copy = self
        swap(&copy.rows, &copy.columns)
        copy.isTransposed.toggle()
        return copy
    }

    /// The rows `first ..< first + count`.
    /// - Precondition: the matrix is not transposed.
    func rows(from first: Int, count: Int) -> Matrix {
        precondition(!isTransposed, "rows of a transposed matrix are not contiguous")
        return Matrix(base + first * stride, rows: count, columns: columns, stride: stride)
    }
}

/// The one BLAS routine that training needs.
enum BLAS {
    /// c = scale · a·b, or c += scale · a·b if `accumulating`.
    /// - Precondition: the sizes fit and `c` is not transposed.
    static func multiply(_ a: Matrix, _ b: Matrix, into c: Matrix, scale: Float = 1, accumulating: Bool = false) {
        precondition(
            a.rows == c.rows && b.columns == c.columns && a.columns == b.rows && !c.isTransposed,
            "[\(a.rows), \(a.columns)] · [\(b.rows), \(b.columns)] is not [\(c.rows), \(c.columns)]")
        cblas_sgemm(
            CblasRowMajor, a.isTransposed ? CblasTrans : CblasNoTrans, b.isTransposed ? CblasTrans : CblasNoTrans,
            Int32(c.rows), Int32(c.columns), Int32(a.columns), scale, a.base, Int32(a.stride), b.base,
            Int32(b.stride), accumulating ? 1 : 0, c.base, Int32(c.stride))
    }
}
