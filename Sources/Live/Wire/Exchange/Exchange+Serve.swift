// The giving side of a state transfer: a member that has the state after a step answers those that ask for chunks of it,
// as often as they ask, until each has confirmed that it has everything. Chunks leave from where they lie. Refuses to
// push: who is asked for nothing sends nothing, so a member that already has half is sent the other half.

import Messages
import Primitives

extension Exchange {
    /// Gives the state after `step`, `vectors` of `count` floats each, to the members of `ranks`, and returns when each
    /// of them has confirmed that it has all of it, or when `abort` is raised.
    ///
    /// The floats are sent from where they lie. They must stay allocated as long as the exchange's context, and
    /// unchanged until the call returns; after an abort they may change at once, as what is still on its way is then of
    /// an old generation and fails its checksum. After a failure the gang must be reconfigured.
    /// - Returns: how many chunks were sent, those that were sent again included.
    /// - Precondition: `reconfigure` has been called; `ranks` are those of other members.
    @discardableResult
    public func serve(
        _ vectors: [UnsafePointer<Float>], count: Int, step: Int, to ranks: [Int], abort: WakeUp
    ) throws(ExchangeInterrupted) -> Int {
        guard let gang else { preconditionFailure("a state to give and no gang") }
        precondition(
            ranks.allSatisfy { gang.members.indices.contains($0) && $0 != gang.rank }, "ranks \(ranks) are not others")
        let layout = StateLayout(vectors: vectors.count, count: count, chunkFloats: chunkFloats)
        var service = Service(
            gang: gang, vectors: vectors, layout: layout, step: step, waiting: ranks,
            checksums: Array(repeating: nil, count: layout.chunks))
        let isDone: Bool
        do throws(ZMQError) { isDone = try perform(&service, abort: abort) } catch {
            self.gang = nil
            throw .messaging(error)
        }
        guard isDone else {
            // What is queued must not follow a changed state to a member that still listens.
            self.gang = nil
            throw .aborted(generation: gang.generation, step: step)
        }
        return service.sent
    }

    /// What is given, and who still waits for it.
    private struct Service {
        let gang: Gang
        let vectors: [UnsafePointer<Float>]
        let layout: StateLayout
        let step: Int
        var waiting: [Int]
        /// By chunk, made when the first member asks for it.
        var checksums: [UInt32?]
        var sent = 0

        /// A header to go before what this member says.
        func header(_ kind: StateHeader.Kind, chunk: Int = 0) -> StateHeader {
            StateHeader(
                kind: kind, generation: gang.generation, step: step, sender: gang.rank, vectors: layout.vectors,
                chunk: chunk, count: layout.count)
        }

        /// Sums come after the states of their generation. Who asks without being awaited may be served next.
        func fate(of frame: FrameHeader) -> FrameFate {
            guard frame.generation >= gang.generation else { return .never }
            guard case .state(let header) = frame, header.generation == gang.generation else { return .later }
            switch header.kind {
            case .ask, .confirmation: return waiting.contains(header.sender) ? .now : .later
            case .chunk, .answered, .refusal: return .never
            }
        }
    }

    /// False when it was aborted.
    private func perform(_ service: inout Service, abort: WakeUp) throws(ZMQError) -> Bool {
        for frame in takeHeld(fate: { service.fate(of: $0) }) {
            guard case .state(let header) = frame.header else { continue }
            try answer(header, frame.payload.bytes, &service, abort: abort)
        }
        while !service.waiting.isEmpty {
            let frame = try nextFrame(abort: abort) { service.fate(of: $0) }
            guard case .state(let header) = frame else { return false }
            try answer(header, payload.bytes, &service, abort: abort)
        }
        return true
    }

    private func answer(
        _ header: StateHeader, _ data: UnsafeRawBufferPointer, _ service: inout Service, abort: WakeUp
    ) throws(ZMQError) {
        let peer = service.gang.connections[header.sender]
        let isSame =
            header.step == service.step && header.vectors == service.layout.vectors
            && header.count == service.layout.count
        guard isSame else {
            // The member stays awaited: only the coordinator can say what becomes of it.
            return try send(service.header(.refusal), to: peer)
        }
        if header.kind == .confirmation {
            service.waiting.removeAll { $0 == header.sender }
            return
        }
        guard data.count == (service.layout.chunks + 7) / 8 else {
            dropped.malformed += 1
            return
        }
        for chunk in 0..<service.layout.chunks where data[chunk / 8] & 1 << (chunk % 8) != 0 {
            if abort.isRaised { return }
            try sendChunk(chunk, of: &service, to: peer)
        }
        try send(service.header(.answered), to: peer)
    }

    private func sendChunk(_ chunk: Int, of service: inout Service, to peer: ZMQSocket?) throws(ZMQError) {
        let place = service.layout.place(of: chunk)
        let floats = UnsafeBufferPointer(
            start: service.vectors[place.vector] + place.elements.lowerBound, count: place.elements.count)
        let checksum = service.checksums[chunk] ?? StateHeader.checksum(of: UnsafeRawBufferPointer(floats))
        service.checksums[chunk] = checksum
        try send(service.header(.chunk, chunk: chunk), floats, checksum: checksum, to: peer)
        service.sent += 1
    }
}
