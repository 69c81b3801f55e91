// The transfer of a state: every taker ends with the source's bits, an attempt that was cut off is continued with
// another source, and damaged, old and wrong frames are told apart. Sources that misbehave are played by the test.

import Messages
import Primitives
import Synchronization
import Testing
import Wire

/// Floats in a chunk of these tests.
private let chunkFloats = 64
/// Floats in a vector: eight chunks, the last one short.
private let count = 500
/// A state is three vectors, as a model's with its optimizer's.
private let chunks = 24

/// The state after `step`, as every member that has it has it.
private func state(after step: Int) -> [[Float]] {
    (0..<3).map { vector in
        var random = RandomStream(seed: 22, named: "tests/state/\(step)/\(vector)")
        return (0..<count).map { _ in Float(random.normal()) }
    }
}

/// The floats of one chunk of the state after `step`.
private func chunk(_ number: Int, after step: Int) -> [Float] {
    Array(state(after: step)[number / 8][(number % 8 * chunkFloats)...].prefix(chunkFloats))
}

/// Room for a state.
private func room() -> [UnsafeMutablePointer<Float>] {
    (0..<3).map { _ in immortal(Array(repeating: .nan, count: count)) }
}

private func bits(_ vectors: [[Float]]) -> [[UInt32]] { vectors.map { $0.map(\.bitPattern) } }

private func bits(_ vectors: [UnsafeMutablePointer<Float>]) -> [[UInt32]] {
    vectors.map { vector in (0..<count).map { vector[$0].bitPattern } }
}

/// A state to give.
private func given(after step: Int) -> [UnsafePointer<Float>] {
    state(after: step).map { UnsafePointer(immortal($0)) }
}

/// The chunks that a bitmap asks for.
private func wanted(_ bitmap: [UInt8]) -> [Int] {
    (0..<bitmap.count * 8).filter { bitmap[$0 / 8] & 1 << ($0 % 8) != 0 }
}

private func header(
    _ kind: StateHeader.Kind, generation: Int = 1, step: Int = 7, sender: Int = 1, chunk: Int = 0
) -> StateHeader {
    StateHeader(
        kind: kind, generation: Generation(generation), step: step, sender: sender, vectors: 3, chunk: chunk,
        count: count)
}

/// Who takes the state from whom.
struct Healing: Sendable, CustomTestStringConvertible {
    let members: Int
    let sources: [Int: Int]

    var testDescription: String {
        "\(members) members, "
            + sources.sorted { $0.key < $1.key }.map { "\($0.key) from \($0.value)" }.joined(separator: ", ")
    }
}

@Test(arguments: [
    Healing(members: 2, sources: [1: 0]), Healing(members: 2, sources: [0: 1]),
    Healing(members: 4, sources: [1: 0, 2: 0, 3: 0]), Healing(members: 4, sources: [2: 0, 3: 1]),
    Healing(members: 4, sources: [0: 3]), Healing(members: 3, sources: [1: 0, 2: 1]),
])
func `every taker has the source's bits, and the gang sums at once afterwards`(healing: Healing) throws {
    let tree = ReductionTree(leaves: healing.members)
    let gang = try Gang(parts: tree.parts(over: healing.members))
    let outcomes = try gang.exchange(chunkFloats: chunkFloats) { rank, members, exchange in
        try exchange.reconfigure(generation: Generation(1), rank: rank, members: members)
        let takers = (0..<healing.members).filter { healing.sources[$0] == rank }
        let vectors = room()
        var sent = 0
        if let source = healing.sources[rank] {
            var receipt = StateReceipt()
            try exchange.fetch(
                into: vectors, count: count, step: 7, from: source, receipt: &receipt, abort: WakeUp())
            #expect(receipt.isComplete(step: 7) && receipt.chunks == chunks)
        } else {
            for (vector, values) in zip(vectors, state(after: 7)) { vector.update(from: values, count: count) }
        }
        if !takers.isEmpty {
            sent = try exchange.serve(
                vectors.map { UnsafePointer($0) }, count: count, step: 7, to: takers, abort: WakeUp())
        }
        // Members that have nothing to do with the transfer are here long before the others.
        let sum = immortal(Array(repeating: .nan, count: count))
        let own = (members[rank].part, UnsafePointer(immortal(Array(repeating: Float(rank + 1), count: count))))
        try exchange.reduce([own], count: count, tree: tree, step: 8, into: sum, abort: WakeUp())
        #expect(exchange.dropped == DroppedFrames())
        return (bits(vectors), sent, (0..<count).map { sum[$0] })
    }
    let total = Float(healing.members * (healing.members + 1) / 2)
    for (rank, (vectors, sent, sum)) in outcomes.enumerated() {
        #expect(vectors == bits(state(after: 7)), "rank \(rank)")
        #expect(sent == chunks * healing.sources.values.count { $0 == rank })
        #expect(sum == Array(repeating: total, count: count))
    }
}

@Test func `after an abort in the middle another source sends only what is missing`() throws {
    // Rank 0 takes, rank 1 is played and dies in the middle, rank 2 gives the rest in the next generation.
    let gang = try Gang(parts: ReductionTree(leaves: 3).parts(over: 3))
    let abort = WakeUp()
    let done = MeetingPoint(2)
    let outcome = Mutex<(first: StateReceipt, bits: [[UInt32]], stale: Int)?>(nil)
    let sent = Mutex<Int?>(nil)
    let members = gang.members
    func start(_ rank: Int, _ body: @escaping @Sendable (Exchange) throws -> Void) throws -> TestThread {
        try TestThread {
            do {
                let exchange = try Exchange(
                    listeningOn: try Endpoint(members[rank].endpoint), in: try ZMQContext(),
                    chunkFloats: chunkFloats, add: plainAdd)
                try body(exchange)
                done.meet()
            } catch {
                done.meet()
                Issue.record(error)
            }
        }
    }
    let taker = try start(0) { exchange in
        var receipt = StateReceipt()
        let vectors = room()
        try exchange.reconfigure(generation: Generation(1), rank: 0, members: members)
        #expect(throws: StateTransferError.interrupted(.aborted(generation: Generation(1), step: 7))) {
            try exchange.fetch(into: vectors, count: count, step: 7, from: 1, receipt: &receipt, abort: abort)
        }
        let first = receipt
        try exchange.reconfigure(generation: Generation(2), rank: 0, members: members)
        try exchange.fetch(into: vectors, count: count, step: 7, from: 2, receipt: &receipt, abort: WakeUp())
        #expect(receipt.isComplete(step: 7))
        outcome.withLock { $0 = (first, bits(vectors), exchange.dropped.stale) }
    }
    let giver = try start(2) { exchange in
        try exchange.reconfigure(generation: Generation(2), rank: 2, members: members)
        let number = try exchange.serve(given(after: 7), count: count, step: 7, to: [0], abort: WakeUp())
        sent.withLock { $0 = number }
    }
    let dying = try PlayedMember(at: members[1].endpoint, to: members[0].endpoint)
    #expect(wanted(try dying.hear().data) == Array(0..<chunks))
    for number in [0, 3, 7, 20] { try dying.say(header(.chunk, chunk: number), chunk(number, after: 7)) }
    try dying.say(header(.answered))
    // The second ask tells that the four have been taken in.
    #expect(wanted(try dying.hear().data) == (0..<chunks).filter { ![0, 3, 7, 20].contains($0) })
    abort.raise()
    taker.join()
    giver.join()
    let result = try #require(outcome.withLock { $0 })
    #expect(result.first.missing == chunks - 4 && !result.first.isComplete(step: 7))
    #expect(sent.withLock { $0 } == chunks - 4)
    #expect(result.bits == bits(state(after: 7)))
    print("sent by the second source: \(chunks - 4) of \(chunks) chunks")
}

/// A real member of rank 0 that fetches the state after step 7 in generation 2 from rank 1, which `play` plays.
private func fetch(
    play: (PlayedMember) throws -> Void
) throws -> (outcome: Result<[[UInt32]], any Error>, dropped: DroppedFrames) {
    let gang = try Gang(parts: ReductionTree(leaves: 2).parts(over: 2))
    let result = Mutex<(Result<[[UInt32]], any Error>, DroppedFrames)?>(nil)
    let played = try PlayedMember(at: gang.members[1].endpoint, to: gang.members[0].endpoint)
    let isHeard = WakeUp()
    let members = gang.members
    let thread = try TestThread {
        do {
            let exchange = try Exchange(
                listeningOn: try Endpoint(members[0].endpoint), in: try ZMQContext(), chunkFloats: chunkFloats,
                add: plainAdd)
            let outcome = Result {
                try exchange.reconfigure(generation: Generation(2), rank: 0, members: members)
                var receipt = StateReceipt()
                let vectors = room()
                try exchange.fetch(into: vectors, count: count, step: 7, from: 1, receipt: &receipt, abort: WakeUp())
                return bits(vectors)
            }
            result.withLock { $0 = (outcome, exchange.dropped) }
            isHeard.wait()
        } catch { Issue.record(error) }
    }
    // Without its part played to the end the member would wait for ever; its thread is left to the end of the process.
    try play(played)
    isHeard.raise()
    thread.join()
    let (outcome, dropped) = try #require(result.withLock { $0 })
    return (outcome, dropped)
}

/// Flips one bit of the data.
private func flipData(_ header: inout [UInt8], _ data: inout [UInt8]) { data[77] ^= 8 }

/// Makes it another chunk's.
private func flipPlace(_ header: inout [UInt8], _ data: inout [UInt8]) { header[21] ^= 1 }

@Test func `a damaged chunk is asked for again, and so is one that would go to the wrong place`() throws {
    let (outcome, dropped) = try fetch { source in
        #expect(wanted(try source.hear().data).count == chunks)
        for number in 0..<chunks {
            let damage = number == 5 ? flipData : number == 11 ? flipPlace : { _, _ in }
            try source.say(header(.chunk, generation: 2, chunk: number), chunk(number, after: 7), damage: damage)
        }
        try source.say(header(.answered, generation: 2))
        #expect(wanted(try source.hear().data) == [5, 11])
        for number in [5, 11] {
            try source.say(header(.chunk, generation: 2, chunk: number), chunk(number, after: 7))
        }
        try source.say(header(.answered, generation: 2))
        #expect(try source.hear().header == header(.confirmation, generation: 2, sender: 0))
    }
    #expect(try outcome.get() == bits(state(after: 7)))
    #expect(dropped.damaged == 2 && dropped.malformed == 0 && dropped.stale == 0)
}

@Test func `a source whose chunks keep coming damaged is given up`() throws {
    let (outcome, dropped) = try fetch { source in
        for ask in 1...4 {
            #expect(wanted(try source.hear().data).count == (ask == 1 ? chunks : 1))
            for number in 0..<(ask == 1 ? chunks : 1) {
                let damage = number == 0 ? flipData : { _, _ in }
                try source.say(header(.chunk, generation: 2, chunk: number), chunk(number, after: 7), damage: damage)
            }
            try source.say(header(.answered, generation: 2))
        }
    }
    #expect(throws: StateTransferError.damaged(step: 7, source: 1, missing: 1)) { try outcome.get() }
    #expect(dropped.damaged == 4)
}

@Test func `chunks of an older generation, another step or another shape are not taken`() throws {
    let wrong = Array(repeating: Float(666), count: chunkFloats)
    let (outcome, dropped) = try fetch { source in
        _ = try source.hear()
        try source.say(header(.chunk, generation: 1, chunk: 0), wrong)
        try source.say(header(.chunk, generation: 2, step: 6, chunk: 0), wrong)
        try source.say(header(.chunk, generation: 2, sender: 3, chunk: 0), wrong)
        try source.say(header(.chunk, generation: 2, chunk: chunks), wrong)
        try source.say(header(.chunk, generation: 2, chunk: 0), Array(wrong.dropLast()))
        for number in 0..<chunks {
            try source.say(header(.chunk, generation: 2, chunk: number), chunk(number, after: 7))
        }
        try source.say(header(.chunk, generation: 2, chunk: 0), wrong)
        try source.say(header(.answered, generation: 2))
        #expect(try source.hear().header.kind == .confirmation)
    }
    #expect(try outcome.get() == bits(state(after: 7)))
    print("dropped: \(dropped)")
    #expect(dropped.stale == 3 && dropped.malformed == 3 && dropped.damaged == 0)
}

@Test func `a source with another step says so, and the next generation works`() throws {
    let gang = try Gang(parts: ReductionTree(leaves: 2).parts(over: 2))
    let refused = WakeUp()
    let outcomes = try gang.exchange(chunkFloats: chunkFloats) { rank, members, exchange in
        try exchange.reconfigure(generation: Generation(1), rank: rank, members: members)
        if rank == 0 {
            #expect(throws: ExchangeInterrupted.aborted(generation: Generation(1), step: 6)) {
                try exchange.serve(given(after: 6), count: count, step: 6, to: [1], abort: refused)
            }
            try exchange.reconfigure(generation: Generation(2), rank: rank, members: members)
            try exchange.serve(given(after: 7), count: count, step: 7, to: [1], abort: WakeUp())
            return bits(state(after: 7))
        }
        let vectors = room()
        var receipt = StateReceipt()
        #expect(throws: StateTransferError.refused(step: 7, source: 0, holds: 6)) {
            try exchange.fetch(into: vectors, count: count, step: 7, from: 0, receipt: &receipt, abort: WakeUp())
        }
        refused.raise()
        try exchange.reconfigure(generation: Generation(2), rank: rank, members: members)
        try exchange.fetch(into: vectors, count: count, step: 7, from: 0, receipt: &receipt, abort: WakeUp())
        return bits(vectors)
    }
    #expect(outcomes == Array(repeating: bits(state(after: 7)), count: 2))
}

@Test func `the same state again costs a word, and another step's starts anew`() throws {
    let gang = try Gang(parts: ReductionTree(leaves: 2).parts(over: 2))
    let steps = [7, 7, 8]
    // A confirmation that has not left when its generation ends is lost, as the coordinator would end it for both.
    let ends = steps.map { _ in MeetingPoint(2) }
    let outcomes = try gang.exchange(chunkFloats: chunkFloats) { rank, members, exchange in
        var sent: [Int] = []
        var receipt = StateReceipt()
        let vectors = room()
        for (index, step) in steps.enumerated() {
            try exchange.reconfigure(generation: Generation(index + 1), rank: rank, members: members)
            if rank == 0 {
                sent.append(
                    try exchange.serve(given(after: step), count: count, step: step, to: [1], abort: WakeUp()))
            } else {
                try exchange.fetch(
                    into: vectors, count: count, step: step, from: 0, receipt: &receipt, abort: WakeUp())
                #expect(bits(vectors) == bits(state(after: step)))
            }
            ends[index].meet()
        }
        return sent
    }
    #expect(outcomes[0] == [chunks, 0, chunks])
}
