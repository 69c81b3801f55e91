// The policy against loss spikes: watches every step before it counts, and says what is to be done about it. A pure value
// that a run holds, so that a replay of the journal's losses gives the same decisions, and a restarted coordinator knows
// what the one before knew. Refuses to do anything itself: the Run ends gangs and goes back.

import Jobs
import Primitives

/// What is to become of a step that every member has contributed to.
public enum SpikeAction: Equatable, Sendable {
    /// It counts.
    case commit
    /// It is computed again, by a gang of the same workers in another order.
    case recompute
    /// The member of this rank is replaced, and the step is done again.
    case replace(rank: Int)
    /// The run goes back to the state after this step.
    case goBack(to: Int)
    /// The run ends.
    case giveUp
}

/// What a run knows of its loss.
public struct SpikeWatch: Equatable, Sendable {
    /// What is being done about an alarm.
    public enum Stage: Equatable, Sendable {
        /// There is none. May become `recomputing` or `waiting`.
        case watching
        /// The alarm's step is computed again by other workers. May become `watching` or `waiting`. Rare and large, so it is
        /// kept apart: a run is as large as its largest stage wherever it is copied.
        indirect case recomputing(Computation)
        /// It may heal. May become `watching`.
        case waiting(SpikeAlarm, until: Int)
    }

    /// The first computation of a step that set off an alarm, and what was known before it.
    public struct Computation: Equatable, Sendable {
        /// The alarm.
        public var alarm: SpikeAlarm
        /// What the members said.
        public var report: StepReport
        /// Who computed which micro-batches.
        public var members: [Member]
        var lossBefore: SpikeDetector
        var gradientBefore: SpikeDetector
    }

    /// A time that the run went back.
    public struct Rollback: Equatable, Sendable {
        /// The step that set off the alarm.
        public var alarm: Int
        /// The step whose state was restored.
        public var restored: Int
        /// The last generation of the history that was left.
        public var generation: Generation
        /// Its number among those that followed one another, from 1.
        public var attempt: Int
    }

    /// The job's constants.
    public let policy: LossSpikeSpec
    /// Which batches the run leaves out, those of its job included, and how its learning rate is scaled.
    public private(set) var course = Course()
    /// Watches the loss.
    public private(set) var loss: SpikeDetector
    /// Watches the logarithm of the gradient's norm; advisory.
    public private(set) var gradient: SpikeDetector
    /// What is being done about an alarm.
    public private(set) var stage = Stage.watching
    /// The times that the run went back, in order.
    public private(set) var rollbacks: [Rollback] = []
    /// The newest step at which hardware was found at fault.
    public private(set) var hardwareFault: Int?
    /// Outliers of the excursion that goes on.
    private var outliers: [SpikeDecision] = []

    /// A watch that has seen nothing, of a run that leaves `batches` out from the beginning.
    public init(_ policy: LossSpikeSpec, skipping batches: [Range<Int>] = []) {
        self.policy = policy
        for range in batches { course.skip(range) }
        loss = SpikeDetector(policy.detector)
        gradient = SpikeDetector(policy.detector)
    }

    /// The first computation of the step that is being computed again, if one is.
    public var recomputation: Computation? { if case .recomputing(let first) = stage { first } else { nil } }

    /// Whether nothing is being answered, so that quiet steps may pass unjudged.
    @inlinable
    public var isAtRest: Bool {
        guard case .watching = stage else { return false }
        return loss.alarm == nil && gradient.alarm == nil
    }

    /// Whether `loss` is unusual enough that the losses of single micro-batches are worth recording.
    public func wantsMicroBatches(for loss: Double) -> Bool {
        guard policy.action != .off else { return false }
        return !loss.isFinite || recomputation != nil || self.loss.sum > policy.detector.freezeSum
            || self.loss.deviation(of: loss).map { $0 > 2 } ?? false
    }

    /// Takes the report of a step, which `members` computed, before it counts.
    /// - Parameters:
    ///   - checkpoints: the steps with a checkpoint, ascending.
    ///   - generation: the gang's.
    public mutating func judge(
        _ report: StepReport, of members: [Member], _ generation: Generation, checkpoints: [Int]
    ) -> (SpikeAction, [SpikeDecision]) {
        guard policy.action != .off else { return (.commit, []) }
        if case .recomputing(let first) = stage, first.report.step == report.step {
            return compare(first, report, members, generation, checkpoints)
        }
        guard report.step > loss.lastStep else { return (.commit, []) }
        let before = (loss, gradient)
        var decisions = watchGradient(report, checkpoints)
        let finding = loss.observe(report.gradientNorm.isFinite ? report.loss : .nan, step: report.step)
        decisions += noteOutliers(finding, report)
        if case .waiting(let alarm, let until) = stage {
            let (action, more) = heal(alarm, until: until, report, generation, checkpoints)
            return (action, decisions + more)
        }
        guard case .alarm(let alarm) = finding else { return (.commit, decisions) }
        guard members.count > 1, policy.goesBack else {
            let (action, more) = confirm(alarm, report, generation, checkpoints)
            return (action, decisions + more)
        }
        stage = .recomputing(
            Computation(
                alarm: alarm, report: report, members: members, lossBefore: before.0, gradientBefore: before.1))
        return (.recompute, decisions + [decision(.recompute, alarm)])
    }

    /// `step` gives no finite number, with each part in other hands too: only going back is left.
    mutating func answerNonFinite(
        _ step: Int, _ generation: Generation, checkpoints: [Int]
    ) -> (SpikeAction, [SpikeDecision]) {
        let alarm =
            loss.alarm
            ?? SpikeAlarm(
                step: step, onset: loss.onset ?? step, kind: .nonFinite, value: .infinity, deviation: .infinity,
                sum: loss.sum, median: 0, spread: 0)
        return answer(alarm, at: step, generation, checkpoints)
    }

    private func decision(_ verdict: SpikeDecision.Verdict, _ alarm: SpikeAlarm) -> SpikeDecision {
        SpikeDecision(verdict, because: alarm, isDry: policy.action == .report)
    }

    // MARK: What an alarm becomes

    private mutating func compare(
        _ first: Computation, _ second: StepReport, _ members: [Member], _ generation: Generation,
        _ checkpoints: [Int]
    ) -> (SpikeAction, [SpikeDecision]) {
        stage = .watching
        if first.report.agrees(with: second) { return confirm(first.alarm, second, generation, checkpoints) }
        (loss, gradient) = (first.lossBefore, first.gradientBefore)
        hardwareFault = second.step
        guard let worker = deviant(first, second, members),
            let rank = members.firstIndex(where: { $0.worker == worker })
        else {
            let (action, more) = answer(first.alarm, at: second.step, generation, checkpoints)
            return (action, [decision(.hardware(rank: nil), first.alarm)] + more)
        }
        return (.replace(rank: rank), [decision(.hardware(rank: rank), first.alarm)])
    }

    /// The alarm is real: what the second computation says, or what nobody could compute a second time.
    private mutating func confirm(
        _ alarm: SpikeAlarm, _ report: StepReport, _ generation: Generation, _ checkpoints: [Int]
    ) -> (SpikeAction, [SpikeDecision]) {
        guard alarm.kind == .spike else { return answer(alarm, at: report.step, generation, checkpoints) }
        stage = .waiting(alarm, until: alarm.step + policy.wait)
        return (.commit, [decision(.wait(until: alarm.step + policy.wait), alarm)])
    }

    /// A step while a spike is given time to heal.
    private mutating func heal(
        _ alarm: SpikeAlarm, until: Int, _ report: StepReport, _ generation: Generation, _ checkpoints: [Int]
    ) -> (SpikeAction, [SpikeDecision]) {
        guard report.loss.isFinite, report.gradientNorm.isFinite else {
            return answer(alarm, at: report.step, generation, checkpoints)
        }
        guard report.step >= alarm.step + 10, let level = loss.recentMedian else { return (.commit, []) }
        let rise = level - alarm.median
        let isHealed = rise <= policy.healedDeviation * alarm.spread
        guard isHealed || rise < policy.benignShift * level else {
            let outlook = outlook(alarm, level, until: until)
            let isHopeless = report.step >= alarm.step + policy.waitAtLeast && !outlook.leadsBack
            guard report.step >= until || isHopeless else { return (.commit, []) }
            return answer(alarm, at: report.step, generation, checkpoints, outlook)
        }
        stage = .watching
        if isHealed { loss.dismiss() } else { loss.rebaseline() }
        return (.commit, [decision(.harmless(rise: rise, isHealed: isHealed), alarm)])
    }

    /// Where the last twenty steps lead.
    private func outlook(_ alarm: SpikeAlarm, _ level: Double, until: Int) -> SpikeOutlook {
        SpikeOutlook(
            rise: level - alarm.median, fall: loss.earlierMedian.map { ($0 - level) / 10 } ?? 0,
            remaining: max(0, until - loss.lastStep),
            healed: max(policy.healedDeviation * alarm.spread, policy.benignShift * level))
    }

    /// Nothing but going back is left. `step` is the newest that was computed.
    private mutating func answer(
        _ alarm: SpikeAlarm, at step: Int, _ generation: Generation, _ checkpoints: [Int],
        _ outlook: SpikeOutlook? = nil
    ) -> (SpikeAction, [SpikeDecision]) {
        stage = .watching
        let last = rollbacks.last.flatMap { alarm.onset <= $0.alarm + policy.againWithin ? $0 : nil }
        let attempt = (last?.attempt ?? 0) + 1
        if attempt > policy.rateScales.count + 1 {
            let verdict = decision(.giveUp(attempts: attempt - 1), alarm)
            guard policy.goesBack else { return overlook(verdict) }
            return (.giveUp, [verdict])
        }
        let target = target(of: alarm.onset, attempt: attempt, checkpoints)
        let isHardware = hardwareFault.map { alarm.step <= $0 + policy.back } ?? false
        let from = course.batch(of: target + 1)
        let through = course.batch(of: max(alarm.step + policy.skipBeyond, step))
        let batches = isHardware || policy.action == .rewind ? nil : from..<through + 1
        let scale = attempt == 1 ? nil : policy.rateScales[attempt - 2]
        var verdict = decision(.rollBack(to: target, batches: batches, rateScale: scale, attempt: attempt), alarm)
        verdict.outlook = outlook
        guard policy.goesBack else { return overlook(verdict) }
        if let batches { course.skip(batches) }
        if let scale { course.scaleRate(by: scale, after: target) }
        loss.goBack(to: target)
        gradient.goBack(to: target)
        outliers = []
        rollbacks.append(
            Rollback(alarm: alarm.step, restored: target, generation: generation, attempt: attempt))
        return (.goBack(to: target), [verdict])
    }

    /// Nothing is done: the new level is the usual one from here on.
    private mutating func overlook(_ verdict: SpikeDecision) -> (SpikeAction, [SpikeDecision]) {
        loss.rebaseline()
        return (.commit, [verdict])
    }

    /// The newest checkpoint that is far enough before `onset`, twice as far from the second attempt on; where none is,
    /// the oldest there is for those that have gone back already, else the first values.
    private func target(of onset: Int, attempt: Int, _ checkpoints: [Int]) -> Int {
        let distance = attempt == 1 ? policy.back : 2 * policy.back
        let oldest = attempt == 1 ? nil : checkpoints.first { $0 < onset }
        return checkpoints.last { $0 <= onset - distance } ?? oldest ?? 0
    }

    // MARK: What is only noted

    private mutating func noteOutliers(
        _ finding: SpikeDetector.Finding, _ report: StepReport
    ) -> [SpikeDecision] {
        switch finding {
        case .outlier(let deviation):
            let worst = report.microBatchLosses.max().flatMap { report.microBatchLosses.firstIndex(of: $0) }
            outliers.append(
                SpikeDecision(
                    .outlier(batch: course.batch(of: report.step), worst: worst),
                    because: SpikeAlarm(
                        step: report.step, onset: report.step, kind: .spike, value: report.loss, deviation: deviation,
                        sum: loss.sum, median: loss.baseline.median, spread: loss.baseline.spread)))
        case .alarm: outliers = []
        case .ordinary where loss.sum == 0:
            defer { outliers = [] }
            return outliers
        case .ordinary, .unarmed: break
        }
        return []
    }

    private mutating func watchGradient(_ report: StepReport, _ checkpoints: [Int]) -> [SpikeDecision] {
        guard report.gradientNorm.isFinite, let value = logarithmOfNorm(report.gradientNorm) else { return [] }
        if case .alarm(let alarm) = gradient.observe(value, step: report.step) {
            return [decision(.pin(step: checkpoints.last { $0 < alarm.onset }), alarm)]
        }
        guard let alarm = gradient.alarm, report.step >= alarm.step + policy.wait else { return [] }
        let isHealed = gradient.recentMedian.map { $0 - alarm.median <= policy.healedDeviation * alarm.spread }
        if isHealed ?? false { gradient.dismiss() } else { gradient.rebaseline() }
        return []
    }

    // MARK: Checkpoints

    /// The checkpoints among `steps`, ascending, that may go when the newest `kept` stay. Held beside them are the one that a
    /// rollback would need, and behind it those that take its place as the run goes on: no farther apart than a quarter of
    /// the way back, where checkpoints are made that often, so that no rollback goes much farther than it has to.
    public func surplus(of steps: [Int], kept: Int, committed: Int) -> [Int] {
        let old = steps.dropLast(kept)
        guard policy.action != .off else { return Array(old) }
        let onset = [loss.alarm, gradient.alarm].compactMap { $0?.onset }.min() ?? loss.onset ?? committed
        let needed = steps.last { $0 <= onset - policy.back } ?? 0
        var held = needed
        return zip(old, steps.dropFirst()).compactMap { step, next in
            if step < needed || step > held && next - held <= policy.back / 4 { return step }
            held = max(held, step)
            return nil
        }
    }

    /// Whether a checkpoint that `generation` wrote after `step` belongs to a history that was left.
    public func hasLeft(_ step: Int, of generation: Generation) -> Bool {
        rollbacks.contains { generation <= $0.generation && step > $0.restored }
    }
}
