// Shortest first: without and with stopping what runs. Both need run times; in a replay they are known, which makes
// them bounds on what a predictor could reach. Refuses to predict.

extension Policy {
    /// Shortest job first. Among policies that stop nobody it has the least mean completion time on one machine
    /// (Smith 1956, "Various optimizers for single-stage production", Naval Research Logistics Quarterly 3).
    public static let sjf = Policy(
        name: "sjf", aim: "mean completion time, nobody stopped", order: .shortest, passing: .stop)

    /// Shortest remaining time first (Schrage 1968, "A proof of the optimality of the shortest remaining processing
    /// time discipline", Operations Research 16): stops whoever has longer to go.
    public static let srtf = Policy(
        name: "srtf", aim: "mean completion time", order: .remaining, passing: .skip, preemption: .byRank)
}
