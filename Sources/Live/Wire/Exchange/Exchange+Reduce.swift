// One step's all-reduce: send the own parts of the others' segments, then take in frames until the own segment is summed
// and sent and the others' are here. Everything is sent from where it lies and summed where it arrived. Refuses to
// return early: a sum is whole or there is none.

import Primitives

extension Exchange {
    /// A member's sum over the leaves of one subtree.
    public typealias PartialSum = (leaves: Range<Int>, sum: UnsafePointer<Float>)

    /// Sums `count` floats over all leaves of `tree` into `result`, with the other members of the gang.
    ///
    /// `sums` are this member's own: one for each of `tree.subtrees(of:)` its part, in order, each summed in the tree's
    /// order. Blocks until the sum is complete or `abort` is raised. After an abort `result` is undefined and the gang
    /// must be reconfigured before the next step.
    ///
    /// The floats of `sums` and `result` are sent from where they lie. They must stay allocated as long as the exchange's
    /// context, and unchanged until every member has its sum, which the commit of `step` tells; after an abort they may
    /// change at once, as what is still on its way is then of an old generation.
    ///
    /// `progress` hears of every frame that came, with the ranks whose part or sum is missing.
    /// - Precondition: `reconfigure` has been called; `result` overlaps no sum, unless there is one member with one sum.
    public func reduce(
        _ sums: [PartialSum], count: Int, tree: ReductionTree, step: Int, into result: UnsafeMutablePointer<Float>,
        abort: WakeUp, progress: ([Int]) -> Void = { _ in }
    ) throws(ExchangeInterrupted) {
        guard let gang else { preconditionFailure("an exchange without a gang") }
        let table = table(for: gang, count: count, tree: tree)
        let ownLeaves = table.program.parts.filter { $0.rank == gang.rank }.map(\.leaves)
        precondition(sums.map(\.leaves) == ownLeaves, "sums over \(sums.map(\.leaves)) where \(ownLeaves) are due")
        table.reset()
        let work = Work(gang: gang, table: table, step: step, ownSums: sums.map(\.sum), result: result)
        let isWhole: Bool
        do throws(ZMQError) { isWhole = try perform(work, abort: abort, progress) } catch { throw .messaging(error) }
        guard isWhole else {
            // What is queued for the others must not follow a changed buffer into their next step.
            self.gang = nil
            waiting = []
            throw .aborted(generation: gang.generation, step: step)
        }
    }

    /// One step's exchange as its stages pass it on.
    private struct Work {
        let gang: Gang
        let table: ChunkTable
        let step: Int
        let ownSums: [UnsafePointer<Float>]
        let result: UnsafeMutablePointer<Float>
    }

    /// The table for a vector of `count` floats; the one of the step before when nothing changed.
    private func table(for gang: Gang, count: Int, tree: ReductionTree) -> ChunkTable {
        let layout = ExchangeLayout(count: count, members: gang.members.count, chunkFloats: chunkFloats)
        if let table, table.layout == layout, table.program.leaves == tree.leaves { return table }
        let made = ChunkTable(
            layout: layout, program: ReductionProgram(tree: tree, leavesByRank: gang.members.map(\.part)),
            rank: gang.rank)
        table = made
        return made
    }

    /// False when it was aborted.
    private func perform(_ work: Work, abort: WakeUp, _ progress: ([Int]) -> Void) throws(ZMQError) -> Bool {
        try sendParts(of: work)
        for chunk in work.table.completeFromStart { try finish(chunk: chunk, of: work) }
        for frame in takeHeld(fate: { fate(of: $0, for: work) }) {
            guard case .chunk(let header) = frame.header else { continue }
            try take(header, frame.payload, for: work)
        }
        while work.table.outstanding > 0 {
            progress(work.table.awaited)
            let frame = try nextFrame(abort: abort) { fate(of: $0, for: work) }
            guard case .chunk(let header) = frame else { return false }
            try take(header, payload, for: work)
        }
        return try sendAllDeferred(abort: abort)
    }

    // MARK: Sending

    /// Sends the own parts of the other members' segments: first chunks first, each member beginning with the rank after
    /// its own, so that nobody is everybody's first.
    private func sendParts(of work: Work) throws(ZMQError) {
        let members = work.gang.members.count
        let layout = work.table.layout
        let own = work.table.program.parts.filter { $0.rank == work.gang.rank }
        let mostChunks = layout.segments.indices.map { layout.chunks(of: $0) }.max() ?? 0
        for chunk in 0..<mostChunks {
            for distance in 1..<max(1, members) {
                let peer = (work.gang.rank + distance) % members
                guard chunk < layout.chunks(of: peer) else { continue }
                let range = layout.chunk(chunk, of: peer)
                for (part, sum) in zip(own, work.ownSums) {
                    let header = ChunkHeader(
                        kind: .part, generation: work.gang.generation, step: work.step, sender: work.gang.rank,
                        segment: peer, leaves: part.leaves, chunk: chunk)
                    let floats = UnsafeBufferPointer(start: sum + range.lowerBound, count: range.count)
                    try send(header, floats, toRank: peer)
                }
            }
        }
    }

    /// Sums a complete chunk of the own segment and sends it to everybody.
    private func finish(chunk: Int, of work: Work) throws(ZMQError) {
        let rank = work.gang.rank
        work.table.sum(chunk: chunk, ownSums: work.ownSums, into: work.result, add: add)
        let range = work.table.layout.chunk(chunk, of: rank)
        let header = ChunkHeader(
            kind: .sum, generation: work.gang.generation, step: work.step, sender: rank, segment: rank,
            leaves: 0..<work.table.program.leaves, chunk: chunk)
        let floats = UnsafeBufferPointer(start: UnsafePointer(work.result) + range.lowerBound, count: range.count)
        for distance in 1..<max(1, work.gang.members.count) {
            try send(header, floats, toRank: (rank + distance) % work.gang.members.count)
        }
    }

    // MARK: Receiving

    /// Whether a frame is of `work`. The states of a generation come before its sums.
    private func fate(of frame: FrameHeader, for work: Work) -> FrameFate {
        switch frame {
        case .chunk(let header):
            if header.isNewer(than: work.gang.generation, work.step) { return .later }
            return header.isOf(work.gang.generation, work.step) ? .now : .never
        case .state(let header): return header.generation > work.gang.generation ? .later : .never
        }
    }

    private func take(_ address: ChunkHeader, _ payload: ZMQMessage, for work: Work) throws(ZMQError) {
        let outcome =
            switch address.kind {
            case .part: work.table.takePart(address, payload)
            case .sum: work.table.takeSum(address, payload, into: work.result)
            }
        switch outcome {
        case .taken: break
        case .completes(let chunk): try finish(chunk: chunk, of: work)
        case .malformed: dropped.malformed += 1
        }
    }
}
