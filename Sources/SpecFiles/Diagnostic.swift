// What is wrong with a file, as a value: where, which code, what to do. Reports and `--json` read the same fields that
// the terminal prints. Refuses to decide what follows from it: whether to start, and with which exit code, is the
// caller's.

/// One complaint about one place of a file or of an `-s` argument.
public struct Diagnostic: Equatable, Sendable, Codable {
    /// How much it matters.
    public enum Severity: String, Equatable, Sendable, Codable, CaseIterable {
        /// The file cannot be used.
        case error
        /// The file can be used, and will perhaps not do what its author wants.
        case warning
    }

    /// The kind of complaint, for `understudy explain`.
    public var code: DiagnosticCode
    /// How much it matters.
    public var severity: Severity
    /// The file as its reader named it, or the whole argument: `-s train.lr=1`.
    public var path: String
    /// The line from 1; nil for an argument and for a file that could not be read.
    public var line: Int?
    /// The column from 1 in Unicode scalars; nil where there is no source line.
    public var column: Int?
    /// How many Unicode scalars of the source line are meant; 0 where there is no source line.
    public var length: Int
    /// What is wrong, in one sentence without a full stop.
    public var message: String
    /// What to do about it.
    public var hint: String?
    /// The text of the line, without its line break.
    public var sourceLine: String?

    /// A complaint from its parts.
    public init(
        code: DiagnosticCode, severity: Severity = .error, path: String, line: Int? = nil, column: Int? = nil,
        length: Int = 0, message: String, hint: String? = nil, sourceLine: String? = nil
    ) {
        self.code = code
        self.severity = severity
        self.path = path
        self.line = line
        self.column = column
        self.length = length
        self.message = message
        self.hint = hint
        self.sourceLine = sourceLine
    }
}

/// Everything that is wrong with the files of one reading, in the order of their lines; at least one error.
public struct SpecFileErrors: Error, Equatable, Sendable, Codable {
    /// Errors, and the warnings found beside them.
    public var diagnostics: [Diagnostic]

    /// The complaints `diagnostics`.
    public init(diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }

    /// How many errors there are, `2 errors.`; the caller says what follows from that.
    public var summary: String {
        let count = diagnostics.count { $0.severity == .error }
        return count == 1 ? "1 error." : "\(count) errors."
    }

    /// Every complaint as `Diagnostic.rendered(color:)` writes it, one under the other, without the summary.
    public func rendered(color: Bool) -> String {
        diagnostics.map { $0.rendered(color: color) }.joined(separator: "\n")
    }
}

extension SpecFileErrors: CustomStringConvertible {
    /// The complaints without colour, and the summary.
    public var description: String { "\(rendered(color: false))\n\(summary)" }
}
