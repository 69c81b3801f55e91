// How text is set: columns, widths, numbers, escape codes. Snapshots are short on purpose: what a listing says is
// tested where the listing is. Refuses to test wording.

import Reports
import Testing

@Test func `words are flush left, numbers flush right, and no line ends in a space`() {
    var table = Table([.left("NAME"), .right("STEP"), .flexible("REASON")])
    table.add(["a", "1412", "it computes"])
    table.add(["longer", "7", ""])
    #expect(table.lines() == ["NAME    STEP  REASON", "a       1412  it computes", "longer     7"])
    #expect(table.lines(hasHeader: false) == ["a       1412  it computes", "longer     7"])
}

@Test func `the widest flexible column gives way until the table fits`() {
    var table = Table([.left("ID"), .flexible("CAUSE"), .flexible("ACTION")])
    table.add(["1", "a long sentence of a cause", "a short action"])
    for width in [26, 30, 46] {
        let lines = table.lines(width: width)
        #expect(lines.allSatisfy { $0.count <= width }, "\(lines)")
    }
    #expect(table.lines(width: 34)[1] == "1   a long senten…  a short action")
    #expect(table.lines(width: 1)[1] == "1   a lo…  a sho…")
}

@Test func `words from elsewhere cannot drive the terminal or break the row`() {
    var table = Table([.left("REASON")])
    table.add(["red \u{1b}[31m\nalert\u{9b}\u{2028}"])
    #expect(table.lines(hasHeader: false) == ["red  [31m alert"])
}

@Test func `style is written around whole lines and only when it is on`() {
    var table = Table([.left("A"), .right("B")])
    table.add(["x", "1"], emphasis: .bad)
    #expect(table.lines(style: .terminal) == ["\u{1b}[1mA  B\u{1b}[0m", "\u{1b}[31mx  1\u{1b}[0m"])
    #expect(table.lines() == ["A  B", "x  1"])
    #expect(Style.terminal.apply(.bold, to: "") == "")
}

@Test func `numbers have the figures that are asked for`() {
    #expect(fixed(2.98165, 4) == "2.9817")
    #expect(fixed(-0.00001, 2) == "0.00")
    #expect(fixed(-1.5, 0) == "-2")
    #expect(fixed(0.05, 1) == "0.1")
    #expect(fixed(.nan, 4) == "nan")
    #expect(fixed(-.infinity, 1) == "-inf")
    #expect(fixed(1e300, 2) == "1e+300")
    #expect(
        [0, 999, 1000, 23_100_000, 999_960, 124_439_808].map { compact($0) } == [
            "0", "999", "1.0k", "23.1M", "1.0M", "124.4M",
        ])
    #expect(percent(0.8834) == "88.3%")
    #expect(
        [3e-4, 1.9e-4, 9.96e-5, 1, 0, -25].map(scientific) == [
            "3.0e-04", "1.9e-04", "1.0e-04", "1.0e+00", "0", "-2.5e+01",
        ])
}

@Test func `bits a byte are for byte tokens only`() {
    #expect(fixed(bitsPerByte(nats: 2, vocabulary: 256) ?? 0, 6) == "2.885390")
    #expect(bitsPerByte(nats: 2, vocabulary: 50_257) == nil)
    #expect(bitsPerByte(nats: 2, vocabulary: nil) == nil)
}
