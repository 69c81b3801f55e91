// The order of a step's sum decides every bit of a run, so its shape is pinned and compared with a recursive oracle
// that is written from the definition in other words. Refuses to sum gradients: Training and Wire test that.

import Primitives
import Testing

@Suite("The reduction tree")
struct ReductionTreeTests {
    /// The largest power of two that is smaller than `count`, found by counting up.
    private func leftCount(_ count: Int) -> Int {
        var power = 1
        while power * 2 < count { power *= 2 }
        return power
    }

    private func oracleSum(_ values: ArraySlice<Double>) -> Double {
        if values.count == 1, let only = values.first { return only }
        let left = leftCount(values.count)
        return oracleSum(values.prefix(left)) + oracleSum(values.dropFirst(left))
    }

    /// The tree's shape with a pair of parentheses a node.
    private func shape(_ node: Range<Int>) -> String {
        guard let middle = ReductionTree.split(node) else { return "\(node.lowerBound)" }
        return "(\(shape(node.lowerBound..<middle)) \(shape(middle..<node.upperBound)))"
    }

    /// Every node, the root first.
    private func nodes(_ node: Range<Int>) -> [Range<Int>] {
        guard let middle = ReductionTree.split(node) else { return [node] }
        return [node] + nodes(node.lowerBound..<middle) + nodes(middle..<node.upperBound)
    }

    @Test(arguments: [
        (1, "0"), (2, "(0 1)"), (3, "((0 1) 2)"), (4, "((0 1) (2 3))"), (5, "(((0 1) (2 3)) 4)"),
        (6, "(((0 1) (2 3)) (4 5))"), (7, "(((0 1) (2 3)) ((4 5) 6))"), (8, "(((0 1) (2 3)) ((4 5) (6 7)))"),
        (9, "((((0 1) (2 3)) ((4 5) (6 7))) 8)"),
    ])
    func `small trees have the pinned shapes`(leaves: Int, expected: String) {
        #expect(shape(0..<leaves) == expected)
    }

    @Test(arguments: 1...33)
    func `a node's left child covers the largest smaller power of two, wherever the node begins`(leaves: Int) {
        for start in [0, 1, 8, 31] {
            let middle = ReductionTree.split(start..<start + leaves)
            #expect(middle == (leaves == 1 ? nil : start + leftCount(leaves)))
        }
        #expect(nodes(0..<leaves).count == 2 * leaves - 1)
    }

    @Test(arguments: 1...33)
    func `the subtrees of a part cover it once, in order, and none could be larger`(leaves: Int) {
        let tree = ReductionTree(leaves: leaves)
        let all = nodes(0..<leaves)
        for lower in 0...leaves {
            for upper in lower...leaves {
                let part = lower..<upper
                let subtrees = tree.subtrees(of: part)
                #expect(subtrees.flatMap { Array($0) } == Array(part))
                let inside = all.filter { part.clamped(to: $0) == $0 }
                let maximal = inside.filter { node in !inside.contains { $0 != node && node.clamped(to: $0) == node } }
                #expect(subtrees == maximal.sorted { $0.lowerBound < $1.lowerBound })
            }
        }
        #expect(tree.subtrees(of: 0..<leaves) == [0..<leaves])
    }

    @Test(arguments: 1...33)
    func `parts are contiguous and differ by one leaf at most`(leaves: Int) {
        let tree = ReductionTree(leaves: leaves)
        for workers in 1...leaves {
            let parts = tree.parts(over: workers)
            #expect(parts.count == workers)
            #expect(parts.flatMap { Array($0) } == Array(0..<leaves))
            let counts = parts.map(\.count)
            #expect(counts == counts.sorted(by: >))
            #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1)
        }
    }

    @Test(arguments: 1...33)
    func `a sum has the bits of the recursive oracle, and of subtrees put together`(leaves: Int) {
        var stream = RandomStream(seed: 21, named: "tests/tree/\(leaves)")
        // Magnitudes far apart, so that another order would give other bits.
        let values = (0..<leaves).map { _ in stream.normal() * [1e-8, 1, 1e8][stream.integer(below: 3)] }
        let tree = ReductionTree(leaves: leaves)
        let expected = oracleSum(values[...])
        #expect(tree.sum(values).bitPattern == expected.bitPattern)

        for workers in 1...leaves {
            var partial: [Range<Int>: Double] = [:]
            for part in tree.parts(over: workers) {
                for node in tree.subtrees(of: part) { partial[node] = oracleSum(values[node]) }
            }
            func combine(_ node: Range<Int>) -> Double {
                if let sum = partial[node] { return sum }
                guard let middle = ReductionTree.split(node) else { return .nan }
                return combine(node.lowerBound..<middle) + combine(middle..<node.upperBound)
            }
            #expect(combine(0..<leaves).bitPattern == expected.bitPattern, "\(workers) workers")
        }
    }

    @Test func `the order matters for the values these tests use`() {
        let values = [1e8, 1e-8, -1e8, 1e-8, 3, 7e-9]
        #expect(ReductionTree(leaves: 6).sum(values).bitPattern != values.reduce(0, +).bitPattern)
    }
}
