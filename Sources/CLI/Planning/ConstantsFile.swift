// The constants a prediction is made with: those fitted for a job's software, or a file's, and the writing of such a
// file. Refuses to guess: an unknown name is an error that lists the known ones.

import ArgumentParser
import Foundation
import Hardware
import Reports
import SpecFiles

/// Constants in place of the shipped ones.
struct ConstantsOption: ParsableArguments {
    @Option(
        name: .customLong("constants"),
        help: ArgumentHelp("Predict with these constants, as calibrate --output writes them.", valueName: "file"))
    var path: String?

    /// The file's constants; nil when none is named.
    func read(noColor: Bool = false) throws -> ReadConstants? {
        guard let path else { return nil }
        return try readSpec(noColor) { () throws(SpecFileErrors) in try SpecReader.constants(path: path) }
    }

    /// The constants for `software`, or for what is usual on `machine`, and their name.
    func choose(software: String?, for machine: Machine) throws -> (name: String, constants: SoftwareConstants) {
        if let read = try read() { return (read.name, read.constants) }
        let usual = SoftwareConstants.usual(for: machine)
        guard let software else { return usual }
        guard let constants = SoftwareConstants.named(software) else {
            let names = SoftwareConstants.known.map(\.name).joined(separator: ", ")
            throw Failure(.invalidSpec, "the software `\(software)` is not known; known: \(names)")
        }
        return (software, constants)
    }
}

/// The constants with their names in files and what they are.
func described(_ constants: SoftwareConstants) -> [(name: String, value: Double, what: String)] {
    [
        ("gemm", constants.gemm, "share of the peak that large matrix products reach"),
        ("attention", constants.attention, "share of that which attention's products reach"),
        ("elementwise", constants.elementwise, "times that kept activations pass through memory"),
        ("node_links", constants.nodeLinks, "share of a node's links that collectives reach"),
        ("network", constants.network, "share of the network that collectives reach"),
        ("launch", constants.launch, "seconds to start one block's kernels once"),
        ("fixed", constants.fixed, "seconds of an iteration that depend on nothing"),
        ("overlap", constants.overlap, "share of the backward pass that hides gradients"),
    ]
}

/// A file of `constants` as SpecReader reads it: what they are in comments, and how far off they were.
func constantsFile(name: String, _ constants: SoftwareConstants, fitted: FitError, held: FitError, from: String)
    -> String
{
    var lines = [
        "# Fitted by `understudy calibrate` to \(fitted.count) rows of \(from). Use: understudy plan … --constants THIS_FILE",
        "kind: Constants", "name: \(name)", "constants:",
    ]
    for (name, value, what) in described(constants) {
        let text = "  \(name): \(value)"
        lines.append(text + String(repeating: " ", count: max(1, 36 - text.count)) + "# \(what)")
    }
    func errors(_ title: String, _ error: FitError) {
        guard error.count > 0 else { return }
        lines.append(
            "\(title): {rows: \(error.count), mean_absolute_error: \(fixed(error.mean, 4))}   # worst "
                + "\(percent(error.worst)), \(error.worstID)")
    }
    errors("fitted", fitted)
    errors("held", held)
    return lines.joined(separator: "\n") + "\n"
}
