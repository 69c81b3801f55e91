// How a gang gets on between two things that could matter: so many whole steps of one pace, computed by a division and
// told as one range. A step that has begun ends at its pace; what changes the pace, or makes a larger gang possible, is
// met at the next step's end. Refuses fractions: an unfinished step counts for nothing.

import ControlPlane
import Primitives

extension StepWorld {
    /// Whether the control plane counts on steps. The run is asked in place: a copy of it at every event would cost as much
    /// as all that is decided.
    private var isComputing: Bool { coordinator.run?.isRunning == true }

    /// The gang computes from `now` on.
    mutating func begin(at now: Instant) {
        guard isComputing, let committed = coordinator.run?.committed else { return }
        proceed(from: committed + 1, at: now)
    }

    /// Lets the gang run ahead with step `next` from `now` on, after what it has to wait for.
    private mutating func proceed(from next: Int, at now: Instant) {
        guard isComputing, let nextDecision = coordinator.run?.nextDecision else {
            progress = nil
            return
        }
        tokens += 1
        let since = now + pendingSnapshot + pendingEvaluation
        let pauseAfter = pauseAfter(from: next, upTo: nextDecision)
        let slowest = slow.map(\.factor).min() ?? 1
        progress = Progress(
            next: next, since: since,
            pace: scenario.cost.pace(at: since, members: members, of: scenario.plan.workers, slowest: slowest),
            pauseAfter: pauseAfter, snapshot: pendingSnapshot, isQuiet: !isAttentive(at: next), token: tokens)
        pendingSnapshot = .zero
        pendingEvaluation = .zero
        schedulePause()
    }

    private mutating func schedulePause() {
        guard let progress else { return }
        queue.add(
            .pause(progress.token), at: progress.since + progress.pace * Int64(progress.pauseAfter - progress.next + 1))
    }

    /// Tells of the steps that are done by `now`, at the instant of the last of them.
    mutating func advance(to now: Instant) throws {
        guard let going = progress, now >= going.since else { return }
        let elapsed = (now - going.since).nanoseconds
        let done = min(Int(elapsed / going.pace.nanoseconds), going.pauseAfter - going.next + 1)
        guard done > 0 else { return }
        let last = going.next + done - 1
        let at = going.since + going.pace * Int64(done)
        try tell(
            .stepsCommitted(
                run: scenario.run, generation: coordinator.run!.generation, report: report(going, last: last)), at: at)
        guard progress != nil else { return }
        if last == going.pauseAfter {
            proceed(from: last + 1, at: at)
        } else {
            progress!.next = last + 1
            progress!.since = at
            progress!.snapshot = .zero
        }
    }

    /// Ends the range that goes on with the step that goes on, because what follows may be different.
    mutating func stopAtNextStep(at now: Instant) throws {
        try advance(to: now)
        guard progress != nil else { return }
        progress!.pauseAfter = progress!.next
        tokens += 1
        progress!.token = tokens
        schedulePause()
    }

    /// Looks again how far the gang may run ahead: a fact may have brought the next decision nearer.
    mutating func pauseAgain(at now: Instant) throws {
        guard let going = progress, let nextDecision = coordinator.run?.nextDecision, nextDecision < going.pauseAfter
        else { return }
        try stopAtNextStep(at: now)
    }

    private mutating func report(_ going: Progress, last: Int) -> StepsReport {
        // A point for each of about `curvePoints` steps of the run, and the last of the range.
        let stride = max(1, scenario.plan.steps / max(1, scenario.curvePoints))
        var samples: [StepSample] = []
        if sink != nil {
            var step = (going.next + stride - 1) / stride * stride
            while step < last {
                samples.append(StepSample(step: step, loss: loss(of: step)))
                step += stride
            }
        }
        return StepsReport(
            first: going.next,
            last: StepReport(
                step: last, loss: sink == nil && going.isQuiet ? 0 : loss(of: last), gradientNorm: 1, learningRate: 0,
                tokens: scenario.loss.tokensPerStep,
                profile: StepProfile(compute: going.pace, snapshot: going.snapshot)),
            pace: going.pace, samples: samples, isQuiet: going.isQuiet && judges)
    }
}
