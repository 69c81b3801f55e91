// Why a corpus cannot be built or used. Nearly all of these are mistakes in a job file or changes to files under a run's
// feet, so each says what was found, where, and what to do. Refuses to guess: no file is skipped, no byte replaced.

/// Data that training cannot use.
public enum CorpusError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A glob of the job matches nothing.
    case noFileMatches(glob: String)
    /// The files that matched hold no token.
    case empty(globs: [String])
    /// A part of the corpus is shorter than one training sequence and its target.
    case tooFewTokens(part: CorpusPart, tokens: Int, needed: Int)
    /// A file's text is not UTF-8 from byte `offset` on.
    case notUTF8(path: String, offset: Int)
    /// A file of 16-bit tokens has an odd number of bytes.
    case oddSize(path: String, bytes: Int)
    /// A token is outside of the model's vocabulary; `offset` is its byte's in the file.
    case tokenOutOfVocabulary(path: String, offset: Int, token: Int, vocabularySize: Int)
    /// The model knows fewer tokens than there are bytes.
    case vocabularyTooSmall(vocabularySize: Int)
    /// A file cannot be read.
    case unreadable(DiskError)
    /// The snapshot cannot be written.
    case cannotWrite(DiskError)
    /// The snapshot's description is missing or is not one.
    case noCorpus(path: String, reason: String)
    /// The data are not those that the run began with.
    case changed(path: String, expected: String, found: String)

    /// One sentence, and what to do.
    public var description: String {
        switch self {
        case .noFileMatches(let glob):
            return "no file matches \(glob): check data.paths (hidden folders are skipped, ** crosses folders)"
        case .empty(let globs):
            return "the files of \(globs.joined(separator: ", ")) are all empty: name files with text in data.paths"
        case .tooFewTokens(let part, let tokens, let needed):
            return "the \(part.rawValue) part has \(tokens) tokens and a sequence needs \(needed): add files to "
                + "data.paths, change data.split, or lower model.n_positions"
        case .notUTF8(let path, let offset):
            return "\(path) is not UTF-8 at byte \(offset): convert it or leave it out of data.paths"
        case .oddSize(let path, let bytes):
            return "\(path) has \(bytes) bytes, which are no whole 16-bit tokens: is data.source right?"
        case .tokenOutOfVocabulary(let path, let offset, let token, let size):
            return "\(path) has token \(token) at byte \(offset) and the model knows \(size): raise model.vocab_size "
                + "or check that the file holds little-endian uint16"
        case .vocabularyTooSmall(let size):
            return "text has 256 tokens, one a byte, and the model knows \(size): set model.vocab_size to 256"
        case .unreadable(let error): return "the data cannot be read: \(error)"
        case .cannotWrite(let error): return "the snapshot of the data was not written: \(error)"
        case .noCorpus(let path, let reason): return "\(path) describes no corpus: \(reason)"
        case .changed(let path, let expected, let found):
            return "\(path) has changed since the run began (expected \(expected), found \(found)): restore the file, "
                + "or start a new run"
        }
    }
}

/// A part of the corpus.
public enum CorpusPart: String, Equatable, Sendable, CaseIterable {
    /// What steps are trained on: the beginning of the corpus.
    case training
    /// What is held out: the end of the corpus.
    case validation
}
