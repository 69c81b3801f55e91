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
            discussion: """
                Exit code 1 says that it is damaged.

                Example:  understudy checkpoint verify runs/quickstart-0001/checkpoints/step-00000200
                """)

        @Argument(help: ArgumentHelp("A checkpoint's folder, or a run's for its newest one.", valueName: "checkpoint"))
        var path: String

        @OptionGroup var output: OutputOptions

        /// What was read.
        struct Document: Codable {
            var schema = "understudy/checkpoint/v1"
            /// The checkpoint's folder.
            var folder: String
            /// Whether every byte is what was written.
            var is_good: Bool
            /// What is damaged; left out where nothing is.
            var problem: String?
            /// The steps whose effect it holds; left out where it is damaged.
            var step: Int?
            /// The SHA-256 of its weights; left out where it is damaged.
            var weights_sha256: String?
        }

        func run() throws {
            let folder = try checkpointFolder(path)
            do throws(CheckpointError) {
                let checkpoint = try Checkpoint(folder: folder)
                try checkpoint.verify()
                let manifest = checkpoint.manifest
                output.print(
                    Document(
                        folder: folder, is_good: true, step: manifest.step, weights_sha256: manifest.weightsSHA256)
                ) { _, _ in ["\(folder): good, step \(manifest.step), weights \(manifest.weightsSHA256)"] }
            } catch {
                output.print(Document(folder: folder, is_good: false, problem: error.description)) { _, _ in [] }
                throw Failure(.failed, error.description)
            }
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

    @OptionGroup var output: OutputOptions

    /// What came of it.
    struct Document: Codable {
        var schema = "understudy/replay/v1"
        /// The run's name.
        var run: String
        var records: Int
        /// Whether every command is the same.
        var is_same: Bool
        /// The first record that is answered differently; left out where none is.
        var differs_at_sequence: Int?
        /// How it is answered, and how it was; left out where none is answered differently.
        var difference: String?
    }

    func run() throws {
        let folder = try target.folder()
        let records: [Record]
        do throws(JournalError) { records = try JournalStore.open(folder.journal, readOnly: true).records() } catch {
            throw Failure(.failed, error.description)
        }
        var document = Document(run: folder.id.name, records: records.count, is_same: true)
        do throws(ReplayDivergence) {
            _ = try replay(records)
        } catch {
            document.is_same = false
            document.differs_at_sequence = Int(error.record.sequence)
            document.difference = error.description
        }
        output.print(document) { _, _ in
            document.is_same ? ["\(document.run): \(records.count) records replayed, every command the same"] : []
        }
        if let difference = document.difference { throw Failure(.failed, difference) }
    }
}
