// What `understudy launch` starts as a process of its own: the coordinator of a run that is made and locked already. Not for
// people, and not in the help: its arguments are descriptors. Refuses to run without an agent.

import ArgumentParser
import LiveCoordinator

struct DriveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drive-launched-run", abstract: "Drive a run for the agent that launched it.", shouldDisplay: false
    )

    @Argument(help: "The run's folder.")
    var folder: String

    @Option(name: .long, help: "Where workers connect to.")
    var listen: String

    @Option(name: .long, help: "The descriptor of the channel to the agent.")
    var channel: Int32

    @Option(name: .long, help: "The descriptor of the run's lock.")
    var lock: Int32

    @Flag(name: .customLong("takes-over"), help: "A coordinator before this one has died.")
    var takesOver = false

    @OptionGroup var display: DisplayOptions

    func run() throws {
        let lock = RunLock(inherited: lock)
        let agent: AgentLink
        do { agent = try AgentLink(inherited: channel) } catch { throw Failure(.failed, error.description) }
        let live: LiveRun
        do { live = try LiveRun.open(folder, heldBy: lock) } catch {
            throw Failure(error.exitStatus, error.description)
        }
        try LiveSession(
            live, display: display, endpoint: listen, keyPath: nil, agent: agent, takesOver: takesOver
        ).drive()
    }
}
