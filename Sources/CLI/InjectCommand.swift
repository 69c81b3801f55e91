// `understudy inject`: asks the process that drives a run to inflict a fault on it, now or after a step, and says what it
// answered. Refuses to touch a process or a file itself: who drives the run writes it down first.

import ArgumentParser
import Foundation
import Jobs
import LiveCoordinator
import Primitives
import Reports

struct InjectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inject", abstract: "Inflict a fault on a run that goes on; it is recorded as a drill.",
        discussion: """
            Examples:
              understudy inject quickstart-0001 --fail rank=2 --kind kill
              understudy inject quickstart-0001 --fail rank=1 --kind slow=2x --for 30s
              understudy inject quickstart-0001 --fail link=0-3 --kind partition
              understudy inject quickstart-0001 --kind corrupt=checkpoint --at step=200

            Victims:   rank=2, node=0, gang, newcomer, link=1-2, checkpoint,
                       coordinator
            Kinds:     kill, stop, slow=2x, partition, partition=out,
                       partition=in, corrupt=gradient, corrupt=checkpoint, nan,
                       disk_full

            A fault that waits for its step is forgotten when the coordinator is \
            restarted before.
            """)

    @OptionGroup var target: RunArgument

    @Option(name: .long, help: ArgumentHelp("On whom; checkpoint where the kind says it.", valueName: "victim"))
    var fail: Injection.Victim?

    @Option(name: .long, help: ArgumentHelp("What.", valueName: "kind"))
    var kind: Injection.Fault

    @Option(name: .long, help: ArgumentHelp("When: now, or step=N, right after its commit.", valueName: "moment"))
    var at = Injection.Moment.elapsed(.zero)

    @Option(name: .customLong("for"), help: ArgumentHelp("For how long; 5s when left out.", valueName: "time"))
    var duration: TimeSpan?

    @OptionGroup var output: OutputOptions

    func validate() throws {
        if fail == nil, !kind.isOfCheckpoints { throw ValidationError("--fail says on whom, like --fail rank=2") }
        if let duration, duration <= .zero { throw ValidationError("--for takes a time above 0") }
        if duration != nil, !kind.lasts {
            throw ValidationError("--for does not go with \(kind.text): it is done when it has struck")
        }
        // The number of workers is the coordinator's to know.
        if let objection = injection.objection(workers: .max) { throw ValidationError(objection) }
    }

    private var injection: Injection { Injection(at, fail ?? .checkpoint, kind, for: duration) }

    func run() throws {
        let folder = try target.folder()
        let answer: Line
        do { answer = try RequestFolder.ask(injection.line, of: folder) } catch {
            switch error {
            case .notDriven: throw Failure(.failed, "\(error): \(try readRun(folder).reason)")
            case .noAnswer: throw Failure(.unreachable, error.description)
            case .cannotAsk: throw Failure(.failed, error.description)
            }
        }
        guard let what = answer["what"] else {
            throw Failure(.failed, "nothing was done: \(answer["because"] ?? answer.text)")
        }
        output.print(InjectionDocument(run: folder.id.name, state: answer.head, what: what)) { _, _ in
            ["\(answer.head): \(what)"]
        }
    }
}

extension Injection.Victim: ExpressibleByArgument {
    /// `rank=2`, `rank 2`, `gang`, ….
    public init?(argument: String) { self.init(text: argument) }
}

extension Injection.Fault: ExpressibleByArgument {
    /// `kill`, `slow=2x`, ….
    public init?(argument: String) { self.init(text: argument) }
}

extension Injection.Moment: ExpressibleByArgument {
    /// `now`, `step=200`.
    public init?(argument: String) {
        if argument == "now" { self = .elapsed(.zero) } else { self.init(stepText: argument) }
    }

    /// The default as the help shows it.
    public var defaultValueDescription: String { self == .elapsed(.zero) ? "now" : "" }
}
