// Priority with preemption. Refuses starvation: waiting raises a job's rank, though not its right to stop others.

import Primitives

extension Policy {
    /// The highest priority first, a point for each day of waiting. A job that does not fit gets a reservation, or the
    /// GPUs of jobs with lower priority if stopping those suffices: the ones first that lose least (work since their
    /// last checkpoint or the time to save it, and the time to restore), as Slurm's and Kueue's preemption do by age.
    public static let priority = Policy(
        name: "priority", aim: "important jobs first", order: .priority(ageing: .seconds(86_400 as Int64)),
        passing: .reserveFirst(shortestFirst: false), preemption: .byPriority)
}
