// A folder of its own with a small corpus and a job file, the programs that a test starts in it, and what their runs'
// journals say. At its end no process may be left: what is, fails the test and is killed. Refuses to know what a test
// is about.

import ControlPlane
import Foundation
import Journaling
import Primitives

/// The stage of one test.
public final class Scenario {
    /// The folder, with every link in its path resolved.
    public let folder: String
    private var children: [Child] = []

    private init() throws {
        var template = Array("\(NSTemporaryDirectory())/us-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil, let path = realpath(template, nil) else {
            throw HarnessError("cannot make a folder in \(NSTemporaryDirectory()): \(String(cString: strerror(errno)))")
        }
        defer { free(path) }
        folder = String(cString: path)
    }

    /// Sets up a scenario, plays `body` in it, and clears up, whatever happened.
    /// - Throws: what `body` throws; else `HarnessError` when a process is left a few seconds after `body` has returned.
    public static func play<Result>(_ body: (Scenario) async throws -> Result) async throws -> Result {
        let scenario = try Scenario()
        defer { scenario.clearUp() }
        try scenario.write("corpus.txt", Scenario.corpus)
        try scenario.write("job.yaml", Scenario.job)
        let result = try await body(scenario)
        try await scenario.expectNobody()
        return result
    }

    /// Waits until no process of the scenario is left.
    /// - Throws: `HarnessError` that names who is.
    public func expectNobody(within seconds: Double = 10) async throws {
        do {
            _ = try await eventually("every process is gone", within: seconds) {
                for child in children { _ = child.poll() }
                return ProcessTable.members(of: folder).isEmpty ? () : nil
            }
        } catch {
            throw HarnessError("left behind: \(ProcessTable.members(of: folder).map(\.description))")
        }
    }

    private func clearUp() {
        for child in children { child.destroy() }
        for left in ProcessTable.members(of: folder) { kill(left.processID, SIGKILL) }
        try? FileManager.default.removeItem(atPath: folder)
    }

    // MARK: Files

    /// About 60 kB of text in which there is something to learn.
    public static let corpus = (0..<800)
        .map { "Verse \($0): the quick brown fox jumps over \(($0 * 7_919) % 1_000) lazy dogs, and so on.\n" }.joined()

    /// A job of a second or two: 240 steps of 8 micro-batches with two workers, a checkpoint every 20 steps. Its steps
    /// take so long that a test on a busy machine can still act before the run is over.
    public static let job = """
        kind: Job
        name: small
        nproc_per_node: 2
        model: {model_type: gpt2, n_layer: 2, n_embd: 32, n_head: 2, n_positions: 32, vocab_size: 256}
        train: {micro_batch_size: 1, global_batch_size: 8, train_iters: 240, lr: 3e-3, lr_warmup_iters: 5,
                eval_interval: 80, eval_iters: 4}
        data: {source: text, paths: [corpus.txt], split: "90,10"}
        checkpoint: {save_interval: 20}
        """

    /// Writes a file of the folder.
    public func write(_ name: String, _ text: String) throws {
        try text.write(toFile: "\(folder)/\(name)", atomically: false, encoding: .utf8)
    }

    // MARK: Programs

    /// Starts a program of this package in the folder. `variables` are added to its environment.
    public func start(
        _ program: Program, _ arguments: [String], variables: [(String, String)] = []
    ) throws -> Child {
        try start(executable: program.path(), arguments, variables: variables)
    }

    /// Starts any program in the folder.
    public func start(
        executable: String, _ arguments: [String], variables: [(String, String)] = []
    ) throws -> Child {
        // Nothing but what a program cannot do without, so that the results do not depend on whose shell it is.
        let kept = ["PATH", "HOME", "LD_LIBRARY_PATH", "OPENBLAS_CORETYPE", "LLVM_PROFILE_FILE"]
            .compactMap { name in ProcessInfo.processInfo.environment[name].map { (name, $0) } }
        let child = try Child(
            executable, arguments, in: folder,
            environment: kept + [("TMPDIR", folder), (ProcessTable.mark, folder)] + variables,
            label: "child-\(children.count + 1)")
        children.append(child)
        return child
    }

    /// Starts `understudy launch` of the scenario's job as the run `run`; `settings` are `-s` overrides.
    public func launch(_ run: String, _ settings: [String] = [], arguments: [String] = []) throws -> Child {
        try start(.understudy, ["launch", "job.yaml", "--run-id", run] + Scenario.overrides(settings) + arguments)
    }

    /// Starts `understudy launch --resume`.
    public func resume(_ run: String, arguments: [String] = []) throws -> Child {
        try start(.understudy, ["launch", "--resume", run] + arguments)
    }

    /// `settings` as arguments.
    public static func overrides(_ settings: [String]) -> [String] { settings.flatMap { ["-s", $0] } }

    /// Runs `understudy` to its end.
    public func understudy(
        _ arguments: [String], variables: [(String, String)] = []
    ) async throws -> (code: Int32, output: String, errors: String) {
        let child = try start(.understudy, arguments, variables: variables)
        switch try await child.wait() {
        case .exited(let code): return (code, child.output, child.errors)
        case .signalled(let signal):
            throw HarnessError("understudy \(arguments) was ended by signal \(signal):\n\(child.errors)")
        }
    }

    // MARK: Journals

    /// The folder of the run `run`.
    public func run(_ run: String) -> RunFolder { RunFolder("\(folder)/runs/\(run)") }

    /// The records of a run.
    public func records(_ run: String) throws -> [Record] {
        try JournalStore.open(self.run(run).journal, readOnly: true).records()
    }

    /// What a run's journal tells.
    public func history(_ run: String) throws -> RunHistory { RunHistory(try records(run)) }

    /// Waits until the journal of `run` tells what `pick` looks for, while `driver` runs.
    /// - Throws: `HarnessError` when the driver ends before.
    public func journal<Found>(
        of run: String, driver: Child, until what: String, _ pick: (RunHistory) throws -> Found?
    ) async throws -> Found {
        try await eventually(what) {
            let hasEnded = driver.poll() != nil
            // While it is being made a journal cannot be read.
            if let history = try? history(run), let found = try pick(history) { return found }
            guard !hasEnded else {
                throw HarnessError("the run ended before \(what); it said:\n\(driver.errors)")
            }
            return nil
        }
    }
}
