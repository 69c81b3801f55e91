// Steps by the range, for a world that runs ahead in closed form to the next thing that could matter. The state after a
// range is the state after its steps one by one; that is why a range ends where something other than a commit is to be
// done. Refuses ranges that pass over such a step: what should have been done there would be missing.

import Primitives

extension Run {
    /// The next step at whose commit something is to be done: a checkpoint or a measurement is due, the last step is
    /// reached, or a user wants the run to end. No range passes over it.
    ///
    /// A step that was committed before, and has its checkpoint already, is counted too; stopping there is harmless.
    @inlinable @inline(__always)
    public var nextDecision: Int {
        if interrupted || saveOverdue && saving == nil { return min(committed + 1, plan.steps) }
        var next = min(plan.steps, (committed / plan.checkpointInterval + 1) * plan.checkpointInterval)
        if plan.evaluationInterval > 0 {
            next = min(next, (committed / plan.evaluationInterval + 1) * plan.evaluationInterval)
        }
        return next
    }

    /// Every member held the summed gradient of each of a range of steps: they count from here on.
    mutating func contributed(_ generation: Generation, _ report: StepsReport) -> [Command] {
        guard generation == self.generation, isRunning, report.first == committed + 1 else { return [] }
        precondition(
            report.first <= report.last.step && report.last.step <= nextDecision,
            "the steps \(report.first)-\(report.last.step) pass over step \(nextDecision): \(self)")
        precondition(
            report.count == 1 || report.isQuiet || plan.lossSpike.action == .off,
            "losses of a range cannot be judged one by one: \(self)")
        precondition(!report.isQuiet || spikes.isAtRest, "no step is quiet while a spike is answered: \(self)")
        let before = report.last.step - 1
        committed = before
        if before > reached {
            reached = before
            restarts = 0
        }
        if report.first <= before { evaluating = nil }
        return report.isQuiet ? count(report.last.step) : contributed(generation, report.last)
    }
}
