// What is wrong with a trace, row by row: reported with line numbers, never skipped in silence. Refuses to repair.

/// A row that cannot be read.
public struct TraceProblem: Error, Equatable, Sendable, CustomStringConvertible {
    /// The row's line in the file, from 1.
    public var line: Int
    /// What is wrong there, a clause without a full stop.
    public var problem: String

    /// A report of `problem` at `line`.
    public init(line: Int, problem: String) {
        self.line = line
        self.problem = problem
    }

    /// `12: gpu_num is "x", not a whole number`.
    public var description: String { "\(line): \(problem)" }
}

/// Why a trace cannot be replayed.
public enum TraceError: Error, Equatable, Sendable {
    /// Nothing says which format it is in.
    case unknownFormat(header: String)
    /// It is said or seen to be in a format, but lacks these columns.
    case missingColumns([String], format: TraceFormat)
    /// Rows cannot be read: the first thousand of them, and how many there are.
    case badRows([TraceProblem], count: Int)
    /// There is no job in it.
    case empty
}
