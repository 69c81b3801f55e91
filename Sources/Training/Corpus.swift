// A run's tokens in memory that all workers of a machine share. Opened by every worker; the one that starts the run has
// the digests checked, so that a resumed run trains on the same bytes or not at all. Refuses to change: the file it maps
// is nobody's to write to.

import Foundation
import Jobs

/// An opened corpus: a fixed sequence of tokens, the beginning for training, the end for validation.
public final class Corpus: Sendable {
    /// What it consists of.
    public let manifest: CorpusManifest
    private let shards: [Shard]

    /// A file's tokens.
    private struct Shard: Sendable {
        /// The position of its first token in the corpus.
        var start: Int
        var count: Int
        var file: MappedFile
    }

    /// Opens the corpus that was built into `directory`.
    /// - Parameter verify: reads all data and holds their SHA-256 against corpus.json; sizes are checked in any case.
    public static func open(directory: String, verify: Bool) throws(CorpusError) -> Corpus {
        let manifest = try CorpusManifest(directory: directory)
        let snapshot = CorpusManifest.File(
            path: directory + "/" + CorpusManifest.snapshotName, bytes: manifest.tokens, sha256: manifest.sha256)
        var shards: [Shard] = []
        var start = 0
        for file in manifest.source == .text ? [snapshot] : manifest.files {
            let mapped: MappedFile
            do throws(DiskError) { mapped = try MappedFile(path: file.path) } catch { throw .unreadable(error) }
            guard mapped.bytes.count == file.bytes else {
                throw .changed(
                    path: file.path, expected: "\(file.bytes) bytes", found: "\(mapped.bytes.count) bytes")
            }
            if verify {
                var digest = SHA256Digest()
                digest.update(mapped.bytes)
                let found = digest.hexadecimal
                guard found == file.sha256 else {
                    throw .changed(path: file.path, expected: file.sha256, found: found)
                }
            }
            let count = file.bytes / manifest.bytesPerToken
            if count > 0 { shards.append(Shard(start: start, count: count, file: mapped)) }
            start += count
        }
        return Corpus(manifest, shards)
    }

    private init(_ manifest: CorpusManifest, _ shards: [Shard]) {
        self.manifest = manifest
        self.shards = shards
    }

    /// The positions of a part's tokens.
    public func positions(of part: CorpusPart) -> Range<Int> {
        switch part {
        case .training: 0..<manifest.validationStart
        case .validation: manifest.validationStart..<manifest.tokens
        }
    }

    /// Writes the tokens at `positions` to `target`, in order.
    /// - Precondition: the positions lie in the corpus, and `target` has room for them.
    public func copyTokens(at positions: Range<Int>, to target: UnsafeMutablePointer<Int32>) {
        precondition(
            positions.lowerBound >= 0 && positions.upperBound <= manifest.tokens,
            "positions \(positions) lie outside of a corpus of \(manifest.tokens) tokens")
        guard !positions.isEmpty else { return }
        var index = shard(at: positions.lowerBound)
        var position = positions.lowerBound
        while position < positions.upperBound {
            let shard = shards[index]
            let end = min(positions.upperBound, shard.start + shard.count)
            let out = target + (position - positions.lowerBound)
            let local = position - shard.start
            let bytes = shard.file.bytes
            // Lossless: ids are below 2^16 in both forms.
            switch manifest.source {
            case .text:
                for i in 0..<end - position { out[i] = Int32(bytes[local + i]) }
            case .tokens:
                for i in 0..<end - position {
                    out[i] = Int32(bytes.load(fromByteOffset: 2 * (local + i), as: UInt16.self))
                }
            }
            position = end
            index += 1
        }
    }

    /// The index of the shard that holds `position`.
    private func shard(at position: Int) -> Int {
        var low = 0
        var high = shards.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if shards[middle].start <= position { low = middle } else { high = middle }
        }
        return low
    }

    /// Advice for people: the files of the job that are no longer what the corpus was built from, in order. A text
    /// corpus trains on its snapshot and does not mind.
    public func changedSources() -> [String] {
        // Read, not mapped: people edit these files while this runs.
        manifest.files.filter { (try? DiskFile.sha256(of: $0.path)) != $0.sha256 }.map(\.path)
    }
}
