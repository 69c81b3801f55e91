// Which incident's doing it is that a step is done again. A restore throws steps away; when they come again, their time is
// that incident's, however much later that is and whatever else has happened in between. A stack is enough, because a
// run that goes back again while it catches up goes back behind nothing but steps that it had caught up with. Refuses to
// measure time; RunHistory does.

struct Debts: Equatable, Sendable {
    struct Debt: Equatable, Sendable {
        /// The last step that was thrown away.
        let through: Int
        /// Where the incident stands among the run's incidents.
        let incident: Int
    }

    /// The innermost last: each reaches further than those behind it.
    private var stack: [Debt] = []

    /// The incident at `index` threw the steps behind `restored`, up to `step`, away.
    mutating func add(restored: Int, through step: Int, incident index: Int) {
        guard restored < step else { return }
        stack.removeAll { $0.through <= step }
        stack.append(Debt(through: step, incident: index))
    }

    /// The debts that steps up to `last` leave behind them, the first to be paid first; they are taken out.
    mutating func paid(before last: Int) -> [Debt] {
        var paid: [Debt] = []
        while let debt = stack.last, debt.through < last { paid.append(stack.removeLast()) }
        return paid
    }

    /// The incident that a step which was done before, and is done again now, is booked to; nil where none is known.
    var current: Int? { stack.last?.incident }
}
