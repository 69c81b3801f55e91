// How this program starts another: in a process group of its own, so that a terminal's Ctrl-C reaches the agent alone; with
// every signal as the system has it; with no descriptor but those it is given. posix_spawn takes half a millisecond where
// Foundation's Process takes fifty. Refuses to wait for what it starts.

import Foundation

/// A process to be started.
struct Spawning {
    /// The executable's path.
    var executable: String
    /// Its arguments, without the executable itself.
    var arguments: [String]
    /// What it finds as its standard input; nil for this process's.
    var input: Int32?
    /// The file that takes its output; nil for this process's standard output and error.
    var log: String?
    /// Descriptors that it has under the same numbers.
    var inherited: [Int32] = []

    /// Starts it and returns its number.
    func start() throws(SupervisorError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let input { posix_spawn_file_actions_adddup2(&actions, input, 0) }
        if let log {
            posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o644)
            posix_spawn_file_actions_adddup2(&actions, 1, 2)
        }
        // Onto itself: that clears close-on-exec, and nothing else.
        for descriptor in inherited { posix_spawn_file_actions_adddup2(&actions, descriptor, descriptor) }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setpgroup(&attributes, 0)
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
        posix_spawnattr_setflags(&attributes, Int16(flags))

        var pointers: [UnsafeMutablePointer<CChar>?] = ([executable] + arguments).map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        var processID = pid_t()
        let failure = posix_spawn(&processID, executable, &actions, &attributes, &pointers, environ)
        guard failure == 0 else { throw SupervisorError(what: "start \(executable)", errno: failure) }
        return processID
    }
}
