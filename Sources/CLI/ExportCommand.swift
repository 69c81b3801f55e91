// `understudy export`: a run's journal in the form another tool reads. One table of forms, each a function of Exports or
// Reports; what is here is which file the bytes go to. Refuses to change the run.

import ArgumentParser
import Exports
import Foundation
import Journaling
import Primitives
import Reports
import Training

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Turn a run into a form that other tools read.",
        discussion: """
            perfetto     a trace for ui.perfetto.dev (protobuf)
            chrome       a trace as Chrome's JSON
            tensorboard  a folder for tensorboard --logdir, one run a segment
            openmetrics  figures for a monitoring system, as /metrics of the dashboard has them
            csv          the committed steps, one row each
            jsonl        the journal, one JSON object a record
            hf           config.json and model.safetensors of the newest checkpoint
            svg          the loss curve, one colour a segment
            records      the journal as text, one record after the other

            Examples:
              understudy export quickstart-0001 --to perfetto -o run.pftrace
              understudy export --to chrome --from 40s --until 45s -o part.json
              understudy export --to tensorboard -o tb; tensorboard --logdir tb
              understudy export quickstart-0001 --to csv | head
            """)

    enum Form: String, ExpressibleByArgument, CaseIterable {
        case perfetto, chrome, tensorboard, openmetrics, csv, jsonl, hf, svg, records
        var isFolder: Bool { self == .tensorboard || self == .hf }
        var isTrace: Bool { self == .perfetto || self == .chrome }
    }

    @OptionGroup var target: RunArgument

    @Option(
        name: .long,
        help: ArgumentHelp("The form: \(Form.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "form"))
    var to: Form

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The file or folder to write; standard output when left out.", valueName: "path"))
    var output: String?

    @Option(
        name: .long,
        help: "How much a trace tells: \(TraceDetail.allCases.map(\.rawValue).joined(separator: ", ")).")
    var detail: TraceDetail?

    @Option(name: .long, help: ArgumentHelp("Where a trace begins.", valueName: "time"))
    var from: TimeSpan?

    @Option(name: .customLong("until"), help: ArgumentHelp("Where a trace ends.", valueName: "time"))
    var end: TimeSpan?

    @Option(
        name: .customLong("max-size"),
        help: ArgumentHelp("Megabytes a trace may have; details give way first.", valueName: "MB"))
    var maximumMegabytes = 200

    @Flag(name: .long, help: "TensorBoard: one run with session starts; points a restart does again are hidden there.")
    var merge = false

    func validate() throws {
        if to.isFolder, output == nil { throw ValidationError("--to \(to.rawValue) writes a folder; name it with -o") }
        if !to.isTrace, detail != nil || from != nil || end != nil {
            throw ValidationError("--detail, --from and --until go with --to perfetto and --to chrome")
        }
        if merge, to != .tensorboard { throw ValidationError("--merge goes with --to tensorboard") }
        if let from, let end, end <= from { throw ValidationError("--until lies behind --from") }
        if maximumMegabytes < 1 { throw ValidationError("--max-size takes 1 or more") }
    }

    func run() throws {
        switch to {
        case .svg: try write(text: lossPlot(target.source()))
        case .openmetrics: try write(text: metricsText([.read(target.source())], format: .openMetrics))
        case .csv: try write(text: stepsCSV(target.source().history))
        case .records:
            try write(
                text: journal().map { record in
                    "\(record.at) \(record.event.line.text)\n"
                        + record.commands.map { "    \($0.line.text)\n" }.joined()
                }.joined())
        case .jsonl: try write(text: journal().map(recordLine).joined())
        case .perfetto, .chrome: try write(trace(of: target.source().history))
        case .tensorboard:
            for file in tensorBoardFiles(try target.source().history, isMerged: merge) {
                try write(file.bytes, to: "\(output!)/\(file.path)")
            }
        case .hf: try exportModel()
        }
    }

    private func journal() throws -> [Record] {
        let path = try target.folder().journal
        do throws(JournalError) { return try JournalStore.open(path, readOnly: true).records() } catch {
            throw Failure(.failed, error.description)
        }
    }

    /// The richest trace that is asked for and keeps within the size.
    private func trace(of history: RunHistory) throws -> [UInt8] {
        let window = from == nil && end == nil ? nil : try window(of: history, from: from, to: end)
        for detail in TraceDetail.allCases.reversed() where detail <= self.detail ?? .parts {
            let trace = runTrace(history, detail: detail, window: window)
            let bytes = to == .perfetto ? perfettoFile(trace) : Array(chromeTrace(trace).utf8)
            if bytes.count <= maximumMegabytes * 1_000_000 {
                if let asked = self.detail, detail < asked {
                    warn(
                        "the trace with \(asked.rawValue) is larger than \(maximumMegabytes) MB: it has \(detail.rawValue) only"
                    )
                }
                return bytes
            }
        }
        throw Failure(
            .failed,
            "even the coarsest trace is larger than \(maximumMegabytes) MB; name a stretch with --from and --until, "
                + "or raise --max-size")
    }

    /// Copies what `transformers` needs of the newest checkpoint, verified on the way.
    private func exportModel() throws {
        let folder = try checkpointFolder(target.folder().path)
        do {
            try Checkpoint(folder: folder).verify()
            try FileManager.default.createDirectory(atPath: output!, withIntermediateDirectories: true)
            for name in ["config.json", "model.safetensors"] {
                let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))
                try bytes.write(to: URL(fileURLWithPath: "\(output!)/\(name)"))
            }
        } catch let error as CheckpointError {
            throw Failure(.failed, error.description)
        } catch { throw Failure(.failed, "cannot write \(output!): \(error.localizedDescription)") }
    }

    private func write(text: String) throws { try write(Array(text.utf8)) }

    private func write(_ bytes: [UInt8]) throws {
        guard let output else { return FileHandle.standardOutput.write(Data(bytes)) }
        try write(bytes, to: output)
    }

    private func write(_ bytes: [UInt8], to path: String) throws {
        do {
            let file = URL(fileURLWithPath: path)
            if to.isFolder {
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            }
            try Data(bytes).write(to: file, options: .atomic)
        } catch { throw Failure(.failed, "cannot write \(path): \(error.localizedDescription)") }
    }
}

extension TraceDetail: ExpressibleByArgument {}
