// One part of a message as the messaging library holds it, so that a megabyte that was received is added up where it
// lies. Refuses to copy unless asked to.

import CZeroMQ

/// A reusable holder of one received message part. Owned by one thread.
package final class ZMQMessage {
    /// Allocated apart, because the library asks that its struct stays where it is.
    let raw: UnsafeMutablePointer<zmq_msg_t>

    /// An empty message.
    package init() {
        raw = .allocate(capacity: 1)
        zmq_msg_init(raw)
    }

    deinit {
        zmq_msg_close(raw)
        raw.deallocate()
    }

    /// The content; valid until the message is received into, moved or released.
    package var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: zmq_msg_data(raw), count: zmq_msg_size(raw))
    }

    /// Whether more parts of the same message follow.
    package var hasMore: Bool { zmq_msg_more(raw) == 1 }

    /// The descriptor of the connection that it came through; -1 when it came from this process.
    package var sourceDescriptor: Int32 { zmq_msg_get(raw, ZMQ_SRCFD) }

    /// Gives the content to `other`, whose own is released; this message is empty afterwards.
    package func move(to other: ZMQMessage) { zmq_msg_move(other.raw, raw) }

    /// Copies the content if it does not lie where floats may: small messages share a buffer and start anywhere in it.
    func alignForFloats() {
        let old = bytes
        guard Int(bitPattern: old.baseAddress) % MemoryLayout<Float>.alignment != 0 else { return }
        let copy = ZMQMessage()
        precondition(zmq_msg_init_size(copy.raw, old.count) == 0, "no memory for a message of \(old.count) bytes")
        zmq_msg_data(copy.raw)?.copyMemory(from: zmq_msg_data(raw), byteCount: old.count)
        copy.move(to: self)
    }

    /// Lets go of the content.
    package func release() {
        zmq_msg_close(raw)
        zmq_msg_init(raw)
    }
}
