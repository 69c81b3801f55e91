// The program's entry: picks the command, and turns whatever went wrong into one clear message on standard error and the
// documented exit code. Refuses to do any command's work.

import ArgumentParser
import Foundation

/// The `understudy` command.
struct Understudy: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "understudy",
        abstract: "Launch, watch and rehearse GPT-scale training runs.",
        discussion: """
            Start here:   understudy launch jobs/quickstart.yaml
            Then:         understudy show, understudy incidents, understudy timeline

            Exit codes:   0  success                 5  gave up restarting
                          1  the job failed          6  diverged
                          2  usage                   8  coordinator out of reach
                          3  invalid file      130/143  interrupted, and saved
                          4  the job can never fit
            """,
        version: "understudy \(programVersion)",
        subcommands: [
            LaunchCommand.self, SimulateCommand.self, SweepCommand.self, CoordinatorCommand.self, PlanCommand.self,
            ValidateCommand.self, RunsCommand.self, ShowCommand.self, TopCommand.self,
            IncidentsCommand.self, TimelineCommand.self, LogsCommand.self, DiffCommand.self, CompareCommand.self,
            ReportCommand.self, ServeCommand.self, IndexCommand.self, SampleCommand.self, LogitsCommand.self,
            ExportCommand.self,
            CheckpointCommand.self, ReplayCommand.self, ExplainCommand.self, KeysCommand.self, DoctorCommand.self,
            CompletionCommand.self, SchemaCommand.self, DrillCommand.self, InjectCommand.self, ResizeCommand.self,
            ScoreboardCommand.self,
            CalibrateCommand.self, DetectCommand.self, ScheduleCommand.self, DriveCommand.self,
            AgentCommand.self, SubmitCommand.self, QueueCommand.self, NodesCommand.self, CancelCommand.self,
            PriorityCommand.self, CordonCommand.self, DrainCommand.self, EvictCommand.self, UndrainCommand.self,
        ])
}

/// The program's version, as `--version` and every document say it.
let programVersion = "0.1.0"

@main
enum Main {
    static func main() {
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try Understudy.parseAsRoot()
            try command.run()
        } catch let failure as Failure {
            if !failure.message.isEmpty { warn(failure.message) }
            exit(failure.code.rawValue)
        } catch {
            let code = Understudy.exitCode(for: error)
            let text = Understudy.fullMessage(for: error)
            guard code != .success else {
                if !text.isEmpty { print(text) }
                exit(0)
            }
            warn(text)
            exit(code == .validationFailure ? ExitStatus.usage.rawValue : ExitStatus.failed.rawValue)
        }
    }
}
