// Fair share between teams. Refuses history: what counts is what a team holds now, not what it held last week.

extension Policy {
    /// The team that holds the smallest part of its share goes next (max-min fairness over GPUs; with one resource this
    /// is Dominant Resource Fairness, Ghodsi et al. 2011, NSDI). A team's first job that does not fit stops the team,
    /// not the others; a quota is never exceeded.
    public static let fairShare = Policy(
        name: "fair-share", aim: "equal parts for teams", order: .fairShare, passing: .stop)
}
