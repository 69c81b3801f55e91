// How far a plan had come at some of its jobs: the free GPUs beside the running jobs and those planned before. Whoever is
// admitted in the middle of a queue changes nothing for those before it, so planning begins at the last mark before it
// and not with an empty plan. Refuses to know whether the plan still holds; the Scheduler does.

import Primitives

/// States of a plan in the making, in its order.
struct PlanMarks: Sendable {
    /// A state of the plan.
    struct Mark: Sendable {
        /// The first job that is not in it yet.
        var next: RankedEntry
        /// What is free beside those that are, and beside the running jobs.
        var free: FreeProfile
    }

    /// A mark is a profile of the whole plan, so that there are never many.
    private static let most = 32
    private static let leastDistance = 16
    private var marks: [Mark] = []

    /// No plan.
    init() {}

    /// A plan with nobody in it yet beside the running jobs, who leave `free`.
    init(beside free: FreeProfile) {
        marks = [Mark(next: RankedEntry(key: .min, tie: .min, job: -1, gpus: 0), free: free)]
    }

    /// How many jobs there should be between two marks of a plan of `count` jobs.
    static func distance(count: Int) -> Int { max(leastDistance, 2 * count / most) }

    /// Forgets the marks behind `entry`, and gives the last one before it; everything from its `next` on is to be planned.
    /// - Precondition: there is a plan.
    mutating func rewind(to entry: RankedEntry) -> Mark {
        while let last = marks.last, entry.isBefore(last.next) { marks.removeLast() }
        guard let last = marks.last else { preconditionFailure("a plan begins before all of its jobs") }
        return last
    }

    /// Notes that everybody before `next` is planned and leaves `free`.
    mutating func note(next: RankedEntry, free: FreeProfile) {
        if marks.count == PlanMarks.most {
            marks = marks.indices.filter { $0.isMultiple(of: 2) }.map { marks[$0] }
        }
        marks.append(Mark(next: next, free: free))
    }

    /// The job of `entry`, which was planned to hold `gpus` from `from` to `to`, runs: it is beside all marks now.
    mutating func start(_ entry: RankedEntry, gpus: Int, from: Instant, to: Instant) {
        for index in marks.indices where !entry.isBefore(marks[index].next) {
            marks[index].free.take(gpus: gpus, from: from, to: to)
        }
    }
}
