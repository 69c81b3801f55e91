// What of a run can be explained, and how it is named on a command line. The one place that knows the names: a new kind of
// decision is a case here, a page of reasons in this folder, and a line in the help. Refuses to look into a run.

import Journaling

/// A decision that a run can be asked about.
public enum DecisionSubject: Equatable, Sendable {
    /// What was done about an incident, by its number: `I-0007`.
    case incident(Int)
    /// Why a segment began, and with whose state, by its number from 1: `segment@3`; the newest when it is nil.
    case segment(Int?)
    /// Why these workers have these ranks, in the segment of that number: `placement@3`; the newest when it is nil.
    case placement(Int?)

    /// What was decided about the excursion of the loss that a step is part of: `spike@454`.
    case spike(Int)

    /// How the subjects are written, for messages.
    public static let forms = "I-0007, segment, segment@3, placement, placement@3 or spike@454"

    /// The subject that `text` names; nil when it names none.
    public init?(_ text: String) {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        let number = parts.count == 2 ? Int(parts[1]) : nil
        guard parts.count == 1 || number != nil else { return nil }
        switch parts[0] {
        case "segment": self = .segment(number)
        case "placement": self = .placement(number)
        case "spike":
            guard let number else { return nil }
            self = .spike(number)
        default:
            guard parts.count == 1, text.uppercased().hasPrefix("I-"), let incident = Int(text.dropFirst(2)) else {
                return nil
            }
            self = .incident(incident)
        }
    }
}

/// What a run has no answer to.
public struct NoSuchDecision: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is missing, and what there is, as a sentence.
    public let description: String

    init(_ description: String) { self.description = description }
}

extension RunSource {
    /// What was decided about `subject`, and why.
    /// - Throws: `NoSuchDecision` when the run has nothing of that number.
    public func decision(on subject: DecisionSubject) throws(NoSuchDecision) -> DecisionDocument {
        switch subject {
        case .incident(let number):
            guard history.incidents.indices.contains(number - 1) else {
                throw NoSuchDecision(
                    "\(name) has no such incident; it has \(counted(history.incidents.count, "incident"))")
            }
            return answer(to: history.incidents[number - 1])
        case .segment(let number): return formation(of: try segment(number))
        case .placement(let number): return placement(of: try segment(number))
        case .spike(let step): return answer(to: try spike(at: step))
        }
    }

    private func segment(_ number: Int?) throws(NoSuchDecision) -> Segment {
        let index = (number ?? history.segments.count) - 1
        guard history.segments.indices.contains(index) else {
            throw NoSuchDecision(
                number == nil
                    ? "\(name) has no segment yet: \(reason)"
                    : "\(name) has no such segment; it has \(counted(history.segments.count, "segment"))")
        }
        return history.segments[index]
    }
}
