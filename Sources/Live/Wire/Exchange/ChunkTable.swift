// What has arrived of one step: the other members' parts of the own segment, held until a chunk is complete and summed
// where they lie, and marks for the finished chunks of the other segments. Made once for a gang and a vector's length
// and reset for each step, so that a step allocates nothing. Refuses to touch a socket.

import Primitives

/// The chunks of a step as they come in. Owned by the exchange's thread.
final class ChunkTable {
    let layout: ExchangeLayout
    let program: ReductionProgram
    let rank: Int
    /// Chunks that have not been summed (own segment) or received (others).
    private(set) var outstanding = 0

    private let slots: [ZMQMessage]
    private var isFilled: [Bool]
    private var missing: [Int]
    private var isReceived: [[Bool]]
    /// How many chunks of each part of the own segment have come, and how many of each other segment.
    private var partsCome: [Int]
    private var sumsCome: [Int]
    /// The intermediate sums of levels 1 and up, a chunk each; level 0 is the result.
    private let levels: UnsafeMutablePointer<Float>

    init(layout: ExchangeLayout, program: ReductionProgram, rank: Int) {
        self.layout = layout
        self.program = program
        self.rank = rank
        let chunks = layout.chunks(of: rank)
        slots = (0..<chunks * program.parts.count).map { _ in ZMQMessage() }
        isFilled = slots.map { _ in false }
        missing = Array(repeating: 0, count: chunks)
        isReceived = layout.segments.indices.map { Array(repeating: false, count: layout.chunks(of: $0)) }
        partsCome = program.parts.map { _ in 0 }
        sumsCome = layout.segments.indices.map { _ in 0 }
        levels = .allocate(capacity: max(0, program.levels - 1) * layout.chunkFloats)
    }

    deinit { levels.deallocate() }

    /// Forgets what arrived and expects everything anew.
    func reset() {
        let remote = program.parts.count { $0.rank != rank }
        outstanding = layout.segments.indices.reduce(0) { $0 + layout.chunks(of: $1) }
        for k in slots.indices where isFilled[k] { slots[k].release() }
        for k in partsCome.indices { partsCome[k] = 0 }
        for k in sumsCome.indices { sumsCome[k] = 0 }
        for k in isFilled.indices { isFilled[k] = false }
        for k in missing.indices { missing[k] = remote }
        for segment in isReceived.indices {
            for k in isReceived[segment].indices { isReceived[segment][k] = false }
        }
    }

    /// The chunks of the own segment to which nobody else contributes.
    var completeFromStart: [Int] { missing.indices.filter { missing[$0] == 0 } }

    /// The ranks that something is awaited from: their parts of the own segment, or where all have come, their sums. Who
    /// lacks a part keeps everybody else waiting for a sum, so parts say more of what was lost.
    var awaited: [Int] {
        let late = program.parts.indices.filter { program.parts[$0].rank != rank && partsCome[$0] < missing.count }
        guard late.isEmpty else { return Set(late.map { program.parts[$0].rank }).sorted() }
        return sumsCome.indices.filter { $0 != rank && sumsCome[$0] < layout.chunks(of: $0) }
    }

    /// What became of a frame.
    enum Outcome: Equatable {
        /// It was taken in.
        case taken
        /// It was taken in and completes a chunk of the own segment.
        case completes(chunk: Int)
        /// It belongs nowhere, or was there already.
        case malformed
    }

    /// Takes in a member's part of the own segment; empties `payload`.
    func takePart(_ header: ChunkHeader, _ payload: ZMQMessage) -> Outcome {
        let parts = program.parts
        guard header.segment == rank, header.sender != rank, header.chunk < missing.count,
            let part = parts.firstIndex(where: { $0.rank == header.sender && $0.leaves == header.leaves })
        else { return .malformed }
        let slot = header.chunk * parts.count + part
        let floats = layout.chunk(header.chunk, of: rank).count
        guard !isFilled[slot], payload.bytes.count == floats * MemoryLayout<Float>.stride else { return .malformed }
        payload.alignForFloats()
        payload.move(to: slots[slot])
        isFilled[slot] = true
        partsCome[part] += 1
        missing[header.chunk] -= 1
        return missing[header.chunk] == 0 ? .completes(chunk: header.chunk) : .taken
    }

    /// Copies a finished chunk of another segment into `result`.
    func takeSum(_ header: ChunkHeader, _ payload: ZMQMessage, into result: UnsafeMutablePointer<Float>) -> Outcome {
        guard header.segment == header.sender, header.sender != rank, header.segment < isReceived.count,
            header.chunk < isReceived[header.segment].count, !isReceived[header.segment][header.chunk]
        else { return .malformed }
        let range = layout.chunk(header.chunk, of: header.segment)
        guard payload.bytes.count == range.count * MemoryLayout<Float>.stride else { return .malformed }
        UnsafeMutableRawBufferPointer(start: result + range.lowerBound, count: payload.bytes.count)
            .copyMemory(from: payload.bytes)
        isReceived[header.segment][header.chunk] = true
        sumsCome[header.segment] += 1
        outstanding -= 1
        return .taken
    }

    /// Sums a complete chunk of the own segment into `result`, in the tree's order. `ownSums[k]` holds the k-th of this
    /// member's parts; the parts that came in are released.
    func sum(
        chunk: Int, ownSums: [UnsafePointer<Float>], into result: UnsafeMutablePointer<Float>,
        add: (UnsafeMutablePointer<Float>, UnsafePointer<Float>, UnsafePointer<Float>, Int) -> Void
    ) {
        let range = layout.chunk(chunk, of: rank)
        let firstOwn = program.parts.firstIndex { $0.rank == rank } ?? 0
        let target = result + range.lowerBound
        func level(_ k: Int) -> UnsafeMutablePointer<Float> {
            k == 0 ? target : levels + (k - 1) * layout.chunkFloats
        }
        func floats(_ term: ReductionProgram.Term) -> UnsafePointer<Float> {
            switch term {
            case .level(let k): return UnsafePointer(level(k))
            case .part(let k) where program.parts[k].rank == rank: return ownSums[k - firstOwn] + range.lowerBound
            case .part(let k):
                let bytes = slots[chunk * program.parts.count + k].bytes
                guard let start = bytes.baseAddress else { preconditionFailure("part \(k) of chunk \(chunk) is empty") }
                return start.assumingMemoryBound(to: Float.self)
            }
        }
        for addition in program.additions {
            add(level(addition.level), floats(addition.left), floats(addition.right), range.count)
        }
        if program.additions.isEmpty {
            let only = floats(.part(0))
            if only != UnsafePointer(target) { target.update(from: only, count: range.count) }
        }
        for k in program.parts.indices where isFilled[chunk * program.parts.count + k] {
            slots[chunk * program.parts.count + k].release()
        }
        outstanding -= 1
    }
}
