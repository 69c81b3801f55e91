// Each primitive's spelling in a record, there and back. Doubles are compared by their bits, because a replay must
// decide as the run did. Refuses to test types of other modules: those are tested where they live.

import Primitives
import Testing

@Suite("Values in lines")
struct LineValueTests {
    private func survives<Value: LineValue & Equatable>(_ value: Value, as text: String) -> Bool {
        value.lineText == text && Value(lineText: text) == value
    }

    @Test func `primitives have one spelling`() {
        #expect(survives(-7, as: "-7"))
        #expect(survives(Int64.min, as: "-9223372036854775808"))
        #expect(survives(UInt64.max, as: "18446744073709551615"))
        #expect(survives(true, as: "true"))
        #expect(survives(false, as: "false"))
        #expect(survives(TimeSpan.milliseconds(-1500), as: "-1500000000ns"))
        #expect(survives(Instant(nanoseconds: 12), as: "12ns"))
        #expect(survives(RunID("quickstart-0001"), as: "quickstart-0001"))
        #expect(survives(NodeID("node-007"), as: "node-007"))
        #expect(survives(WorkerID(node: NodeID("a/b"), slot: 3), as: "a/b/3"))
        #expect(survives(Incarnation(4), as: "4"))
        #expect(survives(Generation(2), as: "2"))
        #expect(survives(0..<16, as: "0..<16"))
        #expect(survives(-3 ..< -3, as: "-3..<-3"))
    }

    @Test func `text that is not such a value is refused`() {
        #expect(Int(lineText: "1.5") == nil)
        #expect(Bool(lineText: "yes") == nil)
        #expect(Double(lineText: "fast") == nil)
        for text in ["12", "ns", "1.5ns", "9223372036854775808ns", "12 ns", "12ms"] {
            #expect(TimeSpan(lineText: text) == nil, "\(text)")
            #expect(Instant(lineText: text) == nil, "\(text)")
        }
        for text in ["", "3", "/3", "laptop/", "laptop/-1", "laptop/x"] {
            #expect(WorkerID(lineText: text) == nil, "\(text)")
        }
        for text in ["", "0", "0...3", "3..<1", "0..<", "..<4", "0..<4..<8"] {
            #expect(Range<Int>(lineText: text) == nil, "\(text)")
        }
        #expect(Generation(lineText: "two") == nil)
        #expect(Incarnation(lineText: "") == nil)
    }

    @Test func `doubles read back to the same bits`() {
        var stream = RandomStream(seed: 41, named: "tests/doubles")
        var numbers: [Double] = [
            0, -0.0, 0.1, 1.0 / 3, 1e23, .pi, .infinity, -.infinity, .leastNonzeroMagnitude, .greatestFiniteMagnitude,
        ]
        for _ in 0..<20_000 {
            let number = Double(bitPattern: stream.next())
            if !number.isNaN { numbers.append(number) }
        }
        for number in numbers {
            #expect(Double(lineText: number.lineText)?.bitPattern == number.bitPattern)
        }
        #expect(Double(lineText: Double.nan.lineText)?.isNaN == true)
    }

    @Test func `identifiers sort by their numbers and names`() {
        let node = NodeID("n")
        #expect(WorkerID(node: node, slot: 2) < WorkerID(node: node, slot: 10))
        #expect(WorkerID(node: NodeID("a"), slot: 9) < WorkerID(node: node, slot: 0))
        #expect(Generation(9) < Generation(10))
        #expect(Generation(9).next == Generation(10))
        #expect(Incarnation(1) < Incarnation(2))
        #expect(RunID("a-0001") < RunID("a-0002"))
        #expect("\(WorkerID(node: node, slot: 2)) \(Generation(3)) \(Incarnation(4)) \(RunID("r"))" == "n/2 3 4 r")
    }
}
