// Two-dimensional least attained service: short jobs first without knowing who is short. Refuses run times.

import Primitives

extension Policy {
    /// Discretised 2D-LAS (Gu et al. 2019, "Tiresias: A GPU cluster manager for distributed deep learning", NSDI): a
    /// job that has received 18,000 GPU seconds falls from the first queue to the second; inside a queue jobs stand by
    /// submission. One limit and decisions every 60 s, as in the simulator of Lucid (Hu et al. 2023, ASPLOS).
    public static let tiresias = Policy(
        name: "tiresias", aim: "mean completion time, run times unknown",
        order: .attainedService(limits: [.seconds(18_000 as Int64)]), passing: .skip, preemption: .byRank,
        period: .seconds(60 as Int64))
}
