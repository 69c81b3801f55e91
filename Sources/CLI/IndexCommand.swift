// `understudy index`: what a long run's pages are made of, kept in its journal. Live runs of that length do so by
// themselves when they end; this is for journals of before, and for those that were copied without it. Refuses runs that
// go on.

import ArgumentParser
import Journaling
import Reports

struct IndexCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index", abstract: "Keep in a long run's journal what it takes to open it at once.",
        discussion: """
            Reading millions of steps takes minutes. This does so once, and keeps what
            show, report and serve print, and the extremes of the loss curve. All of it
            follows from the records; it is made anew by doing this again.

            Example:  understudy index gpt3-175b-0001
            """)

    @OptionGroup var target: RunArgument
    @OptionGroup var output: OutputOptions

    func run() throws {
        let folder = try target.folder()
        let source = try readRun(folder)
        guard source.history.outcome != nil, !source.isCoordinated else {
            throw Failure(
                .failed, "\(source.name) is not over; what is kept of it now would be stale at its next record")
        }
        try keepDocuments(of: source, in: folder)
        let history = source.history
        let done = "\(source.name): kept what \(history.committed) steps and \(history.incidents.count) incidents show"
        output.print(DoneDocument(done: done)) { _, _ in [done] }
    }
}

/// Keeps in the journal in `folder` what is shown of `source`.
func keepDocuments(of source: RunSource, in folder: RunFolder) throws {
    do throws(JournalError) {
        try KeptRun.keep(source, in: try JournalStore.open(folder.journal, readOnly: false))
    } catch { throw Failure(.failed, error.description) }
}
