// `understudy resize`: asks the process that drives a run to go on with another number of workers, and says when it does.
// Refuses to start or end workers: those that are not needed stand by, and a queue gives slots itself.

import ArgumentParser
import Foundation
import LiveCoordinator
import Primitives

struct ResizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resize", abstract: "Let a run go on with another number of workers.",
        discussion: """
            Examples:
              understudy resize quickstart-0001 --workers 2
              understudy resize --workers 4

            The gang changes between two steps: none is done again, and neither losses \
            nor weights change by a bit. Workers that it does not need stand by as spares. \
            At most as many as there are slots, spares included, and as a step has \
            micro-batches; more are refused with code 4.

            Not for runs of a queue: its policy says who is resized.
            """)

    @OptionGroup var target: RunArgument

    @Option(name: .long, help: ArgumentHelp("How many workers the gang shall have.", valueName: "number"))
    var workers: Int

    @OptionGroup var output: OutputOptions

    /// How long the run may take to change: a step, and who is new restores.
    private static let patience = TimeSpan.seconds(60 as Int64)

    func validate() throws {
        guard workers >= 1 else { throw ValidationError("--workers takes a number above 0") }
    }

    func run() throws {
        let folder = try target.folder()
        let request = ResizeRequest(workers: workers)
        let answer: Line
        do {
            answer = try RequestFolder.ask(request.line, of: folder, patience: ResizeCommand.patience)
        } catch {
            switch error {
            case .notDriven: throw Failure(.failed, "\(error): \(try readRun(folder).reason)")
            case .noAnswer:
                throw Failure(.unreachable, "\(error); it goes on with \(workers) workers as soon as it can")
            case .cannotAsk: throw Failure(.failed, error.description)
            }
        }
        guard answer.head == "done", let now = answer["workers"].flatMap({ Int($0) }) else {
            let isInfeasible = (try? answer.readIfPresent("infeasible", as: Bool.self)) ?? false
            throw Failure(
                isInfeasible ? .infeasible : .failed, "nothing was done: \(answer["because"] ?? answer.text)")
        }
        let before = answer["before"].flatMap { Int($0) } ?? now
        output.print(ResizeDocument(run: folder.id.name, workers: now, workers_before: before)) { _, _ in
            [
                before == now
                    ? "\(folder.id) has \(now) \(now == 1 ? "worker" : "workers") already"
                    : "\(folder.id) goes on with \(now) \(now == 1 ? "worker" : "workers") instead of \(before)"
            ]
        }
    }
}

/// That a run goes on with another number of workers.
struct ResizeDocument: Codable {
    var schema = "understudy/resize/v1"
    var run: String
    /// Workers in its gang.
    var workers: Int
    /// Workers in the gang before; 0 when there was none.
    var workers_before: Int
}
