// A program run as a child of the test: in a process group of its own, so that signals hit what a test aims at; its
// output in files, so that no full pipe can block it; its end awaited with a deadline. Refuses to run without a mark in
// its environment, by which it and its children are found afterwards.

import Foundation

/// How a process ended.
public enum Ending: Equatable, Sendable {
    /// It returned this code.
    case exited(Int32)
    /// This signal ended it.
    case signalled(Int32)
}

/// A running program. Used by one test.
public final class Child {
    /// Its number, which is its process group's too.
    public let processID: pid_t
    private let name: String
    private let outputPath: String
    private let errorPath: String
    private var ending: Ending?

    /// Starts `executable` in `folder` with nothing but `environment` around it; its output goes to files called
    /// `label` beside it.
    init(
        _ executable: String, _ arguments: [String], in folder: String, environment: [(String, String)], label: String
    ) throws {
        name = ([URL(fileURLWithPath: executable).lastPathComponent] + arguments).joined(separator: " ")
        outputPath = "\(folder)/\(label).out"
        errorPath = "\(folder)/\(label).err"
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        for (descriptor, path) in [(Int32(1), outputPath), (2, errorPath)] {
            posix_spawn_file_actions_addopen(&actions, descriptor, path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setpgroup(&attributes, 0)
        // The test runner's own choices about signals are not the program's.
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        // `env` changes the folder and becomes the program, keeping its number.
        let launcher = "/usr/bin/env"
        var words: [UnsafeMutablePointer<CChar>?] =
            ([launcher, "-C", folder, executable] + arguments).map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.0)=\($0.1)") } + [nil]
        defer { for pointer in words + variables { free(pointer) } }
        var number = pid_t()
        let failure = posix_spawn(&number, launcher, &actions, &attributes, &words, &variables)
        guard failure == 0 else {
            throw HarnessError("cannot start \(launcher): \(String(cString: strerror(failure)))")
        }
        processID = number
    }

    /// What it wrote to standard output so far.
    public var output: String { text(outputPath) }

    /// What it wrote to standard error so far.
    public var errors: String { text(errorPath) }

    private func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }

    /// Sends it `signal`; nothing happens when it has ended.
    public func signal(_ signal: Int32) { if poll() == nil { kill(processID, signal) } }

    /// How it ended; nil while it runs.
    public func poll() -> Ending? {
        if let ending { return ending }
        var status: Int32 = 0
        guard waitpid(processID, &status, WNOHANG) == processID else { return nil }
        let number = status & 0x7f
        ending = number == 0 ? .exited((status >> 8) & 0xff) : .signalled(number)
        return ending
    }

    /// Waits until it has ended.
    /// - Throws: `HarnessError` with what it said when it does not end in time.
    @discardableResult
    public func wait(within seconds: Double = patience) async throws -> Ending {
        do {
            return try await eventually("\(name) ends", within: seconds) { poll() }
        } catch let error as HarnessError {
            throw HarnessError("\(error)\nstandard output:\n\(output)\nstandard error:\n\(errors)")
        }
    }

    /// Kills it and waits for its end.
    func destroy() {
        guard poll() == nil else { return }
        kill(processID, SIGKILL)
        var status: Int32 = 0
        waitpid(processID, &status, 0)
        ending = .signalled(SIGKILL)
    }
}
