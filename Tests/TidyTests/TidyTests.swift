// The project's rules of style as tests over its own text, each with the replacement in its message. Pure modules may
// not read a clock, draw random numbers or depend on the order of a hash table, because a replayed journal must decide
// as the run did. Refuses what a compiler or `swift format` can check.

import Testing

@Suite("Tidy")
struct TidyTests {
    /// Modules whose values depend on their arguments alone.
    private static let pure: Set = [
        "Primitives", "Jobs", "Hardware", "Scheduling", "ControlPlane", "Failures", "Scaling", "Simulation", "Reports",
        "Replay",
    ]

    private func violations(of bans: [Ban], where applies: (RepositoryFile) -> Bool) -> [String] {
        Repository.files.filter(applies).flatMap { file in bans.flatMap { $0.findings(in: file) } }
    }

    private func expectNone(_ found: [String], _ location: SourceLocation = #_sourceLocation) {
        guard !found.isEmpty else { return }
        Issue.record("\n\(found.joined(separator: "\n"))", sourceLocation: location)
    }

    @Test func `the sources are there to be looked at`() {
        #expect(Repository.files.contains { $0.path == "Sources/Primitives/Line.swift" && $0.module == "Primitives" })
        #expect(Repository.files.contains { $0.path == "scripts/test" && $0.isScript })
        #expect(!Repository.files.contains { $0.path.contains(".build/") })
    }

    @Test func `pure modules read no clock`() {
        let instead = "take the Instant that comes with the event"
        let clocks = ["Date()", "Date.now", "ContinuousClock", "SuspendingClock", "DispatchTime", "clock_gettime"]
        expectNone(
            violations(of: clocks.map { Ban(needle: $0, instead: instead) }) { Self.pure.contains($0.module ?? "") })
    }

    @Test func `pure modules draw no random numbers but from a stream`() {
        let instead = "use a RandomStream named after its use"
        let sources = [
            "Int.random", ".random(in", "SystemRandomNumberGenerator", ".shuffled(", ".shuffle(", ".randomElement(",
            "arc4random", "UUID()",
        ]
        let modules = Self.pure.union(["Training"])
        expectNone(
            violations(of: sources.map { Ban(needle: $0, instead: instead) }) { modules.contains($0.module ?? "") })
    }

    @Test func `pure modules do not depend on how a process seeds its hashes`() {
        let hashes = [".hashValue", "Hasher()"].map {
            Ban(needle: $0, instead: "it differs from process to process; compare the value or use a digest")
        }
        expectNone(violations(of: hashes) { Self.pure.contains($0.module ?? "") })

        let loops = Repository.files.filter { Self.pure.contains($0.module ?? "") && $0.isCode }.flatMap { file in
            file.code.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
                .filter { _, line in Self.iteratesOverTable(line) }
                .map { index, _ in
                    "\(file.path):\(index + 1): a dictionary's order changes from process to process; sort its keys or"
                        + " keep an array"
                }
        }
        expectNone(loops)
    }

    /// Whether `line` loops over the keys or values of a dictionary in no order of its own.
    private static func iteratesOverTable(_ line: Substring) -> Bool {
        guard !line.contains(".sorted") else { return false }
        let words = line.split(separator: " ")
        let loops =
            words.first == "for"
            && [".keys {", ".values {", ".keys where", ".values where"].contains(where: line.contains)
        return loops || line.contains(".keys.forEach") || line.contains(".values.forEach")
    }

    @Test func `the core does without Foundation`() {
        let modules: Set = ["Primitives", "Jobs", "Scheduling", "ControlPlane"]
        let ban = Ban(needle: "import Foundation", instead: "the standard library and Primitives are enough here")
        expectNone(violations(of: [ban]) { modules.contains($0.module ?? "") })
    }

    @Test func `nothing is left for later`() {
        let bans = ["TO" + "DO", "FIX" + "ME", "X" + "XX", "unimple" + "mented"].map {
            Ban(needle: $0, instead: "finish it or leave it out", everywhere: true)
        }
        expectNone(violations(of: bans) { _ in true })
    }

    @Test func `nothing speaks of one machine`() {
        let bans = ["/" + "work", "/" + "root", "/" + "home/", "/" + "Users/"].map {
            Ban(needle: $0, instead: "name it from the repository, or take it as an argument", everywhere: true)
        }
        expectNone(violations(of: bans) { _ in true })
        let temporary = Ban(needle: "/" + "tmp/", instead: "ask for the temporary folder", everywhere: true)
        expectNone(violations(of: [temporary]) { $0.path.hasPrefix("Sources/") })
    }

    @Test func `failures say why`() {
        let bans = [
            Ban(needle: "fatalError()", instead: "give the reason"),
            Ban(needle: "preconditionFailure()", instead: "give the reason"),
            Ban(needle: "try!", instead: "handle the error, or guard and say why it cannot happen"),
        ]
        expectNone(violations(of: bans) { $0.module != nil })
    }

    @Test func `only commands and benchmarks print`() {
        let ban = Ban(needle: "print(", instead: "log it, or return it to the command that asked")
        expectNone(violations(of: [ban]) { $0.module != nil && $0.module != "CLI" && $0.isOne(of: "swift") })
    }

    @Test func `files fit a mind`() {
        let most = 450
        expectNone(
            Repository.files.filter { $0.isCode && $0.lines.count - 1 > most }
                .map { "\($0.path) has \($0.lines.count - 1) lines; cut it along its meaning into files of \(most)" })
    }

    @Test func `functions fit a screen`() {
        let most = 70
        expectNone(
            Repository.files.filter(\.isCode).flatMap { file in
                let found = file.isOne(of: "swift") ? Functions.inSwift(file.code) : Functions.inC(file.code)
                return found.filter { $0.length > most }
                    .map { "\(file.path):\($0.line): \($0.name) has \($0.length) lines; move whole thoughts out of it" }
            })
    }

    @Test func `every source and script says first what it is`() {
        expectNone(
            Repository.files.filter { file in
                if file.isScript {
                    return !(file.lines.dropFirst().first.map { $0.hasPrefix("#") || $0.hasPrefix("\"\"\"") } ?? false)
                }
                // Shims of a line or two have nothing to explain.
                return file.isCode && file.lines.count > 4 && !file.text.hasPrefix("//") && !file.text.hasPrefix("/*")
            }.map { "\($0.path): begin with a comment: what it is, why so, and what it refuses to be" })
    }

    @Test func `lines end where their text ends`() {
        expectNone(
            Repository.files.flatMap { file in
                let spaces = file.lines.enumerated().compactMap { index, line -> String? in
                    if line.utf8.last == UInt8(ascii: " ") {
                        return "\(file.path):\(index + 1): a space ends the line; remove it"
                    }
                    return line.utf8.contains(UInt8(ascii: "\t"))
                        ? "\(file.path):\(index + 1): a tab; indent with spaces" : nil
                }
                return spaces + (file.text.hasSuffix("\n") ? [] : ["\(file.path): the last line has no end; add it"])
            })
    }
}
