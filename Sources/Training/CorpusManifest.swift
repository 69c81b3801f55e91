// corpus.json: what a run is trained on, so that a resumed run can tell whether it still is. Written once, after the
// data, and read by every worker. Refuses to hold tokens: text lies beside it in corpus.bin, token files stay where they
// are.

import Foundation
import Jobs

/// What a corpus consists of.
public struct CorpusManifest: Equatable, Sendable, Codable {
    /// A file that the job named.
    public struct File: Equatable, Sendable, Codable {
        /// Its absolute path.
        public var path: String
        /// Its size in bytes.
        public var bytes: Int
        /// The SHA-256 of its bytes, hexadecimal.
        public var sha256: String
    }
    /// The format of corpus.json.
    public static let schema = "understudy/corpus/v1"
    /// The file's name.
    public static let name = "corpus.json"
    /// The name of the text's snapshot beside it.
    public static let snapshotName = "corpus.bin"

    /// The format of this text.
    public var schema: String
    /// The form of the files.
    public var source: DataSpec.Source
    /// How many tokens there are.
    public var tokens: Int
    /// How many bytes hold one token: 1 for text, 2 for token files.
    public var bytesPerToken: Int
    /// Every token is below this.
    public var vocabularySize: Int
    /// The first token of the validation part; all before it are for training.
    public var validationStart: Int
    /// The SHA-256 of all tokens' bytes in order, hexadecimal: names the corpus.
    public var sha256: String
    /// The files, in the order of their tokens.
    public var files: [File]

    enum CodingKeys: String, CodingKey {
        case schema, source, tokens, sha256, files
        case bytesPerToken = "bytes_per_token"
        case vocabularySize = "vocabulary_size"
        case validationStart = "validation_start"
    }

    /// Refuses a split of which a part is shorter than a sequence of `contextLength` tokens and its target.
    public func check(contextLength: Int) throws(CorpusError) {
        let needed = contextLength + 1
        if validationStart < needed {
            throw .tooFewTokens(part: .training, tokens: validationStart, needed: needed)
        }
        // A share of zero holds out nothing on purpose.
        let heldOut = tokens - validationStart
        if heldOut > 0 && heldOut < needed { throw .tooFewTokens(part: .validation, tokens: heldOut, needed: needed) }
    }

    /// The text of corpus.json.
    func encoded() -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(self) else { preconditionFailure("text and whole numbers are JSON") }
        return Array(data) + [UInt8(ascii: "\n")]
    }

    /// Reads the corpus.json of `directory`.
    init(directory: String) throws(CorpusError) {
        let path = directory + "/" + CorpusManifest.name
        let bytes: [UInt8]
        do throws(DiskError) {
            bytes = try DiskFile.contents(of: path)
        } catch {
            throw error.code == ENOENT ? .noCorpus(path: path, reason: error.reason) : .unreadable(error)
        }
        do {
            self = try JSONDecoder().decode(CorpusManifest.self, from: Data(bytes))
        } catch {
            throw .noCorpus(path: path, reason: "\(error)")
        }
        guard schema == CorpusManifest.schema else {
            throw .noCorpus(path: path, reason: "its schema is \(schema), not \(CorpusManifest.schema)")
        }
        guard bytesPerToken == (source == .text ? 1 : 2), validationStart >= 0, validationStart <= tokens,
            source == .text || files.reduce(0, { $0 + $1.bytes }) == tokens * 2
        else { throw .noCorpus(path: path, reason: "its sizes contradict each other") }
    }

    init(
        source: DataSpec.Source, tokens: Int, vocabularySize: Int, validationShare: Double, sha256: String,
        files: [File]
    ) {
        schema = CorpusManifest.schema
        self.source = source
        self.tokens = tokens
        bytesPerToken = source == .text ? 1 : 2
        self.vocabularySize = vocabularySize
        validationStart = tokens - Int((Double(tokens) * validationShare).rounded())
        self.sha256 = sha256
        self.files = files
    }
}
