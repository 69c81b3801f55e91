// A file of fitted constants, `kind: Constants`, as `understudy calibrate --output` writes it and people may edit it: the
// constants that the step-time model takes, and how far they were off when they were fitted. Refuses to fit anything.

import Hardware

/// Constants with the name of the software they describe.
public struct ReadConstants: Equatable, Sendable {
    /// What a job's `software` would call them.
    public var name: String
    /// The constants.
    public var constants: SoftwareConstants
    /// The mean of |predicted / measured - 1| over the rows they were fitted to; nil where the file does not say.
    public var meanError: Double?
}

enum ConstantsReader {
    /// The constants that the section `top` holds.
    static func read(_ top: Section) throws(SpecFileErrors) -> ReadConstants {
        let name = top.name("name", example: "my-stack")
        let values = top.section("constants", isRequired: true, example: "{gemm: 0.76, …}")
        func share(_ key: String, upTo most: Double = 1) -> Double {
            let range = NumberRange(noun: "above 0 and at most \(most)") { $0 > 0 && $0 <= most }
            return values.decimal(key, range, example: "0.76").value
        }
        let constants = SoftwareConstants(
            gemm: share("gemm"), attention: share("attention", upTo: 1.5), elementwise: share("elementwise", upTo: 10),
            nodeLinks: share("node_links"), network: share("network"), launch: share("launch"), fixed: share("fixed"),
            overlap: share("overlap"))
        let fitted = top.section("fitted", isRequired: false, example: "{rows: 5, mean_absolute_error: 0.015}")
        _ = fitted.whole("rows", in: 0...1_000_000, default: 0, example: "5")
        let error = fitted.decimal("mean_absolute_error", .nonNegative, default: 0, example: "0.015")
        let held = top.section("held", isRequired: false, example: "{rows: 5, mean_absolute_error: 0.03}")
        _ = held.whole("rows", in: 0...1_000_000, default: 0, example: "5")
        _ = held.decimal("mean_absolute_error", .nonNegative, default: 0, example: "0.03")
        try top.reading.throwErrors()
        return ReadConstants(
            name: name.value, constants: constants, meanError: error.place == nil ? nil : error.value)
    }
}
