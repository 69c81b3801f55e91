// Building and opening corpora: which files, which bytes, and every mistake with its own words.

import Foundation
import Jobs
import Testing

@testable import Training

@Suite struct CorpusTests {
    private static let model = ModelShape(layers: 1, width: 8, heads: 2, contextLength: 4, vocabularySize: 256)

    private func text(_ folder: TemporaryFolder, _ globs: [String], validation: Double = 0.25) -> DataSpec {
        DataSpec(source: .text, globs: globs.map { folder.path + "/" + $0 }, validationShare: validation)
    }

    private func build(
        _ spec: DataSpec, _ folder: TemporaryFolder, _ model: ModelShape = model
    ) throws(CorpusError) -> CorpusManifest {
        try CorpusBuilder.build(spec, for: model, into: folder.path + "/run/data")
    }

    private func refusal(
        _ spec: DataSpec, _ folder: TemporaryFolder, _ model: ModelShape = model
    ) -> CorpusError? {
        do throws(CorpusError) {
            _ = try build(spec, folder, model)
            return nil
        } catch {
            #expect(!FileManager.default.fileExists(atPath: folder.path + "/run/data/corpus.json"))
            return error
        }
    }

    private func refusalToOpen(_ folder: TemporaryFolder, verify: Bool) -> CorpusError? {
        do throws(CorpusError) {
            _ = try Corpus.open(directory: folder.path + "/run/data", verify: verify)
            return nil
        } catch { return error }
    }

    private func tokens(_ corpus: Corpus, _ positions: Range<Int>) -> [Int32] {
        var tokens = [Int32](repeating: -1, count: positions.count)
        tokens.withUnsafeMutableBufferPointer { corpus.copyTokens(at: positions, to: $0.baseAddress!) }
        return tokens
    }

    @Test func `texts are joined by newlines in the order of their paths`() throws {
        let folder = TemporaryFolder()
        try folder.write("b.txt", "zwei ß")
        try folder.write("a/z.txt", "one")
        try folder.write("a.txt", "")
        let manifest = try build(text(folder, ["**/*.txt", "a.txt"], validation: 0.45), folder)
        let expected = Array("\none\nzwei ß".utf8)
        #expect(try contents(folder.path + "/run/data/corpus.bin") == expected)
        #expect(manifest.tokens == expected.count)
        #expect(manifest.bytesPerToken == 1)
        #expect(manifest.files.map(\.path) == ["a.txt", "a/z.txt", "b.txt"].map { folder.path + "/" + $0 })
        #expect(manifest.files.map(\.bytes) == [0, 3, 7])
        #expect(manifest.files[1].sha256 == "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed")
        #expect(manifest.validationStart == 7)
        #expect(try names(in: folder.path + "/run/data") == ["corpus.bin", "corpus.json"])

        let corpus = try Corpus.open(directory: folder.path + "/run/data", verify: true)
        #expect(corpus.manifest == manifest)
        #expect(tokens(corpus, 0..<expected.count) == expected.map(Int32.init))
        #expect(corpus.positions(of: .training) == 0..<7)
        #expect(corpus.positions(of: .validation) == 7..<12)
    }

    @Test func `wildcards skip what is hidden and links to folders`() throws {
        let folder = TemporaryFolder()
        for name in ["a.swift", "s/b.swift", "s/t/c.swift", "s/t/d.md", ".build/x.swift", "s/.hidden.swift"] {
            try folder.write(name, name)
        }
        try FileManager.default.createSymbolicLink(atPath: folder.path + "/s/loop", withDestinationPath: folder.path)
        try FileManager.default.createSymbolicLink(
            atPath: folder.path + "/link.swift", withDestinationPath: folder.path + "/a.swift")
        func files(_ glob: String) throws -> [String] {
            try CorpusGlob(pattern: folder.path + "/" + glob).files().map {
                String($0.dropFirst(folder.path.count + 1))
            }
        }
        #expect(try files("**/*.swift") == ["a.swift", "link.swift", "s/b.swift", "s/t/c.swift"])
        #expect(try files("*.swift") == ["a.swift", "link.swift"])
        #expect(try files("s/**/*") == ["s/b.swift", "s/t/c.swift", "s/t/d.md"])
        #expect(try files("**/t/**/[cd].*") == ["s/t/c.swift", "s/t/d.md"])
        #expect(try files("s/?.swift") == ["s/b.swift"])
        #expect(try files(".build/*.swift") == [".build/x.swift"])
        #expect(try files("s") == [])
        #expect(try files("missing/**/*.swift") == [])
    }

    @Test func `a glob without files, files without text and too little text are mistakes`() throws {
        let folder = TemporaryFolder()
        try folder.write("empty.txt", "")
        try folder.write("none.txt", "")
        try folder.write("short.txt", "0123456")
        #expect(refusal(text(folder, ["*.md"]), folder) == .noFileMatches(glob: folder.path + "/*.md"))
        let empty = text(folder, ["empty.txt", "none.txt"])
        #expect(refusal(empty, folder) == .empty(globs: empty.globs))
        #expect(
            refusal(text(folder, ["short.txt"]), folder) == .tooFewTokens(part: .validation, tokens: 2, needed: 5))
        #expect(
            refusal(text(folder, ["short.txt"], validation: 0.5), folder)
                == .tooFewTokens(part: .training, tokens: 3, needed: 5))
        #expect(refusal(text(folder, ["short.txt"], validation: 0), folder) == nil)
    }

    @Test func `text that is not UTF-8 is refused at its first bad byte, in any piece`() throws {
        let folder = TemporaryFolder()
        let long = Array(repeating: UInt8(ascii: "x"), count: 1 << 20)
        let cases: [([UInt8], Int)] = [
            ([0x61, 0xff], 1), ([0x61, 0x62, 0xc3], 2), ([0xe0, 0x80, 0x80], 0), ([0x61, 0xed, 0xa0, 0x80], 1),
            ([0xf4, 0x90, 0x80, 0x80], 0), ([0xc0, 0x80], 0), ([0xf0, 0x9f, 0x61], 0), ([0x80], 0),
            (long.dropLast() + [0xc3, 0x28], long.count - 1), (long + [0xe2, 0x82], long.count),
        ]
        for (bytes, offset) in cases {
            let path = try folder.write("bad.txt", bytes)
            #expect(refusal(text(folder, ["bad.txt"]), folder) == .notUTF8(path: path, offset: offset))
            #expect(try names(in: folder.path + "/run/data").isEmpty)
        }
        let across = long.dropLast() + Array("€ und 𝄞 und \u{7ff}\u{800}\u{ffff}\u{10ffff}".utf8)
        try folder.write("good.txt", Array(across))
        let manifest = try build(text(folder, ["good.txt"]), folder)
        #expect(manifest.tokens == across.count)
    }

    @Test func `text needs a vocabulary of 256`() throws {
        let folder = TemporaryFolder()
        try folder.write("a.txt", "some text that is long enough")
        var model = CorpusTests.model
        model.vocabularySize = 255
        #expect(refusal(text(folder, ["a.txt"]), folder, model) == .vocabularyTooSmall(vocabularySize: 255))
    }

    @Test func `a file that cannot be read is named`() throws {
        let folder = TemporaryFolder()
        let path = try folder.write("a.txt", "text")
        chmod(path, 0)
        // The superuser may read everything.
        guard getuid() != 0 else { return }
        #expect(refusal(text(folder, ["a.txt"]), folder) == .unreadable(DiskError("open", path, code: EACCES)))
    }

    private static func shard(_ tokens: [Int]) -> [UInt8] {
        tokens.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
    }

    @Test func `token files are read in place across their borders`() throws {
        let folder = TemporaryFolder()
        var model = CorpusTests.model
        model.vocabularySize = 50_257
        let all = (0..<40).map { $0 * 1288 }
        try folder.write("1.bin", CorpusTests.shard(Array(all[0..<7])))
        try folder.write("2.bin", [])
        try folder.write("3.bin", CorpusTests.shard(Array(all[7..<8])))
        try folder.write("4.bin", CorpusTests.shard(Array(all[8..<40])))
        let spec = DataSpec(source: .tokens, globs: [folder.path + "/*.bin"], validationShare: 0.2)
        let manifest = try build(spec, folder, model)
        #expect(manifest.tokens == 40 && manifest.validationStart == 32 && manifest.bytesPerToken == 2)
        #expect(try names(in: folder.path + "/run/data") == ["corpus.json"])
        let corpus = try Corpus.open(directory: folder.path + "/run/data", verify: true)
        for start in 0..<40 {
            for end in start..<40 { #expect(tokens(corpus, start..<end) == all[start..<end].map(Int32.init)) }
        }
    }

    @Test func `token files that do not fit the model are mistakes`() throws {
        let folder = TemporaryFolder()
        let spec = DataSpec(source: .tokens, globs: [folder.path + "/*.bin"], validationShare: 0.2)
        let path = try folder.write("1.bin", CorpusTests.shard([1, 2, 3, 256, 5]))
        #expect(
            refusal(spec, folder)
                == .tokenOutOfVocabulary(path: path, offset: 6, token: 256, vocabularySize: 256))
        try folder.write("1.bin", [1, 2, 3])
        #expect(refusal(spec, folder) == .oddSize(path: path, bytes: 3))
    }

    @Test func `changed tokens are refused, changed sources of a snapshot only reported`() throws {
        let folder = TemporaryFolder()
        let path = try folder.write("a.txt", "the text of a corpus")
        _ = try build(text(folder, ["a.txt"]), folder)
        try folder.write("a.txt", "the text of a cartoon")
        let corpus = try Corpus.open(directory: folder.path + "/run/data", verify: true)
        #expect(corpus.changedSources() == [path])

        let snapshot = folder.path + "/run/data/corpus.bin"
        var bytes = try contents(snapshot)
        bytes[3] ^= 1
        try put(bytes, at: snapshot)
        guard case .changed(snapshot, _, _) = refusalToOpen(folder, verify: true) else {
            Issue.record("a changed snapshot was accepted")
            return
        }
        #expect(refusalToOpen(folder, verify: false) == nil)
        try put(Array(bytes.dropLast()), at: snapshot)
        #expect(
            refusalToOpen(folder, verify: false)
                == .changed(path: snapshot, expected: "20 bytes", found: "19 bytes"))
        try FileManager.default.removeItem(atPath: snapshot)
        #expect(refusalToOpen(folder, verify: false) == .unreadable(DiskError("open", snapshot, code: ENOENT)))
    }

    @Test func `a description that is none is refused`() throws {
        let folder = TemporaryFolder()
        try folder.write("a.txt", "the text of a corpus")
        _ = try build(text(folder, ["a.txt"]), folder)
        let path = folder.path + "/run/data/corpus.json"
        let good = String(decoding: try contents(path), as: UTF8.self)
        let bad = [
            "", "{}", good.replacingOccurrences(of: "corpus/v1", with: "corpus/v2"),
            good.replacingOccurrences(of: "\"bytes_per_token\" : 1", with: "\"bytes_per_token\" : 2"),
            good.replacingOccurrences(of: "\"validation_start\" : 15", with: "\"validation_start\" : 21"),
        ]
        for text in bad {
            #expect(text != good)
            try put(Array(text.utf8), at: path)
            guard case .noCorpus(path, _) = refusalToOpen(folder, verify: false) else {
                Issue.record("\(text) was accepted")
                continue
            }
        }
        try FileManager.default.removeItem(atPath: path)
        #expect(
            refusalToOpen(folder, verify: false) == .noCorpus(path: path, reason: "No such file or directory"))
    }
}
