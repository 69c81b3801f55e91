// What one reading of a file gathers besides its values: complaints, and where each value came from. A class, because
// every section of a file reports into the same one; it lives as long as one call. Refuses to stop at the first error.

/// The complaints and origins of one reading.
final class Reading {
    private var found: [(place: Place?, diagnostic: Diagnostic)] = []
    /// Where each value was written, by its dotted key; what is missing was a default.
    private(set) var origins: [String: Place] = [:]

    /// Records that the value of `key` was written at `place`.
    func note(_ key: String, at place: Place) { origins[key] = place }

    /// Reports a complaint about `place`.
    func report(
        _ code: DiagnosticCode, _ message: String, at place: Place, hint: String? = nil,
        severity: Diagnostic.Severity = .error
    ) {
        let diagnostic = Diagnostic(
            code: code, severity: severity, path: place.source.name,
            line: place.source.kind == .file ? place.line : nil, column: place.column, length: place.length,
            message: message, hint: hint, sourceLine: place.source.line(place.line))
        found.append((place, diagnostic))
    }

    /// Reports a complaint about a file as a whole.
    func report(_ code: DiagnosticCode, _ message: String, path: String, hint: String? = nil) {
        found.append((nil, Diagnostic(code: code, path: path, message: message, hint: hint)))
    }

    /// Complaints in reading order: the file's lines first, then the arguments as they came.
    var diagnostics: [Diagnostic] {
        func rank(_ place: Place?) -> (Int, Int, Int) {
            guard let place else { return (0, 0, 0) }
            return place.source.kind == .file ? (0, place.line, place.column) : (1, 0, 0)
        }
        return found.enumerated()
            .sorted { a, b in
                let (left, right) = (rank(a.element.place), rank(b.element.place))
                return left == right ? a.offset < b.offset : left < right
            }
            .map(\.element.diagnostic)
    }

    /// Whether anything found so far forbids using the file.
    var hasErrors: Bool { found.contains { $0.diagnostic.severity == .error } }

    /// - Throws: everything found, when an error is among it.
    func throwErrors() throws(SpecFileErrors) {
        if hasErrors { throw SpecFileErrors(diagnostics: diagnostics) }
    }
}
