// FIFO with reservations. They need expected run times; a job that runs longer than expected delays reservations, one
// that ends early only helps. Refuses to stop anybody.

extension Policy {
    /// EASY backfilling (Lifka 1995, "The ANL/IBM SP scheduling system", JSSPP): the first job that does not fit gets a
    /// reservation; those behind it start if they do not delay it.
    public static let easy = Policy(
        name: "easy", aim: "use of the cluster, the first never delayed", order: .submission,
        passing: .reserveFirst(shortestFirst: false))

    /// EASY whose candidates are tried shortest first (Tsafrir, Etsion, Feitelson 2007, "Backfilling using
    /// system-generated predictions rather than user runtime estimates", IEEE TPDS 18).
    public static let easySJBF = Policy(
        name: "easy-sjbf", aim: "slowdown, the first never delayed", order: .submission,
        passing: .reserveFirst(shortestFirst: true))

    /// Conservative backfilling (Mu'alem, Feitelson 2001, "Utilization, predictability, workloads, and user runtime
    /// estimates in scheduling the IBM SP2 with backfilling", IEEE TPDS 12): every job gets a reservation when it is
    /// submitted and starts no later, unless its GPUs are then scattered or machines failed.
    public static let conservative = Policy(
        name: "conservative", aim: "a known start for everybody", order: .submission, passing: .reserveAll)
}
