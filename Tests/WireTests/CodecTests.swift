// The control codec: every message survives the trip, and no bytes whatever make the decoder do anything but answer.

import Messages
import Primitives
import Testing
import Wire

private let allWorkerMessages: [WorkerMessage] = [
    .hello(greeting),
    .hello(
        Hello(
            version: protocolVersion, worker: nil, node: NodeID("größe"), processID: 1, exchangeEndpoint: "",
            numerics: "",
            before: Residence(
                run: RunID("quickstart-0007"), worker: WorkerID(node: laptop, slot: 0), incarnation: Incarnation(3)))),
    .heartbeat,
    .progress(WorkerProgress(generation: Generation(3), step: 7, activity: .exchanging, done: 12, missing: [0, 2])),
    .progress(WorkerProgress(generation: Generation(3), step: 7, activity: .waiting)),
    .formed(generation: Generation(3)),
    .restoreFailed(generation: Generation(3), step: 7, reason: "shard 0 is damaged"),
    .contributed(
        generation: Generation(9), step: 1_000_000, losses: [5.5, -0.0, .infinity], gradientNorm: 0.25,
        times: StepTimes(
            compute: .milliseconds(5), exchange: .microseconds(70), update: .zero, snapshot: .seconds(Int64(1)),
            evaluation: TimeSpan(nanoseconds: 1)), stateHash: nil),
    .contributed(
        generation: Generation(9), step: 1, losses: [], gradientNorm: 1,
        times: StepTimes(compute: .zero, exchange: .zero, update: .zero, snapshot: .zero, evaluation: .zero),
        stateHash: StateHash(.max), salvage: Salvage(kept: 4, discarded: 3)),
    .hashed(generation: Generation(9), step: 12, hash: StateHash(7)),
    .evaluated(generation: Generation(1), step: 2, losses: []),
    .checkpointWritten(
        generation: Generation(1), step: 50, weightsSHA256: "ab12", size: ByteCount(43_000_000), took: .milliseconds(9)),
    .checkpointFailed(generation: Generation(1), step: 50, reason: "disk full"),
    .goodbye(reason: "asked to"),
    .partNotFinite(generation: Generation(4), step: 9),
]

private let twoMembers = (0..<2).map {
    MemberAddress(
        worker: WorkerID(node: laptop, slot: $0), incarnation: Incarnation($0 + 1),
        endpoint: "tcp://127.0.0.1:500\($0)", part: $0 * 2..<$0 * 2 + 2, evaluationPart: 0..<$0)
}

private let allCoordinatorMessages: [CoordinatorMessage] = [
    .welcome(
        worker: WorkerID(node: laptop, slot: 0), incarnation: Incarnation(5), run: RunID("quickstart-0007"),
        runDirectory: "runs/quickstart-0007", job: Array("{}".utf8), heartbeatInterval: .milliseconds(200),
        lease: .seconds(Int64(5))),
    .refuse(reason: "another version"),
    .form(
        generation: Generation(2), rank: 1, members: twoMembers, restore: 12,
        transfers: [StateTransfer(to: 1, from: 0)]),
    .form(
        generation: Generation(3), rank: 0, members: twoMembers, restore: 350, transfers: nil,
        course: Course(skipped: [351..<555, 700..<901], rateScales: [Course.RateScale(after: 350, factor: 0.75)])!,
        digest: "a02e4f0c", trusted: Generation(2)),
    .begin(generation: Generation(2)),
    .saveCheckpoint(generation: Generation(2), step: 10),
    .evaluate(generation: Generation(2), step: 10),
    .compare(generation: Generation(2), step: 10), .commit(generation: Generation(2), step: 10),
    .abort(generation: Generation(2), because: "laptop/1 is gone"),
    .exit(because: "the run is finished"),
    .heartbeat,
    .suffer(.end), .suffer(.slow(factor: 2.5, for: .milliseconds(70))),
    .suffer(.partCoordinator(out: true, in: false, for: .zero)), .suffer(.partMember(rank: 3, for: .seconds(Int64(1)))),
    .suffer(.flipBit), .suffer(.flipParameter), .suffer(.notANumber), .suffer(.diskFull(for: .seconds(Int64(2)))),
    .suffer(.garbage(batches: 451..<Int.max)), .suffer(.learningRate(factor: 30, batches: 451..<461)),
]

@Test(arguments: allWorkerMessages)
func `a worker's message survives the trip`(message: WorkerMessage) throws {
    let frame = Frame(message, incarnation: Incarnation(17))
    #expect(try Frame(bytes: frame.bytes) == frame)
}

@Test(arguments: allCoordinatorMessages)
func `a coordinator's message survives the trip`(message: CoordinatorMessage) throws {
    let frame = Frame(message, incarnation: Incarnation(17))
    #expect(try Frame(bytes: frame.bytes) == frame)
}

@Test func `every kind of message is among those tested`() {
    #expect(Set(allWorkerMessages.map(\.kind)).sorted() == Array(1...12))
    #expect(Set(allCoordinatorMessages.map(\.kind)).sorted() == Array(65...76))
}

@Test func `a greeting in another version is refused by its number`() {
    var hello = greeting
    hello.version = 7
    let bytes = Frame(WorkerMessage.hello(hello), incarnation: Incarnation(0)).bytes
    #expect(throws: FrameError.version(7)) { try Frame<WorkerMessage>(bytes: bytes) }
    #expect(throws: FrameError.version(7)) { try Frame<WorkerMessage>(bytes: Array(bytes.prefix(6))) }
    #expect("\(FrameError.version(7))" == "the frame speaks protocol version 7, not \(protocolVersion)")
}

@Test func `what is wrong with a frame has a name`() {
    let good = Frame(WorkerMessage.formed(generation: Generation(4)), incarnation: Incarnation(1)).bytes
    func failure(_ bytes: [UInt8]) -> FrameError? {
        do throws(FrameError) { _ = try Frame<WorkerMessage>(bytes: bytes) } catch { return error }
        return nil
    }
    #expect(failure(good) == nil)
    #expect(failure([]) == .tooShort)
    #expect(failure(Array(good.prefix(14))) == .tooShort)
    #expect(failure(Array(good.dropLast())) == .malformed(field: "generation"))
    #expect(failure(good + [0]) == .malformed(field: "end"))
    #expect(failure(Array("GET / HTTP/1.1".utf8)) == .badMagic)
    #expect(failure(good + [UInt8](repeating: 0, count: controlFrameLimit)) == .tooLong)
    var negative = good
    negative[good.count - 1] = 0x80
    #expect(failure(negative) == .malformed(field: "generation"))
    var unknown = good
    unknown[6] = 200
    #expect(failure(unknown) == .unknownKind(200))
    #expect(failure(Frame(CoordinatorMessage.heartbeat, incarnation: Incarnation(1)).bytes) == .unknownKind(74))
}

@Test func `a rank outside of its gang is malformed`() {
    let bytes = Frame(
        CoordinatorMessage.form(generation: Generation(1), rank: 0, members: [], restore: 0, transfers: nil),
        incarnation: Incarnation(1)
    ).bytes
    #expect(throws: FrameError.malformed(field: "rank")) { try Frame<CoordinatorMessage>(bytes: bytes) }
}

@Test func `a transfer outside of its gang, or to oneself, is malformed`() {
    for transfer in [StateTransfer(to: 2, from: 0), StateTransfer(to: 0, from: 2), StateTransfer(to: 1, from: 1)] {
        let bytes = Frame(
            CoordinatorMessage.form(
                generation: Generation(1), rank: 0, members: twoMembers, restore: 0, transfers: [transfer]),
            incarnation: Incarnation(1)
        ).bytes
        #expect(throws: FrameError.malformed(field: "transfers")) { try Frame<CoordinatorMessage>(bytes: bytes) }
    }
}

@Test func `no bytes crash the decoder`() {
    var random = RandomStream(seed: 20, named: "tests/frames")
    let frames =
        allWorkerMessages.map { Frame($0, incarnation: Incarnation(1)).bytes }
        + allCoordinatorMessages.map { Frame($0, incarnation: Incarnation(1)).bytes }
    var decoded = 0
    for round in 0..<100_000 {
        var bytes: [UInt8]
        if round % 4 == 0 {
            bytes = (0..<random.integer(below: 200)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            // Half of the noise wears a valid header, so that it reaches the fields.
            if round % 8 == 0 { bytes = frames[random.integer(below: frames.count)].prefix(15) + bytes }
        } else {
            bytes = frames[random.integer(below: frames.count)]
            for _ in 0...random.integer(below: 4) {
                bytes[random.integer(below: bytes.count)] = UInt8(truncatingIfNeeded: random.next())
            }
            if random.integer(below: 4) == 0 { bytes = Array(bytes.prefix(random.integer(below: bytes.count + 1))) }
        }
        if (try? Frame<WorkerMessage>(bytes: bytes)) != nil { decoded += 1 }
        if (try? Frame<CoordinatorMessage>(bytes: bytes)) != nil { decoded += 1 }
    }
    print("of 100000 random and mutated frames \(decoded) were messages")
    #expect(decoded > 1_000, "the mutations must leave some frames readable, or the fields were never reached")
}
