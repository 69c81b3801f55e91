// The runs that are served, read once and then followed: of a journal that was read before, only the records behind the
// last one are read again, so that a page of a run that goes on costs what is new. Refuses to write, and to hold a run
// whose folder is gone.

import Foundation
import Journaling
import Primitives
import Reports

/// Where the runs come from; how a journal's neighbours are read is the business of whoever starts the server.
public struct RunProvider: Sendable {
    /// The folders of the runs, newest first.
    public var folders: @Sendable () -> [RunFolder]
    /// What a report is drawn from, given a run's folder, its open journal and the story it tells.
    public var source: @Sendable (RunFolder, JournalStore, RunHistory) throws -> RunSource

    /// A provider from its two functions.
    public init(
        folders: @escaping @Sendable () -> [RunFolder],
        source: @escaping @Sendable (RunFolder, JournalStore, RunHistory) throws -> RunSource
    ) {
        self.folders = folders
        self.source = source
    }
}

/// The runs being served.
actor RunCache {
    private struct Entry {
        var folder: RunFolder
        var followed: FollowedHistory

        /// The journal, where what it keeps may stand for its records: they have not been read.
        var kept: JournalStore? { followed.sequence == 0 ? followed.journal : nil }
    }

    private let provider: RunProvider
    private var entries: [Entry] = []

    init(_ provider: RunProvider) { self.provider = provider }

    /// Every run, newest first; one that cannot be read is there with its reason.
    func all() -> [ListedRun] {
        let folders = provider.folders()
        entries.removeAll { !folders.contains($0.folder) }
        return folders.map { folder in
            do {
                let place = try open(folder)
                if let entry = entries[place].kept?.keptEntry { return .kept(entry) }
                return .read(try source(of: folder))
            } catch {
                return .unreadable(name: folder.id.name, reason: "\(error)")
            }
        }
    }

    /// The run called `name`, as it is now; nil when there is none.
    /// - Throws: what reading its journal threw.
    func source(named name: String) throws -> RunSource? {
        guard let folder = provider.folders().first(where: { $0.id.name == name }) else { return nil }
        return try source(of: folder)
    }

    /// The document of the page of the run called `name`, as compact JSON: as it is kept, or made of the records; nil when
    /// there is no such run.
    /// - Throws: what reading its journal threw.
    func page(named name: String) throws -> String? {
        guard let folder = provider.folders().first(where: { $0.id.name == name }) else { return nil }
        let place = try open(folder)
        if let page = entries[place].kept?.keptPage { return page }
        return encodeJSON(PageDocument(try source(of: folder)), isCompact: true)
    }

    /// The part `steps` of the curve of the run called `name`, in about `points` points; nil when there is no such run.
    /// - Throws: what reading its journal threw.
    func curve(named name: String, steps: ClosedRange<Int>, points: Int) throws -> Curve? {
        guard let folder = provider.folders().first(where: { $0.id.name == name }) else { return nil }
        let place = try open(folder)
        if let journal = entries[place].kept, journal.keptEntry != nil {
            return try Curve(kept: journal, steps: steps, points: points)
        }
        return Curve(try source(of: folder).history, steps: steps, points: points)
    }

    /// A text that differs from an earlier one when a page about the run called `name`, or about all runs, would.
    func mark(of name: String?) -> String {
        let folders = provider.folders().filter { name == nil || $0.id.name == name }
        return folders.map { folder in
            if let place = try? open(folder), let kept = entries[place].kept, kept.keptEntry != nil {
                return "\(folder.id.name) kept"
            }
            // The state is in it because a coordinator that is killed writes no record.
            guard let source = try? source(of: folder), let place = place(of: folder) else { return folder.id.name }
            return "\(folder.id.name) \(entries[place].followed.sequence) \(source.state.rawValue)"
        }.joined(separator: "\n")
    }

    private func place(of folder: RunFolder) -> Int? { entries.firstIndex { $0.folder == folder } }

    /// Where the entry of `folder` stands, its journal open.
    private func open(_ folder: RunFolder) throws -> Int {
        if let known = place(of: folder) { return known }
        entries.append(
            Entry(folder: folder, followed: FollowedHistory(try JournalStore.open(folder.journal, readOnly: true))))
        return entries.count - 1
    }

    private func source(of folder: RunFolder) throws -> RunSource {
        let place = try open(folder)
        // In place: a history of many steps must not be copied for each record.
        try entries[place].followed.catchUp()
        let followed = entries[place].followed
        return try provider.source(folder, followed.journal, followed.history)
    }
}
