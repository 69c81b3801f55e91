// Complaints as values: colour, JSON, the table of codes, suggestions by edit distance. Refuses to repeat the texts
// that the other suites pin.

import Foundation
import SpecFiles
import Testing

@Suite("Diagnostics") struct DiagnosticTests {
    private let sample = Diagnostic(
        code: .all[0], path: "a.yaml", line: 3, column: 2, length: 2, message: "wrong", hint: "right",
        sourceLine: "abc\u{1B}[31m\td")

    @Test func `colour sets off position, severity and carets, and escapes of the file never pass`() {
        #expect(
            sample.rendered(color: true)
                == "\u{1B}[1ma.yaml:3:2:\u{1B}[0m \u{1B}[1;31merror[E0001]\u{1B}[0m: wrong\n"
                + "    3 | abc [31m d\n      |  \u{1B}[1;31m^^\u{1B}[0m right")
        #expect(!sample.rendered(color: false).contains("\u{1B}"))
    }

    @Test func `a complaint survives JSON, its code as text`() throws {
        let errors = SpecFileErrors(diagnostics: [sample])
        let data = try JSONEncoder().encode(errors)
        #expect(String(decoding: data, as: UTF8.self).contains(#""code":"E0001""#))
        #expect(try JSONDecoder().decode(SpecFileErrors.self, from: data) == errors)
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(DiagnosticCode.self, from: Data(#""E9999""#.utf8))
        }
    }

    @Test func `the summary counts errors, not warnings`() {
        var warning = sample
        warning.severity = .warning
        #expect(SpecFileErrors(diagnostics: [sample, warning]).summary == "1 error.")
        #expect(SpecFileErrors(diagnostics: [sample, warning, sample]).summary == "2 errors.")
        #expect(SpecFileErrors(diagnostics: [sample]).description.hasSuffix("right\n1 error."))
    }

    @Test func `codes are unique, ascending, and each is explained in a paragraph`() {
        let ids = DiagnosticCode.all.map(\.id)
        #expect(ids == Set(ids).sorted())
        for code in DiagnosticCode.all {
            #expect(code.explanation.count > 60, "\(code.id)")
            #expect(!code.explanation.contains("\n"), "\(code.id)")
            #expect(DiagnosticCode(id: code.id.lowercased()) == code)
        }
        #expect(DiagnosticCode(id: "E9999") == nil)
    }

    @Test(
        arguments: [
            ("n_embed", "n_embd"), ("lrr", "lr"), ("sved", "seed"), ("sede", "seed"),
            ("warmup_iter", "lr_warmup_iters"),
            ("x", nil), ("zebra", nil),
        ] as [(String, String?)])
    func `a suggestion is near or there is none`(word: String, expected: String?) {
        let job = Sample.job.replacingOccurrences(of: "lr_warmup_iters: 20", with: "\(word): 1")
        let text = job.replacingOccurrences(of: "n_embd: 64", with: word == "n_embed" ? "\(word): 64" : "n_embd: 64")
        let complaints = Sample.complaints(aboutJob: text)
        if let expected {
            #expect(complaints.contains("did you mean `\(expected)`?"))
        } else {
            #expect(!complaints.contains("did you mean"))
        }
    }
}
