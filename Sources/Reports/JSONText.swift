// How documents become JSON. Every document names its schema, every quantity its unit, and equal documents give equal
// bytes: keys sorted, slashes as they are. Refuses to fail on a loss that is no number.

import Foundation

/// A kind of JSON document and its version, `understudy/run/v1`; a change that breaks a reader raises the version.
public enum DocumentSchema: String, Sendable, Codable, CaseIterable {
    /// One run.
    case run = "understudy/run/v1"
    /// A list of runs.
    case runs = "understudy/runs/v1"
    /// The incidents of a run.
    case incidents = "understudy/incidents/v1"
    /// The segments of a run.
    case segments = "understudy/segments/v1"
    /// A trace of jobs under several policies.
    case schedule = "understudy/schedule/v1"
    /// What the report of a trace under several policies shows.
    case scheduleReport = "understudy/schedule-report/v1"
    /// Why a job of a trace waited, and what would have helped.
    case explanation = "understudy/explanation/v1"
    /// What every worker slot was doing when.
    case timeline = "understudy/timeline/v1"
    /// Where two runs part.
    case difference = "understudy/difference/v1"
    /// Several runs' figures.
    case comparison = "understudy/comparison/v1"
    /// What rules for loss spikes say about a curve.
    case detection = "understudy/detection/v1"
    /// One decision: its inputs, its rule, and what else could have been done.
    case decision = "understudy/decision/v1"
    /// What the page of a run shows.
    case page = "understudy/page/v2"
    /// What came of a request to inflict a fault.
    case injection = "understudy/injection/v1"
    /// How a run that goes on stands.
    case progress = "understudy/progress/v1"
    /// A line of a process's log.
    case logLine = "understudy/log-line/v1"
    /// Who failed first, and what it wrote last.
    case firstFailure = "understudy/first-failure/v1"
}

extension DocumentSchema {
    /// The type of documents of this kind.
    public var document: any Decodable.Type {
        switch self {
        case .run: RunDocument.self
        case .runs: RunsDocument.self
        case .incidents: IncidentsDocument.self
        case .segments: SegmentsDocument.self
        case .schedule: ScheduleDocument.self
        case .scheduleReport: ScheduleReport.self
        case .explanation: ExplanationDocument.self
        case .timeline: TimelineDocument.self
        case .difference: RunDifference.self
        case .comparison: ComparisonDocument.self
        case .detection: DetectionDocument.self
        case .decision: DecisionDocument.self
        case .page: PageDocument.self
        case .injection: InjectionDocument.self
        case .progress: ProgressDocument.self
        case .logLine: LogLineDocument.self
        case .firstFailure: FirstFailureDocument.self
        }
    }
}

/// `document` as JSON with sorted keys: pretty with a line break at the end, or `isCompact`, for programs alone.
///
/// A figure that is not known is left out. One that is no finite number is the string `"nan"`, `"inf"` or `"-inf"`:
/// JSON has no such numbers, `null` would read as unknown, and a diverged loss is not unknown.
/// - Precondition: encoding the document cannot throw; the documents of this module cannot.
public func encodeJSON(_ document: some Encodable, isCompact: Bool = false) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    if !isCompact { encoder.outputFormatting.insert(.prettyPrinted) }
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
        positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    do { return String(decoding: try encoder.encode(document), as: UTF8.self) + (isCompact ? "" : "\n") } catch {
        preconditionFailure("a document of type \(type(of: document)) cannot be encoded: \(error)")
    }
}
