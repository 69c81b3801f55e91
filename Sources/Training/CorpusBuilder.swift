// Makes a corpus from a job's files, once for a run, before the first worker starts. Text is copied into a snapshot,
// because the quickstart trains on sources that people edit meanwhile; token files are large and stay where they are,
// known by their digests. Everything a step would stumble over is refused here. Refuses to tokenise beyond bytes.

import Jobs

/// Builds corpora.
public enum CorpusBuilder {
    /// Reads the files of `spec`, and writes corpus.json, for text with its snapshot, into `directory`.
    /// - Parameters:
    ///   - spec: the files and the split; globs are absolute, the share lies in 0 ..< 1.
    ///   - model: the context length and vocabulary that the tokens must fit.
    ///   - directory: a folder of the run; made if missing. A corpus that was there is replaced.
    /// - Returns: what corpus.json says; every byte of it is on the disk.
    public static func build(
        _ spec: DataSpec, for model: ModelShape, into directory: String
    ) throws(CorpusError) -> CorpusManifest {
        precondition(spec.validationShare >= 0 && spec.validationShare < 1, "a share lies in 0 ..< 1")
        let paths = try files(of: spec)
        if spec.source == .text && model.vocabularySize < 256 {
            throw .vocabularyTooSmall(vocabularySize: model.vocabularySize)
        }
        let path = directory + "/" + CorpusManifest.name
        do throws(DiskError) {
            try DiskFolder.create(directory, calls: .system)
            // An old description must not outlive the tokens that it describes.
            try DiskFolder.remove(path)
        } catch { throw .cannotWrite(error) }
        let content: CorpusContent
        switch spec.source {
        case .text: content = try snapshot(paths, in: directory)
        case .tokens: content = try scan(paths, vocabularySize: model.vocabularySize)
        }
        let bytesPerToken = spec.source == .text ? 1 : 2
        let manifest = CorpusManifest(
            source: spec.source, tokens: content.bytes / bytesPerToken, vocabularySize: model.vocabularySize,
            validationShare: spec.validationShare, sha256: content.digest.hexadecimal, files: content.files)
        // Separators between empty files are no text.
        guard content.files.contains(where: { $0.bytes > 0 }) else { throw .empty(globs: spec.globs) }
        try manifest.check(contextLength: model.contextLength)
        do throws(DiskError) {
            try DiskFile.replace(path, with: manifest.encoded(), calls: .system)
        } catch { throw .cannotWrite(error) }
        return manifest
    }

    /// The files that the globs match, each once, sorted by path.
    private static func files(of spec: DataSpec) throws(CorpusError) -> [String] {
        var all: Set<String> = []
        for glob in spec.globs {
            let files: [String]
            do throws(DiskError) { files = try CorpusGlob(pattern: glob).files() } catch { throw .unreadable(error) }
            if files.isEmpty { throw .noFileMatches(glob: glob) }
            all.formUnion(files)
        }
        return all.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Copies the texts, a newline between two, into the snapshot. The bytes that are checked and digested are those
    /// that are written, whatever happens to the files meanwhile.
    private static func snapshot(_ paths: [String], in directory: String) throws(CorpusError) -> CorpusContent {
        let final = directory + "/" + CorpusManifest.snapshotName
        let partial = final + ".partial"
        do throws(CorpusError) {
            let content = try copy(paths, to: partial)
            do throws(DiskError) {
                try DiskFolder.rename(partial, to: final, calls: .system)
            } catch { throw CorpusError.cannotWrite(error) }
            return content
        } catch {
            try? DiskFolder.remove(partial)
            throw error
        }
    }

    private static func copy(_ paths: [String], to target: String) throws(CorpusError) -> CorpusContent {
        let output = try create(target)
        var content = CorpusContent()
        for (index, path) in paths.enumerated() {
            if index > 0 {
                content.append(separator: UInt8(ascii: "\n"))
                do throws(DiskError) {
                    try output.writeAll([UInt8(ascii: "\n")])
                } catch { throw .cannotWrite(error) }
            }
            var check = UTF8Check()
            content.begin(path)
            try DiskFile.forEachPiece(of: path, orThrow: { .unreadable($0) }) { (bytes, _) throws(CorpusError) in
                if let offset = check.update(bytes) { throw .notUTF8(path: path, offset: offset) }
                content.append(bytes)
                do throws(DiskError) { try output.write(bytes) } catch { throw .cannotWrite(error) }
            }
            if let offset = check.unfinished { throw .notUTF8(path: path, offset: offset) }
            content.end()
        }
        do throws(DiskError) { try output.sync() } catch { throw .cannotWrite(error) }
        return content
    }

    /// Reads the token files and checks every token.
    private static func scan(_ paths: [String], vocabularySize: Int) throws(CorpusError) -> CorpusContent {
        var content = CorpusContent()
        for path in paths {
            content.begin(path)
            try DiskFile.forEachPiece(of: path, orThrow: { .unreadable($0) }) { (bytes, offset) throws(CorpusError) in
                guard bytes.count % 2 == 0 else { throw .oddSize(path: path, bytes: offset + bytes.count) }
                for index in stride(from: 0, to: bytes.count, by: 2) {
                    let token = Int(bytes.loadUnaligned(fromByteOffset: index, as: UInt16.self))
                    guard token < vocabularySize else {
                        throw .tokenOutOfVocabulary(
                            path: path, offset: offset + index, token: token, vocabularySize: vocabularySize)
                    }
                }
                content.append(bytes)
            }
            content.end()
        }
        return content
    }

    private static func create(_ path: String) throws(CorpusError) -> DiskFile {
        do throws(DiskError) {
            return try DiskFile(creating: path, calls: .system)
        } catch { throw .cannotWrite(error) }
    }
}

/// What was read so far: sizes and digests of each file and of all tokens.
private struct CorpusContent {
    /// The bytes of all tokens.
    private(set) var bytes = 0
    /// The digest of all tokens' bytes.
    private(set) var digest = SHA256Digest()
    /// The files that were read to their end.
    private(set) var files: [CorpusManifest.File] = []
    private var path = ""
    private var fileBytes = 0
    private var fileDigest = SHA256Digest()

    mutating func begin(_ path: String) {
        self.path = path
        fileBytes = 0
        fileDigest = SHA256Digest()
    }

    mutating func append(_ piece: UnsafeRawBufferPointer) {
        bytes += piece.count
        fileBytes += piece.count
        digest.update(piece)
        fileDigest.update(piece)
    }

    /// A byte that is a token but belongs to no file.
    mutating func append(separator: UInt8) {
        bytes += 1
        withUnsafeBytes(of: separator) { digest.update($0) }
    }

    mutating func end() {
        files.append(CorpusManifest.File(path: path, bytes: fileBytes, sha256: fileDigest.hexadecimal))
    }
}
