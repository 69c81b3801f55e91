// Which workers of the pool make up a gang, or why none can be made. All or none; few nodes; equals only, because
// members whose arithmetic differs would not hold the same bits. Refuses to know clocks, queues of jobs and the network.

import Primitives

/// A worker that no gang holds.
public struct FreeWorker: Equatable, Sendable {
    /// Its slot.
    public var worker: WorkerID
    /// What its arithmetic depends on.
    public var numerics: InternedText

    /// A free worker at `worker`.
    public init(worker: WorkerID, numerics: InternedText) {
        self.worker = worker
        self.numerics = numerics
    }
}

/// What a run asks of the pool.
public struct GangRequest: Equatable, Sendable {
    /// How many workers it needs.
    public var size: Int
    /// The arithmetic its earlier steps were computed with; nil before the first.
    public var numerics: InternedText?
    /// Workers that are taken before any other, because they hold the run's state.
    public var preferred: [WorkerID]

    /// A request for `size` workers.
    public init(size: Int, numerics: InternedText?, preferred: [WorkerID] = []) {
        self.size = size
        self.numerics = numerics
        self.preferred = preferred
    }
}

/// Why a gang cannot be placed now.
public enum WaitReason: Equatable, Sendable {
    /// Too few workers are free.
    case workersMissing(free: Int, needed: Int)
    /// Enough are free, but too few of them compute the same bits as the run did so far (or as one another).
    case numericsDiffer(fitting: Int, needed: Int, numerics: String)
    /// The coordinator was started again, and so many workers that hold the run's state have not come back yet.
    case workersAway(Int)
}

/// A gang, or why there is none.
public enum PlacementDecision: Equatable, Sendable {
    /// The members in rank order.
    case placed([WorkerID])
    /// None now.
    case wait(because: WaitReason)
}

/// Places one gang on free workers.
///
/// Candidates share one `numerics`: the run's, else the one that most free workers have. Preferred workers come first,
/// then those on nodes with the most candidates, so that the gang spans few of them; ranks follow nodes, then slots.
public func placeGang(_ request: GangRequest, on free: [FreeWorker]) -> PlacementDecision {
    guard free.count >= request.size else {
        return .wait(because: .workersMissing(free: free.count, needed: request.size))
    }
    let numerics = request.numerics ?? commonest(free.map(\.numerics))
    let fitting = workers(of: free, numerics)
    guard fitting.count >= request.size else {
        return .wait(because: .numericsDiffer(fitting: fitting.count, needed: request.size, numerics: numerics.text))
    }
    // All of them, in the order they are in: what a large gang without a spare comes to, at every interruption.
    if fitting.count == request.size { return .placed(fitting) }
    let preferred = Set(request.preferred)  // Asked, never iterated over.
    let byNode = fullestNodesFirst(fitting)
    let inOrder = byNode.filter(preferred.contains) + byNode.filter { !preferred.contains($0) }
    return .placed(inOrder.prefix(request.size).sorted())
}

/// Those of `free` that compute with `numerics`, in order of their address, which is the order that most callers have.
private func workers(of free: [FreeWorker], _ numerics: InternedText) -> [WorkerID] {
    var fitting: [WorkerID] = []
    fitting.reserveCapacity(free.count)
    var isInOrder = true
    for free in free where free.numerics == numerics {
        if let last = fitting.last, free.worker < last { isInOrder = false }
        fitting.append(free.worker)
    }
    return isInOrder ? fitting : fitting.sorted()
}

/// `workers`, which are in order of their address, by the number of them on their node, then by address.
private func fullestNodesFirst(_ workers: [WorkerID]) -> [WorkerID] {
    var nodes: [Range<Int>] = []
    for index in workers.indices {
        if let last = nodes.last, workers[last.lowerBound].node == workers[index].node {
            nodes[nodes.count - 1] = last.lowerBound..<index + 1
        } else {
            nodes.append(index..<index + 1)
        }
    }
    nodes.sort { a, b in a.count == b.count ? a.lowerBound < b.lowerBound : a.count > b.count }
    return nodes.flatMap { workers[$0] }
}

/// The text that occurs most often; the alphabetically first of those that tie.
private func commonest(_ texts: [InternedText]) -> InternedText {
    var best = (text: InternedText(""), count: 0)
    var current = best
    for text in texts.sorted() {
        current = text == current.text ? (text, current.count + 1) : (text, 1)
        if current.count > best.count { best = current }
    }
    return best.text
}
