// The gang that goes on, as its world needs to know it: who contributes which part of a step, and what has been said of
// it so far. Refuses contributions of other generations.

import Jobs
import Primitives

/// A generation and its members.
public struct Gang: Equatable, Sendable {
    /// The generation.
    public let generation: Generation
    /// The members, by rank.
    public let members: [Member]
    /// Gathers the contributions to a step.
    var barrier: StepBarrier
    /// Members whose own sums of the step that is being computed are not finite. That step ends the generation.
    var notFinite: [WorkerID] = []
    /// Watches for members that are slow.
    var stragglers: StragglerWatch
    /// Watches over the members' progress.
    var watch: StepWatch
    /// What the members said of their states after the last step.
    private var lastHashes: [StateHash?]
    /// Gathers the losses of a measurement on the validation part.
    private var evaluations: StepBarrier

    init(generation: Generation, members: [Member], limits: StepWatch.Limits, stragglers: StragglerSpec) {
        self.generation = generation
        self.members = members
        barrier = StepBarrier(parts: members.map(\.part))
        watch = StepWatch(generation, parts: members.map(\.part), limits: limits)
        evaluations = StepBarrier(parts: members.map(\.evaluationPart))
        self.stragglers = StragglerWatch(stragglers, members)
        lastHashes = members.map { _ in nil }
    }

    /// The rank of `session` in this generation; nil for strangers and for other generations.
    func rank(of session: Session, _ generation: Generation) -> Int? {
        guard generation == self.generation else { return nil }
        return members.firstIndex { $0.worker == session.worker && $0.incarnation == session.incarnation }
    }

    /// Takes what a member says of its state after the last step; returns all hashes by rank when it was the last member.
    mutating func compare(rank: Int, hash: StateHash) -> [StateHash]? {
        lastHashes[rank] = hash
        let told = lastHashes.compactMap { $0 }
        return told.count == members.count ? told : nil
    }

    /// Takes a member's validation losses after `step`; returns the mean when it was the last member.
    mutating func evaluate(rank: Int, step: Int, losses: [Double]) -> Double? {
        let verdict = evaluations.contribute(
            rank: rank, step: step, StepBarrier.Contribution(losses: losses, gradientNorm: 0))
        if case .complete(let loss, _, _) = verdict { return loss }
        return nil
    }
}
