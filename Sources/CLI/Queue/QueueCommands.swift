// `understudy queue` and `nodes`, and what people do with either: cancel, priority, cordon, drain, evict, undrain. Refuse to
// decide anything; each is one question to the controller.

import ArgumentParser
import ControlPlane
import Foundation
import Primitives
import Reports

struct QueueCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue", abstract: "List the jobs of a queue.",
        discussion: """
            Examples:
              understudy queue
              understudy queue --all -o "%.6i %-20j %t %.6C %R"
              understudy queue --team research -o "%.6i %a %d %R"

            Fields of -o: %i number, %j name, %u user, %a team, %t and %T state, %Q \
            priority, %C slots, %M time driven, %d time left to its deadline, %N \
            slots it is in, %r reason, %R slots or (reason), %Z folder. A number between % and the letter is the width; a \
            dot before it means flush right.
            """, aliases: ["squeue"])

    @Flag(name: .long, help: "List jobs that ended too.")
    var all = false

    @Option(
        name: [.long, .customShort("A")], help: ArgumentHelp("List the jobs of this team only.", valueName: "name"))
    var team: String?

    @Option(name: .customShort("o"), help: ArgumentHelp("The columns, as squeue's.", valueName: "format"))
    var format: String?

    @OptionGroup var controller: ControllerOption

    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard let format else { return }
        do { _ = try QueueFormat(format) } catch { throw ValidationError("-o: \(error.description)") }
    }

    func run() throws {
        let answer = try controller.ask(Line("jobs").with("all", all).with("team", team))
        let rows = try reading { try answer.map { try JobRow($0) } }
        let format = try self.format.map { try QueueFormat($0) }
        output.print(QueueDocument(jobs: rows.map { QueueDocument.Row($0) })) { width, style in
            if let format { return [format.header] + rows.map(format.line) }
            var table = Table([
                .right("JOBID"), .left("NAME"), .left("USER"), .left("ST"), .right("PRIORITY"), .right("SLOTS"),
                .right("TIME"), .right("SAVED"), .left("NODELIST"), .flexible("REASON"),
            ])
            for row in rows {
                table.add([
                    "\(row.job)", row.name, row.user, row.code, "\(row.priority)", "\(row.slots)", "\(row.ran)",
                    "\(row.step)", row.nodes.isEmpty ? "-" : row.nodes,
                    row.reason == "None" ? "None" : "\(row.reason): \(row.sentence)",
                ])
            }
            return table.lines(width: width, style: style)
        }
    }
}

struct NodesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nodes", abstract: "List the machines of a queue.", aliases: ["sinfo"])

    @OptionGroup var controller: ControllerOption

    @OptionGroup var output: OutputOptions

    func run() throws {
        let answer = try controller.ask(Line("nodes"))
        let rows = try reading { try answer.map { try NodeRow($0) } }
        output.print(NodesDocument(rows)) { width, style in
            var table = Table([
                .left("NODE"), .left("STATE"), .right("SLOTS"), .right("TAKEN"), .left("JOBS"), .flexible("REASON"),
            ])
            for row in rows {
                table.add([
                    row.node, row.state, "\(row.slots)", "\(row.taken)", row.jobs.isEmpty ? "-" : row.jobs, row.reason,
                ])
            }
            return table.lines(width: width, style: style)
        }
    }
}

/// How a command that changes something in a queue asks and prints.
struct QueueAction: ParsableArguments {
    @OptionGroup var controller: ControllerOption

    @OptionGroup var output: OutputOptions

    /// Tells the controller `event`, and prints `sentence` when it was taken.
    func tell(_ event: QueueEvent, _ sentence: String) throws {
        _ = try controller.ask(event.line)
        output.print(DoneDocument(done: sentence)) { _, _ in [sentence] }
    }
}

struct CancelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Take a job back; one that runs saves its state first.",
        aliases: ["scancel"])

    @Argument(help: ArgumentHelp("The job's number.", valueName: "job"))
    var job: Int

    @OptionGroup var action: QueueAction

    func run() throws { try action.tell(.cancelled(job: job), "job \(job) is cancelled") }
}

struct PriorityCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "priority", abstract: "Change how important a job is; it takes effect at once.")

    @Argument(help: ArgumentHelp("The job's number.", valueName: "job"))
    var job: Int

    @Argument(help: ArgumentHelp("More is more important.", valueName: "number"))
    var priority: Int

    @OptionGroup var action: QueueAction

    func validate() throws {
        guard QueueController.priorities.contains(priority) else {
            throw ValidationError("a priority is -50000 to 50000")
        }
    }

    func run() throws {
        try action.tell(.priorityChanged(job: job, to: priority), "job \(job) has priority \(priority)")
    }
}

struct CordonCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cordon", abstract: "Let a machine take no new jobs; those it has go on.")

    @Argument(help: ArgumentHelp("The machine's name.", valueName: "node"))
    var node: String

    @OptionGroup var action: QueueAction

    func run() throws { try action.tell(.cordoned(NodeID(node)), "\(node) takes no new jobs") }
}

struct DrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain", abstract: "Empty a machine: no new jobs, and those it has may end.")

    @Argument(help: ArgumentHelp("The machine's name.", valueName: "node"))
    var node: String

    @Option(name: .long, help: ArgumentHelp("Why; whoever asks about the machine reads it.", valueName: "text"))
    var reason: String

    @OptionGroup var action: QueueAction

    func run() throws { try action.tell(.drained(NodeID(node), because: reason), "\(node) is draining: \(reason)") }
}

struct EvictCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evict", abstract: "Empty a machine now: what runs there goes on elsewhere.",
        discussion: """
            It takes no new jobs until 'undrain'. A gang that stands on other machines \
            too goes on in free slots there, with the state from its other members; \
            any other saves its state and waits for slots.
            """)

    @Argument(help: ArgumentHelp("The machine's name.", valueName: "node"))
    var node: String

    @Option(name: .long, help: ArgumentHelp("Why; whoever asks about the machine reads it.", valueName: "text"))
    var reason: String

    @OptionGroup var action: QueueAction

    func run() throws {
        try action.tell(.evicted(NodeID(node), because: reason), "\(node) is being emptied: \(reason)")
    }
}

struct UndrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "undrain", abstract: "Give a cordoned or drained machine back to the queue.")

    @Argument(help: ArgumentHelp("The machine's name.", valueName: "node"))
    var node: String

    @OptionGroup var action: QueueAction

    func run() throws { try action.tell(.undrained(NodeID(node)), "\(node) takes jobs") }
}
