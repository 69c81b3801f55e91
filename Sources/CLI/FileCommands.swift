// The commands that check a run's files: `checkpoint verify`, `replay`. Refuses to repair any.

import ArgumentParser
import ControlPlane
import Foundation
import Journaling
import Reports
import Training

struct CheckpointCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "checkpoint", abstract: "Look after checkpoints.",
        discussion: "Example:  understudy checkpoint verify quickstart-0001", subcommands: [Verify.self])

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify", abstract: "Read every byte of a checkpoint and name what is damaged.",
            discussion: "Example:  understudy checkpoint verify runs/quickstart-0001/checkpoints/step-00000200")

        @Argument(help: ArgumentHelp("A checkpoint's folder, or a run's for its newest one.", valueName: "checkpoint"))
        var path: String

        func run() throws {
            do {
                let checkpoint = try Checkpoint(folder: checkpointFolder(path))
                try checkpoint.verify()
                print(
                    "\(checkpoint.folder): good, step \(checkpoint.manifest.step), weights \(checkpoint.manifest.weightsSHA256)"
                )
            } catch let error as CheckpointError { throw Failure(.failed, error.description) }
        }
    }
}

struct ReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Tell a journal's events to the control plane again, and compare its commands.",
        discussion: """
            Exit code 1 names the first record that is answered differently: a bug report is a journal.

            Example:  understudy replay quickstart-0001
            """)

    @OptionGroup var target: RunArgument

    func run() throws {
        let folder = try target.folder()
        do {
            let records = try JournalStore.open(folder.journal, readOnly: true).records()
            _ = try replay(records)
            print("\(folder.id): \(records.count) records replayed, every command the same")
        } catch let error as JournalError {
            throw Failure(.failed, error.description)
        } catch let error as ReplayDivergence { throw Failure(.failed, error.description) }
    }
}
