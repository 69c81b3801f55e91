// A control message as bytes: "USTY", protocol version (u16), kind (u8), incarnation (i64), then the kind's fields, all
// little-endian. The version stands before everything that may change with it, so that a stranger's frame still tells
// which version it speaks. Refuses frames above 1 MiB, and never traps on any bytes: what is wrong is a FrameError.

import Messages
import Primitives

/// Why a control frame was dropped.
public enum FrameError: Error, Hashable, Sendable {
    /// It ends within its header.
    case tooShort
    /// It has more than `controlFrameLimit` bytes.
    case tooLong
    /// It is not of this protocol.
    case badMagic
    /// It is of another version of this protocol.
    case version(Int)
    /// It has the number of no message that this side receives.
    case unknownKind(UInt8)
    /// The value of `field` cannot be.
    case malformed(field: String)
    /// It came in more or fewer parts than one.
    case multipart
}

extension FrameError: CustomStringConvertible {
    /// The reason as a clause, `the frame speaks protocol version 7, not 1`.
    public var description: String {
        switch self {
        case .tooShort: "the frame ends within its header"
        case .tooLong: "the frame has more than \(controlFrameLimit) bytes"
        case .badMagic: "the frame is not of this protocol"
        case .version(let version): "the frame speaks protocol version \(version), not \(protocolVersion)"
        case .unknownKind(let kind): "the frame is of unknown kind \(kind)"
        case .malformed(let field): "the frame's \(field) is malformed"
        case .multipart: "the message has not exactly one part"
        }
    }
}

/// The largest control frame, in bytes; sockets close connections that send clearly more.
public let controlFrameLimit = 1 << 20

/// A message that travels in a control frame: WorkerMessage or CoordinatorMessage.
public protocol ControlMessage: Sendable {
    /// The number of the message's kind on the wire; the two directions share none.
    var kind: UInt8 { get }
    /// The message of `kind` whose fields are `body`.
    init(kind: UInt8, body: [UInt8]) throws(FrameError)
    /// The fields as bytes.
    var body: [UInt8] { get }
    /// The protocol version that the message's frame names.
    var version: Int { get }
}

/// A control message with the process it belongs to.
public struct Frame<Message: ControlMessage> {
    /// The worker process that the talk is with: the sender of a WorkerMessage, the addressee of a CoordinatorMessage;
    /// 0 until it is welcomed.
    public var incarnation: Incarnation
    /// What is said.
    public var message: Message

    /// `message` of or to the process `incarnation`.
    public init(_ message: Message, incarnation: Incarnation) {
        self.incarnation = incarnation
        self.message = message
    }

    /// The frame as bytes.
    /// - Precondition: they are at most `controlFrameLimit`.
    public var bytes: [UInt8] {
        var writer = ByteWriter()
        writer.integer(frameMagic)
        writer.integer(UInt16(clamping: message.version))
        writer.integer(message.kind)
        writer.int(incarnation.number)
        let bytes = writer.bytes + message.body
        precondition(bytes.count <= controlFrameLimit, "a control frame of \(bytes.count) bytes cannot be sent")
        return bytes
    }

    /// Reads a frame from any bytes.
    public init(bytes: [UInt8]) throws(FrameError) {
        guard bytes.count <= controlFrameLimit else { throw .tooLong }
        guard bytes.count >= 6 else { throw .tooShort }
        var reader = ByteReader(Array(bytes.prefix(frameHeaderSize)))
        guard try reader.integer("magic", as: UInt32.self) == frameMagic else { throw .badMagic }
        let version = Int(try reader.integer("version", as: UInt16.self))
        guard version == protocolVersion else { throw .version(version) }
        guard bytes.count >= frameHeaderSize else { throw .tooShort }
        let kind = try reader.integer("kind", as: UInt8.self)
        incarnation = Incarnation(try reader.count("incarnation"))
        message = try Message(kind: kind, body: Array(bytes.dropFirst(frameHeaderSize)))
    }
}

extension Frame: Sendable {}
extension Frame: Equatable where Message: Equatable {}

/// "USTY" read as a little-endian number.
private let frameMagic: UInt32 = 0x5954_5355
/// Magic, version, kind and incarnation, in bytes.
private let frameHeaderSize = 15
