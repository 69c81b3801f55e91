// The runs that are served, read once and then followed: of a journal that was read before, only the records behind the
// last one are read again, so that a page of a run that goes on costs what is new. Refuses to write, and to hold a run
// whose folder is gone.

import Foundation
import Journaling
import Primitives
import Reports

/// Where the runs come from; how a journal's neighbours are read is the business of whoever starts the server.
public struct RunLibrary: Sendable {
    /// The folders of the runs, newest first.
    public var folders: @Sendable () -> [RunFolder]
    /// What a report is drawn from, given a run's folder, its open journal and the story it tells.
    public var source: @Sendable (RunFolder, JournalStore, RunHistory) throws -> RunSource

    /// A library from its two functions.
    public init(
        folders: @escaping @Sendable () -> [RunFolder],
        source: @escaping @Sendable (RunFolder, JournalStore, RunHistory) throws -> RunSource
    ) {
        self.folders = folders
        self.source = source
    }
}

/// The runs being served.
actor RunShelf {
    private struct Book {
        var folder: RunFolder
        var journal: JournalStore
        var history = RunHistory()
        var sequence = 0
    }

    private let library: RunLibrary
    private var books: [Book] = []

    init(_ library: RunLibrary) { self.library = library }

    /// Every run, newest first; one that cannot be read is there with its reason.
    func all() -> [ListedRun] {
        library.folders().map { folder in
            do { return .read(try source(of: folder)) } catch {
                return .unreadable(name: folder.id.name, reason: "\(error)")
            }
        }
    }

    /// The run called `name`, as it is now; nil when there is none.
    /// - Throws: what reading its journal threw.
    func source(named name: String) throws -> RunSource? {
        guard let folder = library.folders().first(where: { $0.id.name == name }) else { return nil }
        return try source(of: folder)
    }

    /// A text that differs from an earlier one when a page about the run called `name`, or about all runs, would.
    func mark(of name: String?) -> String {
        let folders = library.folders().filter { name == nil || $0.id.name == name }
        return folders.map { folder in
            // The state is in it because a coordinator that is killed writes no record.
            guard let source = try? source(of: folder), let book = book(of: folder) else { return folder.id.name }
            return "\(folder.id.name) \(books[book].sequence) \(source.state.rawValue)"
        }.joined(separator: "\n")
    }

    private func book(of folder: RunFolder) -> Int? { books.firstIndex { $0.folder == folder } }

    private func source(of folder: RunFolder) throws -> RunSource {
        let place: Int
        if let known = book(of: folder) {
            place = known
        } else {
            books.append(Book(folder: folder, journal: try JournalStore.open(folder.journal, readOnly: true)))
            place = books.count - 1
        }
        for record in try books[place].journal.records(after: books[place].sequence) {
            books[place].history.add(record)
            books[place].sequence = record.sequence
        }
        return try library.source(folder, books[place].journal, books[place].history)
    }
}
