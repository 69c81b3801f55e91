// The rules would pass by mistake if the scanner saw nothing: here it must find what is planted for it, and leave alone
// what only looks like it. Refuses to read the repository.

import Testing

@Suite("The scanner behind the tidy tests")
struct ScannerTests {
    @Test(arguments: [
        ("a // b\nc", "a     \nc"), ("a /* b /* c */ d */ e", "a                   e"),
        ("f(\"x\") + 1", "f(   ) + 1"), ("f(\"a\\\"b\")", "f(      )"),
        ("\"a\\(g(\"x\") + 1)b\" + c", "    g(   ) + 1    + c"),
        ("#\"a\"b\"# + c", "        + c"), ("#\"\\#(d)\"# e", "     d    e"),
        ("\"\"\"\n \"q\" // no\n\"\"\" + c", "   \n          \n    + c"), ("\"open\nnext", "     \nnext"),
    ])
    func `comments and strings are blanked, and interpolated code is not`(source: String, code: String) {
        #expect(CodeText.of(source) == code)
    }

    @Test func `a character literal of C may be a quotation mark`() {
        #expect(CodeText.of("c == '\"' || d == '\\'' || e", singleQuotes: true) == "c ==     || d ==      || e")
    }

    @Test func `a banned word is found as a word only`() {
        let ban = Ban(needle: "print(", instead: "")
        #expect(ban.lines(in: "print(x)\nfingerprint(x)\n  x.print(y)\n_print(z)") == [1, 3])
        #expect(Ban(needle: ".random(in", instead: "").lines(in: "Int.random(in: 0..<3)\nrandom(in: 3)") == [1])
        #expect(Ban(needle: "Date()", instead: "").lines(in: "let x = Date()\nlet y = UpDate()\nDate(2)") == [1])
        let path = Ban(needle: "/data", instead: "")
        #expect(path.lines(in: "/data/x\n\"/data\"\n/database\n../data\nruns/data\n*/data\n=/data") == [1, 2, 7])
    }

    @Test func `findings name the place and the replacement, and comments do not count`() {
        let file = RepositoryFile(path: "Sources/Jobs/A.swift", text: "// Date()\nlet a = Date()\nlet b = \"Date()\"\n")
        let ban = Ban(needle: "Date()", instead: "take an Instant")
        #expect(ban.findings(in: file) == ["Sources/Jobs/A.swift:2: `Date()`: take an Instant"])
        let strict = Ban(needle: "Date()", instead: "no", everywhere: true)
        #expect(strict.findings(in: file).count == 3)
    }

    @Test func `files know their modules`() {
        func module(_ path: String) -> String? { RepositoryFile(path: path, text: "").module }
        #expect(module("Sources/Jobs/JobSpec.swift") == "Jobs")
        #expect(module("Sources/Live/Wire/Codec/Frame.swift") == "Wire")
        #expect(module("Tests/TidyTests/TidyTests.swift") == nil)
        #expect(module("Package.swift") == nil)
    }

    @Test func `functions are measured from their declaration to their brace`() {
        let source = """
            protocol P {
                func requirement(_ a: Int)
                var property: Int { get }
            }
            struct S {
                var stored = [1].map { $0 }
                var computed: Int {
                    if true { return 1 }
                    return 2
                }
                public static func long(
                    a: Int, body: () -> Int = { 1 }
                ) -> Int {
                    body()
                }
                init() { self.init(x: 1) }
                @inline(always) mutating func attributed() {
                    x { y in
                    }
                }
            }
            """
        #expect(
            Functions.inSwift(source)
                == [
                    FunctionExtent(name: "var computed:", line: 7, length: 4),
                    FunctionExtent(name: "func long(", line: 11, length: 5),
                    FunctionExtent(name: "init() {", line: 16, length: 1),
                    FunctionExtent(name: "func attributed()", line: 17, length: 4),
                ])
        let c = "static int f(int a) {\n    if (a) {\n    }\n}\nint g(void);\nstruct s {\n    int b;\n};\n"
        #expect(Functions.inC(c) == [FunctionExtent(name: "static int f", line: 1, length: 4)])
    }
}
