// What a member has of a state that it takes over, kept across attempts: when the source dies, the next one is asked
// for the rest only. Survivors of a step hold the same bits, so chunks of several sources make one state. Refuses to hold
// the floats: they are in the vectors that they were fetched into, and nobody else may write there meanwhile.

/// How a state of several vectors of equal length is cut into chunks, numbered through all vectors.
struct StateLayout: Equatable, Sendable {
    /// How many vectors there are.
    let vectors: Int
    /// How many floats each has.
    let count: Int
    private let chunkFloats: Int

    init(vectors: Int, count: Int, chunkFloats: Int) {
        precondition(vectors >= 0 && count >= 0 && chunkFloats > 0, "there is nothing to cut")
        self.vectors = vectors
        self.count = count
        self.chunkFloats = chunkFloats
    }

    private var chunksPerVector: Int { (count + chunkFloats - 1) / chunkFloats }

    /// How many chunks the state has.
    var chunks: Int { vectors * chunksPerVector }

    /// Where a chunk lies: in which vector, and which of its elements it is.
    func place(of chunk: Int) -> (vector: Int, elements: Range<Int>) {
        let start = chunk % chunksPerVector * chunkFloats
        return (chunk / chunksPerVector, start..<min(count, start + chunkFloats))
    }
}

/// Which chunks of a state have been fetched, undamaged.
///
/// Valid for vectors that nothing but `Exchange.fetch` writes to: begin with a new receipt whenever they have been
/// written otherwise, and when the run has been rolled back, as a step may then be done again with other data.
public struct StateReceipt: Equatable, Sendable {
    /// The step after which the state is; nil before the first fetch.
    public private(set) var step: Int?
    /// How many chunks are still to come; 0 before the first fetch.
    public private(set) var missing = 0
    private var layout: StateLayout?
    private var isFetched: [Bool] = []

    /// A receipt for nothing yet.
    public init() {}

    /// How many chunks the state has; 0 before the first fetch.
    public var chunks: Int { isFetched.count }

    /// Whether all of the state after `step` is here.
    public func isComplete(step: Int) -> Bool { self.step == step && missing == 0 }

    /// Keeps what has been fetched of this very state, or starts anew.
    mutating func expect(step: Int, layout: StateLayout) {
        if self.step == step, self.layout == layout { return }
        self.step = step
        self.layout = layout
        isFetched = Array(repeating: false, count: layout.chunks)
        missing = layout.chunks
    }

    /// Whether `chunk` is one that is still to come.
    func isMissing(_ chunk: Int) -> Bool { isFetched.indices.contains(chunk) && !isFetched[chunk] }

    /// Notes that a missing chunk is here.
    mutating func note(_ chunk: Int) {
        precondition(isMissing(chunk), "chunk \(chunk) was not to come")
        isFetched[chunk] = true
        missing -= 1
    }

    /// A bit for each chunk, set where it is missing.
    var bitmap: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: (chunks + 7) / 8)
        for chunk in isFetched.indices where !isFetched[chunk] { bytes[chunk / 8] |= 1 << (chunk % 8) }
        return bytes
    }
}

/// Why a member has not got a state.
public enum StateTransferError: Error, Equatable, Sendable {
    /// The abort flag was raised or the messaging library failed. What came is kept by the receipt.
    case interrupted(ExchangeInterrupted)
    /// Chunks of the state after `step` kept arriving damaged, or not at all, from the member of rank `source`.
    case damaged(step: Int, source: Int, missing: Int)
    /// The member of rank `source` has the state after `holds`, or one of other vectors if that is the `step` asked for.
    case refused(step: Int, source: Int, holds: Int)
}

extension StateTransferError: CustomStringConvertible {
    /// What went wrong, as a clause.
    public var description: String {
        switch self {
        case .interrupted(let reason): "the state was not taken over: \(reason)"
        case .damaged(let step, let source, let missing):
            "\(missing) chunks of the state after step \(step) came damaged from rank \(source) whenever they were asked"
                + " for; take the state from another member or a checkpoint, and suspect the connection or the memory"
        case .refused(let step, let source, let holds) where step == holds:
            "rank \(source) trains a model of another size than this member's"
        case .refused(let step, let source, let holds):
            "rank \(source) has the state after step \(holds) and not that after step \(step)"
        }
    }
}
