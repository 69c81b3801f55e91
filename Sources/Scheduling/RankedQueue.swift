// Jobs in order of a key, ties in the order they came: short sorted arrays in a row, so that adding to a queue of
// twenty thousand moves a few hundred bytes and walking it is walking arrays. Serves waiting jobs, running jobs by rank
// and running jobs by their end. Refuses to change a key in place: take out and add again.

/// A job with its place in an order.
struct RankedEntry: Equatable, Sendable {
    /// What is sorted by, least first.
    var key: Int64
    /// What decides between equal keys, least first.
    var tie: Int64
    /// The job.
    var job: Int32
    /// Its GPUs, here because a walk over the queue needs nothing else of most jobs.
    var gpus: Int32

    /// Whether it stands before `other`.
    func isBefore(_ other: RankedEntry) -> Bool { key != other.key ? key < other.key : tie < other.tie }
}

/// Entries in their order.
struct RankedQueue: Equatable, Sendable {
    /// A place in the queue; stays good until the queue is changed.
    struct Cursor {
        fileprivate var chunk = 0
        fileprivate var offset = 0
    }

    private static let mostInChunk = 128
    /// Sorted runs, none of them empty, each before the next.
    private var chunks: [[RankedEntry]] = []
    /// How many entries there are.
    private(set) var count = 0

    /// No entries.
    init() {}

    /// `entries`, which stand in any order.
    init(_ entries: [RankedEntry]) {
        count = entries.count
        let sorted = entries.sorted { $0.isBefore($1) }
        // Room is left in each run, because what is added later is added anywhere.
        let size = RankedQueue.mostInChunk / 2
        chunks = stride(from: 0, to: sorted.count, by: size).map { Array(sorted[$0..<min(sorted.count, $0 + size)]) }
    }

    /// Whether there is none.
    var isEmpty: Bool { count == 0 }
    /// The first of all.
    var first: RankedEntry? { chunks.first?.first }
    /// The beginning.
    var start: Cursor { Cursor() }

    /// The place of the first entry that is not before `entry`.
    func cursor(to entry: RankedEntry) -> Cursor {
        let chunk = chunkHolding(entry)
        return Cursor(chunk: chunk, offset: chunk < chunks.count ? offset(of: entry, in: chunk) : 0)
    }

    /// The entry at `cursor`; nil at the end.
    func entry(at cursor: Cursor) -> RankedEntry? {
        cursor.chunk < chunks.count ? chunks[cursor.chunk][cursor.offset] : nil
    }

    /// Moves `cursor` to the next entry.
    func advance(_ cursor: inout Cursor) {
        cursor.offset += 1
        if cursor.offset == chunks[cursor.chunk].count { cursor = Cursor(chunk: cursor.chunk + 1, offset: 0) }
    }

    /// All entries in order.
    var entries: [RankedEntry] { chunks.flatMap { $0 } }

    /// Calls `body` with each entry in order.
    func forEach(_ body: (RankedEntry) -> Void) {
        for chunk in chunks {
            for entry in chunk { body(entry) }
        }
    }

    /// Adds `entry`.
    mutating func insert(_ entry: RankedEntry) {
        count += 1
        guard !chunks.isEmpty else { return chunks.append([entry]) }
        let chunk = min(chunkHolding(entry), chunks.count - 1)
        if chunk == chunks.count - 1, chunks[chunk][chunks[chunk].count - 1].isBefore(entry) {
            if chunks[chunk].count < RankedQueue.mostInChunk {
                chunks[chunk].append(entry)
            } else {
                chunks.append([entry])
            }
            return
        }
        chunks[chunk].insert(entry, at: offset(of: entry, in: chunk))
        guard chunks[chunk].count > RankedQueue.mostInChunk else { return }
        let half = chunks[chunk].count / 2
        let upper = Array(chunks[chunk][half...])
        chunks[chunk].removeSubrange(half...)
        chunks.insert(upper, at: chunk + 1)
    }

    /// Takes out the entry with the key and tie of `entry`.
    /// - Precondition: there is one.
    mutating func remove(_ entry: RankedEntry) {
        let chunk = chunkHolding(entry)
        precondition(chunk < chunks.count, "job \(entry.job) is not in the queue")
        let place = offset(of: entry, in: chunk)
        precondition(
            place < chunks[chunk].count && chunks[chunk][place].job == entry.job, "job \(entry.job) is not in the queue"
        )
        count -= 1
        chunks[chunk].remove(at: place)
        if chunks[chunk].isEmpty { chunks.remove(at: chunk) }
    }

    /// The first chunk whose last entry is not before `entry`; the number of chunks when there is none.
    private func chunkHolding(_ entry: RankedEntry) -> Int {
        var (low, high) = (0, chunks.count)
        while low < high {
            let middle = (low + high) / 2
            let isBefore = chunks[middle][chunks[middle].count - 1].isBefore(entry)
            if isBefore { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The first offset in `chunk` whose entry is not before `entry`.
    private func offset(of entry: RankedEntry, in chunk: Int) -> Int {
        var (low, high) = (0, chunks[chunk].count)
        while low < high {
            let middle = (low + high) / 2
            if chunks[chunk][middle].isBefore(entry) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
