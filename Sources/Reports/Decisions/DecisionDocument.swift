// One decision of the control plane, as a document and as text: what was seen, the rule, what was done, and what else could
// have been done at what cost. One form for all decisions, so that a reader who knows one knows the others. Refuses to
// decide again: figures are the journal's, and where it has none the document says so by leaving the figure out.

import Primitives

/// One decision: what it was made from, by which rule, and what else could have been done.
public struct DecisionDocument: Equatable, Sendable, Codable {
    /// A figure that the decision was made from.
    public struct Input: Equatable, Sendable, Codable {
        /// What it is.
        public var name: String
        /// Its value, with its unit.
        public var value: String
    }

    /// Something else that could have been done.
    public struct Alternative: Equatable, Sendable, Codable {
        /// What.
        public var what: String
        /// The time it would have cost instead of `cost_ns`; left out where the run has no figure for it.
        public var cost_ns: Int64?
        /// Why it was not done, or what the figure is made of.
        public var because: String
    }

    /// `understudy/decision/v1`.
    public var schema = DocumentSchema.decision
    /// The run's name.
    public var run: String
    /// What was asked about: `I-0007`, `segment@3`.
    public var subject: String
    /// When it was decided, in nanoseconds since the run was submitted.
    public var at_ns: Int64
    /// What was decided, as a sentence.
    public var decided: String
    /// What it was made from.
    public var inputs: [Input]
    /// The rule, and which setting of the job chose it.
    public var rule: String
    /// What it cost, in time of the ledger; left out where it cost nothing that is booked.
    public var cost_ns: Int64?
    /// What else could have been done.
    public var alternatives: [Alternative]
}

/// `document` as text, its lines at most `width` characters where that is given.
public func decisionLines(_ document: DecisionDocument, width: Int? = nil, style: Style = .plain) -> [String] {
    let cost = document.cost_ns.map { ", at a cost of \(TimeSpan(nanoseconds: $0))" } ?? ""
    var lines = [
        style.apply(.bold, to: "\(document.run) \(document.subject)") + " at \(TimeSpan(nanoseconds: document.at_ns)): "
            + printable(document.decided) + cost
    ]
    var inputs = Table([.left(""), .flexible("")])
    for input in document.inputs { inputs.add([input.name, input.value]) }
    lines += inputs.lines(width: width.map { $0 - 2 }, hasHeader: false).map { "  " + $0 }
    lines += ["", style.apply(.bold, to: "Rule"), "  " + printable(document.rule)]
    guard !document.alternatives.isEmpty else { return lines }
    lines += ["", style.apply(.bold, to: "What else could have been done")]
    for other in document.alternatives {
        let price = other.cost_ns.map { " [\(TimeSpan(nanoseconds: $0))]" } ?? ""
        lines.append("  - \(printable(other.what))\(price): \(printable(other.because))")
    }
    return lines
}
