// The bits that every run of the scenario's job must give, however often it is interrupted and by whom its steps are
// computed: taken once from a run with one worker that nothing disturbs. Refuses tolerances: equal means equal bits.

import ControlPlane
import Journaling
import ProcessHarness
import Testing

/// Suites that run real processes, one test after the other, because they share two cores with all that they measure.
@Suite("Live", .serialized)
enum Live {}

/// The losses and final weights of the scenario's job.
struct Reference: Sendable {
    /// The training loss of each step, step 1 first.
    var losses: [UInt64]
    /// The validation losses by step.
    var evaluations: [Int: UInt64]
    /// The SHA-256 of the final weights.
    var weights: String

    /// The reference, computed by the first test that asks.
    static let shared = Task {
        try await Scenario.play { scenario in
            let child = try scenario.launch("reference", ["nproc_per_node=1"])
            guard try await child.wait() == .exited(0) else { throw HarnessError("no reference: \(child.errors)") }
            return try Reference(scenario.history("reference"))
        }
    }

    private init(_ history: RunHistory) throws {
        // A busy machine may disturb this run too; each step counts once.
        losses = history.steps.filter(history.survives).map(\.loss.bitPattern)
        evaluations = Dictionary(uniqueKeysWithValues: history.evaluations.map { ($0.step, $0.loss.bitPattern) })
        weights = try Reference.weights(history)
    }

    private static func weights(_ history: RunHistory) throws -> String {
        guard case .completed = history.outcome, let last = history.coordinator.run?.checkpoints.last else {
            throw HarnessError("the run did not complete: \(String(describing: history.outcome))")
        }
        return last.weightsSHA256
    }

    /// Holds a run against the reference: every step that was ever committed, also those done again, every measurement
    /// of the validation loss, and the final weights. Also that its time adds up.
    static func check(
        _ history: RunHistory, location: SourceLocation = #_sourceLocation
    ) async throws {
        let reference = try await shared.value
        let differing = history.steps.filter { $0.loss.bitPattern != reference.losses[$0.step - 1] }
        let largest = differing.map { abs($0.loss - Double(bitPattern: reference.losses[$0.step - 1])) }.max() ?? 0
        #expect(differing.isEmpty, "largest difference of a loss: \(largest)", sourceLocation: location)
        let kept = history.steps.filter(history.survives).map(\.step)
        #expect(kept == Array(1...reference.losses.count), "each step counts once, in order", sourceLocation: location)
        for evaluation in history.evaluations {
            #expect(
                reference.evaluations[evaluation.step] == evaluation.loss.bitPattern,
                "validation at step \(evaluation.step)", sourceLocation: location)
        }
        #expect(try weights(history) == reference.weights, sourceLocation: location)
        let booked = LedgerItem.allCases.map { history.ledger[$0].nanoseconds }.reduce(0, +)
        #expect(booked == history.ledger.elapsed.nanoseconds, "the ledger adds up", sourceLocation: location)
    }
}

extension RunHistory {
    /// The process that has `rank` in the gang that goes on.
    func process(rank: Int) -> WorkerProcess? {
        guard let segment = current, segment.began != nil, segment.members.indices.contains(rank) else { return nil }
        let member = segment.members[rank]
        return processes.first { $0.worker == member.worker && $0.incarnation == member.incarnation }
    }

    /// The step that the gang after `incident` must have restored: the last committed one where a member survived, else
    /// that of the newest checkpoint known by then.
    func restoration(after incident: Incident) -> Int? {
        guard let next = segments.first(where: { $0.index > incident.segment }) else { return nil }
        return next.isFromMembers ? incident.step : newestCheckpoint(after: incident)
    }

    /// The newest checkpoint that was known when the gang after `incident` was formed.
    func newestCheckpoint(after incident: Incident) -> Int? {
        guard let next = segments.first(where: { $0.index > incident.segment }) else { return nil }
        return checkpoints.filter { $0.at <= next.formedAt }.map(\.step).max() ?? 0
    }

    /// The sentences of its incidents.
    var sentences: [String] { incidents.map(\.sentence) }

    /// Its drills that were inflicted.
    static func drills(_ records: [Record]) -> [Int] {
        records.compactMap { if case .faultInjected(_, let infliction) = $0.event { infliction.index } else { nil } }
    }
}
