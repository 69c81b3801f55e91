// Which processes live, read from the kernel's own list. A scenario's processes are known by a variable in their
// environment, which every child inherits and none can lose: a command line or a parent can change. Refuses to touch a
// process that does not carry the mark.

import Foundation

/// A look at the processes of this machine.
public enum ProcessTable {
    /// The variable that marks the processes of a scenario.
    static let mark = "UNDERSTUDY_SCENARIO"

    /// A living process.
    public struct Entry: Sendable, CustomStringConvertible {
        /// Its number.
        public var processID: pid_t
        /// Its command line, words parted by spaces.
        public var command: String
        /// Number and command.
        public var description: String { "\(processID): \(command)" }
    }

    /// The living processes, this one left out, that carry the mark of the scenario in `folder`.
    public static func members(of folder: String) -> [Entry] {
        let wanted = "\(mark)=\(folder)"
        let numbers = (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.compactMap { pid_t($0) } ?? []
        return numbers.sorted().compactMap { number in
            guard number != getpid(), words(number, "environ").contains(wanted) else { return nil }
            return Entry(processID: number, command: words(number, "cmdline").joined(separator: " "))
        }
    }

    /// The NUL-parted words of a file under /proc; none when the process is gone or is not ours to look at.
    private static func words(_ number: pid_t, _ file: String) -> [String] {
        guard let data = FileManager.default.contents(atPath: "/proc/\(number)/\(file)") else { return [] }
        return data.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }
}
