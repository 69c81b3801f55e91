// `understudy top`: the page that `launch` draws while a run goes on, of any run and from another terminal. It reads the
// journal and nothing else. Refuses keys; what there is to do about a run has commands of its own.

import ArgumentParser
import Foundation
import Reports

struct TopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top", abstract: "Watch a run that goes on, redrawn in place until it is over.",
        discussion: """
            In a pipe it prints one plain line at an interval; with --json that line is a
            document of the kind progress. Ctrl-C ends the view; the run goes on.

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
        let style = Terminal.style(1, noColor: output.noColor)
        func page() -> [String] {
            progressLines(run.source, now: run.now, width: Terminal.width(1) ?? 80, style: style)
        }
        if once {
            return output.print(ProgressDocument(run.source, now: run.now)) { _, _ in page() }
        }
        if !output.json, Terminal.isInteractive(1) {
            var view = InPlacePage(on: 1)
            view.draw(page())
            while run.source.isCoordinated {
                Thread.sleep(forTimeInterval: 0.5)
                try run.catchUp()
                view.draw(page())
            }
            return
        }
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
}
