// The curves of a run as comma-separated values: one row a committed step, in the order of the commits, so that a step
// that was done again is there twice. Refuses to leave discarded rows out: `counts` says which they are.

import Journaling
import Primitives
import Reports

/// The committed steps of `history`: times in nanoseconds since the submission, losses in nats a token.
///
/// `counts` is 1 where the step's result is part of the final weights, 0 where it was discarded.
public func stepsCSV(_ history: RunHistory) -> String {
    let bySegment = SegmentSteps(history)
    var out =
        "step,loss,grad_norm,learning_rate,tokens,segment,generation,counts,at_ns,compute_ns,exchange_ns,update_ns,"
        + "snapshot_ns,evaluation_ns\n"
    for point in history.steps {
        let profile = point.profile
        let spans = [profile.compute, profile.exchange, profile.update, profile.snapshot, profile.evaluation]
        let counts = bySegment.counts(segment: point.segment, step: point.step)
        let generation = history.segments[point.segment].generation
        out +=
            "\(point.step),\(point.loss),\(point.gradientNorm),\(point.learningRate),\(point.tokens),"
            + "\(point.segment + 1),\(generation),\(counts ? 1 : 0),\((point.at - history.start).nanoseconds),"
            + spans.map { "\($0.nanoseconds)" }.joined(separator: ",") + "\n"
    }
    return out
}
