// What is known of the terminal at the other end: its width, whether it is one, whether it takes colour. Refuses to
// draw.

import Foundation
import Reports

/// A terminal, or what stands in for one.
enum Terminal {
    /// Whether descriptor `fd` (1 standard output, 2 standard error) is a terminal that can be drawn on.
    static func isInteractive(_ fd: Int32) -> Bool {
        isatty(fd) == 1 && ProcessInfo.processInfo.environment["TERM"].map { $0 != "dumb" && !$0.isEmpty } ?? false
    }

    /// Columns of the terminal behind `fd`; nil when it is none, so that nothing is shortened for a pipe.
    static func width(_ fd: Int32) -> Int? {
        guard isatty(fd) == 1 else { return nil }
        return size(fd).flatMap { $0.ws_col > 0 ? Int($0.ws_col) : nil } ?? 80
    }

    /// Lines of the terminal behind `fd`; nil when it is none, or does not say.
    static func height(_ fd: Int32) -> Int? {
        guard isatty(fd) == 1 else { return nil }
        return size(fd).flatMap { $0.ws_row > 0 ? Int($0.ws_row) : nil }
    }

    private static func size(_ fd: Int32) -> winsize? {
        var size = winsize()
        return ioctl(fd, UInt(TIOCGWINSZ), &size) == 0 ? size : nil
    }

    /// Colours where they are wanted and can be shown (https://no-color.org).
    static func style(_ fd: Int32, noColor: Bool) -> Style {
        let refused = noColor || ProcessInfo.processInfo.environment["NO_COLOR"].map { !$0.isEmpty } ?? false
        return !refused && isInteractive(fd) ? .terminal : .plain
    }
}
