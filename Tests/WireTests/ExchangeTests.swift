// The exchange: the sum has the bits of the tree whatever the number of members, early and old frames find their place,
// and an abort gets through.

import Messages
import Primitives
import Testing
import Wire

/// Micro-batch `leaf`'s random floats, of very different sizes so that the order of additions shows.
private func gradient(leaf: Int, count: Int, round: Int) -> [Float] {
    var random = RandomStream(seed: 22, named: "tests/exchange/\(round)/\(leaf)")
    return (0..<count).map { _ in
        let magnitude = Float(sign: .plus, exponent: random.integer(below: 20) - 10, significand: 1)
        return Float(random.normal()) * magnitude
    }
}

/// The sum over the leaves of `node` in the tree's order, from the definition.
private func treeSum(_ node: Range<Int>, count: Int, round: Int) -> [Float] {
    guard let middle = ReductionTree.split(node) else {
        return gradient(leaf: node.lowerBound, count: count, round: round)
    }
    return zip(
        treeSum(node.lowerBound..<middle, count: count, round: round),
        treeSum(middle..<node.upperBound, count: count, round: round)
    ).map(+)
}

@Test(arguments: [1, 2, 3, 4, 5])
func `the sum has the bits of the tree whatever the number of members`(workers: Int) throws {
    for (leaves, count) in zip(1...9, [1_000, 1, 15, 16, 17, 129, 5_000, 4_096, 777]) where leaves >= workers {
        let tree = ReductionTree(leaves: leaves)
        let gang = try Gang(parts: tree.parts(over: workers))
        let sums = try gang.run { rank, members in
            let exchange = try Exchange(
                listeningOn: try Endpoint(members[rank].endpoint), in: try ZMQContext(), chunkFloats: 64, add: plainAdd)
            try exchange.reconfigure(generation: Generation(1), rank: rank, members: members)
            var results: [[UInt32]] = []
            for step in 1...3 {
                let own = tree.subtrees(of: members[rank].part).map { leaves in
                    (leaves, UnsafePointer(immortal(treeSum(leaves, count: count, round: step))))
                }
                let result = immortal(Array(repeating: .nan, count: count))
                try exchange.reduce(own, count: count, tree: tree, step: step, into: result, abort: WakeUp())
                results.append((0..<count).map { result[$0].bitPattern })
            }
            #expect(exchange.dropped == DroppedFrames())
            return results
        }
        let expected = (1...3).map { treeSum(0..<leaves, count: count, round: $0).map(\.bitPattern) }
        for sum in sums { #expect(sum == expected, "\(workers) members, \(leaves) leaves, \(count) floats") }
    }
}

@Test func `members with keys exchange too`() throws {
    let key = try KeyFile.generate()
    let tree = ReductionTree(leaves: 2)
    let gang = try Gang(parts: tree.parts(over: 2))
    let sums = try gang.run { rank, members in
        let exchange = try Exchange(
            listeningOn: try Endpoint(members[rank].endpoint), in: try ZMQContext(key: key), add: plainAdd)
        try exchange.reconfigure(generation: Generation(1), rank: rank, members: members)
        let own = immortal(gradient(leaf: rank, count: 200_000, round: 0))
        let result = immortal(Array(repeating: .nan, count: 200_000))
        try exchange.reduce(
            [(members[rank].part, UnsafePointer(own))], count: 200_000, tree: tree, step: 1, into: result,
            abort: WakeUp())
        return (0..<200_000).map { result[$0].bitPattern }
    }
    let expected = treeSum(0..<2, count: 200_000, round: 0).map(\.bitPattern)
    #expect(sums[0] == expected && sums[1] == expected)
}

@Test func `an abort interrupts a wait, and the next generation sums as if nothing had been`() throws {
    let tree = ReductionTree(leaves: 2)
    let gang = try Gang(parts: tree.parts(over: 2))
    let count = 1_000
    let outcomes = try gang.run { rank, members in
        let exchange = try Exchange(
            listeningOn: try Endpoint(members[rank].endpoint), in: try ZMQContext(), chunkFloats: 64, add: plainAdd)
        func reduce(_ generation: Int, _ abort: WakeUp) throws -> [UInt32] {
            try exchange.reconfigure(generation: Generation(generation), rank: rank, members: members)
            let own = immortal(gradient(leaf: rank, count: count, round: generation))
            let result = immortal(Array(repeating: .nan, count: count))
            try exchange.reduce(
                [(members[rank].part, UnsafePointer(own))], count: count, tree: tree, step: 1, into: result,
                abort: abort)
            return (0..<count).map { result[$0].bitPattern }
        }
        if rank == 0 {
            // Rank 1 is never part of generation 1, as one that died; another thread raises the flag meanwhile.
            let abort = WakeUp()
            let thread = try TestThread { abort.raise() }
            #expect(throws: ExchangeInterrupted.aborted(generation: Generation(1), step: 1)) {
                _ = try reduce(1, abort)
            }
            thread.join()
        }
        return try reduce(2, WakeUp())
    }
    let expected = treeSum(0..<2, count: count, round: 2).map(\.bitPattern)
    #expect(outcomes[0] == expected && outcomes[1] == expected)
}

@Test func `frames of the past are dropped, frames of the future are kept, and noise is counted`() throws {
    let tree = ReductionTree(leaves: 2)
    let directory = try TemporaryDirectory()
    let context = try ZMQContext()
    let exchange = try Exchange(listeningOn: directory.ipc("real"), in: context, chunkFloats: 64, add: plainAdd)
    // The test plays rank 1 by hand: it sends what it likes when it likes. 32 floats are two segments of 16.
    let members = [("real", 0..<1), ("played", 1..<2)].map { name, part in
        MemberAddress(
            worker: WorkerID(node: laptop, slot: part.lowerBound), incarnation: Incarnation(1),
            endpoint: directory.ipc(name).description, part: part, evaluationPart: 0..<0)
    }
    let played = try ZMQSocket(.push, in: context)
    try played.connect(exchange.endpoint)
    func say(_ kind: ChunkHeader.Kind, generation: Int, step: Int, value: Float, floats: Int = 16) throws {
        let header = ChunkHeader(
            kind: kind, generation: Generation(generation), step: step, sender: 1, segment: kind == .part ? 0 : 1,
            leaves: kind == .part ? 1..<2 : 0..<2, chunk: 0)
        var bytes = [UInt8](repeating: 0, count: ChunkHeader.size)
        bytes.withUnsafeMutableBytes { header.write(to: $0) }
        try played.send(bytes, more: true)
        try Array(repeating: value, count: floats).withUnsafeBytes { _ = try played.send(Array($0)) }
    }
    try say(.part, generation: 1, step: 5, value: 666)  // the past
    try say(.part, generation: 2, step: 2, value: 30)  // the next step, out of order
    try say(.sum, generation: 2, step: 2, value: 40)
    try say(.part, generation: 3, step: 1, value: 50)  // the next generation
    try say(.part, generation: 2, step: 1, value: 666, floats: 15)  // not a chunk of this vector
    try played.send(Array("noise".utf8))
    try played.send([1], more: true)
    try played.send([2], more: true)
    try played.send([3])
    try say(.part, generation: 2, step: 1, value: 10)
    try say(.part, generation: 2, step: 1, value: 666)  // a second time
    try say(.sum, generation: 2, step: 1, value: 20)

    let own = immortal(Array(repeating: 1, count: 32))
    let result = immortal(Array(repeating: .nan, count: 32))
    func reduce(step: Int) throws -> [Float] {
        try exchange.reduce(
            [(0..<1, UnsafePointer(own))], count: 32, tree: tree, step: step, into: result, abort: WakeUp())
        return (0..<32).map { result[$0] }
    }
    func halves(_ a: Float, _ b: Float) -> [Float] { (0..<32).map { $0 < 16 ? a : b } }
    try exchange.reconfigure(generation: Generation(2), rank: 0, members: members)
    #expect(try reduce(step: 1) == halves(11, 20))
    #expect(try reduce(step: 2) == halves(31, 40))
    try exchange.reconfigure(generation: Generation(3), rank: 0, members: members)
    try say(.sum, generation: 3, step: 1, value: 60)
    #expect(try reduce(step: 1) == halves(51, 60))
    print("dropped: \(exchange.dropped)")
    #expect(exchange.dropped.stale == 1 && exchange.dropped.malformed == 4 && exchange.dropped.excess == 0)
}

@Test func `a member alone sums in place and opens no connection`() throws {
    let tree = ReductionTree(leaves: 3)
    let directory = try TemporaryDirectory()
    let exchange = try Exchange(listeningOn: directory.ipc("alone"), in: try ZMQContext(), add: plainAdd)
    let member = MemberAddress(
        worker: WorkerID(node: laptop, slot: 0), incarnation: Incarnation(1), endpoint: exchange.endpoint, part: 0..<3,
        evaluationPart: 0..<0)
    try exchange.reconfigure(generation: Generation(1), rank: 0, members: [member])
    let sum = immortal([1, 2, 3])
    try exchange.reduce([(0..<3, UnsafePointer(sum))], count: 3, tree: tree, step: 1, into: sum, abort: WakeUp())
    #expect((0..<3).map { sum[$0] } == [1, 2, 3])
}

@Test func `segments and chunks cover every vector once`() {
    for count in [0, 1, 15, 16, 17, 1_000, 4_097] {
        for members in 1...7 {
            let layout = ExchangeLayout(count: count, members: members, chunkFloats: 64)
            let chunks = (0..<members).flatMap { segment in
                (0..<layout.chunks(of: segment)).map { layout.chunk($0, of: segment) }
            }
            #expect(chunks.reduce(0) { $1.lowerBound == $0 && !$1.isEmpty ? $1.upperBound : -1 } == count)
            #expect(layout.segments.allSatisfy { $0.lowerBound % 16 == 0 || $0.isEmpty })
        }
    }
}
