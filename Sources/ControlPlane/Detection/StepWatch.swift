// Who holds up a step although everybody answers: a member whose training stands still, or two members between which
// sums are lost. Fed with what heartbeats say of each member's progress, asked at deadlines. Refuses to judge silence,
// which is the FailureDetector's, and slowness, which gets done in the end.
//
// Nothing but standing still counts: a step may take as long as it takes while micro-batches are finished. How long a
// member may stand follows from the steps before, in time a micro-batch, so that a gang that shrinks is given more.

import Messages
import Primitives

/// Watches the members of one generation through the steps they compute.
public struct StepWatch: Equatable, Sendable {
    /// What becomes of a step that stands still, and the figures that decided it.
    public enum Verdict: Equatable, Sendable {
        /// The member of this rank has not moved for so long, in the middle of this.
        case hung(rank: Int, doing: WorkerProgress.Activity, for: TimeSpan)
        /// Members wait for one another's sums. This one is in most of those pairs; `others` are at their other ends.
        case cutOff(rank: Int, from: [Int], for: TimeSpan)
    }

    private struct Sighting: Equatable, Sendable {
        var progress: WorkerProgress?
        var since: Instant
        var hasContributed = false
    }

    private let generation: Generation
    private let microBatches: Int
    private var limits: Limits
    private var step = 0
    private var began: Instant?
    private var sightings: [Sighting]
    /// When a look that found nothing may be followed by the next.
    private var notBefore = Instant.zero

    /// How long members may stand still.
    public struct Limits: Equatable, Sendable {
        /// Time of a step for one of the largest part's micro-batches, as observed; nil before there was a step.
        public var perMicroBatch: TimingEstimate?
        /// How many times an expected step they are believed for.
        public var factor: Int
        /// The shortest time to believe them for.
        public var atLeast: TimeSpan
        /// How long they are believed before any step has been seen, and while they wait for the disk.
        public var patience: TimeSpan
        /// How often they tell of their progress.
        public var interval: TimeSpan

        /// Limits from their parts.
        public init(
            perMicroBatch: TimingEstimate? = nil, factor: Int, atLeast: TimeSpan, patience: TimeSpan, interval: TimeSpan
        ) {
            self.perMicroBatch = perMicroBatch
            self.factor = factor
            self.atLeast = atLeast
            self.patience = patience
            self.interval = interval
        }

        /// How long a member whose gang's largest part has `microBatches` may stand still.
        func span(_ microBatches: Int, _ activity: WorkerProgress.Activity?) -> TimeSpan {
            guard let perMicroBatch, activity != .saving else { return patience }
            let steps = Int64(max(1, microBatches) * factor)
            let expected = max(perMicroBatch.bound(deviations: 4) * steps, atLeast)
            // One step that was held up must not have the next hang believed for many times as long.
            let most = max(patience, perMicroBatch.least * steps)
            return min(max(expected, interval * FailureDetector.gapsThatProveNothing), most)
        }
    }

    /// A watch over a gang whose members compute `parts`.
    public init(_ generation: Generation, parts: [Range<Int>], limits: Limits) {
        self.generation = generation
        self.limits = limits
        microBatches = max(1, parts.map(\.count).max() ?? 1)
        sightings = parts.map { _ in Sighting(progress: nil, since: .zero) }
    }

    /// The members are told to compute `step`.
    public mutating func begin(_ step: Int, at now: Instant) {
        self.step = step
        began = now
        for rank in sightings.indices { sightings[rank] = Sighting(progress: nil, since: now) }
    }

    /// The step under way is complete: nobody is waited for. Returns what it took for each of the largest part's
    /// micro-batches.
    public mutating func complete(at now: Instant) -> TimeSpan? {
        defer { began = nil }
        return began.map { TimeSpan(nanoseconds: (now - $0).nanoseconds / Int64(microBatches)) }
    }

    /// What steps are known to take by now.
    public mutating func expect(_ perMicroBatch: TimingEstimate?) { limits.perMicroBatch = perMicroBatch }

    /// A member has contributed to `step`.
    public mutating func contributed(_ rank: Int, step: Int) {
        if step == self.step { sightings[rank].hasContributed = true }
    }

    /// A member tells where it is. What is of another step says that it has not begun this one.
    public mutating func saw(_ progress: WorkerProgress, of rank: Int, at now: Instant) {
        guard progress.generation == generation, progress.step == step || progress.activity == .saving,
            sightings[rank].progress != progress
        else { return }
        sightings[rank].progress = progress
        sightings[rank].since = now
    }

    /// When `look` may next find something; nil while no step is under way.
    public var nextDeadline: Instant? {
        guard began != nil else { return nil }
        return sightings.filter { !$0.hasContributed }.map { $0.since + limit($0) }.min().map { max($0, notBefore) }
    }

    private func limit(_ sighting: Sighting) -> TimeSpan { limits.span(microBatches, sighting.progress?.activity) }

    /// Looks for what holds up the step.
    /// - Parameters:
    ///   - suspected: ranks that are silent. While there are any nobody else is blamed: either they speak again, or they
    ///     are lost and the step with them.
    ///   - involved: how often each rank's process was in such a pair before, which decides between equals: of two that
    ///     cannot speak to each other one goes, and if its successor cannot either it was the other one.
    public mutating func look(at now: Instant, suspected: [Int], involved: [Int]) -> Verdict? {
        guard let deadline = nextDeadline, deadline <= now else { return nil }
        notBefore = now + limits.interval
        guard suspected.isEmpty else { return nil }
        let standing = sightings.indices.filter {
            !sightings[$0].hasContributed && now - sightings[$0].since >= limit(sightings[$0])
        }
        if let rank = standing.first(where: { !isExchanging($0) }) {
            return .hung(
                rank: rank, doing: sightings[rank].progress?.activity ?? .waiting, for: now - sightings[rank].since)
        }
        return cut(among: standing, involved, at: now)
    }

    private func isExchanging(_ rank: Int) -> Bool {
        guard let progress = sightings[rank].progress else { return false }
        return progress.activity == .exchanging && progress.step == step
    }

    /// The member with the most missing sums around it, if those it waits for have had as long to send theirs.
    private func cut(among standing: [Int], _ involved: [Int], at now: Instant) -> Verdict? {
        var pairs: [(waiting: Int, missing: Int)] = []
        for waiting in standing {
            for missing in sightings[waiting].progress?.missing ?? []
            where sightings.indices.contains(missing) && missing != waiting
                && (sightings[missing].hasContributed || standing.contains(missing))
            { pairs.append((waiting, missing)) }
        }
        func others(_ rank: Int) -> [Int] {
            sightings.indices.filter { other in
                pairs.contains { $0 == (waiting: rank, missing: other) || $0 == (waiting: other, missing: rank) }
            }
        }
        func rankOf(_ rank: Int) -> (Int, Int, Int) { (others(rank).count, involved[rank], rank) }
        guard let worst = sightings.indices.max(by: { rankOf($0) < rankOf($1) }), !others(worst).isEmpty else {
            return nil
        }
        let waits = standing.map { now - sightings[$0].since }.max() ?? .zero
        return .cutOff(rank: worst, from: others(worst), for: waits)
    }
}
