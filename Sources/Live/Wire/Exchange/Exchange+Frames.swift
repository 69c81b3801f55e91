// How frames get in and out of an exchange whatever they are for: read, checked, and sorted by the work at hand into
// those it wants now, those that came early and are kept, and those that are of the past. Refuses to interpret a frame
// beyond that.

import CZeroMQ
import Primitives

/// What stands before a frame's data.
enum FrameHeader: Equatable {
    /// Of a step's sum.
    case chunk(ChunkHeader)
    /// Of a state transfer.
    case state(StateHeader)

    /// Reads a header; nil when the bytes are none.
    init?(_ bytes: UnsafeRawBufferPointer) {
        if let header = ChunkHeader(bytes) {
            self = .chunk(header)
        } else if let header = StateHeader(bytes) {
            self = .state(header)
        } else {
            return nil
        }
    }

    /// The generation that the frame was sent in.
    var generation: Generation {
        switch self {
        case .chunk(let header): header.generation
        case .state(let header): header.generation
        }
    }
}

/// What the work at hand makes of a frame.
enum FrameFate {
    /// It is part of the work.
    case now
    /// It is for work to come.
    case later
    /// It is of work that is over.
    case never
}

extension Exchange {
    /// A frame that came before this member needed it.
    struct HeldFrame {
        let header: FrameHeader
        let payload: ZMQMessage
    }

    /// Waits for the next frame that is for now, and returns its header with the data in `payload`; nil once `abort` is
    /// raised. Keeps what is for later; drops and counts the rest.
    func nextFrame(
        abort: WakeUp, fate: (FrameHeader) -> FrameFate
    ) throws(ZMQError) -> FrameHeader? {
        while !abort.isRaised {
            try sendDeferred()
            guard try listener.receive(into: header) else {
                try awaitFrame(or: abort)
                continue
            }
            guard let address = try receiveData() else { continue }
            switch fate(address) {
            case .now: return address
            case .later: hold(address)
            case .never: dropped.stale += 1
            }
        }
        return nil
    }

    /// Receives the data that belong to the bytes in `header`; nil when the frame is none or damaged.
    private func receiveData() throws(ZMQError) -> FrameHeader? {
        let address = header.hasMore ? FrameHeader(header.bytes) : nil
        guard let address, try listener.receive(into: payload), !payload.hasMore else {
            try listener.skipRest(of: address == nil ? header : payload)
            dropped.malformed += 1
            return nil
        }
        if case .state = address, !StateHeader.covers(header.bytes, payload.bytes) {
            dropped.damaged += 1
            return nil
        }
        return address
    }

    private func awaitFrame(or abort: WakeUp) throws(ZMQError) {
        waited[0] = zmq_pollitem_t(socket: listener.raw, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0)
        waited[1] = zmq_pollitem_t(socket: nil, fd: abort.descriptor, events: Int16(ZMQ_POLLIN), revents: 0)
        let patience =
            waiting.map(\.until).min().map { max(1, ($0 - monotonicNow()).nanoseconds / 1_000_000 + 1) } ?? -1
        guard zmq_poll(waited.baseAddress, 2, Int(patience)) >= 0 || zmq_errno() == EINTR else {
            throw ZMQError("wait for data")
        }
    }

    // MARK: Early frames

    /// Keeps the frame whose data are in `payload`.
    private func hold(_ address: FrameHeader) {
        guard heldBytes + payload.bytes.count <= Exchange.heldLimit else {
            dropped.excess += 1
            return
        }
        heldBytes += payload.bytes.count
        let kept = ZMQMessage()
        payload.move(to: kept)
        held.append(HeldFrame(header: address, payload: kept))
    }

    /// Takes out the kept frames that are for now, and forgets those that came for work that never was.
    func takeHeld(fate: (FrameHeader) -> FrameFate) -> [HeldFrame] {
        let early = held
        held = []
        heldBytes = 0
        var due: [HeldFrame] = []
        for frame in early {
            switch fate(frame.header) {
            case .now: due.append(frame)
            case .later:
                held.append(frame)
                heldBytes += frame.payload.bytes.count
            case .never: dropped.stale += 1
            }
        }
        return due
    }

    // MARK: Sending

    /// Sends `floats` from where they lie behind a header of one step's sum.
    func send(
        _ header: ChunkHeader, _ floats: UnsafeBufferPointer<Float>, to connection: ZMQSocket?
    ) throws(ZMQError) {
        header.write(to: outgoingHeader)
        try send(borrowing: UnsafeRawBufferPointer(floats), to: connection)
    }

    /// Sends `floats`, whose checksum is known, from where they lie behind a header of a state transfer.
    func send(
        _ header: StateHeader, _ floats: UnsafeBufferPointer<Float>, checksum: UInt32, to connection: ZMQSocket?
    ) throws(ZMQError) {
        header.write(to: outgoingHeader, dataChecksum: checksum)
        try send(borrowing: UnsafeRawBufferPointer(floats), to: connection)
    }

    /// Sends a copy of `bytes` behind a header of a state transfer.
    func send(_ header: StateHeader, copying bytes: [UInt8] = [], to connection: ZMQSocket?) throws(ZMQError) {
        guard let connection else { return }
        header.write(to: outgoingHeader, dataChecksum: bytes.withUnsafeBytes { StateHeader.checksum(of: $0) })
        guard try connection.send(copying: UnsafeRawBufferPointer(outgoingHeader), more: true) == .queued else {
            return
        }
        try connection.send(bytes)
    }

    /// Sends the outgoing header and `data`.
    private func send(borrowing data: UnsafeRawBufferPointer, to connection: ZMQSocket?) throws(ZMQError) {
        guard let connection else { return }
        // Never full, as the queue has no bound; were the connection beyond repair, the coordinator misses the step.
        guard try connection.send(copying: UnsafeRawBufferPointer(outgoingHeader), more: true) == .queued else {
            return
        }
        try connection.send(borrowing: data)
    }
}
