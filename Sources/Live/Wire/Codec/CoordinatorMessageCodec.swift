// CoordinatorMessage as bytes. Kinds count from 65, apart from a worker's, so that a frame that comes back to its sender
// is refused as unknown. Refuses what no coordinator could mean: a rank outside its gang, a range that ends before it
// begins.

import Messages
import Primitives

extension CoordinatorMessage: ControlMessage {
    /// The number of the message's kind on the wire.
    public var kind: UInt8 {
        switch self {
        case .welcome: 65
        case .refuse: 66
        case .form: 67
        case .begin: 68
        case .saveCheckpoint: 69
        case .evaluate: 70
        case .commit: 71
        case .abort: 72
        case .exit: 73
        case .heartbeat: 74
        case .suffer: 75
        case .compare: 76
        }
    }

    /// The frame's version.
    public var version: Int { protocolVersion }

    /// The fields as bytes.
    public var body: [UInt8] {
        var writer = ByteWriter()
        switch self {
        case .welcome(let worker, let incarnation, let run, let runDirectory, let job, let interval, let lease):
            writer.worker(worker)
            writer.int(incarnation.number)
            writer.text(run.name)
            writer.text(runDirectory)
            writer.data(job)
            writer.integer(interval.nanoseconds)
            writer.integer(lease.nanoseconds)
        case .refuse(let reason), .exit(let reason): writer.text(reason)
        case .form(
            let generation, let rank, let members, let restore, let transfers, let course, let digest, let trusted):
            writer.int(generation.number)
            writer.int(rank)
            writer.list(members) { $0.member($1) }
            writer.int(restore)
            writer.int(transfers == nil ? 0 : 1)
            writer.list(transfers ?? []) { writer, transfer in
                writer.int(transfer.receiver)
                writer.int(transfer.source)
            }
            writer.text(course.lineText)
            writer.text(digest ?? "")
            writer.int(trusted.number)
        case .begin(let generation): writer.int(generation.number)
        case .saveCheckpoint(let generation, let step), .evaluate(let generation, let step),
            .commit(let generation, let step), .compare(let generation, let step):
            writer.position(generation, step)
        case .abort(let generation, let reason):
            writer.int(generation.number)
            writer.text(reason)
        case .heartbeat: break
        case .suffer(let affliction): writer.affliction(affliction)
        }
        return writer.bytes
    }

    /// The message of `kind` whose fields are `body`.
    public init(kind: UInt8, body: [UInt8]) throws(FrameError) {
        var reader = ByteReader(body)
        switch kind {
        case 65:
            self = .welcome(
                worker: try reader.worker(), incarnation: Incarnation(try reader.count("incarnation")),
                run: RunID(try reader.text("run")), runDirectory: try reader.text("run directory"),
                job: try reader.data("job"), heartbeatInterval: try reader.span("heartbeat interval"),
                lease: try reader.span("lease"))
        case 66: self = .refuse(reason: try reader.text("reason"))
        case 67: self = try reader.form()
        case 68: self = .begin(generation: try reader.generation())
        case 69: self = .saveCheckpoint(generation: try reader.generation(), step: try reader.count("step"))
        case 70: self = .evaluate(generation: try reader.generation(), step: try reader.count("step"))
        case 71: self = .commit(generation: try reader.generation(), step: try reader.count("step"))
        case 72: self = .abort(generation: try reader.generation(), because: try reader.text("reason"))
        case 73: self = .exit(because: try reader.text("reason"))
        case 74: self = .heartbeat
        case 75: self = .suffer(try reader.affliction())
        case 76: self = .compare(generation: try reader.generation(), step: try reader.count("step"))
        default: throw .unknownKind(kind)
        }
        guard reader.remaining == 0 else { throw .malformed(field: "end") }
    }
}

extension ByteWriter {
    fileprivate mutating func member(_ member: MemberAddress) {
        worker(member.worker)
        int(member.incarnation.number)
        text(member.endpoint)
        range(member.part)
        range(member.evaluationPart)
    }
}

extension ByteReader {
    /// A member's two texts, four range ends, slot and incarnation take this much at least.
    private static let smallestMember = 56

    fileprivate mutating func form() throws(FrameError) -> CoordinatorMessage {
        let generation = try generation()
        let rank = try count("rank")
        let members = try list("members", elementSize: ByteReader.smallestMember) { (reader) throws(FrameError) in
            MemberAddress(
                worker: try reader.worker(), incarnation: Incarnation(try reader.count("incarnation")),
                endpoint: try reader.text("endpoint"), part: try reader.range("part"),
                evaluationPart: try reader.range("evaluation part"))
        }
        guard members.indices.contains(rank) else { throw .malformed(field: "rank") }
        let restore = try count("restored step")
        let isFromMembers = try count("restored from members")
        let transfers = try list("transfers", elementSize: 16) { (reader) throws(FrameError) in
            let transfer = StateTransfer(to: try reader.count("receiver"), from: try reader.count("source"))
            guard members.indices.contains(transfer.receiver), members.indices.contains(transfer.source),
                transfer.receiver != transfer.source
            else { throw FrameError.malformed(field: "transfers") }
            return transfer
        }
        guard isFromMembers == 1 || isFromMembers == 0 && transfers.isEmpty else {
            throw .malformed(field: "transfers")
        }
        guard let course = Course(lineText: try text("course")) else { throw .malformed(field: "course") }
        let digest = try text("digest")
        return .form(
            generation: generation, rank: rank, members: members, restore: restore,
            transfers: isFromMembers == 1 ? transfers : nil, course: course, digest: digest.isEmpty ? nil : digest,
            trusted: Generation(try count("trusted generation")))
    }
}
