// The two elementary functions that fits and models need, from the C library through one door. Results may differ in the
// last bit from one C library to another; nothing that must be the same to the bit is computed from them.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension Double {
    /// The natural logarithm of `value`.
    static func log(_ value: Double) -> Double {
        #if canImport(Glibc)
            Glibc.log(value)
        #else
            Musl.log(value)
        #endif
    }

    /// e to the power of `value`.
    static func exp(_ value: Double) -> Double {
        #if canImport(Glibc)
            Glibc.exp(value)
        #else
            Musl.exp(value)
        #endif
    }
}
