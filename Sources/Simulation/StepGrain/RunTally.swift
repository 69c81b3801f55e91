// What one simulated run came to, counted while it goes on: enough for a distribution over a thousand of them without a
// journal. A test holds it to the ledger of the run's journal. Refuses curves and incidents; the journal has those.

import ControlPlane
import Failures
import Primitives

/// The figures of one simulated run.
public struct RunTally: Equatable, Sendable {
    /// Its seed.
    public var seed: UInt64
    /// How it ended; nil while it goes on.
    public var outcome: Outcome?
    /// From submission to its end.
    public var elapsed = TimeSpan.zero
    /// Time on steps that raised the highest committed step.
    public var productive = TimeSpan.zero
    /// Steps that counted in the end.
    public var committed = 0
    /// Gangs that ended before their time.
    public var interruptions = 0
    /// Gangs that computed.
    public var segments = 0
    /// Checkpoints that became durable.
    public var checkpoints = 0
    /// Events the control plane was told.
    public var events = 0
    /// Failures that struck the gang, by cause, in the order the causes first struck.
    public var causes: [(cause: String, count: Int)] = []

    private var mark = Instant.zero
    private var reached = 0

    init(seed: UInt64) { self.seed = seed }

    /// Productive time over elapsed time; the queue is empty in a simulation of one job.
    public var effectiveTrainingTimeRatio: Double { elapsed > .zero ? productive.seconds / elapsed.seconds : 0 }

    /// How often `cause` struck the gang.
    public func count(of cause: String) -> Int { causes.first { $0.cause == cause }?.count ?? 0 }

    mutating func struck(_ cause: String) {
        if let known = causes.firstIndex(where: { $0.cause == cause }) {
            causes[known].count += 1
        } else {
            causes.append((cause, 1))
        }
    }

    mutating func add(_ event: Event, _ commands: [Command], at now: Instant) {
        events += 1
        if case .stepsCommitted(_, _, let report) = event {
            if report.last.step > reached {
                // The snapshot comes before the first step of its range.
                let from = report.first > reached ? mark + report.last.profile.snapshot : now - report.age(of: reached)
                if now > from { productive += now - from }
                reached = report.last.step
            }
            committed = report.last.step
            mark = now
        } else if case .checkpointWritten = event {
            checkpoints += 1
        }
        for command in commands {
            switch command {
            case .begin:
                segments += 1
                mark = now
            case .abort: interruptions += 1
            case .finish(_, let outcome):
                self.outcome = outcome
                elapsed = now - Instant.zero
            default: break
            }
        }
    }

    /// Equal in every figure.
    public static func == (a: RunTally, b: RunTally) -> Bool {
        a.seed == b.seed && a.outcome == b.outcome && a.elapsed == b.elapsed && a.productive == b.productive
            && a.committed == b.committed && a.interruptions == b.interruptions && a.segments == b.segments
            && a.checkpoints == b.checkpoints && a.events == b.events
            && a.causes.elementsEqual(b.causes, by: ==)
    }
}
