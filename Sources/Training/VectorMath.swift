// Sums over whole gradients: what a worker does with other workers' vectors. Refuses to choose an order: that is the
// reduction tree's.

import CKernels

/// Arithmetic on flat vectors, with the same bits on every processor.
public enum VectorMath {
    /// into[i] = a[i] + b[i] for `count` floats. `into` may be `a` or `b`.
    public static func add(
        into: UnsafeMutablePointer<Float>, a: UnsafePointer<Float>, b: UnsafePointer<Float>, count: Int
    ) {
        ckernels_add(a, b, into, count)
    }

    /// a[i] = a[i] · factor for `count` floats.
    public static func scale(_ a: UnsafeMutablePointer<Float>, by factor: Float, count: Int) {
        ckernels_scale(a, factor, count)
    }

    /// The L2 norm of `count` floats, summed in double precision in a fixed order.
    public static func norm(_ a: UnsafePointer<Float>, count: Int) -> Double {
        ckernels_sum_of_squares(a, count).squareRoot()
    }
}
