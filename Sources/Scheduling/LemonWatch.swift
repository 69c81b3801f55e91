// Which nodes fail far more often than their peers, from what was seen of them alone. Placement avoids such nodes while
// others will do. Refuses to know why they fail, and to take them out of service: that is for people.

/// Counts the failures of a pool's nodes and tells lemons.
public struct LemonWatch: Equatable, Sendable {
    /// Failures after which a node can be a lemon: two can be bad luck.
    public static let least = 3
    /// How many times the mean of its pool a lemon's failures are at least.
    public static let factor = 4

    private var failures: [Int]
    private var total = 0

    /// A pool of `nodes` nodes of which nothing is known yet.
    public init(nodes: Int) { failures = [Int](repeating: 0, count: nodes) }

    /// The pool has `nodes` nodes now, which is no fewer than before.
    public mutating func grow(to nodes: Int) {
        failures += [Int](repeating: 0, count: max(0, nodes - failures.count))
    }

    /// How often `node` failed.
    public func failures(of node: Int) -> Int { failures[node] }

    /// Notes a failure of `node` and says whether it is a lemon by now.
    public mutating func failed(_ node: Int) -> Bool {
        failures[node] += 1
        total += 1
        return failures[node] >= LemonWatch.least && failures[node] * failures.count >= LemonWatch.factor * total
    }
}
