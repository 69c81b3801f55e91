// WorkerMessage as bytes. Kinds count from 1; a number once used is never given to another message. Refuses values
// that no worker could mean, such as negative steps, here and once, so that nobody behind it has to.

import Messages
import Primitives

extension WorkerMessage: ControlMessage {
    /// The number of the message's kind on the wire.
    public var kind: UInt8 {
        switch self {
        case .hello: 1
        case .heartbeat: 2
        case .formed: 3
        case .restoreFailed: 4
        case .contributed: 5
        case .evaluated: 6
        case .checkpointWritten: 7
        case .checkpointFailed: 8
        case .goodbye: 9
        case .partNotFinite: 10
        case .progress: 11
        case .hashed: 12
        }
    }

    /// The frame's version: a greeting's is the one it carries, so that both are always equal.
    public var version: Int {
        if case .hello(let hello) = self { hello.version } else { protocolVersion }
    }

    /// The fields as bytes.
    public var body: [UInt8] {
        var writer = ByteWriter()
        switch self {
        case .hello(let hello): writer.hello(hello)
        case .heartbeat: break
        case .formed(let generation): writer.int(generation.number)
        case .restoreFailed(let generation, let step, let reason),
            .checkpointFailed(let generation, let step, let reason):
            writer.position(generation, step)
            writer.text(reason)
        case .contributed(let generation, let step, let losses, let gradientNorm, let times, let hash, let salvage):
            writer.position(generation, step)
            writer.list(losses) { $0.double($1) }
            writer.double(gradientNorm)
            writer.times(times)
            writer.integer(UInt8(hash == nil ? 0 : 1))
            if let hash { writer.integer(hash.value) }
            writer.int(salvage.kept)
            writer.int(salvage.discarded)
        case .hashed(let generation, let step, let hash):
            writer.position(generation, step)
            writer.integer(hash.value)
        case .evaluated(let generation, let step, let losses):
            writer.position(generation, step)
            writer.list(losses) { $0.double($1) }
        case .checkpointWritten(let generation, let step, let digest, let size, let took):
            writer.position(generation, step)
            writer.text(digest)
            writer.integer(size.bytes)
            writer.integer(took.nanoseconds)
        case .goodbye(let reason): writer.text(reason)
        case .partNotFinite(let generation, let step): writer.position(generation, step)
        case .progress(let progress): writer.progress(progress)
        }
        return writer.bytes
    }

    /// The message of `kind` whose fields are `body`.
    public init(kind: UInt8, body: [UInt8]) throws(FrameError) {
        var reader = ByteReader(body)
        switch kind {
        case 1: self = .hello(try reader.hello())
        case 2: self = .heartbeat
        case 3: self = .formed(generation: try reader.generation())
        case 4:
            self = .restoreFailed(
                generation: try reader.generation(), step: try reader.count("step"), reason: try reader.text("reason"))
        case 5:
            self = .contributed(
                generation: try reader.generation(), step: try reader.count("step"), losses: try reader.losses(),
                gradientNorm: try reader.double("gradient norm"), times: try reader.times(),
                stateHash: try reader.hashIfPresent(),
                salvage: Salvage(
                    kept: try reader.count("kept micro-batches"), discarded: try reader.count("discarded micro-batches")
                ))
        case 6:
            self = .evaluated(
                generation: try reader.generation(), step: try reader.count("step"), losses: try reader.losses())
        case 7:
            self = .checkpointWritten(
                generation: try reader.generation(), step: try reader.count("step"),
                weightsSHA256: try reader.text("digest"), size: ByteCount(Int64(try reader.count("size"))),
                took: try reader.span("time taken"))
        case 8:
            self = .checkpointFailed(
                generation: try reader.generation(), step: try reader.count("step"), reason: try reader.text("reason"))
        case 9: self = .goodbye(reason: try reader.text("reason"))
        case 10: self = .partNotFinite(generation: try reader.generation(), step: try reader.count("step"))
        case 11: self = .progress(try reader.progress())
        case 12:
            self = .hashed(
                generation: try reader.generation(), step: try reader.count("step"), hash: try reader.hash())
        default: throw .unknownKind(kind)
        }
        guard reader.remaining == 0 else { throw .malformed(field: "end") }
    }
}

extension ByteWriter {
    /// Where in the run a message belongs.
    mutating func position(_ generation: Generation, _ step: Int) {
        int(generation.number)
        int(step)
    }

    mutating func worker(_ worker: WorkerID) {
        text(worker.node.name)
        int(worker.slot)
    }

    /// A greeting without its version, which the frame carries.
    fileprivate mutating func hello(_ hello: Hello) {
        integer(UInt8(hello.worker == nil ? 0 : 1))
        if let worker = hello.worker { self.worker(worker) }
        text(hello.node.name)
        int(hello.processID)
        text(hello.exchangeEndpoint)
        text(hello.numerics)
        integer(UInt8(hello.before == nil ? 0 : 1))
        guard let before = hello.before else { return }
        text(before.run.name)
        worker(before.worker)
        int(before.incarnation.number)
    }

    fileprivate mutating func progress(_ progress: WorkerProgress) {
        position(progress.generation, progress.step)
        integer(progress.activity.rawValue)
        int(progress.done)
        list(progress.missing) { $0.int($1) }
    }

    fileprivate mutating func times(_ times: StepTimes) {
        for span in [times.compute, times.exchange, times.update, times.snapshot, times.evaluation] {
            integer(span.nanoseconds)
        }
    }
}

extension ByteReader {
    mutating func generation() throws(FrameError) -> Generation { Generation(try count("generation")) }

    mutating func span(_ field: String) throws(FrameError) -> TimeSpan {
        TimeSpan(nanoseconds: try integer(field, as: Int64.self))
    }

    mutating func worker() throws(FrameError) -> WorkerID {
        WorkerID(node: NodeID(try text("node")), slot: try count("slot"))
    }

    fileprivate mutating func losses() throws(FrameError) -> [Double] {
        try list("losses", elementSize: 8) { (reader) throws(FrameError) in try reader.double("loss") }
    }

    fileprivate mutating func hash() throws(FrameError) -> StateHash {
        StateHash(try integer("state hash", as: UInt64.self))
    }

    fileprivate mutating func hashIfPresent() throws(FrameError) -> StateHash? {
        let hasHash = try integer("has a state hash", as: UInt8.self)
        guard hasHash <= 1 else { throw .malformed(field: "has a state hash") }
        return hasHash == 1 ? try hash() : nil
    }

    fileprivate mutating func hello() throws(FrameError) -> Hello {
        Hello(
            version: protocolVersion, worker: try isThere("worker") ? try worker() : nil,
            node: NodeID(try text("node")), processID: try count("process"),
            exchangeEndpoint: try text("exchange endpoint"), numerics: try text("numerics"),
            before: try isThere("residence") ? try residence() : nil)
    }

    /// Whether the optional `field` follows.
    private mutating func isThere(_ field: String) throws(FrameError) -> Bool {
        let mark = try integer(field, as: UInt8.self)
        guard mark <= 1 else { throw .malformed(field: field) }
        return mark == 1
    }

    private mutating func residence() throws(FrameError) -> Residence {
        Residence(
            run: RunID(try text("run")), worker: try worker(), incarnation: Incarnation(try count("incarnation")))
    }

    fileprivate mutating func progress() throws(FrameError) -> WorkerProgress {
        let (generation, step) = (try generation(), try count("step"))
        guard let activity = WorkerProgress.Activity(rawValue: try integer("activity", as: UInt8.self)) else {
            throw .malformed(field: "activity")
        }
        return WorkerProgress(
            generation: generation, step: step, activity: activity, done: try count("done"),
            missing: try list("missing", elementSize: 8) { (reader) throws(FrameError) in try reader.count("rank") })
    }

    fileprivate mutating func times() throws(FrameError) -> StepTimes {
        StepTimes(
            compute: try span("compute time"), exchange: try span("exchange time"), update: try span("update time"),
            snapshot: try span("snapshot time"), evaluation: try span("evaluation time"))
    }
}
