// How often a coordinator that dies is started again: as often as a run is restarted without a newly reached step, so that
// a program that cannot live ends with a reason and one that is killed now and then goes on for ever. Refuses clocks: a
// step that was committed is the measure, as it is for workers.

/// Restarts of a coordinator that are left.
struct RestartBudget: Equatable, Sendable {
    /// Restarts in a row without a committed step.
    let limit: Int
    private(set) var used = 0

    init(limit: Int) { self.limit = limit }

    /// A step has been committed: the account is opened anew.
    mutating func progressed() { used = 0 }

    /// Takes one restart; false when none is left.
    mutating func take() -> Bool {
        guard used < limit else { return false }
        used += 1
        return true
    }
}
