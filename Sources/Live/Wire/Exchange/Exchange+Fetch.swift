// The taking side of a state transfer: ask one member for the chunks that are missing, check each, put it in its place,
// ask again for those that came damaged, and confirm at the end. What has arrived is noted in a receipt that outlives
// the attempt. Refuses to choose its source: the coordinator says who has the state.

import Messages
import Primitives

extension Exchange {
    /// How often one source is asked: a chunk that comes damaged this many times in a row is not bad luck.
    static let mostAsks = 4

    /// Takes the state after `step`, `vectors` of `count` floats each, from the member of rank `source`, which serves it
    /// meanwhile. Returns when all of it is here and the source has been told, or when `abort` is raised.
    ///
    /// Asks only for what `receipt` does not have of that state; of another state than the last one's, it asks for
    /// everything. When it fails, the receipt says what has come, the vectors hold it, and the next attempt, in the next
    /// generation, may be with another source. After a failure the gang must be reconfigured. The source may still be
    /// waiting for the last word when the call returns: whoever ends the generation then aborts the source too.
    /// - Precondition: `reconfigure` has been called; `source` is another member's rank.
    public func fetch(
        into vectors: [UnsafeMutablePointer<Float>], count: Int, step: Int, from source: Int,
        receipt: inout StateReceipt, abort: WakeUp
    ) throws(StateTransferError) {
        guard let gang else { preconditionFailure("a state to take and no gang") }
        precondition(gang.members.indices.contains(source) && source != gang.rank, "rank \(source) is not another's")
        let layout = StateLayout(vectors: vectors.count, count: count, chunkFloats: chunkFloats)
        precondition(layout.chunks <= chunkFloats * 32, "\(layout.chunks) chunks do not fit one frame's bitmap")
        receipt.expect(step: step, layout: layout)
        let fetch = Fetch(gang: gang, vectors: vectors, layout: layout, step: step, source: source)
        let failure: StateTransferError?
        do throws(ZMQError) { failure = try perform(fetch, &receipt, abort: abort) } catch {
            failure = .interrupted(.messaging(error))
        }
        if let failure {
            self.gang = nil
            throw failure
        }
    }

    /// What is taken, and from whom.
    private struct Fetch {
        let gang: Gang
        let vectors: [UnsafeMutablePointer<Float>]
        let layout: StateLayout
        let step: Int
        let source: Int

        /// A header to go before what this member says.
        func header(_ kind: StateHeader.Kind) -> StateHeader {
            StateHeader(
                kind: kind, generation: gang.generation, step: step, sender: gang.rank, vectors: layout.vectors,
                count: layout.count)
        }

        /// Sums come after the states of their generation, and so does giving on what is being taken.
        func fate(of frame: FrameHeader) -> FrameFate {
            guard frame.generation >= gang.generation else { return .never }
            guard case .state(let header) = frame, header.generation == gang.generation else { return .later }
            switch header.kind {
            case .ask, .confirmation: return .later
            case .refusal: return header.sender == source ? .now : .never
            case .chunk, .answered: return header.sender == source && header.step == step ? .now : .never
            }
        }
    }

    /// Asks until nothing is missing; nil when it worked. Nothing can have come early: the source says only what it is
    /// asked for, in order, so its last word to an ask tells that what is missing then was lost.
    private func perform(
        _ fetch: Fetch, _ receipt: inout StateReceipt, abort: WakeUp
    ) throws(ZMQError) -> StateTransferError? {
        let source = fetch.gang.connections[fetch.source]
        var asks = 0
        while receipt.missing > 0 {
            guard asks < Exchange.mostAsks else {
                return .damaged(step: fetch.step, source: fetch.source, missing: receipt.missing)
            }
            asks += 1
            try send(fetch.header(.ask), copying: receipt.bitmap, to: source)
            var isAnswered = false
            while !isAnswered {
                let frame = try nextFrame(abort: abort) { fetch.fate(of: $0) }
                guard case .state(let header) = frame else {
                    return .interrupted(.aborted(generation: fetch.gang.generation, step: fetch.step))
                }
                switch header.kind {
                case .chunk: take(header, for: fetch, &receipt)
                case .refusal: return .refused(step: fetch.step, source: fetch.source, holds: header.step)
                case .answered, .ask, .confirmation: isAnswered = true
                }
            }
        }
        try send(fetch.header(.confirmation), to: source)
        return nil
    }

    /// Puts the chunk in `payload` in its place.
    private func take(_ header: StateHeader, for fetch: Fetch, _ receipt: inout StateReceipt) {
        guard header.vectors == fetch.layout.vectors, header.count == fetch.layout.count,
            receipt.isMissing(header.chunk)
        else {
            dropped.malformed += 1
            return
        }
        let place = fetch.layout.place(of: header.chunk)
        guard payload.bytes.count == place.elements.count * MemoryLayout<Float>.stride else {
            dropped.malformed += 1
            return
        }
        let start = fetch.vectors[place.vector] + place.elements.lowerBound
        UnsafeMutableRawBufferPointer(start: start, count: payload.bytes.count).copyMemory(from: payload.bytes)
        receipt.note(header.chunk)
    }
}
