// Where two runs part: in what was asked for, in what was computed, in what happened. The answer people want of two runs
// that should be the same is one step and one sentence, so that is what is found first. Refuses tolerance: two losses are
// the same when their bits are.

import ControlPlane
import Journaling
import Primitives

/// What differs between two runs.
public struct RunDifference: Equatable, Sendable, Codable {
    /// What may be compared.
    public enum Part: String, CaseIterable, Sendable, Codable {
        /// The values of their jobs.
        case config
        /// Losses, gradient norms and final weights.
        case metrics
        /// Segments and incidents, without their instants.
        case events
    }

    /// One difference.
    public struct Finding: Equatable, Sendable, Codable {
        /// Where it lies.
        public var part: Part
        /// What it is about: a key, a step, an incident.
        public var place: String
        /// What the first run says there; left out where it says nothing.
        public var first: String?
        /// What the second run says there; left out where it says nothing.
        public var second: String?
    }

    /// `understudy/difference/v1`.
    public var schema = DocumentSchema.difference
    /// The first run's name.
    public var first: String
    /// The second run's name.
    public var second: String
    /// What was compared.
    public var compared: [Part]
    /// Steps that both committed.
    public var steps_compared: Int
    /// What differs; of losses and of events the first difference only.
    public var findings: [Finding]

    /// Whether nothing differs.
    public var isNone: Bool { findings.isEmpty }

    /// The differences between two runs in `parts`.
    /// - Parameter configurations: the lines of their resolved jobs, if those can be read.
    public init(_ first: RunSource, _ second: RunSource, configurations: (String, String)?, parts: [Part]) {
        self.first = first.name
        self.second = second.name
        compared = parts
        let a = LastingSteps(first.history)
        let b = LastingSteps(second.history)
        steps_compared = min(a.points.count, b.points.count)
        findings = []
        if parts.contains(.config), let configurations {
            findings += RunDifference.configuration(configurations.0, configurations.1)
        }
        if parts.contains(.metrics) { findings += RunDifference.metrics(a, b, first.history, second.history) }
        if parts.contains(.events) { findings += RunDifference.events(first.history, second.history) }
    }

    // MARK: Parts

    /// Lines of YAML by their dotted keys, comments left out.
    private static func configuration(_ a: String, _ b: String) -> [Finding] {
        let (left, right) = (keyed(a), keyed(b))
        let keys = left.map(\.key) + right.map(\.key).filter { key in !left.contains { $0.key == key } }
        return keys.compactMap { key in
            let values = (left.first { $0.key == key }?.value, right.first { $0.key == key }?.value)
            return values.0 == values.1 ? nil : Finding(part: .config, place: key, first: values.0, second: values.1)
        }
    }

    private static func keyed(_ text: String) -> [(key: String, value: String)] {
        var path: [(indent: Int, key: String)] = []
        var items = 0
        var found: [(key: String, value: String)] = []
        for line in text.split(separator: "\n") {
            let indent = line.prefix { $0 == " " }.count
            var rest = line.drop { $0 == " " }
            if let comment = rest.range(of: "  # ") { rest = rest[..<comment.lowerBound] }
            path.removeAll { $0.indent >= indent }
            let parents = path.map(\.key).joined(separator: ".")
            if rest.hasPrefix("- ") {
                found.append(("\(parents)[\(items)]", String(rest.dropFirst(2))))
                items += 1
                continue
            }
            items = 0
            guard let colon = rest.firstIndex(of: ":") else { continue }
            let key = String(rest[..<colon])
            let value = rest[rest.index(after: colon)...].drop { $0 == " " }
            path.append((indent, key))
            if !value.isEmpty { found.append((parents.isEmpty ? key : "\(parents).\(key)", String(value))) }
        }
        return found
    }

    private static func metrics(
        _ a: LastingSteps, _ b: LastingSteps, _ first: RunHistory, _ second: RunHistory
    ) -> [Finding] {
        var found: [Finding] = []
        let parting = zip(a.points, b.points).first {
            $0.loss.bitPattern != $1.loss.bitPattern || $0.gradientNorm.bitPattern != $1.gradientNorm.bitPattern
        }
        if let (x, y) = parting {
            found.append(
                Finding(
                    part: .metrics, place: "step \(x.step)", first: "loss \(x.loss), gradient norm \(x.gradientNorm)",
                    second: "loss \(y.loss), gradient norm \(y.gradientNorm)"))
        }
        if a.points.count != b.points.count {
            found.append(
                Finding(
                    part: .metrics, place: "last step", first: "\(a.points.count)", second: "\(b.points.count)"))
        }
        let weights = (weights(of: first), weights(of: second))
        if a.points.count == b.points.count, weights.0 != weights.1 {
            found.append(Finding(part: .metrics, place: "weights", first: weights.0, second: weights.1))
        }
        return found
    }

    private static func weights(of history: RunHistory) -> String? {
        history.coordinator.run?.checkpoints.last.map { "\($0.weightsSHA256) (step \($0.step))" }
    }

    private static func events(_ a: RunHistory, _ b: RunHistory) -> [Finding] {
        let (left, right) = (story(a), story(b))
        guard left != right else { return [] }
        let index = zip(left, right).enumerated().first { $0.element.0 != $0.element.1 }?.offset
        let place = index ?? min(left.count, right.count)
        return [
            Finding(
                part: .events, place: "event \(place + 1)", first: place < left.count ? left[place] : nil,
                second: place < right.count ? right[place] : nil)
        ]
    }

    /// What happened, in order and in words that no clock or process number is in.
    private static func story(_ history: RunHistory) -> [String] {
        let segments = history.segments.map { segment in
            let source = segment.isFromMembers ? "members" : "a checkpoint"
            return (
                at: segment.formedAt, rank: 1,
                text: "\(counted(segment.members.count, "worker")) formed at step \(segment.restored) from \(source)"
            )
        }
        let incidents = history.incidents.map { incident in
            (at: incident.detectedAt, rank: 0, text: "after step \(incident.step): \(incident.sentence)")
        }
        return (segments + incidents).sorted { ($0.at, $0.rank) < ($1.at, $1.rank) }.map(\.text)
    }
}

/// The steps of a history that are part of its result, from step 1.
private struct LastingSteps {
    let points: [StepPoint]

    init(_ history: RunHistory) {
        let bySegment = SegmentSteps(history)
        points = history.steps.filter { bySegment.counts(segment: $0.segment, step: $0.step) }
    }
}

/// `difference` as lines of text: one that says so when nothing differs.
public func differenceLines(_ difference: RunDifference, width: Int? = nil, style: Style = .plain) -> [String] {
    let parts = difference.compared.map(\.rawValue).joined(separator: ", ")
    guard !difference.isNone else {
        return [
            "\(difference.first) and \(difference.second) are the same in \(parts), "
                + "\(counted(difference.steps_compared, "step")) bit for bit"
        ]
    }
    var table = Table([.left("PART"), .left("WHERE"), .flexible(difference.first), .flexible(difference.second)])
    for finding in difference.findings {
        table.add([finding.part.rawValue, finding.place, finding.first ?? "-", finding.second ?? "-"])
    }
    return table.lines(width: width, style: style)
}
