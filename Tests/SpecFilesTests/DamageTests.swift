// Damaged files: the samples with pieces cut out, doubled and replaced, by a fixed seed. Whatever they have become,
// they are read or complained about with places that exist, and never crash. Refuses to say which of the two.

import Jobs
import Primitives
import SpecFiles
import Testing

@Suite("Damaged files") struct DamageTests {
    private static let pieces = [
        "\n", " ", "  ", ":", "- ", "{", "}", "[", "]", "\"", "'", "#", "&a ", "*a", "? ", "|", ">", "%", "\t", "\r\n",
        "1e999", "-1", "0", "99999999999999999999", "~", "null", "é", "\u{2028}", "\u{FEFF}", "\u{E000}r", "---\n",
        "<<", "!!int", "train", "lr", "=", ",",
    ].map { Array($0.unicodeScalars) }

    /// `text` after one or two injuries.
    private static func damaged(_ text: String, _ random: inout RandomStream) -> String {
        var scalars = Array(text.unicodeScalars)
        for _ in 0...random.integer(below: 2) {
            let start = random.integer(below: scalars.count + 1)
            let end = min(scalars.count, start + random.integer(below: 12))
            switch random.integer(below: 3) {
            case 0: scalars.removeSubrange(start..<end)
            case 1: scalars.insert(contentsOf: Array(scalars[start..<end]), at: start)
            default: scalars.replaceSubrange(start..<end, with: pieces[random.integer(below: pieces.count)])
            }
        }
        return String(String.UnicodeScalarView(scalars))
    }

    @Test func `three thousand damaged files are read or complained about at places that exist`() {
        var random = RandomStream(seed: 20, named: "tests/damage")
        var (read, refused) = (0, 0)
        for index in 0..<3000 {
            let isJob = index % 3 != 0
            let text = Self.damaged(isJob ? Sample.job : Sample.cluster, &random)
            do {
                if isJob {
                    let job = try SpecReader.jobText(text, path: "/a/job.yaml")
                    let again = try SpecReader.jobText(job.resolvedText, path: "/b/resolved.yaml")
                    #expect(again.spec == job.spec, "\(text)")
                } else {
                    _ = try SpecReader.clusterText(text, path: "/a/cluster.yaml")
                }
                read += 1
            } catch {
                refused += 1
                #expect(!error.diagnostics.isEmpty)
                for diagnostic in error.diagnostics { Self.check(diagnostic, text) }
            }
        }
        print("damaged files: \(read) read, \(refused) refused")
        #expect(read > 100 && refused > 1000)
    }

    @Test func `a thousand damaged overrides are applied or complained about`() {
        var random = RandomStream(seed: 21, named: "tests/damage")
        let arguments = [
            "train.lr=3e-4", "data.paths=[a, b]", "inject.0.at=step=3", "model.hidden_size=64", "inject=[]",
        ]
        for index in 0..<1000 {
            let argument = Self.damaged(arguments[index % arguments.count], &random)
            do {
                _ = try SpecReader.jobText(Sample.job, path: "/a/job.yaml", overrides: [argument])
            } catch {
                for diagnostic in error.diagnostics { Self.check(diagnostic, argument) }
            }
        }
    }

    private static func check(_ diagnostic: Diagnostic, _ text: String) {
        #expect(!diagnostic.rendered(color: true).isEmpty)
        guard let line = diagnostic.sourceLine, let column = diagnostic.column else { return }
        #expect((1...line.unicodeScalars.count + 1).contains(column), "\(diagnostic) in \(text)")
        #expect(diagnostic.length >= 1, "\(diagnostic) in \(text)")
    }
}
