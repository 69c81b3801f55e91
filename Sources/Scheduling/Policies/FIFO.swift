// First in, first out: strictly, and letting whoever fits pass. Refuses reservations; EASY is FIFO with them.

extension Policy {
    /// First come, first served: nobody passes the head of the queue, however long it waits. Fair and predictable, and
    /// the worst user of a cluster with large gangs.
    public static let fifo = Policy(
        name: "fifo", aim: "order of arrival", order: .submission, passing: .stop)

    /// First come, first served, but whoever fits passes. Fills the cluster; a large gang can wait for ever.
    public static let fifoBestEffort = Policy(
        name: "fifo-besteffort", aim: "no GPU idle while somebody fits", order: .submission, passing: .skip)
}
