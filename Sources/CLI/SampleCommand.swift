// `understudy sample` and `understudy logits`: what a trained model says, for people and for comparison with others'
// implementations.

import ArgumentParser
import Foundation
import Jobs
import Journaling
import Primitives
import Reports
import Training

struct SampleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sample", abstract: "Write text with a trained model, byte by byte.",
        discussion: """
            Example:  understudy sample runs/quickstart-0001 --prompt 'func ' --bytes 300

            With --json the text is printed when all of it is written.
            """)

    @Argument(help: ArgumentHelp("A checkpoint's folder, or a run's for its newest one.", valueName: "checkpoint"))
    var checkpoint: String

    @Option(name: .long, help: "What the text begins with.")
    var prompt = "\n"

    @Option(name: .long, help: "How many bytes to write.")
    var bytes = 400

    @Option(name: .long, help: "0 always takes the likeliest byte; 1 draws as the model predicts.")
    var temperature = 0.8

    @Option(name: .customLong("top-k"), help: "Draw among this many of the likeliest bytes only.")
    var topK: Int?

    @Option(name: .long, help: "Names the draws: the same seed gives the same text.")
    var seed: UInt64 = 1

    @OptionGroup var output: OutputOptions

    /// What a model wrote.
    struct Document: Codable {
        var schema = "understudy/sample/v1"
        /// The checkpoint's folder.
        var checkpoint: String
        /// The steps whose effect it holds.
        var step: Int
        var prompt: String
        /// What the model wrote behind the prompt; bytes that are no UTF-8 are replaced.
        var text: String
        /// The same, byte by byte.
        var tokens: [Int]
        var temperature: Double
        /// Left out when any byte could be drawn.
        var top_k: Int?
        var seed: UInt64
    }

    func validate() throws {
        guard bytes > 0 else { throw ValidationError("--bytes takes a positive number") }
        guard temperature >= 0, temperature.isFinite else { throw ValidationError("--temperature cannot be negative") }
        if let topK, topK < 1 { throw ValidationError("--top-k takes 1 or more") }
    }

    func run() throws {
        BLASCore.reexecuteWithBestCore()
        let loaded = try LoadedModel(checkpoint)
        let model = loaded.model
        guard model.shape.vocabularySize == 256 else {
            throw Failure(
                .failed,
                "\(checkpoint) knows \(model.shape.vocabularySize) tokens and sample writes bytes, which are 256; "
                    + "use 'understudy logits' for other vocabularies")
        }
        var drawn: [UInt8] = []
        show(Data(prompt.utf8))
        TextGeneration(temperature: temperature, topK: topK, seed: seed).generate(
            with: model, parameters: loaded.state.parameters, prompt: Array(prompt.utf8), count: bytes
        ) { byte in
            drawn.append(byte)
            show(Data([byte]))
        }
        show(Data("\n".utf8))
        output.print(
            Document(
                checkpoint: loaded.folder, step: loaded.step, prompt: prompt,
                text: String(decoding: drawn, as: UTF8.self),
                tokens: drawn.map(Int.init), temperature: temperature, top_k: topK, seed: seed)
        ) { _, _ in [] }
    }

    /// Writes what is there of the text, so that a person sees it come.
    private func show(_ data: Data) { if !output.json { FileHandle.standardOutput.write(data) } }
}

struct LogitsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logits", abstract: "Print a model's logits for a sequence of tokens, as JSON.",
        discussion: "Example:  understudy logits runs/quickstart-0001 --tokens 104,101,108,108,111")

    @Argument(help: ArgumentHelp("A checkpoint's folder, or a run's for its newest one.", valueName: "checkpoint"))
    var checkpoint: String

    @Option(name: .long, help: ArgumentHelp("Token numbers, with commas between.", valueName: "list"))
    var tokens: String

    @Flag(name: .long, help: "Accepted, as every command does: this one prints nothing but JSON.")
    var json = false

    struct Document: Codable {
        var schema = "understudy/logits/v1"
        var tokens: [Int32]
        var logits: [[Float]]
    }

    func run() throws {
        BLASCore.reexecuteWithBestCore()
        let loaded = try LoadedModel(checkpoint)
        let model = loaded.model
        let list = try tokens.split(separator: ",", omittingEmptySubsequences: false).map { text -> Int32 in
            guard let token = Int32(text), (0..<Int32(model.shape.vocabularySize)).contains(token) else {
                throw Failure(
                    .usage, "'\(text)' is no token of this model, which knows 0 to \(model.shape.vocabularySize - 1)")
            }
            return token
        }
        guard list.count <= model.shape.contextLength else {
            throw Failure(
                .usage, "\(list.count) tokens are more than the model's context of \(model.shape.contextLength)")
        }
        let logits = model.logits(parameters: loaded.state.parameters, tokens: list, count: list.count)
        let rows = (0..<list.count).map { row in
            Array(logits[row * model.shape.vocabularySize..<(row + 1) * model.shape.vocabularySize])
        }
        print(encodeJSON(Document(tokens: list, logits: rows)), terminator: "")
    }
}

/// The folder of the checkpoint that `path` names: itself, or the newest good one of a run.
func checkpointFolder(_ path: String) throws -> String {
    let files = FileManager.default
    if files.fileExists(atPath: "\(path)/manifest.json") { return path }
    for run in [path, "runs/\(path)"] where files.fileExists(atPath: "\(run)/run.db") {
        let folder = URL(fileURLWithPath: run).standardizedFileURL
        let store = CheckpointStore(
            directory: folder.appendingPathComponent("checkpoints").path, run: RunID(folder.lastPathComponent))
        let (found, refused) = store.newestGood()
        for error in refused { warn("warning: \(error)") }
        if let found { return found.folder }
        guard (try? JournalStore.open("\(run)/run.db", readOnly: true).meta("world")) != "simulation" else {
            throw Failure(.failed, "the run \(run) was simulated: nothing was trained, and it has no weights")
        }
        throw Failure(.failed, "the run \(run) has no good checkpoint yet")
    }
    throw Failure(.failed, "\(path) is neither a checkpoint's folder nor a run's")
}

/// A model with the weights of a checkpoint, all of it verified.
private struct LoadedModel {
    /// The checkpoint's folder.
    let folder: String
    /// The steps whose effect it holds.
    let step: Int
    let model: GPT
    let state: TrainingState

    /// The model of the checkpoint that `path` names.
    /// - Throws: `Failure` when there is none, or it is damaged.
    init(_ path: String) throws {
        do {
            let checkpoint = try Checkpoint(folder: checkpointFolder(path))
            folder = checkpoint.folder
            step = checkpoint.manifest.step
            state = TrainingState(checkpoint.shape)
            try checkpoint.load(into: state)
            model = GPT(shape: checkpoint.shape, microBatch: 1)
        } catch let error as CheckpointError { throw Failure(.failed, error.description) }
    }
}
