// `understudy top`: the page that `launch` draws while a run goes on, of any run and from another terminal. It reads the
// journal and nothing else. Refuses keys that change anything; what there is to do about a run has commands of its own.

import ArgumentParser
import Foundation
import Journaling
import LiveCoordinator
import Reports

struct TopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top", abstract: "Watch a run that goes on, redrawn in place until it is over.",
        discussion: """
            q and Ctrl-C end the view; the run goes on. Where several runs go on, j and k
            or the arrows lead from one to the next.
            In a pipe it prints one plain line at an interval; with --json that line is a
            document of the kind progress.

            Examples:
              understudy top
              understudy top quickstart-0001 --once
              understudy top quickstart-0001 --interval 60 >> progress.log
              understudy top --json | jq -r .remaining_ns
            """)

    @OptionGroup var target: RunArgument

    @Flag(name: .long, help: "Print the page once, and end.")
    var once = false

    @Option(name: .long, help: ArgumentHelp("Seconds between two lines in a pipe.", valueName: "seconds"))
    var interval = 10.0

    @OptionGroup var output: OutputOptions

    func validate() throws { try DisplayOptions.check(interval: interval) }

    func run() throws {
        let folder = try target.folder()
        var run = try WatchedRun(folder)
        if once {
            return output.print(ProgressDocument(run.source, now: run.now)) { _, _ in page(run) }
        }
        if !output.json, Terminal.isInteractive(1) { return try watch(run, in: folder) }
        while true {
            if output.json {
                output.printLine(ProgressDocument(run.source, now: run.now))
            } else {
                print(progressLine(run.source.history, now: run.now))
            }
            fflush(nil)
            let next = ContinuousClock.now + .seconds(interval)
            guard run.source.isCoordinated else { return }
            while run.source.isCoordinated, ContinuousClock.now < next {
                Thread.sleep(forTimeInterval: min(0.5, interval))
                try run.catchUp()
            }
        }
    }

    private func page(_ run: WatchedRun) -> [String] {
        let style = Terminal.style(1, noColor: output.noColor)
        return progressLines(run.source, now: run.now, width: Terminal.width(1) ?? 80, style: style)
    }

    /// Draws the run in place until it is over or a key ends it.
    private func watch(_ first: WatchedRun, in folder: RunFolder) throws {
        var (run, folder) = (first, folder)
        let keyboard = Keyboard()
        var view = InPlacePage(on: 1)
        view.draw(page(run))
        while run.source.isCoordinated {
            if keyboard == nil { Thread.sleep(forTimeInterval: 0.5) }
            var other: RunFolder?
            switch keyboard?.key(within: 0.5) {
            case .letter("q"): return
            case .letter("j"), .down: other = neighbour(of: folder, 1)
            case .letter("k"), .up: other = neighbour(of: folder, -1)
            case .letter, nil: break
            }
            if let other { (run, folder) = (try WatchedRun(other), other) } else { try run.catchUp() }
            view.draw(page(run))
        }
    }

    /// The run that goes on and is listed `distance` below that in `folder`, around the ends; nil when no other goes on.
    private func neighbour(of folder: RunFolder, _ distance: Int) -> RunFolder? {
        let going = target.runs.all().filter { $0.path == folder.path || LiveRun.isDriven($0) }
        guard going.count > 1, let index = going.firstIndex(where: { $0.path == folder.path }) else { return nil }
        return going[(index + distance + going.count) % going.count]
    }
}
