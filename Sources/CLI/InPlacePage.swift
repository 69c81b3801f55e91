// A page of lines that is drawn over itself on a terminal. Refuses to know what is on it.

import Foundation

/// Draws pages over one another at the end of what a terminal shows.
struct InPlacePage {
    private let descriptor: Int32
    private var drawn = 0

    /// A page on `descriptor` (1 standard output, 2 standard error), which is a terminal that can be drawn on.
    init(on descriptor: Int32) { self.descriptor = descriptor }

    /// Draws `lines` in the place of those drawn last; those that the terminal is too low for are left out, because what
    /// has left the screen cannot be drawn over.
    mutating func draw(_ lines: [String]) {
        erase()
        let shown = lines.prefix(max(1, (Terminal.height(descriptor) ?? .max) - 1))
        write(shown.joined(separator: "\n") + "\n")
        drawn = shown.count
    }

    /// Leaves the terminal as it was before the page.
    mutating func erase() {
        guard drawn > 0 else { return }
        // Up over the lines drawn last, and clear to the end of the screen.
        write("\u{1B}[\(drawn)A\u{1B}[J")
        drawn = 0
    }

    private func write(_ text: String) {
        FileHandle(fileDescriptor: descriptor, closeOnDealloc: false).write(Data(text.utf8))
    }
}
