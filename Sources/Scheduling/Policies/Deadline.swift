// Earliest deadline first with admission. Refuses jobs rather than promises.

extension Policy {
    /// Earliest deadline first (Liu, Layland 1973, "Scheduling algorithms for multiprogramming in a hard-real-time
    /// environment", JACM 20). A job whose deadline cannot be kept beside those already promised is refused at
    /// submission; a job without a deadline takes what is left.
    public static let deadline = Policy(
        name: "deadline", aim: "deadlines kept", order: .deadline, passing: .reserveAll)
}
