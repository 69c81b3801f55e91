// Gathers what the members of a gang say of one step, until all have: the coordinator hears of whole steps only, so its
// journal has one record a step and not one a member. Adds the losses in the reduction tree's order. Refuses to commit
// anything; that is the Run's.

import Messages
import Primitives

/// Collects the members' contributions to the steps of one generation.
public struct StepBarrier: Equatable, Sendable {
    /// What a barrier says when the last member has contributed.
    public enum Verdict: Equatable, Sendable {
        /// All agree.
        case complete(loss: Double, gradientNorm: Double, profile: StepProfile)
        /// They hold different gradients; each rank's norm is listed.
        case disagreement(norms: String)
        /// They computed the step from different states; the hashes by rank.
        case statesDiffer(hashes: [StateHash])
    }

    /// What one member says of a step.
    public struct Contribution: Equatable, Sendable {
        /// One loss a micro-batch of its part, in nats a token.
        public var losses: [Double]
        /// The norm of the whole mean gradient before clipping.
        public var gradientNorm: Double
        /// Where its time went.
        public var profile: StepProfile
        /// Where states are compared: the hash of the one that it computed from.
        public var stateHash: StateHash?
        /// What it has saved of an interruption.
        public var salvage: Salvage

        /// A contribution from its parts.
        public init(
            losses: [Double], gradientNorm: Double, profile: StepProfile = StepProfile(),
            stateHash: StateHash? = nil, salvage: Salvage = Salvage()
        ) {
            self.losses = losses
            self.gradientNorm = gradientNorm
            self.profile = profile
            self.stateHash = stateHash
            self.salvage = salvage
        }
    }

    /// The losses of the micro-batches of the last complete step, in their order.
    public private(set) var losses: [Double] = []
    /// Each member's times of the last complete step, by rank.
    public private(set) var profiles: [StepProfile] = []
    /// The hash of the state that the last complete step was computed from; nil where not all members told theirs.
    public private(set) var stateHash: StateHash?
    /// What the members saved of an interruption for the last complete step, all together.
    public private(set) var salvage = Salvage()
    private let parts: [Range<Int>]
    private let tree: ReductionTree
    private var step = 0
    private var completed = 0
    private var contributions: [Contribution?]

    /// A barrier for members that compute `parts` of a step's micro-batches.
    public init(parts: [Range<Int>]) {
        self.parts = parts
        tree = ReductionTree(leaves: max(1, parts.map(\.upperBound).max() ?? 1))
        contributions = parts.map { _ in nil }
    }

    /// Takes the contribution of `rank` to `step`. Returns the verdict when it was the last; nil before, and for a contribution
    /// that fits no step (told twice, too few losses, a step that is complete already).
    public mutating func contribute(rank: Int, step: Int, _ contribution: Contribution) -> Verdict? {
        guard parts.indices.contains(rank), contribution.losses.count == parts[rank].count, step > completed else {
            return nil
        }
        if step != self.step {
            guard contributions.allSatisfy({ $0 == nil }) else { return nil }
            self.step = step
        }
        guard contributions[rank] == nil else { return nil }
        contributions[rank] = contribution
        let all = contributions.compactMap { $0 }
        guard all.count == parts.count else { return nil }
        contributions = parts.map { _ in nil }
        completed = step
        profiles = all.map(\.profile)
        salvage = Salvage(
            kept: all.reduce(0) { $0 + $1.salvage.kept }, discarded: all.reduce(0) { $0 + $1.salvage.discarded })
        let hashes = all.compactMap(\.stateHash)
        self.stateHash = hashes.count == all.count ? hashes[0] : nil
        // First of all: what was computed from different states need not agree in anything.
        if hashes.count == all.count, hashes.contains(where: { $0 != hashes[0] }) {
            return .statesDiffer(hashes: hashes)
        }
        let norm = all[0].gradientNorm
        // NaNs need not have equal bits; that none is finite is agreement enough.
        guard
            all.allSatisfy({ $0.gradientNorm.bitPattern == norm.bitPattern })
                || all.allSatisfy({ !$0.gradientNorm.isFinite })
        else {
            let list = all.enumerated().map { "rank \($0.offset): \($0.element.gradientNorm)" }
            return .disagreement(norms: list.joined(separator: ", "))
        }
        self.losses = all.flatMap(\.losses)
        let loss = tree.sum(self.losses) / Double(tree.leaves)
        return .complete(loss: loss, gradientNorm: norm, profile: StepProfile(critical: all.map(\.profile)))
    }
}

extension StepProfile {
    /// A gang's profile from its members': the longest of each part, the shortest exchange.
    public init(critical members: [StepProfile]) {
        self.init(
            compute: members.map(\.compute).max() ?? .zero, exchange: members.map(\.exchange).min() ?? .zero,
            update: members.map(\.update).max() ?? .zero, snapshot: members.map(\.snapshot).max() ?? .zero,
            evaluation: members.map(\.evaluation).max() ?? .zero)
    }
}
