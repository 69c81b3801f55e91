// The commands that speak of a run's files: `checkpoint verify`, `replay`, `export`.

import ArgumentParser
import ControlPlane
import Foundation
import Journaling
import Reports
import Training

struct CheckpointCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "checkpoint", abstract: "Look after checkpoints.", subcommands: [Verify.self])

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify", abstract: "Read every byte of a checkpoint and name what is damaged.")

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
        discussion: "Exit code 1 names the first record that is answered differently: a bug report is a journal.")

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

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Turn a run's journal into another form.",
        discussion: """
            svg      the loss curve, one colour a segment
            records  the journal as text, one record after the other
            """)

    enum Form: String, ExpressibleByArgument, CaseIterable {
        case svg, records
    }

    @OptionGroup var target: RunArgument

    @Option(
        name: .long,
        help: ArgumentHelp("The form: \(Form.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "form"))
    var to: Form

    @Option(
        name: .shortAndLong, help: ArgumentHelp("The file to write; standard output when left out.", valueName: "file"))
    var output: String?

    func run() throws {
        let text: String
        switch to {
        case .svg: text = lossPlot(try target.source())
        case .records:
            let journal = try JournalStore.open(target.folder().journal, readOnly: true)
            text = try journal.records().map { record in
                "\(record.at) \(record.event.line.text)\n" + record.commands.map { "    \($0.line.text)\n" }.joined()
            }.joined()
        }
        guard let output else { return print(text, terminator: "") }
        do { try text.write(toFile: output, atomically: true, encoding: .utf8) } catch {
            throw Failure(.failed, "cannot write \(output): \(error.localizedDescription)")
        }
    }
}
