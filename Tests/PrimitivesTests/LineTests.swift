// A journal is lines: what is written must be read back to the same bits, and what anyone may have damaged must be
// refused, never crash. Refuses to know which records exist: ControlPlane's tests do.

import Primitives
import Testing

@Suite("Lines")
struct LineTests {
    @Test func `a line reads as a head and its fields in order`() throws {
        let line = Line("step-committed").with("run", RunID("quickstart-0001")).with("step", 41).with("loss", 3.25)
            .with("because", "the worker's gone").with("left-out", nil as Int?).with("empty", "")
        #expect(
            line.text
                == #"step-committed run=quickstart-0001 step=41 loss=3.25 because="the worker's gone" empty="""#)
        #expect(try Line(parsing: line.text) == line)
        #expect(line["step"] == "41")
        #expect(line["left-out"] == nil)
        #expect(try line.read("step") == 41)
        #expect(try line.read("run") == RunID("quickstart-0001"))
        #expect(try line.readIfPresent("left-out", as: Int.self) == nil)
        #expect(try line.readIfPresent("loss") == 3.25)
    }

    @Test(arguments: [
        "", " ", "  two  spaces ", "\"", "\\", "\\\"", "a=b", "=", "line\nbreak", "\r\n", "\t", "\\n", "\\u{a}", "é",
        "e\u{301}", "\u{301}", "日本語", "👩‍🚀", "\u{0}", "\u{1b}[31mred", "\u{7f}", "\u{85}", "\u{2028}", "\u{2029}",
        "\u{feff}", "\u{10ffff}", "head a=b c=\"d\"",
    ])
    func `any text survives, on one line of text`(value: String) throws {
        let line = Line("note").with("text", value).with("after", 1)
        let text = line.text
        #expect(!text.unicodeScalars.contains { $0.properties.generalCategory == .control })
        #expect(!text.contains { $0.isNewline })
        let read = try Line(parsing: text)
        // Scalars, because Swift's strings are equal when they are only canonically equivalent.
        #expect(read["text"].map { Array($0.unicodeScalars) } == Array(value.unicodeScalars))
        #expect(try read.read("after") == 1)
        #expect(read.text == text)
    }

    @Test func `special characters have the pinned spellings`() {
        #expect(Line("n").with("t", "a\"b\\c\nd\re\tf").text == #"n t="a\"b\\c\nd\re\tf""#)
        #expect(Line("n").with("t", "\u{0}\u{1b}\u{2028}").text == #"n t="\u{0}\u{1b}\u{2028}""#)
        #expect(Line("n").with("t", "日").text == #"n t="日""#)
        #expect(Line("n").with("t", "a=b").text == "n t=a=b")
    }

    @Test(arguments: [
        ("", "the head word is missing"), (" a=1", "the head word is missing"),
        ("head a", "a field is not name=value"), ("head =1", "a field is not name=value"),
        ("head a=1 b", "a field is not name=value"), ("head a=\"1", "a quoted value does not end"),
        ("head a=\"1\\", "a quoted value ends in a backslash"),
        ("head a=\"1\"b=2", "a quoted value is followed by no space"),
        ("head a=\"\\u{110000}\"", "an escaped character is not of the form \\u{2028}"),
        ("head a=\"\\u{d800}\"", "an escaped character is not of the form \\u{2028}"),
        ("head a=\"\\u{}\"", "an escaped character is not of the form \\u{2028}"),
        ("head a=\"\\u41\"", "an escaped character is not of the form \\u{2028}"),
        ("head a=\"\\u{41", "an escaped character is not of the form \\u{2028}"),
    ])
    func `a malformed line is refused with its problem`(text: String, problem: String) {
        #expect(throws: LineError(line: text, problem: problem)) { try Line(parsing: text) }
    }

    @Test func `a field that is missing or of another type is refused by name`() throws {
        let line = try Line(parsing: "ready step=many loss=2.5")
        #expect(
            throws: LineError(line: "ready step=many loss=2.5", problem: "the field step cannot be 'many'")
        ) { try line.read("step", as: Int.self) }
        let missing = #expect(throws: LineError.self) { try line.read("generation", as: Generation.self) }
        #expect(
            missing?.description == "the field generation is missing in the record `ready step=many loss=2.5`")
        #expect(throws: LineError.self) { try line.readIfPresent("step", as: Int.self) }
    }

    @Test func `random lines survive the round trip`() throws {
        var stream = RandomStream(seed: 31, named: "tests/lines")
        let scalars = Array("aZ0 =\"\\\n\r\t\u{0}\u{7f}\u{9f}é日👩\u{301}\u{2028}{}u".unicodeScalars)
        for _ in 0..<5_000 {
            var line = Line("record")
            for field in 0..<stream.integer(below: 6) {
                var value = ""
                for _ in 0..<stream.integer(below: 9) {
                    value.unicodeScalars.append(scalars[stream.integer(below: scalars.count)])
                }
                line.add("field\(field)", value)
            }
            let read = try Line(parsing: line.text)
            try #require(read.text.utf8.elementsEqual(line.text.utf8), "\(line.text)")
            try #require(read == line, "\(line.text)")
        }
    }

    @Test func `random and damaged text is read or refused, never a crash`() throws {
        var stream = RandomStream(seed: 32, named: "tests/damage")
        let alphabet = Array("ab= \"\\u{}0f\n\u{301}日".unicodeScalars)
        let whole = Array(Line("head").with("a", "x y").with("b", "\u{2028}\"").with("c", 1).text.unicodeScalars)
        var refused = 0
        for round in 0..<50_000 {
            var scalars = round % 2 == 0 ? [] : whole
            let changes = 1 + stream.integer(below: round % 2 == 0 ? 24 : 3)
            for _ in 0..<changes {
                let place = stream.integer(below: scalars.count + 1)
                let scalar = alphabet[stream.integer(below: alphabet.count)]
                if place < scalars.count, stream.integer(below: 2) == 0 {
                    scalars[place] = scalar
                } else {
                    scalars.insert(scalar, at: place)
                }
            }
            var text = String.UnicodeScalarView()
            text.append(contentsOf: scalars)
            do {
                // What is read has one canonical text that reads back to the same line.
                let line = try Line(parsing: String(text))
                try #require(try Line(parsing: line.text) == line, "\(String(text).debugDescription)")
            } catch let error as LineError {
                refused += 1
                try #require(!error.problem.isEmpty)
            }
        }
        #expect(refused > 1_000 && refused < 49_000, "\(refused) of 50,000 were refused")
    }
}
