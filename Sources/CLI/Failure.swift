// How commands end when they do not succeed: a message for standard error, and one of the documented exit codes.

import ControlPlane
import Foundation

/// The documented exit codes.
enum ExitStatus: Int32 {
    /// All is well.
    case success = 0
    /// The job failed.
    case failed = 1
    /// The command line is wrong.
    case usage = 2
    /// A job or cluster file is invalid.
    case invalidSpec = 3
    /// The job can never run there.
    case infeasible = 4
    /// Too many restarts without progress.
    case gaveUp = 5
    /// The loss diverged, or a step gives no finite number whoever computes it.
    case diverged = 6
    /// The coordinator cannot be reached.
    case unreachable = 8
    /// Interrupted by SIGINT after a checkpoint.
    case interrupted = 130
    /// Interrupted by SIGTERM after a checkpoint.
    case terminated = 143
}

/// The end of a command that did not succeed.
struct Failure: Error {
    /// The exit code.
    var code: ExitStatus
    /// What to say on standard error; empty when all has been said.
    var message: String

    init(_ code: ExitStatus, _ message: String) {
        self.code = code
        self.message = message
    }
}

/// Writes a line to standard error.
func warn(_ text: String) {
    FileHandle.standardError.write(Data((text + "\n").utf8))
}
