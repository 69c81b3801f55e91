// Loss spikes of a run that nobody trains: an excursion begins with one batch, and who leaves that batch out never meets
// it. Quiet steps pass in ranges that nobody judges; around an excursion every step is told for itself, so that the
// control plane's own detector and policy decide. Refuses to hint: the loss is all that the control plane is told.
//
// What is approximated: the detector sees no quiet step but the ones before an excursion (its window, and a quarter more),
// so it gives no false alarms here; a lower learning rate changes nothing; the gradient's norm does not rise.

import ControlPlane
import Primitives

/// A rise of the simulated loss that begins with a batch.
struct Excursion: Equatable {
    /// The batch it begins with.
    var batch: Int
    /// How high the loss rises, in nats.
    var rise: Double
    /// Steps until it has healed by itself; nil for one that stays.
    var healing: Int?

    /// What is added to the loss of a step that takes `batch`, in nats.
    func rise(at batch: Int) -> Double {
        guard batch >= self.batch else { return 0 }
        guard let healing else { return rise }
        return rise * max(0, 1 - Double(batch - self.batch) / Double(healing))
    }
}

extension StepWorld {
    /// Whether anybody judges the loss.
    var judges: Bool { scenario.plan.lossSpike.action != .off }

    /// Steps before an excursion that are told one by one.
    private var lead: Int { scenario.plan.lossSpike.detector.window * 5 / 4 }

    /// The loss of `step` on the gang's course, in nats.
    mutating func loss(of step: Int) -> Double {
        let batch = course.batch(of: step)
        return scenario.loss.loss(of: step, batch: batch)
            + excursions.reduce(0) { $0 + (leavesOut($1.batch) ? 0 : $1.rise(at: batch)) }
    }

    private func leavesOut(_ batch: Int) -> Bool { course.skipped.contains { $0.contains(batch) } }

    /// An excursion is drawn: it begins as soon as the detector has had time to learn what is usual.
    mutating func beginExcursion(_ index: Int, rise: Double, healing: Int?, at now: Instant) throws {
        try advance(to: now)
        guard !isOver, let committed = coordinator.run?.committed else { return }
        excursions.append(
            Excursion(batch: course.batch(of: committed + 1 + lead), rise: rise, healing: healing))
        tally.struck(breakdowns[index].cause)
        try stopAtNextStep(at: now)
    }

    /// Whether `step` is told for itself, to be judged.
    mutating func isAttentive(at step: Int) -> Bool {
        guard judges, let isAtRest = coordinator.run?.spikes.isAtRest else { return false }
        guard isAtRest else { return true }
        let batch = course.batch(of: step)
        return excursions.contains { excursion in
            // Long enough for a detector that misses it to have had its chance.
            let end = excursion.batch + max(excursion.healing ?? 0, lead)
            return batch + lead >= excursion.batch && batch < end && !leavesOut(excursion.batch)
        }
    }

    /// How far the gang may run ahead from step `next` on: one step where each is judged, else to the next decision or to
    /// where an excursion's lead begins, whichever comes first.
    mutating func pauseAfter(from next: Int, upTo decision: Int) -> Int {
        guard judges, !excursions.isEmpty || coordinator.run?.spikes.isAtRest == false else { return decision }
        guard !isAttentive(at: next) else { return next }
        let batch = course.batch(of: next)
        let distances = excursions.filter { !leavesOut($0.batch) && $0.batch - lead > batch }
            .map { $0.batch - lead - batch }
        return min(decision, next - 1 + (distances.min() ?? decision))
    }
}
