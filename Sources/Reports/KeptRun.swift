// What is kept in the journal of a long run that is over, so that `show`, the page and the list of runs need not read it
// again: three of this module's documents as texts. Short runs are read as fast as they are kept, and a run that goes on
// would make them stale at once. Refuses to be a source: each is what the same function makes of the records.

import ControlPlane
import Foundation
import Journaling

/// The documents that are kept of a long run.
public enum KeptRun {
    /// Raised whenever one of the documents would say something else of an old run.
    static let version = 2
    /// Records from which on a run is long.
    public static let worthKeeping = 100_000

    fileprivate static let (entry, summary, page) = ("entry", "summary", "page")
    /// What stands for the run's folder, which may be moved.
    fileprivate static let folder = "{folder}"

    /// Keeps the documents of `source` in its `journal`, whose newest record it was read up to; a run that goes on is left
    /// alone.
    /// - Throws: `JournalError.cannotAppend` when they could not be written.
    public static func keep(_ source: RunSource, in journal: JournalStore) throws(JournalError) {
        guard source.history.isOver else { return }
        var source = source
        if let path = source.folder {
            source.weights = source.weights?.replacing(path, with: folder)
            source.folder = folder
        }
        let texts = [
            (entry, encodeJSON(RunEntry(source), isCompact: true)),
            (summary, encodeJSON(RunSummary(source), isCompact: true)),
            (page, encodeJSON(PageDocument(source), isCompact: true)),
        ]
        try journal.keep(texts, version: version, sequence: try journal.newestSequence())
    }
}

extension JournalStore {
    /// The figures of the run, if they are kept.
    public var keptEntry: RunEntry? { kept(KeptRun.entry) }

    /// What `show` prints of the run, which lies in `folder`; nil if it is not kept.
    public func keptSummary(in folder: String) -> RunSummary? {
        let quoted = encodeJSON(folder, isCompact: true).dropFirst().dropLast()
        return kept(KeptRun.summary) { $0.replacing(KeptRun.folder, with: quoted) }
    }

    /// The document of the run's page as JSON, if it is kept.
    public var keptPage: String? { kept(KeptRun.page, version: KeptRun.version) }

    private func kept<Document: Decodable>(
        _ kind: String, _ prepare: (String) -> String = { $0 }
    ) -> Document? {
        kept(kind, version: KeptRun.version).flatMap { text in
            let decoder = JSONDecoder()
            decoder.nonConformingFloatDecodingStrategy = .convertFromString(
                positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
            return try? decoder.decode(Document.self, from: Data(prepare(text).utf8))
        }
    }
}
