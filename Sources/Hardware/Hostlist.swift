// Slurm's notation for many hosts: `node-[000-123]`, `a[1-3,7],b`, `rack[0-1]-[00-15]`. Refuses to compress a list back
// into the notation and to look hosts up.

import Primitives

/// The hostlist notation.
public enum Hostlist {
    /// No hostlist names more nodes than this.
    public static let mostNodes = 1_000_000

    /// The nodes that `text` names, in its order; of several brackets the last runs fastest. Numbers keep the width of
    /// their range's first: `[08-11]` is 08, 09, 10, 11.
    /// - Throws: `HostlistError` with the place in `text`.
    public static func expand(_ text: String) throws(HostlistError) -> [NodeID] {
        var scanner = HostlistScanner(text)
        var nodes: [NodeID] = []
        repeat {
            let parts = try scanner.name()
            let count = parts.reduce(1) { product, choices in
                let (value, overflow) = product.multipliedReportingOverflow(by: choices.count)
                return overflow ? Int.max : value
            }
            guard count <= mostNodes - nodes.count else {
                throw HostlistError(
                    offset: 0, length: text.unicodeScalars.count, problem: "more than \(mostNodes) nodes")
            }
            var names = [""]
            for choices in parts { names = names.flatMap { name in choices.map { name + $0 } } }
            nodes += names.map { NodeID($0) }
        } while scanner.skip(",")
        return nodes
    }
}

/// Why a hostlist cannot be read.
public struct HostlistError: Error, Equatable, Sendable {
    /// Where in the text, in Unicode scalars from 0.
    public var offset: Int
    /// How many scalars are meant; at least 1.
    public var length: Int
    /// What is wrong there, a clause without a full stop.
    public var problem: String

    /// A report of `problem` at `offset`.
    public init(offset: Int, length: Int, problem: String) {
        self.offset = offset
        self.length = max(1, length)
        self.problem = problem
    }
}

/// A cursor over the text of a hostlist.
private struct HostlistScanner {
    private let text: [Unicode.Scalar]
    private var position = 0

    init(_ text: String) { self.text = Array(text.unicodeScalars) }

    private var current: Unicode.Scalar? { position < text.count ? text[position] : nil }

    mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
        guard current == scalar else { return false }
        position += 1
        return true
    }

    /// One name up to a comma or the end, as its parts, each a list of choices.
    mutating func name() throws(HostlistError) -> [[String]] {
        let start = position
        var parts: [[String]] = []
        while let scalar = current, scalar != "," {
            if scalar == "[" {
                parts.append(try bracket())
            } else if HostlistScanner.isPartOfName(scalar) {
                parts.append([take(while: HostlistScanner.isPartOfName)])
            } else {
                throw HostlistError(offset: position, length: 1, problem: "`\(scalar)` cannot be in a node's name")
            }
        }
        guard !parts.isEmpty else { throw HostlistError(offset: start, length: 1, problem: "a name is missing") }
        return parts
    }

    /// `[000-123,130]`, the cursor being at the bracket.
    private mutating func bracket() throws(HostlistError) -> [String] {
        let start = position
        position += 1
        var numbers: [String] = []
        repeat {
            let rangeStart = position
            let first = take(while: HostlistScanner.isDigit)
            let isRange = skip("-")
            let last = isRange ? take(while: HostlistScanner.isDigit) : first
            guard let low = Int(first), let high = Int(last) else {
                throw HostlistError(
                    offset: rangeStart, length: position - rangeStart, problem: "a number is missing or too long")
            }
            guard low <= high else {
                throw HostlistError(
                    offset: rangeStart, length: position - rangeStart, problem: "the range runs backwards")
            }
            guard high - low < Hostlist.mostNodes - numbers.count else {
                throw HostlistError(
                    offset: rangeStart, length: position - rangeStart, problem: "more than \(Hostlist.mostNodes) nodes")
            }
            numbers += (low...high).map { HostlistScanner.padded($0, to: first.count) }
        } while skip(",")
        guard skip("]") else {
            throw HostlistError(offset: start, length: position - start, problem: "the bracket is not closed")
        }
        return numbers
    }

    private mutating func take(while isWanted: (Unicode.Scalar) -> Bool) -> String {
        var taken = String.UnicodeScalarView()
        while let scalar = current, isWanted(scalar) {
            taken.append(scalar)
            position += 1
        }
        return String(taken)
    }

    private static func padded(_ number: Int, to width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    private static func isPartOfName(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII && (scalar.properties.isAlphabetic || isDigit(scalar) || "-_.".unicodeScalars.contains(scalar))
    }
}
