// The segments and incidents of a page as columns, and their texts as patterns: a run of 10,000 incidents has as many of
// every sentence, which differ in their numbers alone, and a browser reads names and sentences that are there once in no
// time. Refuses what the page does not show; the other documents have all of an incident.

import ControlPlane
import Journaling
import Primitives

/// Texts in few bytes: each is the place of a pattern, and the words that the pattern has `#` for, a space between any two.
struct Phrases {
    /// The patterns: texts whose words with digits are `#`.
    private(set) var patterns: [String] = []
    private var places: [String: Int] = [:]

    /// `text` in few bytes.
    mutating func add(_ text: String) -> String {
        var words: [Substring] = []
        let pattern = text.split(separator: " ", omittingEmptySubsequences: false).map { word in
            guard word == "#" || word.utf8.contains(where: { (48...57).contains($0) }) else { return word }
            words.append(word)
            return "#"
        }.joined(separator: " ")
        let place = places[pattern] ?? patterns.count
        if place == patterns.count {
            patterns.append(pattern)
            places[pattern] = place
        }
        return (["\(place)"] + words).joined(separator: " ")
    }

    /// The same; the empty text where there is none.
    mutating func add(_ text: String?) -> String { text.map { add($0) } ?? "" }
}

/// The segments of a run, in order. A number that is not known is -1, a text that there is not is empty; texts are phrases
/// of the page's `patterns`.
public struct PageSegments: Equatable, Sendable, Codable {
    /// Their gangs' generations.
    public var generation: [Int] = []
    /// The steps whose state they started from.
    public var restored_step: [Int] = []
    /// Their last committed steps.
    public var last_step: [Int] = []
    /// The last of their steps that were not done again.
    public var last_kept_step: [Int] = []
    /// When their gangs were formed.
    public var at_ns: [Int64] = []
    /// When they began to compute.
    public var began_at_ns: [Int64] = []
    /// When they ended.
    public var ended_at_ns: [Int64] = []
    /// Tokens a second from begin to last step.
    public var tokens_per_second: [Int] = []
    /// Why they ended.
    public var ended_because: [String] = []

    init(_ history: RunHistory, _ phrases: inout Phrases) {
        let bySegment = SegmentSteps(history)
        for segment in history.segments {
            let entry = SegmentEntry(segment, history, bySegment)
            generation.append(entry.generation)
            restored_step.append(entry.restored_step)
            last_step.append(entry.last_step ?? -1)
            last_kept_step.append(entry.last_kept_step ?? -1)
            at_ns.append(entry.at_ns)
            began_at_ns.append(entry.began_at_ns ?? -1)
            ended_at_ns.append(entry.ended_at_ns ?? -1)
            tokens_per_second.append(entry.tokens_per_second.map { Int($0.rounded()) } ?? -1)
            ended_because.append(phrases.add(entry.ended_because))
        }
    }
}

/// What incidents cost, by item of the ledger: a column each, in nanoseconds.
public struct PageCosts: Equatable, Sendable, Codable {
    /// From a fault to its detection.
    public var detection_ns: [Int64]
    /// Starting processes and restoring state.
    public var restart_ns: [Int64]
    /// Steps done again, and parts of steps thrown away.
    public var replayed_ns: [Int64]
    /// Snapshots and last saves.
    public var checkpoint_ns: [Int64]
    /// No coordinator.
    public var stalled_ns: [Int64]
    /// No gang yet, or the run had ended.
    public var queued_ns: [Int64]

    init(_ costs: [TimeByItem]) {
        func column(_ item: LedgerItem) -> [Int64] { costs.map { max(.zero, $0[item]).nanoseconds } }
        detection_ns = column(.detection)
        restart_ns = column(.restart)
        replayed_ns = column(.replayed)
        checkpoint_ns = column(.checkpoint)
        stalled_ns = column(.stalled)
        queued_ns = column(.queued)
    }

    /// What all of them cost together.
    var total: Int64 {
        [detection_ns, restart_ns, replayed_ns, checkpoint_ns, stalled_ns, queued_ns].joined().reduce(0, +)
    }
}

/// What would have made incidents cheaper: a row each, by incident, then the most effective first.
public struct PageRemedies: Equatable, Sendable, Codable {
    /// The number of the incident, from 1.
    public var incident: [Int] = []
    /// What to do: a phrase of the page's `patterns`.
    public var advice: [String] = []
    /// How much of what the incident cost it would have saved.
    public var saves_ns: [Int64] = []
}

/// The incidents of a run, as they happened. A number that is not known is -1, a text that there is not is empty; texts
/// are phrases of the page's `patterns`.
public struct PageIncidents: Equatable, Sendable, Codable {
    /// `I-0001`.
    public var id: [String]
    /// When the fault struck; for an accident, when it was detected.
    public var at_ns: [Int64]
    /// The last committed step before it.
    public var step: [Int]
    /// Where it struck: `rank 2 laptop/2`; empty when it struck no worker in particular.
    public var place: [String]
    /// What happened, as a sentence.
    public var cause: [String]
    /// What went wrong in few words, `SIGKILL`.
    public var short_cause: [String]
    /// What was done about it.
    public var action: [String]
    /// Committed steps that had to be done again.
    public var lost_steps: [Int]
    /// From the fault to progress regained.
    public var downtime_ns: [Int64]
    /// Numbers, from 1, of those that ended a segment; training goes on through the others.
    public var interruptions: [Int]
    /// Numbers of those that were drills.
    public var drills: [Int]
    /// Numbers of those that go on.
    public var open: [Int]
    /// What they cost.
    public var costs: PageCosts
    /// What would have made them cheaper.
    public var remedies = PageRemedies()

    init(_ history: RunHistory, _ phrases: inout Phrases) {
        let all = history.incidents
        func numbers(_ holds: (Incident) -> Bool) -> [Int] { all.indices.filter { holds(all[$0]) }.map { $0 + 1 } }
        id = all.map(\.name)
        at_ns = all.map { ($0.at - history.start).nanoseconds }
        step = all.map(\.step)
        place = all.map { phrases.add($0.place == "-" ? nil : $0.place) }
        cause = all.map { phrases.add($0.sentence) }
        short_cause = all.map { phrases.add($0.shortCause) }
        action = all.map { phrases.add(history.action(on: $0)) }
        lost_steps = all.map(\.lostSteps)
        downtime_ns = all.map { $0.downtime?.nanoseconds ?? -1 }
        interruptions = numbers(\.isInterruption)
        drills = numbers { $0.injection != nil }
        open = numbers(\.isOpen)
        costs = PageCosts(all.map(\.cost))
        // Asked for once: it looks at every incident.
        let fastest = history.fastestRestart
        for (index, incident) in all.enumerated() {
            for remedy in history.remedies(for: incident, fastestRestart: fastest) {
                remedies.incident.append(index + 1)
                remedies.advice.append(phrases.add(remedy.advice))
                remedies.saves_ns.append(remedy.saves_ns)
            }
        }
    }
}
